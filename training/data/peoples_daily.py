"""People's Daily 1998: sentences of the newspaper with persons, organisations and places.

PER → PERSON, ORG → ORG; places (LOC) are left out. Marks PERSON and ORG completely; ROLE
and MONEY are not marked, so they are unknown. The publisher's training split is not at
hand, so the set serves as a benchmark only. 1,520 of the 2,318 sentences of dev and 2,958 of
the 4,636 of test also stand, letter by letter, in MSRA's train split: for a model that has
seen MSRA, score the others.

Licence: none stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.data.columns import read_columns
from training.data.example import Example

MAPPING = {"PER": "PERSON", "ORG": "ORG"}
#: For a benchmark on the set's own labels.
OWN_LABELS = {label: label for label in ("LOC", "ORG", "PER")}


def read_peoples_daily(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of one split: dev or test."""
    path = root / "PeoplesDaily1998" / f"example.{split}"
    return read_columns(path, source="peoples-daily", labels=labels, own_labels=OWN_LABELS)
