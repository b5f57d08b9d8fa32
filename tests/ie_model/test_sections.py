from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model import sections
from ie_model.sections import SECTION_CHARACTERS, Section, plan_sections


def test_an_article_is_one_section() -> None:
    for text in ("", "林", "。" * SECTION_CHARACTERS):
        assert list(plan_sections(text)) == [Section(0, len(text), 0, len(text))]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "SECTION_CHARACTERS", 40)
    monkeypatch.setattr(sections, "SECTION_MARGIN", 8)


@pytest.mark.usefixtures("small")
def test_sections_end_where_sentences_do() -> None:
    text = ("林知远离开了星河科技，加入云栖。" * 20)[:-3]
    plan = list(plan_sections(text))
    assert len(plan) > 5
    assert all(text[section.last - 1] == "。" for section in plan[:-1])


@pytest.mark.usefixtures("small")
def test_no_latin_word_is_cut() -> None:
    text = "Supercalifragilistic " * 30
    for section in plan_sections(text):
        for place in (section.start, section.end, section.first, section.last):
            assert not (text[place - 1 : place].isalpha() and text[place : place + 1].isalpha())
    word = "x" * 500
    assert list(plan_sections(word)) == [Section(0, 500, 0, 500)]


@settings(max_examples=200, deadline=None)
@given(text=st.text("林。\nx ", max_size=300))
def test_sections_tile_any_text(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sections, "SECTION_CHARACTERS", 40)
        patch.setattr(sections, "SECTION_MARGIN", 8)
        plan = list(plan_sections(text))
    assert plan[0].first == 0
    assert plan[-1].last == len(text)
    for one, two in pairwise(plan):
        assert one.last == two.first
    for section in plan:
        assert 0 <= section.start <= section.first <= section.last <= section.end <= len(text)
        if section.first:
            assert section.start <= section.first - 8, "a margin before every section but the first"
