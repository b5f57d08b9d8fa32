"""Paragraphs of the pretraining corpora, marked for this project: the marks are part of it, the texts are not.

A line of ``annotations/paragraphs/marks.jsonl`` has the id of a paragraph, which is a hash of its text, the labels
with their offsets, and the departures, each of its sides as the [start, end) of a marked span. Where it has
``"paragraphs": 2`` or more it is a passage: so many paragraphs of a document in a row, with a line break between.
`training.paragraphs` finds the texts in the corpora and writes both to a file, which a recipe names:
``paragraphs:runs/paragraphs.jsonl``. Texts with ``"split": "dev"`` are for evaluation: training does not get them.

Marks all four labels and the departures, with their dates, completely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from training.data.example import Example
from training.data.files import faults_at, read_json_lines
from training.data.news_units import read_rows, unit_example

MARKS = Path("annotations") / "paragraphs" / "marks.jsonl"
SOURCE = "paragraphs"
PREFIX = f"{SOURCE}:"
SPLITS = ("train", "dev")
_EXPECTED_MARKS = "the marks of a paragraph"
_EXPECTED = "a marked paragraph with its text, as training.paragraphs writes it"


def paragraph_id(text: str) -> str:
    """What marks know a paragraph or a passage by: a hash of its text in the model's view (`ie_model/script.py`)."""
    return sha256(text.encode()).hexdigest()[:16]


def passage_length(marks: dict[str, Any]) -> int:
    """How many paragraphs of the corpus in a row were marked as one text; ValueError for no such number."""
    length: Any = marks.get("paragraphs", 1)
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise ValueError(f"{length!r} paragraphs")
    return length


def split_of(row: dict[str, Any]) -> str:
    """What marks, or a row with its text, are for."""
    split: str = row.get("split", SPLITS[0])
    return split


def passages(document: Sequence[str], length: int) -> Iterator[str]:
    """All texts of so many paragraphs in a row, as they are marked."""
    for first in range(len(document) - length + 1):
        yield "\n".join(document[first : first + length])


def read_marks(path: Path) -> dict[str, dict[str, Any]]:
    """The marks of every paragraph under its id; DataError with the line for a fault."""
    marks: dict[str, dict[str, Any]] = {}
    for number, row in read_json_lines(path, _EXPECTED_MARKS):
        with faults_at(path, number, _EXPECTED_MARKS):
            if row["id"] in marks:
                raise ValueError(f"{row['id']} stands above, too")
            passage_length(row)
            if split_of(row) not in SPLITS:
                raise ValueError(f"split {row['split']!r} is none of {', '.join(SPLITS)}")
            _blank_example(row)  # which cannot be made of marks with a fault
            marks[row["id"]] = row
    return marks


def with_text(marks: dict[str, Any], text: str) -> dict[str, Any]:
    """Marks and text as one row, in the form of news-units; ValueError where they are not of one paragraph."""
    if paragraph_id(text) != marks["id"]:
        raise ValueError(f"{marks['id']}: another text than that which was marked")
    return _row(marks, text)


def _row(marks: dict[str, Any], text: str) -> dict[str, Any]:
    held_out = {} if split_of(marks) == SPLITS[0] else {"split": split_of(marks)}
    return {
        "id": marks["id"],
        **held_out,
        "text": text,
        "spans": [
            {"label": label, "start": start, "end": end, "text": text[start:end]}
            for label, start, end in marks["spans"]
        ],
        "departures": marks["departures"],
    }


def _blank_example(marks: dict[str, Any]) -> Example:
    """The marks on a blank text of the paragraph's length: the true one is not at hand."""
    return unit_example(_row(marks, "口" * marks["characters"]), source=SOURCE, dates=True)


def marked_examples(path: Path) -> list[Example]:
    """Marks as examples whose texts are blank: enough to compare two passes over the same paragraphs."""
    return [_blank_example(row) for row in read_marks(path).values()]


def read_paragraphs(path: Path, split: str) -> list[Example]:
    """One split of the marked paragraphs that `training.paragraphs` wrote; DataError with the line for a fault."""
    rows = read_rows(path, source=SOURCE, expected=_EXPECTED)
    return [example for row, example in rows if split_of(row) == split]
