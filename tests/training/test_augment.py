from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment import harvest, substitute
from training.data.example import Example, GoldDeparture, GoldSpan

TEXT = "星河科技总裁林知远上月离职，林知远加入Boson Labs，青木投了青木资本1亿元。"


def span(surface: str, label: str, nth: int = 0) -> GoldSpan:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(surface, start + 1)
    return GoldSpan(start, start + len(surface), label)


ORG, ROLE, PERSON, LATER = (
    span("星河科技", "ORG"),
    span("总裁", "ROLE"),
    span("林知远", "PERSON"),
    span("林知远", "PERSON", 1),
)
LATIN, SHORT, LONG = span("Boson Labs", "ORG"), span("青木", "ORG"), span("青木资本", "ORG")
MONEY, DATE = span("1亿元", "MONEY"), span("上月", "DATE")
EXAMPLE = Example(
    "1",
    "test",
    TEXT,
    (ORG, ROLE, PERSON, LATER, LATIN, SHORT, LONG, MONEY),
    departures=(GoldDeparture(PERSON, ORG, "stated", roles=(ROLE,), joined=(LATIN,), date=DATE),),
    dates=True,
)
NAMES = {"PERSON": ["欧阳若水"], "ORG": ["云栖", "海潮集团有限公司"]}


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def surfaces(example: Example) -> list[tuple[str, str]]:
    return [(s.label, example.text[s.start : s.end]) for s in example.spans]


def test_every_mention_gets_the_same_new_name_and_all_offsets_move() -> None:
    names = {"PERSON": ["欧阳若水"], "ORG": ["海潮集团"]}
    variant = substitute(EXAMPLE, names, share=1.0, random=random())
    assert variant.text == "海潮集团总裁欧阳若水上月离职，欧阳若水加入Boson Labs，青木投了青木资本1亿元。"
    (departure,) = variant.departures or ()
    found = [departure.person, departure.organization, *departure.roles, *departure.joined, departure.date]
    assert [variant.text[s.start : s.end] for s in found if s is not None] == [
        *("欧阳若水", "海潮集团", "总裁", "Boson Labs", "上月"),
    ]
    assert departure.status == "stated"


def test_short_forms_and_other_scripts_stay() -> None:
    variant = substitute(EXAMPLE, NAMES, share=1.0, random=random())
    kept = [surface for _, surface in surfaces(variant)][-4:]
    assert kept == ["Boson Labs", "青木", "青木资本", "1亿元"]


def test_a_date_that_runs_over_a_name_keeps_the_text() -> None:
    date = GoldSpan(LATER.start, LATER.end + 2, "DATE")
    dated = replace(EXAMPLE, departures=(replace(EXAMPLE.departures[0], date=date),))
    assert substitute(dated, {"PERSON": ["欧阳若水"], "ORG": ["海潮集团"]}, share=1.0, random=random()) is dated


def test_nothing_to_replace_gives_the_example_itself() -> None:
    assert substitute(EXAMPLE, NAMES, share=0.0, random=random()) is EXAMPLE
    assert substitute(EXAMPLE, {}, share=1.0, random=random()) is EXAMPLE


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 999), share=st.floats(0, 1))
def test_what_is_not_a_name_never_changes(seed: int, share: float) -> None:
    variant = substitute(EXAMPLE, NAMES, share=share, random=random(seed))
    assert [label for label, _ in surfaces(variant)] == [label for label, _ in surfaces(EXAMPLE)]

    def without_names(example: Example) -> str:
        text = example.text
        for s in reversed(example.spans):
            if s.label in ("PERSON", "ORG"):
                text = text[: s.start] + "□" + text[s.end :]
        return text

    assert without_names(variant) == without_names(EXAMPLE)
    assert variant.dates
    assert variant.complete == EXAMPLE.complete


def test_names_are_those_of_the_sources_each_once() -> None:
    two_lines = Example("2", "test", "甲\n乙", (GoldSpan(0, 3, "ORG"),))
    assert harvest([EXAMPLE, EXAMPLE, two_lines]) == {
        "PERSON": ["林知远"],
        "ORG": ["Boson Labs", "星河科技", "青木", "青木资本"],
    }


@pytest.mark.parametrize("departures", [None, ()])
def test_a_text_without_departures_keeps_having_none(departures: tuple[GoldDeparture, ...] | None) -> None:
    example = Example("3", "test", "林知远", (GoldSpan(0, 3, "PERSON"),), departures=departures)
    variant = substitute(example, NAMES, share=1.0, random=random())
    assert (variant.text, variant.departures) == ("欧阳若水", departures)
