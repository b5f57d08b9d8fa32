"""The golden amounts and dates of the tests, and what a difference from them comes from."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from ie_model.script import model_view

CASES = Path("tests/ie_model")
#: What a case file has for nothing.
NONE = "-"


@dataclass(frozen=True)
class MoneyCase:
    """A span and its golden value; `script` is that of the article, hans or hant, None where the span decides."""

    surface: str
    script: str | None
    low: str
    high: str | None
    currency: str | None


@dataclass(frozen=True)
class DateCase:
    """Words and their golden value against the article's date; `coming` where the text speaks of what is to come."""

    surface: str
    published: str | None
    coming: bool
    value: str | None


#: Least amount, most amount (None if one), currency (None if unknown); None if not read at all.
Amount = tuple[str, str | None, str | None]


def _rows(path: Path) -> list[list[str | None]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [[None if cell == NONE else cell for cell in row] for row in rows[1:]]


def money_cases(folder: Path = CASES) -> list[MoneyCase]:
    """The golden amounts."""
    return [
        MoneyCase(surface or "", script, low or "", high, currency)
        for surface, script, low, high, currency in _rows(folder / "money_cases.tsv")
    ]


def date_cases(folder: Path = CASES) -> list[DateCase]:
    """The golden dates."""
    return [
        DateCase(surface or "", published, bool(coming), value)
        for surface, published, coming, value in _rows(folder / "date_cases.tsv")
    ]


Case = TypeVar("Case", MoneyCase, DateCase)
Answer = TypeVar("Answer", Amount, str)
#: Why an answer differs from the golden value, and when it is for that reason; the first that holds counts.
Verdicts = tuple[tuple[str, Callable[[Case, Answer], bool]], ...]


def _has(pattern: str) -> Callable[[Case, Answer], bool]:
    return lambda case, _: bool(re.search(pattern, model_view(case.surface)))


def _same_amount(case: MoneyCase, theirs: Amount) -> bool:
    return theirs[:2] == (case.low, case.high)


MONEY_VERDICTS: Verdicts[MoneyCase, Amount] = (
    (
        "convention: an amount without a currency word, or 元 in traditional text, is CNY there, unknown here",
        lambda case, theirs: _same_amount(case, theirs) and case.currency is None,
    ),
    ("ours: the currency that the words name", _same_amount),
    (
        "convention: 数 and 几 are two to nine of a unit here, one to ten there",
        lambda case, theirs: bool(
            re.search("[数几數幾]", case.surface)
            and case.high
            and theirs[1]
            and Decimal(theirs[0]) < Decimal(case.low) < Decimal(case.high) < Decimal(theirs[1])
        ),
    ),
    (
        "convention: how far 多 reaches after a unit (10万多)",
        lambda case, theirs: _has("[万亿千][多余]")(case, theirs) and theirs[0] == case.low,
    ),
    ("ours: every part counts once (3亿5千万 is not 6.5亿)", _has("[0-9]+[亿万][0-9]+[千万元日]")),
    ("ours: a unit holds for both ends (两三百万 is not 20 to 3 million)", lambda case, _: case.high is not None),
    (
        "ours: the last unit, or a coin, is left out (一万二, 三块五)",
        _has("[万千百亿块元毛角][0-9一二三四五六七八九半]"),
    ),
    ("ours: another number", lambda case, theirs: True),
)
DATE_VERDICTS: Verdicts[DateCase, str] = (
    (
        "ours: no value where neither the words nor the article's date say which day it was",
        lambda case, _: case.value is None,
    ),
    ("ours: a year of the Republic", _has("民国|^1[0-9]{2}年")),
    (
        "theirs: more exact, by a calendar of festivals and solar terms",
        lambda case, theirs: bool(case.value and theirs != case.value and theirs.startswith(case.value)),
    ),
    (
        "convention: 初 is the first and 底 the last month of a year here, the first and last two there",
        lambda case, theirs: _has("[初底末]$")(case, theirs) and bool(case.value and case.value.startswith(theirs)),
    ),
    (
        "convention: a day or month without its year is the last one here, as news tells what has happened; "
        "this year's there",
        lambda case, theirs: (
            bool(case.value and theirs[:4] > case.value[:4] and theirs[4:] == case.value[4:])
            or _has("^年[底末]$")(case, theirs)
        ),
    ),
    ("ours: more exact", lambda case, theirs: bool(case.value and case.value.startswith(theirs))),
    ("ours: another date", lambda case, theirs: True),
)


def verdict(verdicts: Verdicts[Case, Answer], case: Case, theirs: Answer | None) -> str:
    """Why an answer differs from the golden value."""
    if theirs is None:
        return "not read there"
    return next(reason for reason, holds in verdicts if holds(case, theirs))
