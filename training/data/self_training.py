"""What a model labelled for the next one (`training/self_training.py`): its sure spans, and where it was not sure.

Marks no departures.
"""

from __future__ import annotations

from pathlib import Path

from training.data.example import Example, GoldSpan
from training.data.files import check_place, faults_at, read_json_lines

PREFIX = "self-training:"
_EXPECTED = "a text labelled by training.self_training"


def read_self_training(path: Path) -> list[Example]:
    """The texts of a file; DataError with the line for a fault."""
    examples = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            for span in row["spans"]:
                check_place(row["text"], span["text"], span["start"])
            spans = tuple(sorted(GoldSpan(s["start"], s["start"] + len(s["text"]), s["label"]) for s in row["spans"]))
            unsure = tuple((int(start), int(end)) for start, end in row["unsure"])
            examples.append(Example(row["id"], "self-training", row["text"], spans, unsure=unsure))
    return examples
