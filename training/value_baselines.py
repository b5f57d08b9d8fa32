"""What amounts and dates come to by this package, JioNLP and cn2an, on the same cases.

    python -m training.value_baselines

The cases are the golden ones of the tests, found and valued by hand. They follow this project's
conventions, so a difference is no proof of a fault: each is put down to a fault on one
side or to a convention. The others get every help: simplified text without spaces
for JioNLP, and the bare numeral for cn2an, which knows no money.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ie_model.date_values import date_value
from ie_model.money import parse_money
from ie_model.script import model_view
from training.baselines import BaselineError, packages_missing
from training.command import argument_parser, reported
from training.report import write_results
from training.value_cases import (
    DATE_VERDICTS,
    MONEY_VERDICTS,
    Amount,
    DateCase,
    MoneyCase,
    date_cases,
    money_cases,
    verdict,
)

RESULTS = Path("results/values.json")


# --- Parsers ---------------------------------------------------------------------------------


def _plain(number: Decimal | str | float) -> str:
    amount = Decimal(str(number))
    return f"{amount.normalize() if amount else Decimal(0):f}"


def _view(surface: str) -> str:
    return re.sub(r"\s+", "", model_view(surface))


def our_amount(case: MoneyCase) -> Amount | None:
    value = parse_money(case.surface, traditional=None if case.script is None else case.script == "hant")
    if value is None:
        return None
    return _plain(value.amount), None if value.amount_max is None else _plain(value.amount_max), value.currency


#: JioNLP's words for currencies that occur in the cases.
_JIONLP_CURRENCIES = {
    "元": "CNY", "美元": "USD", "港元": "HKD", "欧元": "EUR", "新台币": "TWD", "日元": "JPY", "韩元": "KRW",
    "英镑": "GBP", "新加坡元": "SGD", "澳元": "AUD", "加元": "CAD", "卢布": "RUB", "泰铢": "THB", "澳门元": "MOP",
}  # fmt: skip


def jionlp_amount(case: MoneyCase) -> Amount | None:
    try:
        found = import_module("jionlp").parse_money(_view(case.surface))
    except ValueError:
        return None
    numbers = [found["num"]] if isinstance(found["num"], str) else found["num"]
    high = _plain(numbers[1]) if len(numbers) > 1 else None
    return _plain(numbers[0]), high, _JIONLP_CURRENCIES.get(found["case"], found["case"])


#: What cn2an is not made for: a number that is left open, a range, coins, English units.
_BEYOND_CN2AN = re.compile(
    r"[几数多余来级至到~—–角毛分仙厘]|便士|million|billion|trillion|bn|mn|[0-9][kwm]|[0-9]-|块[0-9一-九半]"
)
_NUMERAL = re.compile(r"负?[-0-9.,零〇一二两三四五六七八九十百千万亿兆半]+")


def cn2an_amount(case: MoneyCase) -> Amount | None:
    """The one numeral of a span, read by cn2an; nothing where the span has another part that bears on it."""
    text = _view(case.surface).replace(",", "")
    numerals = _NUMERAL.findall(text)
    if len(numerals) != 1 or _BEYOND_CN2AN.search(text.lower()):
        return None
    try:
        return _plain(import_module("cn2an").cn2an(numerals[0], "smart")), None, None
    except (ValueError, KeyError):
        return None


def jionlp_date(case: DateCase) -> str | None:
    """JioNLP's first and last day as the ISO prefix that covers both, as `dates.date_value` has it."""
    year, month, day = (int(part) for part in (case.published or "").split("-"))
    base = {"year": year, "month": month, "day": day}
    try:
        found = import_module("jionlp").parse_time(_view(case.surface), time_base=base)
        first, last = (str(moment).split()[0] for moment in found["time"])
    except (ValueError, TypeError, KeyError):
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", first) or first[:4] != last[:4]:
        return f"{first}/{last}"
    return first if first == last else first[:7] if first[:7] == last[:7] else first[:4]


