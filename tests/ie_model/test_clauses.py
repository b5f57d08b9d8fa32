"""The passage that says so: clauses, and how far they go."""

from __future__ import annotations

import re

import pytest

from ie_model.clauses import clause_around, until_said
from ie_model.document import Evidence


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("他说，林知远离职。好", "林知远", "林知远离职"),
        ("林知远离职", "林知远", "林知远离职"),
        ("一行\r\n　林知远 \r\n二行", "林知远", "林知远"),
        ("好。林知远，离开星河！", "林知远，离开", "林知远，离开星河"),
        ("，林知远，", "林知远", "林知远"),
        ("“我走了。”林知远离开星河时说。", "林知远", "林知远离开星河时说"),
        ("林知远离职...他没有回应", "林知远", "林知远离职"),
        ("〔記者王小明／台北報導〕林知遠離職", "林知遠", "林知遠離職"),
        ("【人事】（中央社台北3日電）林知遠離職", "林知遠", "林知遠離職"),
        ("（编辑：周若水，校对：刘洋）林知远离职", "林知远", "林知远离职"),
        ("星河（中国）的林知远离职", "林知远", "星河（中国）的林知远离职"),
        ("（前星河总裁）林知远离职", "前星河总裁）林知远", "（前星河总裁）林知远离职"),
        ("独家丨林知远离职|星河网", "林知远", "林知远离职"),
        ("刚融资1,000万美元的星河的林知远离职,加入云栖", "林知远", "刚融资1,000万美元的星河的林知远离职"),
    ],
)
def test_the_clause_around(text: str, target: str, expected: str) -> None:
    start = text.index(target)
    found = clause_around(text, start, start + len(target))
    assert text[found.start : found.end] == expected


def test_a_clause_without_end_is_cut() -> None:
    text = "的" * 1000 + "林知远" + "的" * 1000
    assert clause_around(text, 1000, 1003) == Evidence(600, 1403)


@pytest.mark.parametrize(
    ("text", "until", "expected"),
    [
        ("林知远，已于上周离职，云栖证实。", None, "林知远，已于上周离职"),
        ("林知远离职，已于上周离职。", None, "林知远离职"),
        ("林知遠，三周前，便已離職。", None, "林知遠，三周前，便已離職"),
        ("林知远。他已离职。", None, "林知远"),
        ("林知远；他已离职。", None, "林知远"),
        ("林知远，周以安已离职。", "周以安", "林知远"),
        ("林知远，他说", None, "林知远"),
        ("林知远，离职", None, "林知远，离职"),
    ],
)
def test_the_passage_goes_on_to_the_words_that_say_so(text: str, until: str | None, expected: str) -> None:
    passage = clause_around(text, 0, 3)
    end = text.index(until) if until else len(text)
    found = until_said(text, passage, re.compile("离职"), until=end)
    assert text[found.start : found.end] == expected
