from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, tagged, write
from training.data.example import DataError
from training.data.resume import OWN_LABELS, read_resume

LINES = tagged("林远任星河董事汉族", "B-NAME E-NAME O B-ORG E-ORG B-TITLE E-TITLE B-RACE E-RACE", " ")


def test_mapping(tmp_path: Path) -> None:
    write(tmp_path / "ResumeNER" / "test.char.bmes", *LINES)
    (example,) = read_resume(tmp_path, "test")
    assert surfaces(example) == [("PERSON", "林远"), ("ORG", "星河"), ("ROLE", "董事")]
    assert example.complete == {"PERSON", "ORG", "ROLE"}
    (example,) = read_resume(tmp_path, "test", OWN_LABELS)
    assert [label for label, _ in surfaces(example)] == ["NAME", "ORG", "TITLE", "RACE"]


def test_strange_label(tmp_path: Path) -> None:
    write(tmp_path / "ResumeNER" / "test.char.bmes", *LINES, "林 S-PER")
    with pytest.raises(DataError, match=r"line 11: .*CONT, EDU"):
        read_resume(tmp_path, "test")
