"""Pretraining of the encoder, from packed tokens: hidden tokens predicted, and, if asked for, replaced ones detected.

    python -m training.pretrain --recipe training/recipes/pretrain.yaml
    torchrun --nproc-per-node 2 -m training.pretrain --recipe …  # a divisor of the recipe's `batches`
    python -m training.pretrain --recipe … --evaluate FOLDER     # an encoder on the recipe's held-out text

One script for a CPU, a GPU and several under torchrun, in bfloat16 where the machine is faster in it
(`training.precision`). Every step draws its sequences and masks from (seed, step) alone, so a run that was stopped and
resumed, be it with another number of processes, is the run that was not (up to rounding, then). All steps have one
shape: the same number of sequences, of one length, with the same number of masked positions.
"""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from tokenizers import Tokenizer
from torch import Tensor
from transformers import ModernBertForMaskedLM

from ie_model.model_folder import CONFIG, SAFETENSORS
from ie_model.runtime.words import add_words, load_with_words
from training.architecture import encoder_config
from training.command import argument_parser, reported
from training.objectives import MaskedLoss, ReplacedLoss
from training.packed import PackedTokens, PretrainError, data_identity, masked_batch, read_tokenizer, read_words
from training.pretrain_log import Log
from training.pretrain_recipe import Recipe
from training.pretrain_run import CHECKPOINT, Run, autocast, own_device
from training.processes import ending_process_group
from training.tokenizer import SPECIAL_TOKENS

#: A fine-tuned model that goes on being pretrained has dropout in its config; with so few
#: tokens none is seen twice, and there is nothing to regularise.
NO_DROPOUT = {"embedding_dropout": 0.0, "mlp_dropout": 0.0, "attention_dropout": 0.0}
#: Recipe's name of a size → the config's.
SIZES = {
    "layers": "num_hidden_layers",
    "hidden": "hidden_size",
    "intermediate": "intermediate_size",
    "heads": "num_attention_heads",
}
#: Batches of held-out text that a figure is the mean of.
HELDOUT_BATCHES = 8


@dataclass(frozen=True)
class Batches:
    """The batches of a recipe, each by its number, hidden tokens chosen.

    Attributes:
        special: ids of the special tokens.
    """

    recipe: Recipe
    tokens: PackedTokens
    vocabulary: int
    special: dict[str, int]
    salt: int

    @classmethod
    def of(cls, recipe: Recipe, tokenizer: Tokenizer, *, split: str) -> Batches:
        """PretrainError: a packed file is missing or too short."""
        return cls(
            recipe,
            PackedTokens(Path(recipe.data), recipe.mix, split=split, length=recipe.length, seed=recipe.seed),
            tokenizer.get_vocab_size(),
            special_ids(tokenizer),
            salt=0 if split == "train" else 7,
        )

    def __call__(self, number: int, device: torch.device) -> list[Tensor]:
        """The arguments of the recipe's objective for a batch; of `MaskedLoss` where it is held-out text."""
        recipe = self.recipe
        step, place = divmod(number, recipe.batches)
        random = np.random.default_rng([recipe.seed, step, place, self.salt])
        tensors: tuple[Tensor, ...] = masked_batch(
            self.tokens.sequences(number * recipe.sequences, recipe.sequences),
            count=recipe.hidden_tokens,
            vocabulary=self.vocabulary,
            special=self.special,
            random=random,
            whole_words=recipe.whole_words,
            spans=recipe.spans,
        )
        if recipe.replaced and self.salt == 0:
            tensors += (torch.from_numpy(random.random((2, recipe.hidden_tokens), dtype=np.float32)),)
        return [tensor.to(device, non_blocking=True) for tensor in tensors]


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    return {token: tokenizer.token_to_id(token) for token in SPECIAL_TOKENS}


