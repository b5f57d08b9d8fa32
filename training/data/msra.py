"""MSRA (SIGHAN 2006): sentences of news with persons, organisations and places.

PER → PERSON, ORG → ORG; places (LOC) are left out. Marks PERSON and ORG completely; ROLE
and MONEY are not marked, so they are unknown.

Left-over markup of the original stands in some sentences (``<ADDREX TYPE=…``); its space
is written as the line ``0``, tab, nothing. It is read as a space outside of spans.

Licence: none stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.data.columns import read_columns, split_cells
from training.data.example import Example

MAPPING = {"PER": "PERSON", "ORG": "ORG"}
#: For a benchmark on the set's own labels.
OWN_LABELS = {label: label for label in ("LOC", "ORG", "PER")}


def read_msra(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of one split: train or test."""
    path = root / "MSRA" / f"msra_{split}_bio"
    return read_columns(path, source="msra", labels=labels, own_labels=OWN_LABELS, cells=_cells)


def _cells(line: str) -> tuple[str, str]:
    return (" ", "O") if line == "0\t" else split_cells(line)
