from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.raw import surfaces, write, write_json
from training.data.cluener import OWN_LABELS, read_cluener
from training.data.example import DataError

ROW: dict[str, Any] = {
    "text": "星河科技的林远写了《星河科技史》",
    "label": {
        "company": {"星河科技": [[0, 3], [10, 13]]},
        "name": {"林远": [[5, 6]]},
        "book": {"《星河科技史》": [[9, 15]]},
    },
}


def test_mapping_and_inclusive_ends(tmp_path: Path) -> None:
    write_json(tmp_path / "CLUENER2020" / "dev.json", ROW)
    (example,) = read_cluener(tmp_path, "dev")
    assert surfaces(example) == [("ORG", "星河科技"), ("PERSON", "林远"), ("ORG", "星河科技")]
    assert example.complete == {"PERSON", "ORG", "ROLE"}


def test_own_labels_and_the_longer_of_two_that_overlap(tmp_path: Path) -> None:
    write_json(tmp_path / "CLUENER2020" / "dev.json", ROW)
    (example,) = read_cluener(tmp_path, "dev", OWN_LABELS)
    assert surfaces(example) == [("company", "星河科技"), ("name", "林远"), ("book", "《星河科技史》")]
    assert len(example.complete) == 10


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ({"person": {"林远": [[5, 6]]}}, "'person' is none of"),
        ({"name": {"林远": [[4, 5]]}}, "'林远' is not at 4"),
        ({"name": {"林远": [[5, 7]]}}, "does not end at 7"),
        ({"name": {"林远": [[5]]}}, "expected a CLUENER sentence"),
        ({"name": ["林远"]}, "expected a CLUENER sentence"),
    ],
)
def test_bad_rows(tmp_path: Path, label: Any, told: str) -> None:
    write_json(tmp_path / "CLUENER2020" / "dev.json", ROW, {**ROW, "label": label})
    with pytest.raises(DataError, match=r"dev\.json, line 2") as caught:
        read_cluener(tmp_path, "dev")
    assert told in str(caught.value)


@pytest.mark.parametrize("line", ['{"text": "林', "[]", "{}", ""])
def test_bad_lines(tmp_path: Path, line: str) -> None:
    write(tmp_path / "CLUENER2020" / "dev.json", line, "{}")
    with pytest.raises(DataError, match="line 1: expected a CLUENER sentence"):
        read_cluener(tmp_path, "dev")
