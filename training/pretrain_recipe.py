"""What a pretraining run is: a frozen dataclass, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from training.packed import PretrainError


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
    #: in a batch; `batches` of them, shared by the processes, make a step
    sequences: int = 16
    batches: int = 1
    mask_rate: float = 0.25
    #: share of the sequences in which whole words are hidden; single tokens in the rest
    whole_words: float = 0.0
    #: share of the hidden tokens in whose place the encoder's own guess is shown, to be found out and corrected
    #: (`objectives.ReplacedLoss`)
    replaced: float = 0.0
    #: weight of finding out beside that of predicting
    detection_weight: float = 10.0
    total_tokens: int = 40_000_000
    #: of the matrices within the layers; 0 leaves them to AdamW like all else
    muon_lr: float = 0.02
    adam_lr: float = 3e-3
    warmup_tokens: int = 500_000
    #: the last part of the tokens, over which the learning rate falls to zero
    decay: float = 0.3
    seed: int = 1
    initial: str | None = None
    #: give the encoder the words that `training.words` chose (words.safetensors beside the packed files)
    words: bool = False
    #: torch.compile the objective: some 20 % faster on a CPU
    compile: bool = True
    #: "sdpa" on a GPU; compiled "eager" attention is faster on a CPU at short lengths
    attention: str = "sdpa"

    def __post_init__(self) -> None:
        if not 0 <= self.replaced <= 1:
            raise PretrainError(f"replaced: {self.replaced} is no share of the hidden tokens; it goes from 0 to 1")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise PretrainError(f"{path}: unknown keys {sorted(unknown)}; known: {sorted(cls.__dataclass_fields__)}")
        return cls(**values)
