"""This project's seed articles: a folder of Label Studio's full JSON, one task a file.

Marks all four labels and the departures, with their dates, completely.
"""

from __future__ import annotations

from pathlib import Path

from training.data.example import Example, NotAtHandError
from training.data.label_studio import read_label_studio


def read_seeds(folder: Path) -> list[Example]:
    """The articles of a folder, by the names of their files."""
    if not any(folder.glob("*.json")):
        raise NotAtHandError(f"{folder}: no Label Studio .json files here")
    return list(read_label_studio(folder, source="seeds"))