def build_model(recipe: Recipe, tokenizer: Tokenizer) -> ModernBertForMaskedLM:
    """The network of a recipe: new, or the one in the folder `initial`.

    PretrainError: that folder has no encoder, or one of other sizes, words or tokenizer than the recipe and its data.
    """
    if recipe.initial:
        return _load_encoder(Path(recipe.initial), recipe, tokenizer)
    words = read_words(Path(recipe.data)) if recipe.words else None
    config = encoder_config(
        vocabulary=tokenizer.get_vocab_size(),
        layers=recipe.layers,
        hidden=recipe.hidden,
        intermediate=recipe.intermediate,
        heads=recipe.heads,
        special=special_ids(tokenizer),
        attn_implementation=recipe.attention,
    )
    if words is None:
        return ModernBertForMaskedLM(config)
    keys, vectors = words
    config.words = {"count": len(keys), "width": vectors.shape[1]}
    model = add_words(ModernBertForMaskedLM(config))
    model.get_input_embeddings().fill(keys, vectors)
    return model


def _load_encoder(folder: Path, recipe: Recipe, tokenizer: Tokenizer) -> ModernBertForMaskedLM:
    if missing := [name for name in (CONFIG, SAFETENSORS, "tokenizer.json") if not (folder / name).is_file()]:
        raise PretrainError(f"{folder} is no encoder to go on from: it has no {' and no '.join(missing)}")
    if read_tokenizer(folder).get_vocab() != tokenizer.get_vocab():
        raise PretrainError(
            f"{folder} has another tokenizer than the packed files in {recipe.data}; pack them with: "
            f"python -m training.corpus --corpora FOLDER --output OTHER --tokenizer {folder / 'tokenizer.json'}"
        )
    model = load_with_words(folder, ModernBertForMaskedLM, attn_implementation=recipe.attention, **NO_DROPOUT)
    sizes = {name: getattr(model.config, key) for name, key in SIZES.items()}
    if other := {name: size for name, size in sizes.items() if size != getattr(recipe, name)}:
        raise PretrainError(f"{folder} has other sizes than the recipe; say {other} in it")
    has_words = bool(getattr(model.config, "words", None))
    if recipe.words and not has_words:
        raise PretrainError(f"{folder} has no words; leave `words` out, or start without `initial`")
    if has_words and not recipe.words:
        raise PretrainError(f"{folder} has words; say `words: true` in the recipe")
    return model


def build_objective(model: ModernBertForMaskedLM, recipe: Recipe, special: dict[str, int]) -> MaskedLoss:
    """What the recipe minimises, around the network."""
    if not recipe.replaced:
        return MaskedLoss(model)
    unjudged = tuple(special[token] for token in ("[MASK]", "[CLS]", "[SEP]"))
    return ReplacedLoss(model, share=recipe.replaced, weight=recipe.detection_weight, special=unjudged)


def heldout_figures(model: ModernBertForMaskedLM, batches: Batches, device: torch.device) -> dict[str, float]:
    """Loss and accuracy of predicting the hidden tokens of held-out text."""
    model.eval()
    with torch.no_grad(), autocast(device):
        results = [MaskedLoss(model)(*batches(number, device)) for number in range(HELDOUT_BATCHES)]
    model.train()
    loss, accuracy = (float(torch.stack(list(part)).mean()) for part in zip(*results, strict=True))
    return {"heldout_loss": round(loss, 4), "heldout_accuracy": round(accuracy, 4)}


def evaluate(recipe: Recipe, encoder: Path) -> dict[str, float]:
    """Loss and accuracy of an encoder of the recipe's sizes on the recipe's held-out text and masks."""
    recipe = replace(recipe, initial=str(encoder))
    tokenizer = read_tokenizer(Path(recipe.data))
    device = own_device()
    model = build_model(recipe, tokenizer).to(device)
    return heldout_figures(model, Batches.of(recipe, tokenizer, split="heldout"), device)


