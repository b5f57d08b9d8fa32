"""The sources that a recipe or an evaluation can name, in one place.

The sets themselves are not part of the project: `data_root` is a folder with the
publishers' raw files. Each reader's module says what it maps and marks completely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from training.data.cluener import read_cluener
from training.data.duee import DuEEText, read_duee
from training.data.duee_fin import DuEEFinDocument, read_duee_fin
from training.data.example import DataError, Example
from training.data.fewfc import read_fewfc
from training.data.msra import read_msra
from training.data.news_units import read_news_units
from training.data.peoples_daily import read_peoples_daily
from training.data.resume import read_resume
from training.data.seeds import read_seeds
from training.data.uner import read_uner_gsd, read_uner_pud
from training.data.weibo import read_weibo

SEEDS = Path("annotations") / "seeds"

T = TypeVar("T")


@dataclass(frozen=True)
class Source(Generic[T]):
    """A set of labelled texts.

    Attributes:
        read: takes the data root and a split.
        splits: those that can be read.
        evaluation_only: no split of it may train a model.
        licence: as the publisher states it.
    """

    name: str
    read: Callable[[Path, str], list[T]]
    splits: tuple[str, ...]
    evaluation_only: bool
    licence: str


_ALL = ("train", "dev", "test")

SOURCES: dict[str, Source[Example]] = {
    source.name: source
    for source in (
        Source("news-units", read_news_units, _ALL, False, "texts are their publishers'"),
        Source("cluener", read_cluener, ("train", "dev"), False, "none stated"),
        Source("resume", read_resume, _ALL, False, "none stated"),
        Source("msra", read_msra, ("train", "test"), False, "none stated"),
        Source("peoples-daily", read_peoples_daily, ("dev", "test"), True, "none stated"),
        Source("uner-gsd", read_uner_gsd, _ALL, False, "CC BY-SA 4.0"),
        Source("uner-pud", read_uner_pud, ("test",), True, "CC BY-SA 3.0"),
        Source("weibo", read_weibo, _ALL, True, "none stated"),
        Source("fewfc", read_fewfc, ("train",), False, "CC BY-SA 4.0"),
    )
}

#: Sets of events, not spans: call their readers, `read_source` does not know them.
EVENT_SOURCES: tuple[Source[DuEEText] | Source[DuEEFinDocument], ...] = (
    Source("duee", read_duee, ("train", "dev"), True, "non-commercial research"),
    Source("duee-fin", read_duee_fin, ("train", "dev"), True, "non-commercial research (inferred)"),
)


def read_source(
    name: str,
    *,
    data_root: Path,
    split: str = "train",
    leave_out: str | None = None,
    purpose: Literal["train", "evaluate"] = "train",
) -> list[Example]:
    """The examples of a source.

    Args:
        name: "seeds", or one of the sets under `data_root`.
        leave_out: id of the one seed article that must not be seen.
        purpose: training gets train splits only, and none of an evaluation-only source.
    """
    if name == "seeds":
        examples = read_seeds(SEEDS)
        if leave_out is not None and leave_out not in {example.id for example in examples}:
            raise DataError(f"--leave-out {leave_out}: no such seed article")
        return [example for example in examples if example.id != leave_out]
    source = SOURCES.get(name)
    if source is None:
        raise DataError(f"unknown source {name!r}; known: seeds, {', '.join(SOURCES)}")
    if purpose == "train" and source.evaluation_only:
        raise DataError(f"{name} is for evaluation only ({source.licence}); take it out of the training sources")
    if split not in source.splits:
        raise DataError(f"{name} has no split {split!r}; it has {', '.join(source.splits)}")
    if purpose == "train" and split != "train":
        raise DataError(f"{name} {split} is held out for evaluation; training reads the train split")
    return source.read(data_root, split)
