"""The sources that a recipe can name, in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from training.data.cluener import read_cluener
from training.data.example import DataError, Example
from training.data.news_units import read_news_units
from training.data.resume import read_resume
from training.data.seeds import read_seeds

SEEDS = Path("annotations") / "seeds"

_READERS: dict[str, Callable[[Path, str], list[Example]]] = {
    "news-units": read_news_units,
    "cluener": read_cluener,
    "resume": read_resume,
}


def read_source(name: str, *, data_root: Path, split: str = "train", leave_out: str | None = None) -> list[Example]:
    """The examples of a source.

    Args:
        name: "seeds", or one of the sets under `data_root`.
        leave_out: id of the one seed article that must not be seen.
    """
    if name == "seeds":
        examples = read_seeds(SEEDS)
        if leave_out is not None and leave_out not in {example.id for example in examples}:
            raise DataError(f"--leave-out {leave_out}: no such seed article")
        return [example for example in examples if example.id != leave_out]
    if name not in _READERS:
        raise DataError(f"unknown source {name!r}; known: seeds, {', '.join(_READERS)}")
    return _READERS[name](data_root, split)
