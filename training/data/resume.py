"""ResumeNER: sentences of executives' CVs from Sina Finance, eight labels.

NAME → PERSON, ORG → ORG, TITLE → ROLE. Countries, education, places, professions and
ethnic groups are left out. Marks PERSON, ORG and ROLE completely; MONEY is not marked, so
it is unknown.

Licence: none stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.data.columns import read_columns
from training.data.example import Example

MAPPING = {"NAME": "PERSON", "ORG": "ORG", "TITLE": "ROLE"}
#: For a benchmark on the set's own labels.
OWN_LABELS = {label: label for label in ("CONT", "EDU", "LOC", "NAME", "ORG", "PRO", "RACE", "TITLE")}


def read_resume(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of one split: train, dev or test."""
    path = root / "ResumeNER" / f"{split}.char.bmes"
    return read_columns(path, source="resume", labels=labels, own_labels=OWN_LABELS)
