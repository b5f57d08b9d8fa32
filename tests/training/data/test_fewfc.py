from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.raw import surfaces, write, write_json
from training.data.example import DataError
from training.data.fewfc import read_fewfc

FILES = ("train_base", "test_base", "train_trans", "test_trans")


def row(text: str, surface: str, role: str = "money", **changes: Any) -> dict[str, Any]:
    start = text.index(surface)
    mention = {"word": surface, "span": [start, start + len(surface)], "role": role, **changes}
    return {"id": "x", "content": text, "events": [{"type": "投资", "mentions": [mention]}]}


def write_all(root: Path, *rows: dict[str, Any]) -> None:
    for name in FILES:
        write_json(root / "FewFC" / f"{name}.json", *rows)


@pytest.mark.parametrize(
    ("text", "word", "money"),
    [
        ("星河科技出资3亿元收购", "3亿元", ["3亿元"]),
        ("出资约3亿元收购", "约3亿元", ["3亿元"]),
        ("出资不超过人民币3,500万元左右", "不超过人民币3,500万元左右", ["人民币3,500万元"]),
        ("获得1.5亿元人民币注资", "1.5亿元", ["1.5亿元人民币"]),
        ("共同设立1000万元的基金", "立1000万", ["1000万元"]),
        ("价格为3.18亿元的股权", "格为3.18", ["3.18亿元"]),
        ("出资2亿元-3亿元建厂", "2亿元-3亿元", ["2亿元-3亿元"]),
        ("罚款15万元至5000元不等", "15万元至5000元不等", ["15万元至5000元"]),
        ("罚款二十余万元", "二十余万元", ["二十余万元"]),
        ("作价7500万美元(约5亿元)", "7500万美元", ["7500万美元"]),
        ("作价7500万美元(约5亿元)", "7500万美元(约5亿元)", ["7500万美元", "5亿元"]),
        ("融资2.2亿,投后估值", "2.2亿", ["2.2亿"]),
        ("总资产1.94亿元,10.5亿现金收购", "10.5亿", ["10.5亿"]),
    ],
)
def test_the_whole_amount_without_hedges(tmp_path: Path, text: str, word: str, money: list[str]) -> None:
    write_all(tmp_path, row(text, word))
    (example,) = read_fewfc(tmp_path, "train")
    assert surfaces(example) == [("MONEY", amount) for amount in money]
    assert example.complete == frozenset()


@pytest.mark.parametrize(
    ("text", "word", "role"),
    [
        ("减持2000万股,占47.4%", "47.4%", "money"),
        ("减持2000万股,占47.4%", "2000万", "money"),
        ("减持2000万股,占47.4%", "股", "money"),
        ("星河科技持有3亿元", "3亿元", "number"),
        ("星河科技持有3亿元", "星河科技", "sub"),
    ],
)
def test_sentences_without_money_are_left_out(tmp_path: Path, text: str, word: str, role: str) -> None:
    write_all(tmp_path, row(text, word, role))
    assert read_fewfc(tmp_path, "train") == []


def test_marks_of_one_sentence_come_together(tmp_path: Path) -> None:
    write_all(tmp_path, row("先付1亿元,再付2亿元", "1亿元"), row("先付1亿元,再付2亿元", "2亿元", "amount"))
    (example,) = read_fewfc(tmp_path, "train")
    assert surfaces(example) == [("MONEY", "1亿元"), ("MONEY", "2亿元")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"span": [1, 4]}, "'3亿元' is not at 1"),
        ({"span": [2, 6]}, "does not end at 6"),
        ({"span": [-4, -1]}, "'3亿元' is not at -4"),
        ({"span": 2}, "a sentence of FewFC"),
        ({"word": None}, "a sentence of FewFC"),
    ],
)
def test_bad_rows(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    write_all(tmp_path, row("出资3亿元收购", "3亿元"), row("出资3亿元收购", "3亿元", **changes))
    with pytest.raises(DataError, match=r"train_base\.json, line 2") as caught:
        read_fewfc(tmp_path, "train")
    assert told in str(caught.value)


def test_cut_short_and_other_splits(tmp_path: Path) -> None:
    write_all(tmp_path, row("出资3亿元收购", "3亿元"))
    write(tmp_path / "FewFC" / "test_trans.json", '{"id": "x", "content": "出资')
    with pytest.raises(DataError, match=r"test_trans\.json, line 1: expected a sentence of FewFC"):
        read_fewfc(tmp_path, "train")
    with pytest.raises(DataError, match="no split 'test'"):
        read_fewfc(tmp_path, "test")
