from __future__ import annotations

import pytest

from ie_model.decoding import Span
from ie_model.document import Date, Departure, Evidence
from ie_model.facts import clause_around, departures_of
from ie_model.relations import Frame

TEXT = "据悉，林知远将离开星河。3月，星河科技总裁林知远辞职，加入云栖，云栖科技和青木欢迎。知远曾任青木总裁。"


def find(surface: str, label: str, after: int = 0) -> Span:
    at = TEXT.index(surface, after)
    return Span(label, at, at + len(surface), at, at + len(surface), 1.0)


SECOND, THIRD = TEXT.index("3月"), TEXT.rindex("知远")
SPANS = [
    find("林知远", "PERSON"),  # 0
    find("星河", "ORG"),  # 1
    find("星河科技", "ORG"),  # 2
    find("总裁", "ROLE"),  # 3
    find("林知远", "PERSON", SECOND),  # 4
    find("云栖", "ORG"),  # 5
    find("云栖科技", "ORG"),  # 6
    find("青木", "ORG"),  # 7
    find("知远", "PERSON", THIRD),  # 8
    find("青木", "ORG", THIRD),  # 9
    find("总裁", "ROLE", THIRD),  # 10
]
REPORTED = Frame(0, 1, 0.9, "reported")
STATED = Frame(4, 2, 0.7, "stated", roles=[3], joined=[5, 6])
FORMER = Frame(8, 9, 0.6, "former", roles=[10])


def evidence(departure: Departure) -> str:
    return TEXT[departure.evidence.start : departure.evidence.end]


def test_frames_of_one_fact_are_merged() -> None:
    star, wood = departures_of(TEXT, SPANS, [REPORTED, STATED, FORMER])
    assert (star.person, star.organization, star.status, star.score) == ("林知远", "星河科技", "stated", 0.9)
    assert (star.person_aliases, star.organization_aliases) == (("知远",), ("星河",))
    assert star.roles == ("总裁",)
    assert len(star.joined) == 1
    assert star.joined[0] in ("云栖", "云栖科技")
    assert evidence(star) == "星河科技总裁林知远辞职"
    assert (wood.person, wood.organization, wood.status, wood.score) == ("林知远", "青木", "former", 0.6)
    assert evidence(wood) == "知远曾任青木总裁"


def test_facts_come_in_the_order_of_their_frames() -> None:
    assert [d.organization for d in departures_of(TEXT, SPANS, [FORMER, STATED])] == ["青木", "星河科技"]


def test_of_two_frames_the_stronger_status_gives_the_evidence() -> None:
    (fact,) = departures_of(TEXT, SPANS, [REPORTED])
    assert (fact.status, evidence(fact)) == ("reported", "林知远将离开星河")
    (fact,) = departures_of(TEXT, SPANS, [Frame(0, 1, 0.99, "former"), REPORTED])
    assert (fact.status, fact.score, evidence(fact)) == ("reported", 0.99, "林知远将离开星河")


def test_an_organization_is_not_joined_by_those_who_leave_it() -> None:
    (fact,) = departures_of(TEXT, SPANS, [Frame(4, 2, 0.9, "stated", joined=[1, 7])])
    assert fact.joined == ("青木",)


def test_a_role_that_two_frames_name_is_one() -> None:
    frames = [Frame(0, 1, 0.9, "stated", roles=[3]), Frame(4, 2, 0.9, "stated", roles=[10, 3])]
    (fact,) = departures_of(TEXT, SPANS, frames)
    assert fact.roles == ("总裁",)


def test_no_frames_no_facts() -> None:
    assert departures_of(TEXT, SPANS, []) == ()


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("他说，林知远离职。好", "林知远", "林知远离职"),
        ("林知远离职", "林知远", "林知远离职"),
        ("一行\r\n　林知远 \r\n二行", "林知远", "林知远"),
        ("好。林知远，离开星河！", "林知远，离开", "林知远，离开星河"),
        ("，林知远，", "林知远", "林知远"),
    ],
)
def test_the_clause_around(text: str, target: str, expected: str) -> None:
    start = text.index(target)
    found = clause_around(text, start, start + len(target))
    assert text[found.start : found.end] == expected


def test_a_clause_without_end_is_cut() -> None:
    text = "的" * 1000 + "林知远" + "的" * 1000
    assert clause_around(text, 1000, 1003) == Evidence(600, 1403)


def test_a_departure_has_its_date_and_its_value_against_the_articles() -> None:
    text = "林知远去年底从星河科技离职。林知远是工程师。"
    spans = [Span("PERSON", 0, 3, 0, 3, 1.0), Span("ORG", 7, 11, 7, 11, 1.0), Span("PERSON", 14, 17, 14, 17, 1.0)]
    dated, undated = Frame(0, 1, 0.6, "stated"), Frame(2, 1, 0.9, "stated")
    (fact,) = departures_of(text, spans, [dated, undated], published="2023-04-30")
    assert fact.date == Date("去年底", "2022-12")
    (fact,) = departures_of(text, spans, [dated])
    assert fact.date == Date("去年底", None)  # relative words say nothing without the article's date
    (fact,) = departures_of("林知远离开了，星河科技。", [spans[0], spans[1]], [dated], published="2023")
    assert fact.date is None
