"""A published model's folder: which files it has, and the settings in its config.json."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from ie_model import errors
from ie_model.scheme import TagScheme

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
SAFETENSORS = "model.safetensors"
ENCODER_ONNX = "model.onnx"
LINKS_ONNX = "links.onnx"
ONNX_FILES = (ENCODER_ONNX, LINKS_ONNX)


def needed_files(runtime: str) -> tuple[str, ...]:
    """The files of a folder without which this runtime has no model."""
    return (CONFIG, TOKENIZER, *(ONNX_FILES if runtime == "onnx" else (SAFETENSORS,)))


def packaged_folder() -> Path:
    """The model that comes with the package."""
    return Path(str(resources.files("ie_model") / "weights"))


@dataclass(frozen=True)
class Settings:
    """How a model wants to be run; the `ie_model` object of its config.json.

    Attributes:
        window: tokens that the encoder takes at once, special tokens not counted.
        overlap: tokens that neighbouring windows share.
        temperature: divides the tags' logits before a span is scored; which spans come out
            does not depend on it.
        link_threshold: least probability of a departure, given its spans.
        link_temperature, link_bias: calibrate a departure's score, its spans' scores times that
            probability: its log-odds are divided by the one, then the other is added. Which
            departures come out does not depend on them.
        benchmark: the data set whose own labels the model was trained on, to be compared
            on it; such a model is not for publication.
    """

    window: int = 254
    overlap: int = 64
    temperature: float = 1.0
    link_threshold: float = 0.5
    link_temperature: float = 1.0
    link_bias: float = 0.0
    benchmark: str | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.window, int) and isinstance(self.overlap, int)):
            raise TypeError("window and overlap must be whole numbers")
        if not 0 <= self.overlap < self.window / 2:
            raise ValueError(f"overlap {self.overlap} must be less than half of window {self.window}")
        for name in ("temperature", "link_temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} {getattr(self, name)} must be a number above 0")
        if not math.isfinite(self.link_bias):
            raise ValueError(f"link_bias {self.link_bias} must be a finite number")
        if not 0 <= self.link_threshold <= 1:
            raise ValueError(f"link_threshold {self.link_threshold} must be between 0 and 1")


@dataclass(frozen=True)
class ModelFolder:
    """A folder whose config has been read and whose labels have been checked."""

    path: Path
    scheme: TagScheme
    settings: Settings

    @classmethod
    def open(cls, path: Path | None = None, *, runtime: str = "onnx") -> ModelFolder:
        """Open a model folder, or the packaged one.

        The labels are the config's; departures need PERSON, ORG and ROLE among them.

        Raises ModelError: a file is missing, the config is broken, or its tags are not BIOES.
        """
        folder = path if path is not None else packaged_folder()
        try:
            for name in needed_files(runtime):
                if not (folder / name).is_file():
                    raise errors.missing_model_file(folder, name)
        except OSError as error:
            raise errors.unreadable_model(folder, error) from error
        try:
            config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            tags = [config.get("id2label", {}).get(str(i), "") for i in range(len(config.get("id2label", {})))]
            settings = Settings(**config.get("ie_model", {}))
        except OSError as error:
            raise errors.broken_model_file(folder / CONFIG, error.strerror or str(error)) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise errors.broken_model_file(folder / CONFIG, errors.first_line(error)) from error
        try:
            scheme = TagScheme.from_tags(tags)
        except ValueError:
            raise errors.wrong_labels(folder, tags) from None
        if not scheme.labels:
            raise errors.wrong_labels(folder, tags)
        return cls(folder, scheme, settings)
