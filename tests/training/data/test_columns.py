from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, tagged, write
from training.data.columns import read_columns, spans_of
from training.data.example import DataError, Example

LABELS = {"PER": "PERSON"}
OWN = ("PER", "LOC")


def read(path: Path) -> list[Example]:
    return read_columns(path, source="s", labels=LABELS, own_labels=OWN)


def test_sentences_and_kept_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "f", *tagged("林远在海城", "B-PER I-PER O B-LOC I-LOC"), *tagged("好", "O"))
    first, second = read(path)
    assert (first.text, surfaces(first)) == ("林远在海城", [("PERSON", "林远")])
    assert (second.id, second.text, second.spans) == ("2", "好", ())
    assert first.complete == {"PERSON"}


def test_a_space_is_a_character(tmp_path: Path) -> None:
    (example,) = read(write(tmp_path / "f", "A O", "  O", "\u3000 O", "B O"))
    assert example.text == "A \u3000B"


def test_carriage_returns_end_lines(tmp_path: Path) -> None:
    (example,) = read(write(tmp_path / "f", "林 S-PER\r", "来 O\r", "\r"))
    assert surfaces(example) == [("PERSON", "林")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("林", "a character and its tag"),
        ("林 O O", "a character and its tag"),
        ("林远 O", "a character and its tag"),
        ("林 B-", "neither O nor"),
        ("林 B-TIME", "PER, LOC"),
        ("林 X-PER", "neither O nor"),
        ("林 BPER", "neither O nor"),
        ("林 P", "neither O nor"),
    ],
)
def test_faults_name_file_line_and_what_was_expected(tmp_path: Path, line: str, told: str) -> None:
    path = write(tmp_path / "f", "好 O", line)
    with pytest.raises(DataError, match="line 2: expected a character and its tag") as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes("好 O\n".encode() + "好 O\n".encode("gbk"))
    with pytest.raises(DataError, match="line 2: expected UTF-8"):
        read(path)


def test_empty_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the file is empty"):
        read(write(tmp_path / "f", ""))
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "g")


def test_schemes_alike() -> None:
    expected = [(0, 1), (1, 3), (4, 5)]
    for tags in ("S-PER B-PER E-PER O S-PER", "B-PER B-PER I-PER O B-PER", "S-PER B-PER M-PER O I-PER"):
        spans = spans_of(tags.split(), [1] * 5, LABELS)
        assert [(span.start, span.end) for span in spans] == expected
