"""CLUENER 2020: sentences of Sina news with ten labels.

name → PERSON; company, organization and government → ORG; position → ROLE. Addresses,
books, films, games and scenes are left out. Marks PERSON, ORG and ROLE completely; MONEY
is not marked, so it is unknown.

Licence: none stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.data.example import Example, GoldSpan
from training.data.files import check_place, faults_at, read_json_lines

MAPPING = {
    "name": "PERSON",
    "company": "ORG",
    "organization": "ORG",
    "government": "ORG",
    "position": "ROLE",
}
#: For a benchmark on the set's own labels.
OWN_LABELS = {
    label: label
    for label in (
        *("address", "book", "company", "game", "government"),
        *("movie", "name", "organization", "position", "scene"),
    )
}
_EXPECTED = "a CLUENER sentence"


def read_cluener(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of one split: train or dev."""
    path = root / "CLUENER2020" / f"{split}.json"
    examples = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            spans = _without_overlaps(_spans(row, labels))
            examples.append(Example(str(number), "cluener", row["text"], spans, frozenset(labels.values())))
    return examples


def _spans(row: dict[str, Any], labels: Mapping[str, str]) -> list[GoldSpan]:
    """The spans of a sentence. Offsets in the file end inclusive."""
    spans = []
    for label, names in row["label"].items():
        if label not in OWN_LABELS:
            raise ValueError(f"the label {label!r} is none of {', '.join(OWN_LABELS)}")
        for name, places in names.items():
            for start, end in places:
                check_place(row["text"], name, start)
                if end + 1 - start != len(name):
                    raise ValueError(f"{name!r} does not end at {end}")
                if label in labels:
                    spans.append(GoldSpan(start, end + 1, labels[label]))
    return spans


def _without_overlaps(spans: list[GoldSpan]) -> tuple[GoldSpan, ...]:
    """Flat spans: of two that overlap (a few do) the longer stays."""
    kept: list[GoldSpan] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return tuple(sorted(kept))
