from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, tagged, write
from training.data.example import DataError
from training.data.msra import OWN_LABELS, read_msra

LINES = tagged("林远到海城星河社", "B-PER I-PER O B-LOC I-LOC B-ORG I-ORG I-ORG")


def test_mapping(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *LINES)
    (example,) = read_msra(tmp_path, "train")
    assert surfaces(example) == [("PERSON", "林远"), ("ORG", "星河社")]
    assert example.complete == {"PERSON", "ORG"}
    (example,) = read_msra(tmp_path, "train", OWN_LABELS)
    assert surfaces(example) == [("PER", "林远"), ("LOC", "海城"), ("ORG", "星河社")]


def test_the_space_of_left_over_markup(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", "X\tO", "0\t", "T\tO", "0\tO")
    (example,) = read_msra(tmp_path, "train")
    assert example.text == "X T0"


@pytest.mark.parametrize("line", ["林\t", "林\tB-PERSON", "林\tO\tO"])
def test_bad_lines(tmp_path: Path, line: str) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *LINES, line)
    with pytest.raises(DataError, match="msra_train_bio, line 10: expected a character and its tag"):
        read_msra(tmp_path, "train")
