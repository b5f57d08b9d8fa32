"""Pretraining of the encoder, from packed tokens: hidden tokens predicted, and, if asked for, replaced ones detected.

    python -m training.pretrain --recipe training/recipes/pretrain.yaml
    torchrun --nproc-per-node 2 -m training.pretrain --recipe …  # a divisor of the recipe's `batches`

One script for a CPU (bf16 autocast), a GPU and several under torchrun. Every step draws its
sequences and masks from (seed, step) alone, so a run that was stopped and resumed, be it with
another number of processes, is the run that was not (up to rounding, then). All steps have one shape: the same number
of sequences, of one length, with the same number of masked positions.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import yaml
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import ModernBertForMaskedLM

from ie_model.model_folder import SAFETENSORS
from ie_model.runtime.words import add_words, load_with_words
from training.architecture import encoder_config
from training.objectives import MaskedLoss, ReplacedLoss
from training.optimizers import is_hidden_matrix, muon
from training.packed import PackedTokens, PretrainError, masked_batch, read_words
from training.pretrain_recipe import Recipe

#: A fine-tuned model that goes on being pretrained has dropout in its config; with so few
#: tokens none is seen twice, and there is nothing to regularise.
NO_DROPOUT = {"embedding_dropout": 0.0, "mlp_dropout": 0.0, "attention_dropout": 0.0}


def build_model(recipe: Recipe, vocabulary: int, special: dict[str, int]) -> ModernBertForMaskedLM:
    """The network of a recipe: new, or the one in the folder `initial`."""
    if recipe.initial:
        model = load_with_words(
            recipe.initial, ModernBertForMaskedLM, attn_implementation=recipe.attention, **NO_DROPOUT
        )
        if recipe.words and not getattr(model.config, "words", None):
            raise PretrainError(f"{recipe.initial} has no words; leave `words` out, or start without `initial`")
        return model
    words = read_words(Path(recipe.data)) if recipe.words else None
    config = encoder_config(
        vocabulary=vocabulary,
        layers=recipe.layers,
        hidden=recipe.hidden,
        intermediate=recipe.intermediate,
        heads=recipe.heads,
        special=special,
        attn_implementation=recipe.attention,
    )
    if words is None:
        return ModernBertForMaskedLM(config)
    keys, vectors = words
    config.words = {"count": len(keys), "width": vectors.shape[1]}
    model = add_words(ModernBertForMaskedLM(config))
    model.get_input_embeddings().fill(keys, vectors)
    return model


def build_objective(model: ModernBertForMaskedLM, recipe: Recipe, special: dict[str, int]) -> MaskedLoss:
    """What the recipe minimises, around the network."""
    if not recipe.replaced:
        return MaskedLoss(model)
    unjudged = tuple(special[token] for token in ("[MASK]", "[CLS]", "[SEP]"))
    return ReplacedLoss(model, share=recipe.replaced, weight=recipe.detection_weight, special=unjudged)


def optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, AdamW for all else; AdamW alone where the recipe has no rate for Muon."""
    matrices = [p for n, p in model.named_parameters() if recipe.muon_lr and is_hidden_matrix(n, p)]
    rest = [p for n, p in model.named_parameters() if not (recipe.muon_lr and is_hidden_matrix(n, p))]
    adam = torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    return [muon(matrices, rate=recipe.muon_lr), adam] if matrices else [adam]


def learning_rate_factor(tokens: int, recipe: Recipe) -> float:
    """Warm-up, plateau, then a linear fall to zero over the last `decay` of the tokens."""
    if tokens < recipe.warmup_tokens:
        return max(tokens, 1) / recipe.warmup_tokens
    fall = recipe.total_tokens * recipe.decay
    return max(0.0, min(1.0, (recipe.total_tokens - tokens) / max(fall, 1)))


