"""The offset contract: for any text, every span is a slice of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ie_model.document import Document
from ie_model.encoding import is_latin
from ie_model.extractor import Extractor

PIECES = st.sampled_from(
    [
        "😀", "👩‍👩‍👧", "\r\n", "\0", "Ａ", "，", "。", "\ud800", "é", "e\u0301", "　", "𠮷", "阿裏", "龍", "的",
        "OpenAI", "Sam Altman", "1.13 亿美元", "离职", "林知远", "星河科技", "\u202e", "\ufeff", "İ", "ﬁ", " ", "、",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=80).map("".join))


def check(document: Document) -> None:
    text, last = document.text, 0
    for entity in document.entities:
        assert text[entity.start : entity.end] == entity.text
        assert last <= entity.start < entity.end <= len(text)
        assert 0.0 <= entity.score <= 1.0
        for edge in (entity.start, entity.end):
            cuts = 0 < edge < len(text) and is_latin(text[edge - 1]) and is_latin(text[edge])
            assert not cuts, f"{entity} cuts a Latin word"
        last = entity.end
    for departure in document.departures:
        assert 0 <= departure.evidence.start < departure.evidence.end <= len(text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
def test_any_text_keeps_the_contract(extractor: Extractor, text: str) -> None:
    document = extractor(text)
    assert document.text == text
    check(document)
    assert extractor(text) == document, "the same text gave another answer"


@pytest.mark.parametrize("unit", ["的", "😀", "x", "Ab ", "林知远离开星河科技", "１"])
def test_fifty_thousand_characters_without_a_stop(extractor: Extractor, unit: str) -> None:
    text = (unit * 50_000)[:50_000]
    check(extractor(text))


def test_the_random_model_finds_something_to_check(extractor: Extractor) -> None:
    labels = {
        e.label for e in extractor("3月，星河科技技术副总裁林知远宣布辞职创业，OpenAI 估值 290 亿美元。" * 20).entities
    }
    assert len(labels) >= 2
