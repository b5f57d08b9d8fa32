"""What a fine-tuning run is: a frozen dataclass, read from YAML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from training.values import (
    NUMBER,
    PROBABILITY,
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

#: Where the publishers' raw files are looked for, unless a recipe or an option says otherwise.
DATA_ROOT = "../shared/data"

#: Sizes of an encoder that starts from random weights, where the recipe says none.
RANDOM_ENCODER = {"layers": 4, "hidden": 384, "intermediate": 576, "heads": 6}


@dataclass(frozen=True)
class Stage:
    """One stretch of training on a mixture of sources.

    Attributes:
        sources: source name → how often its examples are seen in one epoch (0.5: half). Besides the
            known sets (`training/data/sources.py`): hub:NAME, label-studio:PATH.
        epochs: passes over the mixture.
        learning_rate: peak of the encoder's; the heads get `head_factor` times it.
        muon_rate: peak of the learning rate of the matrices within the encoder's layers, which Muon then trains, as it
            did in pretraining (`training/muon.py`); 0 leaves them to AdamW with the rest.
        head_factor: how many times the encoder's learning rate the heads learn at.
        warmup: share of the steps over which the rates rise from 0.
        substitute: share of an example's names that are others in each further epoch
            (`training/augment.py`); 0 leaves the texts as they are.
    """

    sources: dict[str, float]
    epochs: float = 4
    learning_rate: float = 3e-4
    head_factor: float = 3.0
    muon_rate: float = 0.0
    warmup: float = 0.06
    substitute: float = 0.0


_SOURCES = entries("names of sources, each with a number, 0 or more, of times in an epoch", is_number)

#: What each value of a stage may be.
STAGE_VALUES = {
    "sources": Allowed(_SOURCES.words, lambda value: bool(value) and _SOURCES.fits(value)),
    "epochs": Allowed("a number above 0", lambda value: is_number(value) and value > 0),
    "learning_rate": NUMBER,
    "head_factor": NUMBER,
    "muon_rate": NUMBER,
    "warmup": PROBABILITY,
    "substitute": SHARE,
}


@dataclass(frozen=True)
class Recipe:
    """A whole fine-tuning run.

    Attributes:
        encoder: a folder in the transformers format, a hub id, or "random" for one of
            the size that `random_encoder` says.
        tokenizer: folder of tokenizer.json, where it is not the encoder's.
        tokens: tokens per batch, padding included.
        bf16: train in bfloat16; by default where the machine is faster in it (`training/precision.py`).
        limits: source name → the number of its examples that are used, drawn by the seed (0: none of it).
        freeze_words: leave the words' vectors as pretraining made them, so that a name of the training
            set does not move away from those that stood beside it (`ie_model/runtime/words.py`).
        word_dropout: probability with which a known word of a text is left out in a step.
        benchmark: train on one source's own labels, to compare with what others report on it.
            Such a model is not published, so that an evaluation-only source may train it.
    """

    encoder: str
    output: str
    stages: tuple[Stage, ...]
    data_root: str = DATA_ROOT
    tokenizer: str | None = None
    random_encoder: dict[str, int] = field(default_factory=dict)
    tokens: int = 2048
    dropout: float = 0.1
    link_weight: float = 0.5
    weight_decay: float = 0.01
    seed: int = 1
    bf16: bool | None = None
    limits: dict[str, int] = field(default_factory=dict)
    freeze_words: bool = False
    word_dropout: float = 0.0
    benchmark: bool = False

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe; RecipeError for unknown or missing keys, and for values that they may not have."""
        return cls.from_dict(read_yaml(path), name=str(path))

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, name: str = "recipe") -> Recipe:
        known = cls.__dataclass_fields__
        keys_and_values(values, name=name)
        if unknown := sorted(set(values) - set(known), key=str):
            raise RecipeError(f"{name}: unknown keys {unknown}; known: {sorted(known)}")
        for key in ("encoder", "output", "stages"):
            if key not in values:
                raise RecipeError(f"{name}: the key {key!r} is missing")
        values = dict(values)
        if values.get("limits") is None:
            values["limits"] = {}
        check_values(values, RECIPE_VALUES, where=f"{name}: ")
        limits, stages = values["limits"], []
        for index, stage in enumerate(values["stages"]):
            if not isinstance(stage, dict):
                raise RecipeError(
                    f"{name}: stage {index + 1} has keys and values, 'sources' among them, not {stage!r}"
                )
            unknown = sorted(set(stage) - set(Stage.__dataclass_fields__), key=str)
            if unknown or "sources" not in stage:
                raise RecipeError(
                    f"{name}: stage {index + 1} needs 'sources' and may have "
                    f"{sorted(Stage.__dataclass_fields__)}, not {unknown}"
                )
            check_values(stage, STAGE_VALUES, where=f"{name}: stage {index + 1}: ")
            if not any(weight and limits.get(source, inf) for source, weight in stage["sources"].items()):
                raise RecipeError(
                    f"{name}: stage {index + 1}: sources {stage['sources']} with limits {limits} leave nothing to "
                    "train on; one of them needs both above 0"
                )
            stages.append(Stage(**stage))
        sources = {source for stage in stages for source in stage.sources}
        if unknown := sorted(set(limits) - sources):
            raise RecipeError(f"{name}: limits of {unknown}, which no stage trains on; its sources: {sorted(sources)}")
        if values.get("benchmark") and len(sources) != 1:
            raise RecipeError(f"{name}: a benchmark trains on one source alone")
        return cls(**{**values, "stages": tuple(stages)})

    def with_values(self, **values: Any) -> Recipe:
        return replace(self, **values)

    def for_share(self, share: float) -> Recipe:
        """The same recipe for a share of each stage's epochs."""
        return self.with_values(stages=tuple(replace(stage, epochs=stage.epochs * share) for stage in self.stages))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


#: What each value of a recipe may be.
RECIPE_VALUES = {
    "encoder": TEXT,
    "output": TEXT,
    "stages": Allowed("a list of at least one stage", lambda value: isinstance(value, list | tuple) and bool(value)),
    "data_root": TEXT,
    "tokenizer": Allowed("text, or nothing", lambda value: value is None or isinstance(value, str)),
    "random_encoder": entries(
        f"whole numbers, 1 or more, by the names {', '.join(RANDOM_ENCODER)}", is_count, names=RANDOM_ENCODER
    ),
    "tokens": Allowed("a whole number, 1 or more", is_count),
    "dropout": PROBABILITY,
    "link_weight": NUMBER,
    "weight_decay": NUMBER,
    # Numpy takes 32 bits, and every stage adds one.
    "seed": Allowed("a whole number from 0 to 4000000000", lambda value: is_count(value, least=0) and value <= 4e9),
    "bf16": Allowed("true, false, or nothing", lambda value: value is None or isinstance(value, bool)),
    "limits": entries("names of sources with whole numbers of examples, 0 or more", lambda v: is_count(v, least=0)),
    "freeze_words": SWITCH,
    "word_dropout": PROBABILITY,
    "benchmark": SWITCH,
}
