"""Masked-language-model pretraining of the encoder, from packed tokens.

    python -m training.pretrain --recipe training/recipes/pretrain.yaml
    torchrun --nproc-per-node 8 -m training.pretrain --recipe …

One script for a CPU (bf16 autocast), a GPU and several under torchrun. Every step draws its sequences
and masks from (seed, step) alone, so a run that was stopped and resumed is the run that
was not. All steps have one shape: the same number of sequences, of one length, with the
same number of masked positions.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import yaml
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import ModernBertConfig, ModernBertForMaskedLM

from training.corpus import CONTINUES

#: A fine-tuned model that goes on being pretrained has dropout in its config; with so few
#: tokens none is seen twice, and there is nothing to regularise.
NO_DROPOUT = {"embedding_dropout": 0.0, "mlp_dropout": 0.0, "attention_dropout": 0.0}


class PretrainError(ValueError):
    """A recipe, packed file or checkpoint that cannot be used; the message says why."""


@dataclass(frozen=True)
class Recipe:
    """What a pretraining run is. Read from YAML; unknown keys are an error."""

    data: str = "runs/pretrain"
    output: str = "runs/encoder"
    #: corpus name → how often it is read in one epoch
    mix: dict[str, float] = field(default_factory=lambda: {"native-news": 2.0, "translated-business": 1.0})
    layers: int = 4
    hidden: int = 384
    intermediate: int = 576
    heads: int = 6
    length: int = 256
    sequences: int = 16
    mask_rate: float = 0.25
    #: share of the sequences in which whole words are hidden; single tokens in the rest
    whole_words: float = 0.0
    total_tokens: int = 40_000_000
    muon_lr: float = 0.02
    adam_lr: float = 3e-3
    warmup_tokens: int = 500_000
    #: the last part of the tokens, over which the learning rate falls to zero
    decay: float = 0.3
    seed: int = 1
    initial: str | None = None
    #: torch.compile the objective: some 20 % faster on a CPU
    compile: bool = True
    #: "sdpa" on a GPU; compiled "eager" attention is faster on a CPU at short lengths
    attention: str = "sdpa"

    @classmethod
    def read(cls, path: Path) -> Recipe:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise PretrainError(f"{path}: unknown keys {sorted(unknown)}; known: {sorted(cls.__dataclass_fields__)}")
        return cls(**values)


class PackedTokens:
    """Packed files of one split as a virtual list of fixed-length sequences.

    The order of an epoch is a permutation drawn from the seed; a file of weight 2 stands
    in it twice, one of weight 0.5 with half of its sequences.
    """

    def __init__(self, folder: Path, mix: dict[str, float], *, split: str, length: int, seed: int) -> None:
        self.body = length - 2
        self.seed = seed
        self.files: list[np.ndarray] = []
        weights = []
        for name, weight in mix.items():
            path = folder / f"{name}.{split}.bin"
            if not path.is_file():
                raise PretrainError(f"{path} is missing; make it with: python -m training.corpus --output {folder}")
            count = path.stat().st_size // 2
            if count < self.body:  # an empty file, moreover, cannot be mapped
                raise PretrainError(f"{path} holds {count} tokens, fewer than one sequence of {self.body}")
            tokens = np.memmap(path, dtype="<u2", mode="r", shape=(count,))
            self.files.append(tokens)
            weights.append(weight)
        self.weights = weights
        self._epoch = -1
        self._order = np.empty((0, 2), dtype=np.int64)

    def _epoch_order(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            random = np.random.default_rng([self.seed, epoch])
            rows = []
            for index, (tokens, weight) in enumerate(zip(self.files, self.weights, strict=True)):
                # The cut moves from epoch to epoch, so that sequences do not repeat exactly.
                shift = int(random.integers(self.body)) if epoch else 0
                starts = np.arange(shift, len(tokens) - self.body + 1, self.body)
                whole, part = int(weight), weight - int(weight)
                chosen = np.concatenate(
                    [np.tile(starts, whole), random.permutation(starts)[: int(part * len(starts))]]
                )
                rows.append(np.stack([np.full(len(chosen), index), chosen], axis=1))
            self._order = random.permutation(np.concatenate(rows), axis=0)
            self._epoch = epoch
        return self._order

    def sequences(self, first: int, count: int) -> np.ndarray:
        """Sequences first … first + count of the endless order: [count, body] uint16."""
        result = np.empty((count, self.body), dtype=np.uint16)
        epoch, position = 0, first
        while position >= len(self._epoch_order(epoch)):
            position -= len(self._epoch_order(epoch))
            epoch += 1
        for row in range(count):
            if position >= len(self._epoch_order(epoch)):
                position, epoch = 0, epoch + 1
            file, start = self._epoch_order(epoch)[position]
            result[row] = self.files[file][start : start + self.body]
            position += 1
        return result


def masked_batch(
    packed: np.ndarray,
    *,
    count: int,
    vocabulary: int,
    special: dict[str, int],
    random: np.random.Generator,
    whole_words: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose exactly `count` positions and hide them, in some sequences by whole words.

    Of the chosen positions 80 % become [MASK], 10 % a random token and 10 % stay, as in
    BERT (Devlin et al. 2019); jieba's words are chosen whole as in Cui et al. (2021).

    Returns input ids [sequences, length], flat positions [count] and their targets [count].
    """
    ids = (packed & (CONTINUES - 1)).astype(np.int64)
    rows, body = ids.shape
    full = np.empty((rows, body + 2), dtype=np.int64)
    full[:, 0], full[:, 1:-1], full[:, -1] = special["[CLS]"], ids, special["[SEP]"]
    starts = (packed & CONTINUES) == 0
    starts[:, 0] = True
    starts[random.random(rows) >= whole_words] = True
    words = np.cumsum(starts.reshape(-1)) - 1
    eligible = ids.reshape(-1) != special["[SEP]"]
    rank = random.random(words[-1] + 1)[words]
    rank[~eligible] = 2.0
    flat = np.argpartition(rank, count)[:count]
    positions = (flat // body) * (body + 2) + flat % body + 1
    targets = full.reshape(-1)[positions].copy()
    dice = random.random(count)
    hidden = np.where(dice < 0.8, special["[MASK]"], targets)
    replaced = (dice >= 0.8) & (dice < 0.9)
    hidden[replaced] = random.integers(len(special), vocabulary, int(replaced.sum()))
    full.reshape(-1)[positions] = hidden
    return torch.from_numpy(full), torch.from_numpy(positions), torch.from_numpy(targets)


def build_model(recipe: Recipe, vocabulary: int, special: dict[str, int]) -> ModernBertForMaskedLM:
    config = ModernBertConfig(
        vocab_size=vocabulary,
        hidden_size=recipe.hidden,
        intermediate_size=recipe.intermediate,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=512,
        layer_types=["full_attention"] * recipe.layers,
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 10_000.0}},
        pad_token_id=special["[PAD]"],
        cls_token_id=special["[CLS]"],
        bos_token_id=special["[CLS]"],
        sep_token_id=special["[SEP]"],
        eos_token_id=special["[SEP]"],
        attn_implementation=recipe.attention,
    )
    return ModernBertForMaskedLM(config)


