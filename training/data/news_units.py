"""news-units: paragraphs of business news under this project's guidelines.

Marks all four labels and the departures (without dates) completely.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ie_model.scheme import DATE
from training.data.example import Example, GoldDeparture, GoldSpan
from training.data.files import check_place, faults_at, read_json_lines


def read_news_units(root: Path, split: str) -> list[Example]:
    """The units of one split: train, dev or test."""
    path = root / "news-units" / f"{split}.jsonl"
    expected = "a unit of news-units"
    examples = []
    for number, row in read_json_lines(path, expected):
        with faults_at(path, number, expected):
            examples.append(unit_example(row, source="news-units", dates=False))
    return examples


def read_rows(path: Path, *, source: str, expected: str) -> Iterator[tuple[dict[str, Any], Example]]:
    """The rows of a file of this project in the form of news-units, with dates, each with the example that it is.

    DataError with the line for a fault.

    Args:
        expected: what a row is, in words.
    """
    for number, row in read_json_lines(path, expected):
        with faults_at(path, number, expected):
            for span in row["spans"]:
                check_place(row["text"], span["text"], span["start"])
            yield row, unit_example(row, source=source, dates=True)


def unit_example(row: dict[str, Any], *, source: str, dates: bool) -> Example:
    """A row of spans and departures as an example; authored pieces have rows of this form too.

    Raises KeyError or TypeError where something is missing; a departure names its sides by
    the offsets of marked spans.
    """
    spans = {(s["start"], s["end"]): GoldSpan(s["start"], s["end"], s["label"]) for s in row["spans"]}
    departures = tuple(
        GoldDeparture(
            person=spans[tuple(d["person"])],
            organization=spans[tuple(d["organization"])],
            status=d["status"],
            roles=tuple(spans[tuple(role)] for role in d["roles"]),
            joined=tuple(spans[tuple(target)] for target in d["joined"]),
            date=GoldSpan(*d["date"], DATE) if d.get("date") else None,
        )
        for d in row["departures"]
    )
    ordered = tuple(sorted(spans.values()))
    return Example(row["id"], source, row["text"], ordered, departures=departures, dates=dates)