def compare_money(cases: Sequence[MoneyCase], parse: Callable[[MoneyCase], Amount | None], *, currency: bool) -> Any:
    """How many cases a parser gets right, and what its differences from the golden values come from."""
    kinds = {"all": cases} | {
        kind: [case for case in cases if _kind(case) == kind] for kind in ("plain", "range", "vague")
    }
    answers = {id(case): parse(case) for case in cases}
    report: dict[str, Any] = {}
    for kind, members in kinds.items():
        found = [answers[id(case)] for case in members]
        named = [(c, f) for c, f in zip(members, found, strict=True) if c.currency]
        report[kind] = {
            "cases": len(members),
            "read": sum(f is not None for f in found),
            "amount_right": sum(
                f is not None and f[:2] == (c.low, c.high) for c, f in zip(members, found, strict=True)
            ),
        }
        if currency:
            report[kind]["currency_given"] = len(named)
            report[kind]["currency_right"] = sum(f is not None and f[2] == c.currency for c, f in named)
    differences: dict[str, list[str]] = {}
    for case in cases:
        theirs = answers[id(case)]
        if theirs is not None and theirs[:2] == (case.low, case.high) and (not currency or theirs[2] == case.currency):
            continue
        reason = verdict(MONEY_VERDICTS, case, theirs)
        differences.setdefault(reason, []).append(f"{case.surface}: {_shown(theirs)}, golden {_shown(_gold(case))}")
    return {**report, "differences": _told(differences)}


def compare_dates(cases: Sequence[DateCase], parse: Callable[[DateCase], str | None]) -> Any:
    """The same of dates; cases without a value are those whose words leave it open."""
    answers = [parse(case) for case in cases]
    pairs = list(zip(cases, answers, strict=True))
    differences: dict[str, list[str]] = {}
    for case, theirs in pairs:
        if theirs != case.value:
            reason = verdict(DATE_VERDICTS, case, theirs)
            differences.setdefault(reason, []).append(f"{case.surface}: {theirs}, golden {case.value}")
    return {
        "cases": len(cases),
        "right": sum(theirs == case.value for case, theirs in pairs),
        "with_a_value": sum(case.value is not None for case in cases),
        "with_a_value_right": sum(case.value is not None and theirs == case.value for case, theirs in pairs),
        "differences": _told(differences),
    }


def _kind(case: MoneyCase) -> str:
    value = parse_money(case.surface)
    return "vague" if value is not None and value.approximate else "range" if case.high else "plain"


def _gold(case: MoneyCase) -> Amount:
    return case.low, case.high, case.currency


def _shown(amount: Amount | None) -> str:
    if amount is None:
        return "nothing"
    low, high, currency = amount
    return f"{low}{f'..{high}' if high else ''} {currency or 'no currency'}"


def _told(differences: dict[str, list[str]]) -> list[dict[str, Any]]:
    counted = Counter({verdict: len(found) for verdict, found in differences.items()})
    return [{"verdict": v, "cases": count, "examples": differences[v][:12]} for v, count in counted.most_common()]


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Amounts and dates by this package, JioNLP and cn2an.")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file to write the figures to")
    options = parser.parse_args(arguments)
    if missing := packages_missing("jionlp", "cn2an"):
        raise BaselineError(f"value baselines need {', '.join(missing)}: pip install 'ie-model[baselines]'")
    money, dates = money_cases(), date_cases()
    # JioNLP takes a whole date and nothing that is still to come.
    told = [case for case in dates if case.published and len(case.published) == 10 and not case.coming]
    report = {
        "packages": {name: version(name) for name in ("jionlp", "cn2an")},
        "money": {
            "ours": compare_money(money, our_amount, currency=True),
            "jionlp": compare_money(money, jionlp_amount, currency=True),
            "cn2an": compare_money(money, cn2an_amount, currency=False),
        },
        "dates": {
            "ours": compare_dates(told, lambda c: date_value(c.surface, published=c.published)),
            "ours, all cases": compare_dates(
                dates, lambda c: date_value(c.surface, published=c.published, coming=c.coming)
            ),
            "jionlp": compare_dates(told, jionlp_date),
        },
    }
    for name, one in report["money"].items():
        every = one["all"]
        currency = (
            f", {every['currency_right']} of {every['currency_given']} currencies" if "currency_right" in every else ""
        )
        print(f"money, {name}: {every['amount_right']} of {every['cases']} amounts{currency}")
    for name, one in report["dates"].items():
        print(f"dates, {name}: {one['right']} of {one['cases']}")
    write_results(options.output, command="python -m training.value_baselines", report=report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
