"""One model from several fine-tuned ones: the mean of their weights.

    python -m training.average runs/published/stage2 runs/published/leave-one-out/*/stage2 --output runs/average

Models that were fine-tuned from one start lie in one basin, and the mean of their weights is as
a rule better than each, at no cost at inference (Wortsman et al. 2022, model soups). The runs of a
leave-one-out evaluation are such models.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ie_model.model_folder import CONFIG, SAFETENSORS, TOKENIZER
from training.command import argument_parser, reported
from training.errors import TrainingError
from training.modeling import load_model, save_model


class AverageError(TrainingError):
    """Models that cannot be averaged; the message says which and why."""


def average(models: Sequence[Path], output: Path) -> None:
    """Write the mean of the models' weights, with the first one's config and tokenizer.

    Raises AverageError: a folder is no model, or differs from the first in config,
    vocabulary or the shape of a weight.
    """
    if len(models) < 2:
        raise AverageError("an average takes at least two models")
    states = []
    for folder in models:
        try:
            states.append(load_file(folder / SAFETENSORS))
            _check_alike(models[0], folder)
        except (OSError, SafetensorError) as error:
            raise AverageError(f"{folder}: not a model of training.finetune ({error})") from error
        shapes = {name: tensor.shape for name, tensor in states[-1].items()}
        if shapes != {name: tensor.shape for name, tensor in states[0].items()}:
            raise AverageError(f"{folder}: its weights are not those of {models[0]}")
    network = load_model(models[0])
    mean = {}
    for name, first in states[0].items():  # what is no float is the same in all: the words of the lexicon
        every = torch.stack([state[name] for state in states])
        mean[name] = every.float().mean(dim=0) if first.is_floating_point() else first
    network.load_saved_state(mean)
    settings = json.loads((models[0] / CONFIG).read_text(encoding="utf-8")).get("ie_model")
    save_model(network, output, tokenizer=models[0], settings=settings)


def _check_alike(first: Path, other: Path) -> None:
    for name, same in ((CONFIG, _network(first) == _network(other)), (TOKENIZER, _tokens(first) == _tokens(other))):
        if not same:
            raise AverageError(f"{other}: its {name} is not that of {first}; average runs of one recipe")


def _network(folder: Path) -> dict[str, Any]:
    """A model's config without how it is run, which is fitted after training; but with what it is for."""
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except ValueError as error:
        raise AverageError(f"{folder}: its {CONFIG} is damaged ({error})") from error
    return {**config, "ie_model": config.get("ie_model", {}).get("benchmark")}


def _tokens(folder: Path) -> bytes:
    return (folder / TOKENIZER).read_bytes()


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Average the weights of models that share a start.")
    parser.add_argument("models", type=Path, nargs="+", help="stages' folders, made by training.finetune")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the mean to")
    options = parser.parse_args(arguments)
    average(options.models, options.output)
    print(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