class MaskedLoss(nn.Module):
    """Cross-entropy and hits at the masked positions; the head runs on these alone."""

    def __init__(self, model: ModernBertForMaskedLM) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, positions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.model.model(ids).last_hidden_state
        chosen = hidden.reshape(-1, hidden.shape[-1]).index_select(0, positions)
        logits = self.model.decoder(self.model.head(chosen))
        loss = nn.functional.cross_entropy(logits.float(), targets)
        return loss, (logits.detach().argmax(-1) == targets).float().mean()


def optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices (Jordan et al. 2024), AdamW for all else."""
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and ".layers." in n]
    rest = [p for n, p in model.named_parameters() if not (p.ndim == 2 and ".layers." in n)]
    return [
        torch.optim.Muon(matrices, lr=recipe.muon_lr, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def learning_rate_factor(tokens: int, recipe: Recipe) -> float:
    """Warm-up, plateau, then a linear fall to zero over the last `decay` of the tokens."""
    if tokens < recipe.warmup_tokens:
        return max(tokens, 1) / recipe.warmup_tokens
    fall = recipe.total_tokens * recipe.decay
    return max(0.0, min(1.0, (recipe.total_tokens - tokens) / max(fall, 1)))


@dataclass
class Run:
    """One process of a training run: model, optimizers, data, and where it stands."""

    recipe: Recipe
    model: ModernBertForMaskedLM
    step: int = 0

    def __post_init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
        self.model.to(self.device)
        self.objective: nn.Module = MaskedLoss(self.model)
        if self.world > 1:
            self.objective = nn.parallel.DistributedDataParallel(self.objective)
        if self.recipe.compile:
            self.objective = torch.compile(self.objective)  # type: ignore[assignment]
        self.optimizers = optimizers(self.model, self.recipe)
        self.base_rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]

    def autocast(self) -> Any:
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    @property
    def step_tokens(self) -> int:
        return self.recipe.sequences * self.recipe.length * self.world

    def load(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            raise PretrainError(f"{path} is damaged and cannot be resumed; remove it to start again") from error
        ignore = {"output", "total_tokens", "decay", "data", "compile", "attention"}
        mine = {k: v for k, v in asdict(self.recipe).items() if k not in ignore}
        theirs = {k: v for k, v in state["recipe"].items() if k not in ignore}
        if mine != theirs:
            changed = sorted(k for k in mine if mine[k] != theirs.get(k))
            raise PretrainError(
                f"{path} was made with other values of {changed}; choose another `output`, or the old values"
            )
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step = state["step"]

    def save(self, path: Path) -> None:
        state = {
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)  # a kill while writing leaves the old checkpoint whole


def train(recipe: Recipe, *, minutes: float | None = None, log_every: int = 50, save_minutes: float = 5.0) -> Path:
    """Train to the recipe's tokens (or for `minutes`); returns the folder of the encoder."""
    folder, output = Path(recipe.data), Path(recipe.output)
    tokenizer_file = folder / "tokenizer.json"
    if not tokenizer_file.is_file():
        raise PretrainError(f"{tokenizer_file} is missing; make it with: python -m training.corpus --output {folder}")
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    special = {token: tokenizer.token_to_id(token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")}
    vocabulary = tokenizer.get_vocab_size()
    if "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    torch.manual_seed(recipe.seed)
    if recipe.initial:
        model = ModernBertForMaskedLM.from_pretrained(
            recipe.initial,
            attn_implementation=recipe.attention,
            dtype=torch.float32,  # its file holds fp16, which overflows in training
            **NO_DROPOUT,
        )
    else:
        model = build_model(recipe, vocabulary, special)
    run = Run(recipe, model)
    checkpoint = output / "checkpoint.pt"
    if checkpoint.is_file():
        run.load(checkpoint)
    data = PackedTokens(folder, recipe.mix, split="train", length=recipe.length, seed=recipe.seed)
    heldout = PackedTokens(folder, recipe.mix, split="heldout", length=recipe.length, seed=recipe.seed)
    count = int(recipe.sequences * (recipe.length - 2) * recipe.mask_rate)

    def batch(source: PackedTokens, step: int, salt: int) -> list[Tensor]:
        row = (step * run.world + run.rank) * recipe.sequences
        random = np.random.default_rng([recipe.seed, step, run.rank, salt])
        packed = source.sequences(row, recipe.sequences)
        tensors = masked_batch(
            packed,
            count=count,
            vocabulary=vocabulary,
            special=special,
            random=random,
            whole_words=recipe.whole_words,
        )
        return [tensor.to(run.device, non_blocking=True) for tensor in tensors]

    output.mkdir(parents=True, exist_ok=True)
    main_process = run.rank == 0
    started, saved, seen = time.monotonic(), time.monotonic(), 0
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    total_steps = math.ceil(recipe.total_tokens / run.step_tokens)
    with (output / "log.jsonl").open("a", encoding="utf-8") if main_process else nullcontext(None) as log:

        def evaluate() -> tuple[float, float]:
            run.model.eval()
            with torch.no_grad(), run.autocast():
                results = [MaskedLoss(run.model)(*batch(heldout, step, 7)) for step in range(8)]
            run.model.train()
            return tuple(float(torch.stack(list(part)).mean()) for part in zip(*results, strict=True))  # type: ignore

        while run.step < total_steps:
            factor = learning_rate_factor(run.step * run.step_tokens, recipe)
            groups = [group for optimizer in run.optimizers for group in optimizer.param_groups]
            for group, rate in zip(groups, run.base_rates, strict=True):
                group["lr"] = rate * factor
            with run.autocast():
                loss, hit = run.objective(*batch(data, run.step, 0))
            loss.backward()
            nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
            for optimizer in run.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            run.step += 1
            seen += run.step_tokens
            losses.append(loss.detach())
            hits.append(hit)
            now = time.monotonic()
            out_of_time = minutes is not None and now - started > minutes * 60
            if run.step % log_every == 0 or run.step == total_steps or out_of_time:
                speed = seen / (now - started)
                record: dict[str, Any] = {
                    "step": run.step,
                    "tokens": run.step * run.step_tokens,
                    "loss": round(float(torch.stack(losses).mean()), 4),
                    "accuracy": round(float(torch.stack(hits).mean()), 4),
                    "lr": round(factor, 4),
                    "tokens_per_second": round(speed),
                    "minutes_left": round((total_steps - run.step) * run.step_tokens / speed / 60, 1),
                }
                losses, hits = [], []
                if run.step % (log_every * 10) == 0 or run.step == total_steps:
                    record["heldout_loss"], record["heldout_accuracy"] = (round(v, 4) for v in evaluate())
                if main_process and log is not None:
                    print(json.dumps(record), flush=True)
                    log.write(json.dumps(record) + "\n")
                    log.flush()
            if main_process and (now - saved > save_minutes * 60 or out_of_time):
                run.save(checkpoint)
                saved = now
            if out_of_time:
                break
    if main_process:
        run.save(checkpoint)
        write_encoder(run.model, tokenizer_folder=folder, output=output / "encoder")
    return output / "encoder"


def write_encoder(model: ModernBertForMaskedLM, *, tokenizer_folder: Path, output: Path) -> None:
    """The encoder with its masked-language head in the transformers format, fp16."""
    import copy
    import shutil

    copy.deepcopy(model).half().save_pretrained(output)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer_folder / name, output / name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pretrain the encoder on packed tokens.")
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--minutes", type=float, help="stop (and checkpoint) after this long")
    parser.add_argument("--log-every", type=int, default=50, help="steps between lines of the log")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a recipe value")
    options = parser.parse_args(arguments)
    try:
        recipe = Recipe.read(options.recipe)
        overrides = {key: yaml.safe_load(value) for key, _, value in (item.partition("=") for item in options.set)}
        recipe = Recipe(**{**asdict(recipe), **overrides})
        train(recipe, minutes=options.minutes, log_every=options.log_every)
    except (PretrainError, TypeError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
