"""FewFC: sentences of financial news with the arguments of events; MONEY positives only.

The arguments with the role money (of investments, acquisitions, pledges, judgments) or
amount (of bids, guarantees, contracts) → MONEY, all other arguments are left out: number
counts shares, proportion is a percentage, and persons and organisations stand there only
where an event needs them. Nothing is marked completely: some 43 % of the amounts in the
texts are no argument of any event. Sentences without a positive say nothing and are left
out.

The publisher's borders are not this project's (约, 不超过 and 左右 are in, 人民币 sometimes),
and a few are off by some characters. So an argument only points at an amount: MONEY is the
whole amount that it overlaps, with its currency on either side, without hedges; a range is
one span. An argument that overlaps nothing that is written like an amount is left out.
A sentence that stands in the files more than once is read once, with the marks of all.

Licence: CC BY-SA 4.0.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from training.data.example import DataError, Example, GoldSpan
from training.data.files import check_place, faults_at, read_json_lines

_FILES = ("train_base", "test_base", "train_trans", "test_trans")
_ROLES = ("money", "amount")
_EXPECTED = "a sentence of FewFC"

_DIGITS = r"(?<![\d.])(?<!\d[,，])\d+(?:[,，]\d{2,3}(?!\d))*(?:\.\d*)?"
_HAN = "(?:[〇零一二三四五六七八九十百千万亿两数几壹贰叁肆伍陆柒捌玖拾佰仟]|(?<=[十百千万亿])[余多])+"
_SCALE = "[余多]?[十百千]?[万亿兆]{0,2}[余多]?"
_YUAN = "[美港欧日韩澳加]?元(?:人民币|港币|[一二三四五六七八九]角)?"
_CURRENCY = rf"(?:人民币|{_YUAN}|[美港]币|美金|英?镑|块钱|卢布|肯先令|(?:巴西)?雷亚尔)"
_BEFORE = "(?:人民币|港币|RMB|USD|[¥￥$])"
_SIDE = f"(?:{_BEFORE} ?)?(?:{_DIGITS}|{_HAN}) ?{_SCALE} ?{_CURRENCY}?"
_AMOUNT = re.compile(f"{_SIDE}(?:(?:[-–—－~～]+|至|到){_SIDE})?")
#: What tells money from a count: a currency, or a magnitude that no unit follows.
_IS_MONEY = re.compile(f"{_CURRENCY}|{_BEFORE}|[万亿兆]")
_UNIT = re.compile(" ?[%％股份倍人个只张户吨台年月日期号]")


def read_fewfc(root: Path, split: str) -> list[Example]:
    """All sentences with an amount, of the publisher's four files; `split` is train.

    The publisher's own splits hold out types of events, not amounts.
    """
    if split != "train":
        raise DataError(f"fewfc has no split {split!r}, all of it is train")
    marked: dict[str, set[GoldSpan]] = {}
    for name in _FILES:
        path = root / "FewFC" / f"{name}.json"
        for number, row in read_json_lines(path, _EXPECTED):
            with faults_at(path, number, _EXPECTED):
                spans = _spans(row)
                if spans:
                    marked.setdefault(row["content"], set()).update(spans)
    return [
        Example(str(number), "fewfc", text, tuple(sorted(spans)), complete=frozenset())
        for number, (text, spans) in enumerate(marked.items(), 1)
    ]


def _spans(row: dict[str, Any]) -> set[GoldSpan]:
    """The amounts that the money arguments of a sentence overlap."""
    text = row["content"]
    arguments = []
    for event in row["events"]:
        for mention in event["mentions"]:
            start, end = mention["span"]
            check_place(text, mention["word"], start)
            if end - start != len(mention["word"]):
                raise ValueError(f"{mention['word']!r} does not end at {end}")
            if mention["role"] in _ROLES:
                arguments.append((start, end))
    return {
        GoldSpan(start, end, "MONEY")
        for start, end in _amounts(text)
        if any(start < last and first < end for first, last in arguments)
    }


def _amounts(text: str) -> list[tuple[int, int]]:
    """What is written like an amount of money."""
    places = []
    for found in _AMOUNT.finditer(text):
        end = found.start() + len(found[0].rstrip())
        counts = not re.search(f"{_CURRENCY}$", found[0].rstrip()) and _UNIT.match(text, end)
        if _IS_MONEY.search(found[0]) and not counts:
            places.append((found.start(), end))
    return places
