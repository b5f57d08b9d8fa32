"""CLUENER 2020: sentences of Sina news with ten labels.

name → PERSON; company, organization and government → ORG; position → ROLE. Addresses,
books, films, games and scenes are left out. MONEY is not marked, so it is unknown.
"""

from __future__ import annotations

import json
from pathlib import Path

from training.data.example import DataError, Example, GoldSpan, expect_file

MAPPING = {
    "name": "PERSON",
    "company": "ORG",
    "organization": "ORG",
    "government": "ORG",
    "position": "ROLE",
}


def read_cluener(root: Path, split: str) -> list[Example]:
    """The sentences of one split: train or dev. Offsets in the file end inclusive."""
    path = expect_file(root / "CLUENER2020" / f"{split}.json")
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            spans = sorted(
                GoldSpan(start, end + 1, MAPPING[label])
                for label, names in row["label"].items()
                if label in MAPPING
                for places in names.values()
                for start, end in places
            )
            example = Example(
                id=str(number),
                source="cluener",
                text=row["text"],
                spans=_without_overlaps(spans),
                complete=frozenset({"PERSON", "ORG", "ROLE"}),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}, line {number}: not a CLUENER sentence ({error!r})") from error
        examples.append(example)
    return examples


def _without_overlaps(spans: list[GoldSpan]) -> tuple[GoldSpan, ...]:
    """Flat spans: of two that overlap (a few do) the longer stays."""
    kept: list[GoldSpan] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return tuple(sorted(kept))