@dataclass
class Run:
    """One process of a training run: objective with the model in it, optimizers, and where it stands."""

    recipe: Recipe
    objective: MaskedLoss
    step: int = 0

    def __post_init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        cuda = torch.cuda.is_available()
        self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if cuda else torch.device("cpu")
        self.objective.to(self.device)
        self.loss: nn.Module = self.objective
        if self.recipe.batches % self.world:
            raise PretrainError(
                f"{self.world} processes cannot share {self.recipe.batches} batches a step; make `batches` a multiple"
            )
        if self.recipe.compile:
            self.loss = torch.compile(self.objective)  # type: ignore[assignment]
        self.optimizers = optimizers(self.objective, self.recipe)
        self.base_rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]

    @property
    def model(self) -> ModernBertForMaskedLM:
        return self.objective.model

    def autocast(self) -> Any:
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    @property
    def step_tokens(self) -> int:
        return self.recipe.sequences * self.recipe.batches * self.recipe.length

    def share_gradients(self) -> None:
        """Sum the gradients of all processes, in one message."""
        if self.world > 1:
            gradients = [p.grad for p in self.objective.parameters() if p.grad is not None]
            together = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(together)
            parts = together.split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def agreed(self, answer: bool) -> bool:
        """The first process's answer, which all act on: their clocks differ."""
        if self.world == 1:
            return answer
        told = torch.tensor([float(answer)], device=self.device)
        dist.broadcast(told, 0)
        return bool(told)

    def load(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            raise PretrainError(f"{path} is damaged and cannot be resumed; remove it to start again") from error
        ignore = {"output", "total_tokens", "decay", "data", "compile", "attention"}
        mine = {k: v for k, v in asdict(self.recipe).items() if k not in ignore}
        # What a recipe did not yet say when the checkpoint was made is as it was then: the default.
        theirs = {k: v for k, v in {**asdict(Recipe()), **state["recipe"]}.items() if k not in ignore}
        if mine != theirs:
            changed = sorted(k for k in mine if mine[k] != theirs.get(k))
            raise PretrainError(
                f"{path} was made with other values of {changed}; choose another `output`, or the old values"
            )
        try:
            self.model.load_state_dict(state["model"])
            if isinstance(self.objective, ReplacedLoss):
                self.objective.detector.load_state_dict(state["detector"])
        except RuntimeError as error:
            raise PretrainError(f"{path} is of another model or other words; choose another `output`") from error
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
        if isinstance(self.objective, ReplacedLoss):
            state["detector"] = self.objective.detector.state_dict()
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
    run = Run(recipe, build_objective(build_model(recipe, vocabulary, special), recipe, special))
    checkpoint = output / "checkpoint.pt"
    if checkpoint.is_file():
        run.load(checkpoint)
    data = PackedTokens(folder, recipe.mix, split="train", length=recipe.length, seed=recipe.seed)
    heldout = PackedTokens(folder, recipe.mix, split="heldout", length=recipe.length, seed=recipe.seed)
    count = int(recipe.sequences * (recipe.length - 2) * recipe.mask_rate)

    def batch(source: PackedTokens, number: int, salt: int) -> list[Tensor]:
        step, place = divmod(number, recipe.batches)
        random = np.random.default_rng([recipe.seed, step, place, salt])
        packed = source.sequences(number * recipe.sequences, recipe.sequences)
        tensors: tuple[Tensor, ...] = masked_batch(
            packed,
            count=count,
            vocabulary=vocabulary,
            special=special,
            random=random,
            whole_words=recipe.whole_words,
        )
        if recipe.replaced and source is data:
            tensors += (torch.from_numpy(random.random((2, count), dtype=np.float32)),)
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
            # The same batches, however many processes share them.
            for place in range(run.rank, recipe.batches, run.world):
                with run.autocast():
                    loss, hit = run.loss(*batch(data, run.step * recipe.batches + place, 0))
                (loss / recipe.batches).backward()
                losses.append(loss.detach())
                hits.append(hit)
            run.share_gradients()
            nn.utils.clip_grad_norm_(run.objective.parameters(), 1.0)
            for optimizer in run.optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            run.step += 1
            seen += run.step_tokens
            now = time.monotonic()
            out_of_time = minutes is not None and run.agreed(now - started > minutes * 60)
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
    (output / SAFETENSORS).chmod(0o644)  # safetensors' own files are for their owner alone
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
    except (PretrainError, TypeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
