"""Paragraphs of the pretraining corpora, marked for this project: the marks are part of it, the texts are not.

A line of ``annotations/paragraphs/marks.jsonl`` has the id of a paragraph, which is a hash of its text, the labels
with their offsets, and the departures, each of its sides as the [start, end) of a marked span. `training.paragraphs`
finds the texts in the corpora and writes both to a file, which a recipe names: ``paragraphs:runs/paragraphs.jsonl``.

Marks all four labels and the departures, with their dates, completely.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from training.data.example import Example
from training.data.files import check_place, faults_at, read_json_lines
from training.data.news_units import unit_example

MARKS = Path("annotations") / "paragraphs" / "marks.jsonl"
PREFIX = "paragraphs:"
_EXPECTED_MARKS = "the marks of a paragraph"
_EXPECTED = "a marked paragraph with its text, as training.paragraphs writes it"


def paragraph_id(text: str) -> str:
    """What marks know a paragraph by: a hash of its text in the model's view (`ie_model/script.py`)."""
    return sha256(text.encode()).hexdigest()[:16]


def read_marks(path: Path) -> dict[str, dict[str, Any]]:
    """The marks of every paragraph under its id; DataError with the line for a fault."""
    marks: dict[str, dict[str, Any]] = {}
    for number, row in read_json_lines(path, _EXPECTED_MARKS):
        with faults_at(path, number, _EXPECTED_MARKS):
            if row["id"] in marks:
                raise ValueError(f"{row['id']} stands above, too")
            # Checked against a text of that length: the true one is not at hand yet.
            with_text(row, "口" * row["characters"], checked=False)
            marks[row["id"]] = row
    return marks


def with_text(marks: dict[str, Any], text: str, *, checked: bool = True) -> dict[str, Any]:
    """Marks and text as one row, in the form of news-units; ValueError where they are not of one paragraph."""
    if checked and paragraph_id(text) != marks["id"]:
        raise ValueError(f"{marks['id']}: another text than that which was marked")
    row = {
        "id": marks["id"],
        "text": text,
        "spans": [
            {"label": label, "start": start, "end": end, "text": text[start:end]}
            for label, start, end in marks["spans"]
        ],
        "departures": marks["departures"],
    }
    unit_example(row, source="paragraphs", dates=True)
    return row


def marked_examples(path: Path) -> list[Example]:
    """Marks as examples whose texts are blank: enough to compare two passes over the same paragraphs."""
    rows = read_marks(path).values()
    blank = (with_text(row, "口" * row["characters"], checked=False) for row in rows)
    return [unit_example(row, source="paragraphs", dates=True) for row in blank]


def read_paragraphs(path: Path) -> list[Example]:
    """The marked paragraphs of a file that `training.paragraphs` wrote; DataError with the line for a fault."""
    examples = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            for span in row["spans"]:
                check_place(row["text"], span["text"], span["start"])
            examples.append(unit_example(row, source="paragraphs", dates=True))
    return examples
