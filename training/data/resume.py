"""ResumeNER: sentences of executives' CVs from Sina Finance, eight labels.

NAME → PERSON, ORG → ORG, TITLE → ROLE. Countries, education, places, professions and
ethnic groups are left out. MONEY is not marked, so it is unknown.
"""

from __future__ import annotations

from pathlib import Path

from training.data.columns import read_columns
from training.data.example import Example

MAPPING = {"NAME": "PERSON", "ORG": "ORG", "TITLE": "ROLE"}


def read_resume(root: Path, split: str) -> list[Example]:
    """The sentences of one split: train, dev or test."""
    return read_columns(
        root / "ResumeNER" / f"{split}.char.bmes",
        source="resume",
        mapping=MAPPING,
        complete=frozenset({"PERSON", "ORG", "ROLE"}),
    )