def train(recipe: Recipe, *, minutes: float | None = None, log_every: int = 50, save_minutes: float = 5.0) -> Path:
    """Train to the recipe's tokens (or for `minutes`); returns the folder of the encoder.

    Raises:
        PretrainError: packed files, `initial` or a checkpoint do not fit the recipe; the loss is no number any more;
            or there is no room for a checkpoint.
    """
    folder, output = Path(recipe.data), Path(recipe.output)
    tokenizer = read_tokenizer(folder)
    data = Batches.of(recipe, tokenizer, split="train")
    heldout = Batches.of(recipe, tokenizer, split="heldout")
    torch.manual_seed(recipe.seed)
    objective = build_objective(build_model(recipe, tokenizer), recipe, special_ids(tokenizer))
    run = Run(recipe, objective, data_identity(folder, recipe.mix))
    checkpoint, log = output / CHECKPOINT, Log(output)
    if checkpoint.is_file():
        run.load(checkpoint)
    if run.agreed(run.step) != run.step:
        raise PretrainError(
            f"{checkpoint} is not the same for all processes; `output` is to be on a disk that all share"
        )
    main_process = run.rank == 0
    if main_process:
        output.mkdir(parents=True, exist_ok=True)
        log.cut(run.step)
    started = saved = told = time.monotonic()
    paused = 0.0  # seconds since `told` that went into held-out text and checkpoints
    seen, total_steps = 0, math.ceil(recipe.total_tokens / run.step_tokens)
    out_of_time = False
    while run.step < total_steps and not out_of_time:
        factor = run.set_rates()
        # The same batches, however many processes share them.
        for place in range(run.rank, recipe.batches, run.world):
            with autocast(run.device):
                loss, hit = run.loss(*data(run.step * recipe.batches + place, run.device))
            (loss / recipe.batches).backward()
            run.losses.append(loss.detach())
            run.hits.append(hit)
        run.update()
        seen += run.step_tokens
        now = time.monotonic()
        out_of_time = minutes is not None and bool(run.agreed(now - started > minutes * 60))
        if run.step % log_every == 0 or run.step == total_steps:
            record = log_record(run, rate=factor, speed=seen / (now - told - paused), total_steps=total_steps)
            run.losses, run.hits = [], []
            if run.step % (log_every * 10) == 0 or run.step == total_steps:
                record |= heldout_figures(run.model, heldout, run.device)
            if main_process:
                log.write(record)
            seen, told, paused = 0, now, time.monotonic() - now
        if main_process and (now - saved > save_minutes * 60 or out_of_time or run.step == total_steps):
            before = time.monotonic()
            run.save(checkpoint)
            saved = now
            paused += time.monotonic() - before
    if main_process:
        write_encoder(run.model, tokenizer_folder=folder, output=output / "encoder")
    return output / "encoder"


def log_record(run: Run, *, rate: float, speed: float, total_steps: int) -> dict[str, float]:
    """A line of the log: how far a run is, and the means of the batches since the line before.

    Args:
        rate: factor of the recipe's learning rates.
        speed: tokens a second.
    """
    return {
        "step": run.step,
        "tokens": run.step * run.step_tokens,
        "loss": round(run.mean_loss(), 4),
        "accuracy": round(float(torch.stack(run.hits).mean()), 4),
        "lr": round(rate, 4),
        "tokens_per_second": round(speed),
        "minutes_left": round((total_steps - run.step) * run.step_tokens / speed / 60, 1),
    }


def write_encoder(model: ModernBertForMaskedLM, *, tokenizer_folder: Path, output: Path) -> None:
    """The encoder with its masked-language head in the transformers format, fp16."""
    copy.deepcopy(model).half().save_pretrained(output)
    (output / SAFETENSORS).chmod(0o644)  # safetensors' own files are for their owner alone
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tokenizer_folder / name, output / name)


@ending_process_group()
@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Pretrain the encoder on packed tokens.")
    parser.add_argument("--recipe", type=Path, required=True, help="YAML file, see training/recipes/")
    parser.add_argument("--minutes", type=float, help="stop (and checkpoint) after this long")
    parser.add_argument("--log-every", type=int, default=50, help="steps between lines of the log")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a recipe value")
    parser.add_argument(
        "--evaluate", type=Path, metavar="ENCODER", help="train nothing; score an encoder on the held-out text"
    )
    options = parser.parse_args(arguments)
    try:
        recipe = Recipe.read(options.recipe, overrides=options.set)
        if options.evaluate:
            print(json.dumps(evaluate(recipe, options.evaluate)))
            return 0
        if "RANK" in os.environ and not dist.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(own_device())
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        train(recipe, minutes=options.minutes, log_every=options.log_every)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except RuntimeError as error:
        if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise
        reason = " ".join(str(error).split())[:300]
        print(f"torch.compile failed ({reason}); it needs a C++ compiler, or --set compile=false", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
