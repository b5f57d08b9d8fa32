from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, tagged, write
from training.data.example import DataError
from training.data.peoples_daily import OWN_LABELS, read_peoples_daily

LINES = tagged("海城日报社林远", "B-ORG I-ORG I-ORG I-ORG I-ORG B-PER I-PER", " ")


def test_mapping(tmp_path: Path) -> None:
    write(tmp_path / "PeoplesDaily1998" / "example.dev", *LINES)
    (example,) = read_peoples_daily(tmp_path, "dev")
    assert surfaces(example) == [("ORG", "海城日报社"), ("PERSON", "林远")]
    assert example.complete == {"PERSON", "ORG"}
    assert read_peoples_daily(tmp_path, "dev", OWN_LABELS)[0].complete == {"PER", "ORG", "LOC"}


def test_faults(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"example\.train: no such file"):
        read_peoples_daily(tmp_path, "train")
    write(tmp_path / "PeoplesDaily1998" / "example.dev", *LINES, "林 B-TIME")
    with pytest.raises(DataError, match=r"line 9: .*LOC, ORG, PER"):
        read_peoples_daily(tmp_path, "dev")
