"""What lists of people and of organisations tell of those in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ie_model.dates import TimeSpan
from ie_model.decoding import Span
from ie_model.facts import departures_of
from ie_model.lists import completed, lists_of
from ie_model.relations import Frame

PERSONS = ("林知远", "周若水", "陈以宁")
ORGANIZATIONS = ("星河", "云栖", "青木", "蓝湾")


def marked(text: str) -> list[Span]:
    """The names of a text, each once, in its order."""
    names = {**dict.fromkeys(PERSONS, "PERSON"), **dict.fromkeys(ORGANIZATIONS, "ORG")}
    found = sorted((text.index(name), name) for name in names if name in text)
    return [Span(names[name], at, at + len(name), at, at + len(name), 1.0) for at, name in found]


def frame(text: str, spans: list[Span], person: str, left: str, *joined: str, score: float = 0.9) -> Frame:
    index = {text[span.start : span.end]: number for number, span in enumerate(spans)}
    return Frame(index[person], index[left], score, "stated", joined=[index[name] for name in joined])


def told(text: str, *frames: tuple[str, ...]) -> list[tuple[str, ...]]:
    """(person, left, joined …) of what `completed` makes of such frames."""
    spans = marked(text)
    names = [text[span.start : span.end] for span in spans]
    found = completed(text, spans, [frame(text, spans, *one) for one in frames])
    return [(names[f.person], names[f.organization], *(names[target] for target in f.joined)) for f in found]


LIN, ZHOU, CHEN = PERSONS
STAR, CLOUD, WOOD, BAY = ORGANIZATIONS


@pytest.mark.parametrize("how", ["分别从", "，分別離開了", "等分别来自", "曾分别就职于", "分别担任过", "分别辞去"])
def test_each_of_a_list_left_his_own(how: str) -> None:
    text = f"林知远、周若水和陈以宁{how}星河、云栖、青木离职。"
    each = [(LIN, STAR), (ZHOU, CLOUD), (CHEN, WOOD)]
    assert told(text, (LIN, STAR), (CHEN, STAR), (CHEN, CLOUD), (CHEN, WOOD)) == each
    assert told(text, (CHEN, STAR)) == each
    assert told(text) == []


@pytest.mark.parametrize("text", ["林知远、周若水从星河、云栖离职。", "林知远、周若水分别从星河、云栖、青木离职。"])
def test_without_a_word_for_each_or_as_many_firms_all_left_them_all(text: str) -> None:
    firms = [STAR, CLOUD, WOOD] if WOOD in text else [STAR, CLOUD]
    frames = [(LIN, STAR), (LIN, CLOUD), (ZHOU, CLOUD)]
    assert told(text, *frames) == [(person, firm) for person in (LIN, ZHOU) for firm in firms]


def dates(text: str, *frames: tuple[str, str, str | None]) -> dict[tuple[str, str], str | None]:
    """The words that date each departure of what `completed` makes of (person, left, date)."""
    spans = marked(text)
    given = [
        replace(frame(text, spans, person, left), date=when and TimeSpan(0, len(when), when))
        for person, left, when in frames
    ]
    names = [text[span.start : span.end] for span in spans]
    found = completed(text, spans, given)
    return {(names[f.person], names[f.organization]): f.date and f.date.text for f in found}


def test_a_list_has_the_date_that_all_of_it_have() -> None:
    text = "林知远、周若水和陈以宁先后离开星河。"
    assert dates(text, (LIN, STAR, "3月"), (CHEN, STAR, "3月"))[ZHOU, STAR] == "3月"
    assert dates(text, (LIN, STAR, "3月"), (CHEN, STAR, "4月"))[ZHOU, STAR] is None
    text = "林知远离开星河、云栖和青木。"
    assert dates(text, (LIN, STAR, "3月"), (LIN, CLOUD, "3月"))[LIN, WOOD] == "3月"
    assert dates(text, (LIN, STAR, "3月"), (LIN, CLOUD, None))[LIN, WOOD] is None
    text = "林知远、周若水分别从星河、云栖离职。"
    assert dates(text, (LIN, STAR, "3月")) == {(LIN, STAR): "3月", (ZHOU, CLOUD): None}


def test_those_between_the_first_and_the_last_of_a_list_left_too() -> None:
    text = "林知远、周若水和陈以宁先后离开星河，创办蓝湾。"
    spans = marked(text)
    found = completed(
        text, spans, [frame(text, spans, LIN, STAR, BAY, score=0.9), frame(text, spans, CHEN, STAR, score=0.8)]
    )
    assert told(text, (LIN, STAR, BAY), (CHEN, STAR)) == [(LIN, STAR, BAY), (ZHOU, STAR, BAY), (CHEN, STAR)]
    assert [f.score for f in found] == [0.9, 0.8, 0.8]
    assert told(text, (LIN, STAR), (ZHOU, STAR)) == [(LIN, STAR), (ZHOU, STAR)]


def test_who_left_one_of_a_list_left_them_all() -> None:
    text = "林知远曾在星河、云栖和青木任职，后来去了蓝湾。"
    spans = marked(text)
    found = completed(
        text, spans, [frame(text, spans, LIN, WOOD, BAY, score=0.7), frame(text, spans, LIN, CLOUD, BAY, score=0.8)]
    )
    assert told(text, (LIN, WOOD, BAY)) == [(LIN, STAR, BAY), (LIN, CLOUD, BAY), (LIN, WOOD, BAY)]
    assert [(f.organization, f.score) for f in found] == [(1, 0.7), (2, 0.8), (3, 0.7)]
    assert told(text) == []


def test_the_last_of_those_that_were_left_in_turn_may_be_where_they_are_now() -> None:
    text = "林知远先后加入星河、云栖和青木。"
    assert told(text, (LIN, STAR)) == [(LIN, STAR), (LIN, CLOUD)]
    assert told(text, (LIN, WOOD)) == [(LIN, STAR), (LIN, CLOUD), (LIN, WOOD)]


def test_the_last_of_a_list_may_be_where_another_is() -> None:
    text = "林知远曾在星河和云栖总裁周若水共事。"
    spans = marked(text)
    title = Span("ROLE", 8, 10, 10, 12, 1.0)
    spans = sorted([*spans, title], key=lambda span: span.start)
    assert text[title.start : title.end] == "总裁"
    frames = [Frame(0, 1, 0.9, "stated")]
    assert completed(text, spans, frames) == frames
    assert told("林知远曾在星河和云栖周若水共事。", (LIN, STAR)) == [(LIN, STAR)]
    assert told("曾在星河和云栖的林知远。", (LIN, CLOUD)) == [(LIN, STAR), (LIN, CLOUD)]


def test_a_new_employer_is_not_left_with_the_others_of_its_list() -> None:
    assert told("林知远离开星河、云栖。", (LIN, STAR, CLOUD)) == [(LIN, STAR, CLOUD)]


def test_where_another_went_is_no_new_employer() -> None:
    text = "星河的林知远来自青木，云栖的周若水来自蓝湾。"
    frames = [(LIN, WOOD, STAR, CLOUD), (ZHOU, BAY, STAR, CLOUD)]
    assert told(text, *frames) == [(LIN, WOOD, STAR), (ZHOU, BAY, CLOUD)]
    assert told(text, frames[0]) == [(LIN, WOOD, STAR, CLOUD)], "周若水 has left nothing"


def test_where_another_is_named_again() -> None:
    text = "前星河总裁林知远加入蓝湾。青木的陈以宁说，陈以宁曾离开云栖。"
    spans = marked(text)  # 星河 林 蓝湾 青木 陈 云栖
    at = text.rindex("陈以宁")
    spans = sorted([*spans, Span("PERSON", at, at + 3, at, at + 3, 1.0)], key=lambda span: span.start)
    frames = [Frame(1, 0, 0.9, "former", joined=[2, 3]), Frame(5, 6, 0.9, "stated")]
    assert [one.joined for one in completed(text, spans, frames)] == [[2], []]


def test_each_who_left_has_his_own_new_employer() -> None:
    text = "林知远和周若水离开星河，林知远加入云栖，周若水创办青木。"
    spans = marked(text)
    again = [Span("PERSON", at, at + 3, at, at + 3, 1.0) for at in (text.rindex("林知远"), text.rindex("周若水"))]
    spans = sorted([*spans, *again], key=lambda span: span.start)  # 林 周 星河 林 云栖 周 青木
    frames = [Frame(person, 2, 0.9, "stated", joined=[4, 6]) for person in (0, 1)]
    assert [one.joined for one in completed(text, spans, frames)] == [[4], [6]]


def test_new_employers_that_are_listed_go_to_each_in_turn() -> None:
    text = "林知远、周若水分别从星河、云栖离职，加入青木、蓝湾。"
    assert told(text, (LIN, STAR, WOOD, BAY), (ZHOU, CLOUD, WOOD, BAY)) == [(LIN, STAR, WOOD), (ZHOU, CLOUD, BAY)]
    assert told(text, (LIN, STAR), (ZHOU, CLOUD)) == [(LIN, STAR), (ZHOU, CLOUD)], "nobody has a new one"


@pytest.mark.parametrize(
    ("text", "shared"),
    [("前星河总裁、前云栖董事林知远加入青木。", True), ("前星河总裁离开，云栖董事林知远加入青木。", False)],
)
def test_a_new_employer_is_that_of_all_titles_before_a_name(text: str, shared: bool) -> None:
    roles = [Span("ROLE", at, at + 2, at, at + 2, 1.0) for at in (text.index("总裁"), text.index("董事"))]
    spans = sorted([*marked(text), *roles], key=lambda span: span.start)  # 星河 总裁 云栖 董事 林知远 青木
    frames = [Frame(4, 0, 0.9, "former"), Frame(4, 2, 0.9, "former", joined=[5])]
    assert [one.joined for one in completed(text, spans, frames)] == [[5] if shared else [], [5]]


def test_those_of_a_list_that_were_left_are_no_new_employers() -> None:
    text = "林知远曾就职于星河、云栖、青木，2021年加入蓝湾。"
    frames = [(LIN, STAR, CLOUD), (LIN, CLOUD, WOOD), (LIN, WOOD, BAY)]
    assert told(text, *frames) == [(LIN, STAR, BAY), (LIN, CLOUD, BAY), (LIN, WOOD, BAY)]


def test_lists() -> None:
    text = "林知远、周若水 和 陈以宁去了星河、云栖，青木及蓝湾。"
    assert lists_of(text, marked(text), "PERSON") == [[0, 1, 2]]
    assert lists_of(text, marked(text), "ORG") == [[3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("在创办蓝湾之前，林知远在星河、云栖 和 青木任职。", True),
        ("在创办蓝湾之前，林知远先后在星河、云栖、青木任职。", False),
        ("在創辦蓝湾之前，林知远歷任星河、云栖、青木主管。", False),
        ("在创办蓝湾之前，林知远在星河，也在云栖和青木任职。", False),
    ],
)
def test_one_new_employer_after_a_list_of_organizations(text: str, shared: bool) -> None:
    names = {"蓝湾": "ORG", "林知远": "PERSON", "星河": "ORG", "云栖": "ORG", "青木": "ORG"}
    spans = [
        Span(label, at, at + len(name), at, at + len(name), 1.0)
        for name, label in names.items()
        for at in [text.index(name)]
    ]
    frames = [Frame(1, 2, 0.9, "former"), Frame(1, 3, 0.8, "former"), Frame(1, 4, 0.7, "former", joined=[0])]
    told = {fact.organization: fact.joined for fact in departures_of(text, spans, frames)}
    assert told["青木"] == ("蓝湾",)
    assert told["星河"] == (("蓝湾",) if shared else ())
    assert frames[0].joined == [], "what was passed is as it was"
