"""What a pretraining run is: a frozen dataclass, read from YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from training.values import (
    NUMBER,
    SHARE,
    SWITCH,
    TEXT,
    Allowed,
    RecipeError,
    check_values,
    entries,
    is_count,
    is_number,
    keys_and_values,
    read_yaml,
)


@dataclass(frozen=True)
class Recipe:
    """What a pretraining run is. Read from YAML; unknown keys and impossible values are a RecipeError."""

    data: str = "runs/pretrain"
    output: str = "runs/encoder"
    #: corpus name → how often it is read in one epoch
    mix: dict[str, float] = field(default_factory=lambda: {"native-news": 2.0, "translated-business": 1.0})
    layers: int = 4
    hidden: int = 384
    intermediate: int = 576
    heads: int = 6
    length: int = 256
    #: in a batch; `batches` of them, shared by the processes, make a step
    sequences: int = 16
    batches: int = 1
    mask_rate: float = 0.25
    #: share of the sequences in which whole words are hidden; single tokens in the rest
    whole_words: float = 0.0
    #: share of the sequences in which runs of tokens are hidden, of three on average (`packed.masked_batch`)
    spans: float = 0.0
    #: share of the hidden tokens in whose place the encoder's own guess is shown, to be found out and corrected
    #: (`objectives.ReplacedLoss`)
    replaced: float = 0.0
    #: weight of finding out beside that of predicting
    detection_weight: float = 10.0
    total_tokens: int = 40_000_000
    #: of the matrices within the layers; 0 leaves them to AdamW like all else
    muon_lr: float = 0.02
    adam_lr: float = 3e-3
    #: of all weights in each step, times the learning rate; with little of it Muon lets the matrices grow and grow
    weight_decay: float = 0.01
    warmup_tokens: int = 500_000
    #: the last part of the tokens, over which the learning rate falls to zero
    decay: float = 0.3
    seed: int = 1
    #: folder of an encoder to go on from, with its sizes, its words and its tokenizer
    initial: str | None = None
    #: give the encoder the words that `training.words` chose (words.safetensors beside the packed files)
    words: bool = False
    #: torch.compile the objective: some 20 % faster on a CPU, for which it needs a C++ compiler
    compile: bool = True
    #: "sdpa" on a GPU; compiled "eager" attention is faster on a CPU at short lengths
    attention: str = "sdpa"

    def __post_init__(self) -> None:
        check_values(asdict(self), VALUES, where="")
        if self.whole_words + self.spans > 1:
            raise RecipeError(
                f"whole_words and spans are shares of the same sequences, not {self.whole_words + self.spans:g}"
            )
        if self.hidden % self.heads:
            raise RecipeError(f"hidden is a multiple of heads, not {self.hidden} for {self.heads}")
        if not self.hidden_tokens:
            raise RecipeError(
                f"mask_rate: {self.mask_rate:g} hides no token of {self.sequences} × {self.length}; make it larger"
            )

    @property
    def hidden_tokens(self) -> int:
        """Tokens of a batch that are hidden: always so many, since steps of one shape are faster."""
        return int(self.sequences * (self.length - 2) * self.mask_rate)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, name: str) -> Recipe:
        """The recipe with these values; RecipeError, which begins with the name, where it cannot be one."""
        if unknown := set(values) - set(cls.__dataclass_fields__):
            raise RecipeError(f"{name}: unknown keys {sorted(unknown)}; known: {sorted(cls.__dataclass_fields__)}")
        try:
            return cls(**values)
        except RecipeError as error:
            raise RecipeError(f"{name}: {error}") from None

    @classmethod
    def read(cls, path: Path, *, overrides: Iterable[str] = ()) -> Recipe:
        """The recipe of a file, in which values can be replaced by others, written KEY=VALUE."""
        values = keys_and_values(read_yaml(path) or {}, name=str(path))
        for item in overrides:
            key, equals, value = item.partition("=")
            if not equals:
                raise RecipeError(f"--set {item}: write KEY=VALUE")
            try:
                values[key] = yaml.safe_load(value)
            except yaml.YAMLError as error:
                raise RecipeError(f"--set {item}: the value is no YAML ({' '.join(str(error).split())})") from error
        return cls.from_dict(values, name=str(path))


_COUNT = Allowed("a whole number, 1 or more", is_count)
#: What each value may be.
VALUES = {
    "data": TEXT,
    "output": TEXT,
    "mix": Allowed(
        "names of corpora, each with a number above 0 of times in an epoch",
        lambda value: bool(value) and _TIMES.fits(value),
    ),
    "layers": _COUNT,
    "hidden": _COUNT,
    "intermediate": _COUNT,
    "heads": _COUNT,
    "length": Allowed("a whole number from 8 to 512", lambda value: is_count(value, least=8) and value <= 512),
    "sequences": _COUNT,
    "batches": _COUNT,
    "mask_rate": SHARE,
    "whole_words": SHARE,
    "spans": SHARE,
    "replaced": SHARE,
    "detection_weight": NUMBER,
    "total_tokens": _COUNT,
    "muon_lr": NUMBER,
    "adam_lr": NUMBER,
    "weight_decay": NUMBER,
    "warmup_tokens": Allowed("a whole number, 0 or more", lambda value: is_count(value, least=0)),
    "decay": SHARE,
    "seed": Allowed("a whole number, 0 or more", lambda value: is_count(value, least=0)),
    "initial": Allowed("a folder, or nothing", lambda value: value is None or isinstance(value, str)),
    "words": SWITCH,
    "compile": SWITCH,
    "attention": Allowed("sdpa or eager", lambda value: value in ("sdpa", "eager")),
}
_TIMES = entries("", lambda value: is_number(value) and value > 0)
