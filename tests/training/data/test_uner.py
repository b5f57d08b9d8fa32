from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, write
from training.data.example import DataError
from training.data.uner import OWN_LABELS, read_uner_gsd, read_uner_pud

LINES = [
    "# newdoc id = batch-0000",
    "# sent_id = batch-0000-0001",
    "# text = 林遠（Lin Yuan）在海城加入星河社。",
    "1\t林遠\tB-PER\t-\tx",
    "2\t（\tO\t-\t-",
    "3\tLin\tB-PER\t-\tx",
    "4\tYuan\tI-PER\t-\tx",
    "5\t）\tO\t-\t-",
    "6\t在\tO\t-\t-",
    "7\t海城\tB-LOC\t-\tx",
    "8\t加入\tO\t-\t-",
    "9\t星河\tB-ORG\t-\tx",
    "10\t社\tI-ORG\t-\tx",
    "11\t。\tO\t-\t-",
]


def gsd(root: Path) -> Path:
    return root / "UNER_zh_gsd" / "zh_gsd-ud-dev.iob2"


def test_characters_come_from_the_text(tmp_path: Path) -> None:
    write(gsd(tmp_path), *LINES, "", *LINES)
    first, second = read_uner_gsd(tmp_path, "dev")
    assert first.text == "林遠（Lin Yuan）在海城加入星河社。"
    assert surfaces(first) == [("PERSON", "林遠"), ("PERSON", "Lin Yuan"), ("ORG", "星河社")]
    assert first.complete == {"PERSON", "ORG"}
    assert (second.id, second.spans) == ("2", first.spans)
    assert ("LOC", "海城") in surfaces(read_uner_gsd(tmp_path, "dev", OWN_LABELS)[0])


def test_pud(tmp_path: Path) -> None:
    write(tmp_path / "UNER_zh_pud" / "zh_pud-ud-test.iob2", *LINES, "")
    assert read_uner_pud(tmp_path, "test")[0].source == "uner-pud"


@pytest.mark.parametrize(
    ("at", "line", "told"),
    [
        (6, "4\tYuen\tI-PER\t-\tx", "line 7: .*'Yuen' is not next in the text"),
        (6, "4\t在\tO\t-\tx", "line 7: .*'在' is not next in the text"),
        (6, "4\tYuan\tI-PER", "line 7: .*five columns"),
        (6, "x\tYuan\tI-PER\t-\tx", "line 7: .*five columns"),
        (6, "4\tYuan\tI-TIME\t-\tx", "line 7: .*LOC, ORG, PER"),
        (6, "", "line 7: .*words for the rest"),
        (2, "# comment", "line 4: .*a word before '# text'"),
        (6, "# text = 又", "line 7: .*a new '# text'"),
        (13, "", "line 14: .*words for the rest of the text, '。'"),
    ],
)
def test_faults(tmp_path: Path, at: int, line: str, told: str) -> None:
    write(gsd(tmp_path), *LINES[:at], line, *LINES[at + 1 :])
    with pytest.raises(DataError, match=told):
        read_uner_gsd(tmp_path, "dev")
