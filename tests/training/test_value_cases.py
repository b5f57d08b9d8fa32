"""The golden amounts and dates: every form of the annotated texts, and what others make of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ie_model.money import money_value
from ie_model.script import is_traditional, model_view
from training import value_baselines
from training.data.authored import HELD_OUT, read_authored, read_held_out
from training.data.seeds import read_seeds
from training.data.sources import AUTHORED, SEEDS
from training.value_baselines import compare_dates, compare_money, our_amount
from training.value_cases import DateCase, MoneyCase, date_cases, money_cases

#: Spans that have no value, and why.
WITHOUT_VALUE = {
    "百八十万": "one million eight hundred thousand, or 0.8 to 1 million: the words mean both",
    **dict.fromkeys(("35枚比特币", "120 枚比特币", "8 枚门罗币"), "coins of no currency that ISO 4217 knows"),
}


def form(surface: str) -> str:
    """How an amount is written, whatever its digits are: 12.5 萬元 and 3.25 万元 are one form."""
    text = re.sub(r"[0-9]+(?:,[0-9]{3})+", ",N", model_view(surface))
    text = re.sub(r"N\.N", "D", re.sub(r"[0-9]+", "N", text))
    return re.sub(r"[一二三四五六七八九两]", "C", text)


def test_every_form_of_the_annotated_texts_is_a_golden_case() -> None:
    golden = {form(case.surface) for case in money_cases()}
    spans = 0
    held_out = [example for source in HELD_OUT for example in read_held_out(AUTHORED, source)]
    for example in (*read_seeds(SEEDS), *read_authored(AUTHORED), *held_out):
        traditional = is_traditional(example.text)
        for span in (span for span in example.spans if span.label == "MONEY"):
            surface = example.text[span.start : span.end]
            spans += 1
            assert form(surface) in golden or surface in WITHOUT_VALUE, surface
            assert (money_value(surface, traditional=traditional) is None) == (surface in WITHOUT_VALUE), surface
    assert spans > 1600


def test_right_answers_are_counted_and_wrong_ones_told() -> None:
    cases = [
        MoneyCase("3亿5千万美元", None, "350000000", None, "USD"),
        MoneyCase("数百万", None, "2000000", "9000000", None),
        MoneyCase("70 億元", "hant", "7000000000", None, None),
    ]
    report = compare_money(cases, our_amount, currency=True)
    assert (report["all"]["amount_right"], report["all"]["currency_right"], report["differences"]) == (3, 1, [])
    answers = dict(zip(cases, [("650000000", None, "USD"), ("1000000", "10000000", "CNY"), None], strict=True))
    report = compare_money(cases, answers.__getitem__, currency=True)
    assert (report["all"]["read"], report["all"]["amount_right"], report["all"]["currency_right"]) == (2, 0, 1)
    told = {one["verdict"].split(" ")[0]: one["cases"] for one in report["differences"]}
    assert told == {"ours:": 1, "convention:": 1, "not": 1}


def test_dates_are_compared_with_the_golden_ones() -> None:
    cases = [
        DateCase("去年底", "2023-04-30", False, "2022-12"),
        DateCase("今年端午", "2023-04-30", False, "2023"),
        DateCase("当天", "2023-04-30", False, None),
    ]
    answers = dict(zip(cases, ["2022", "2023-06-22", None], strict=True))
    report = compare_dates(cases, answers.__getitem__)
    assert (report["right"], report["with_a_value_right"]) == (1, 0)
    assert sorted(one["verdict"].split(":")[0] for one in report["differences"]) == ["convention", "theirs"]


def test_the_command_reports_all_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jionlp")
    pytest.importorskip("cn2an")
    assert value_baselines.main(["--output", str(tmp_path / "values.json")]) == 0
    result = json.loads((tmp_path / "values.json").read_text(encoding="utf-8"))
    cases = len(money_cases())
    assert result["money"]["ours"]["all"]["amount_right"] == result["money"]["jionlp"]["all"]["cases"] == cases
    assert result["dates"]["ours, all cases"]["right"] == len(date_cases())
    assert 0 < result["money"]["cn2an"]["all"]["amount_right"] < cases
    assert f"money, ours: {cases} of {cases} amounts" in capsys.readouterr().out


def test_the_readme_counts_them() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    assert f"{len(money_cases()):,} amounts and {len(date_cases()):,} dates" in readme
