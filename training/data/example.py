"""One annotated text, whatever its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ie_model.relations import STATUSES
from ie_model.scheme import LABELS
from training.errors import TrainingError


class DataError(TrainingError):
    """A data file that cannot be read; the message names the file, the line and what was expected."""


class NotAtHandError(DataError):
    """A data set that is not there at all, rather than damaged."""


def expect_file(path: Path) -> Path:
    if not path.is_file():
        raise NotAtHandError(f"{path}: no such file; --data-root names the folder of the publishers' raw files")
    return path


@dataclass(frozen=True, order=True)
class GoldSpan:
    """A labelled span, code-point offsets, end exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class GoldDeparture:
    """One departure as one passage says it."""

    person: GoldSpan
    organization: GoldSpan
    status: str
    roles: tuple[GoldSpan, ...] = ()
    joined: tuple[GoldSpan, ...] = ()
    date: GoldSpan | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise DataError(f"status {self.status!r} is none of {', '.join(STATUSES)}")


@dataclass(frozen=True)
class Example:
    """A text with what its source marks in it.

    Attributes:
        complete: the labels that the source marks completely. Where a text is unmarked,
            a label outside of this set is unknown, not absent.
        departures: None where the source marks no departures at all.
        dates: whether the source marks when a departure was.
        unsure: characters [start, end) of which nothing is known, and from which nothing is to be learnt.
    """

    id: str
    source: str
    text: str
    spans: tuple[GoldSpan, ...]
    complete: frozenset[str] = field(default_factory=lambda: frozenset(LABELS))
    departures: tuple[GoldDeparture, ...] | None = None
    dates: bool = False
    #: No gold mark, so that the fingerprints of sets without such places stay what they were.
    unsure: tuple[tuple[int, int], ...] = field(default=(), metadata={"fingerprint": False})

    def __post_init__(self) -> None:
        last = 0
        for span in self.spans:
            if not last <= span.start < span.end <= len(self.text):
                raise DataError(f"{self.source} {self.id}: span {span} is outside the text or overlaps another")
            last = span.end
