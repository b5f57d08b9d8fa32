"""People's Daily 1998: sentences of the newspaper with persons, organisations and places.

PER → PERSON, ORG → ORG; places (LOC) are left out. Marks PERSON and ORG completely; ROLE
and MONEY are not marked, so they are unknown. The publisher's training split is not at
hand, so the set serves as a benchmark only, and not for a model that has seen MSRA: 1,520 of
the 2,318 sentences of dev and 2,958 of the 4,636 of test stand letter by letter in MSRA's
train split, 2,120 and 4,225 but for width and case (this set is lower-cased), and with those
that stand there nearly or as a part of a longer sentence all but 7 and 12
(`training/overlap.py`).

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
