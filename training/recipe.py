"""What a fine-tuning run is: a frozen dataclass, read from YAML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

#: Where the publishers' raw files are looked for, unless a recipe or an option says otherwise.
DATA_ROOT = "../shared/data"


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the key and the known ones."""


@dataclass(frozen=True)
class Stage:
    """One stretch of training on a mixture of sources.

    Attributes:
        sources: source name → how often its examples are seen in one epoch (0.5: half). Besides the
            known sets (`training/data/sources.py`): hub:NAME, label-studio:PATH.
        epochs: passes over the mixture.
        learning_rate: peak of the encoder's; the heads get `head_factor` times it.
        substitute: share of an example's names that are others in each further epoch
            (`training/augment.py`); 0 leaves the texts as they are.
    """

    sources: dict[str, float]
    epochs: float = 4
    learning_rate: float = 3e-4
    head_factor: float = 3.0
    warmup: float = 0.06
    substitute: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A whole fine-tuning run.

    Attributes:
        encoder: a folder in the transformers format, a hub id, or "random" for one of
            the size that `random_encoder` says.
        tokenizer: folder of tokenizer.json, where it is not the encoder's.
        tokens: tokens per batch, padding included.
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
    bf16: bool = True
    limits: dict[str, int] = field(default_factory=dict)
    freeze_words: bool = False
    word_dropout: float = 0.0
    benchmark: bool = False

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe; RecipeError for unknown or missing keys."""
        try:
            values = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RecipeError(f"{path}: no such recipe; see training/recipes/") from None
        except yaml.YAMLError as error:
            raise RecipeError(f"{path}: not YAML ({str(error).splitlines()[0]})") from error
        return cls.from_dict(values, name=str(path))

    @classmethod
    def from_dict(cls, values: dict[str, Any], *, name: str = "recipe") -> Recipe:
        known = cls.__dataclass_fields__
        if not isinstance(values, dict):
            raise RecipeError(f"{name}: expected keys and values, not {values!r}")
        if unknown := sorted(set(values) - set(known)):
            raise RecipeError(f"{name}: unknown keys {unknown}; known: {sorted(known)}")
        for key in ("encoder", "output", "stages"):
            if key not in values:
                raise RecipeError(f"{name}: the key {key!r} is missing")
        if not (isinstance(values["stages"], list | tuple) and values["stages"]):
            raise RecipeError(f"{name}: 'stages' must be a list of at least one stage")
        values = dict(values)
        stages = []
        for index, stage in enumerate(values["stages"]):
            unknown = set(stage) - set(Stage.__dataclass_fields__)
            if unknown or "sources" not in stage:
                raise RecipeError(
                    f"{name}: stage {index + 1} needs 'sources' and may have "
                    f"{sorted(Stage.__dataclass_fields__)}, not {sorted(unknown)}"
                )
            stages.append(Stage(**stage))
        limits = values["limits"] = values.get("limits") or {}
        if any(type(limit) is not int or limit < 0 for limit in limits.values()):
            raise RecipeError(f"{name}: limits are whole numbers of examples, 0 or more, not {limits}")
        sources = {source for stage in stages for source in stage.sources}
        if unknown := sorted(set(limits) - sources):
            raise RecipeError(f"{name}: limits of {unknown}, which no stage trains on; its sources: {sorted(sources)}")
        if not 0 <= values.get("word_dropout", 0) < 1:
            raise RecipeError(f"{name}: word_dropout is a probability below 1, not {values['word_dropout']}")
        if values.get("benchmark") and len(sources) != 1:
            raise RecipeError(f"{name}: a benchmark trains on one source alone")
        return cls(**{**values, "stages": tuple(stages)})

    def with_values(self, **values: Any) -> Recipe:
        return replace(self, **values)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
