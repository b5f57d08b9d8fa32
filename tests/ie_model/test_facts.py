from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.dates import TimeSpan
from ie_model.decoding import Span
from ie_model.document import Date, Departure
from ie_model.facts import departures_of, holder_of
from ie_model.relations import STATUSES, Frame

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


def test_the_word_of_leaving_decides_how_surely() -> None:
    text = "据悉，林知远将离开星河。林知远此前在星河担任总裁。"
    spans = [
        Span(label, at, at + len(name), at, at + len(name), 1.0)
        for name, label in (("林知远", "PERSON"), ("星河", "ORG"))
        for at in (text.index(name), text.rindex(name))
    ]
    spans.sort(key=lambda span: span.start)
    told = Frame(0, 1, 0.7, "reported")
    for other in ("stated", "former"):
        [departure] = departures_of(text, spans, [told, Frame(2, 3, 0.95, other)])
        assert (departure.status, departure.score) == ("reported", 0.95)
        assert text[departure.evidence.start : departure.evidence.end] == "林知远将离开星河"
    [departure] = departures_of(text, spans, [replace(told, status="former"), Frame(2, 3, 0.9, "stated")])
    assert departure.status == "stated", "what only a title says decides nothing"


def test_a_fact_has_all_the_passages_that_say_so() -> None:
    star, wood = departures_of(TEXT, SPANS, [STATED, REPORTED, FORMER])
    assert [TEXT[m.start : m.end] for m in star.mentions] == ["林知远将离开星河", "星河科技总裁林知远辞职"]
    assert [TEXT[m.start : m.end] for m in wood.mentions] == ["知远曾任青木总裁"]


def test_facts_come_in_the_order_of_their_evidence() -> None:
    assert [d.organization for d in departures_of(TEXT, SPANS, [FORMER, STATED])] == ["星河科技", "青木"]


def test_of_two_frames_that_are_as_sure_the_shorter_passage_is_the_evidence() -> None:
    wide, near = Frame(0, 2, 0.93, "stated"), replace(STATED, score=0.9)
    assert departures_of(TEXT, SPANS, [wide])[0].evidence != departures_of(TEXT, SPANS, [near])[0].evidence
    (fact,) = departures_of(TEXT, SPANS, [wide, near])
    assert (fact.score, evidence(fact)) == (0.93, evidence(departures_of(TEXT, SPANS, [near])[0]))
    (fact,) = departures_of(TEXT, SPANS, [wide, replace(near, score=0.8)])
    assert fact.evidence == departures_of(TEXT, SPANS, [wide])[0].evidence


def test_of_two_frames_the_stronger_status_gives_the_evidence() -> None:
    (fact,) = departures_of(TEXT, SPANS, [REPORTED])
    assert (fact.status, evidence(fact)) == ("reported", "林知远将离开星河")
    (fact,) = departures_of(TEXT, SPANS, [Frame(0, 1, 0.99, "former"), REPORTED])
    assert (fact.status, fact.score, evidence(fact)) == ("reported", 0.99, "林知远将离开星河")


def test_an_organization_is_not_joined_by_those_who_leave_it() -> None:
    (fact,) = departures_of(TEXT, SPANS, [Frame(4, 2, 0.9, "stated", joined=[1, 7])])
    assert fact.joined == ("青木",)


def test_how_somebody_came_is_no_evidence_that_he_left() -> None:
    text = "林知远离开星河加入云栖。2020年林知远从云栖离职后休息了整整一年才创业。"
    places = [("PERSON", 0, 3), ("ORG", 5, 7), ("ORG", 9, 11), ("PERSON", 17, 20), ("ORG", 21, 23)]
    spans = [Span(label, at, end, at, end, 1.0) for label, at, end in places]
    frames = [Frame(0, 1, 0.9, "stated"), Frame(0, 2, 0.9, "stated"), Frame(3, 4, 0.9, "stated")]
    star, cloud = (fact.evidence for fact in departures_of(text, spans, frames))
    assert text[star.start : star.end] == "林知远离开星河加入云栖"
    assert text[cloud.start : cloud.end].startswith("2020年林知远从云栖离职后")
    (alone,) = departures_of(text, spans, frames[1:2])
    assert text[alone.evidence.start : alone.evidence.end] == "林知远离开星河加入云栖"


def test_who_came_back_joined_what_he_had_left() -> None:
    text = "林知远2021年离开星河，2024年重返星河。"
    spans = [Span(label, at, end, at, end, 1.0) for label, at, end in (("PERSON", 0, 3), ("ORG", 10, 12))]
    spans.append(replace(spans[1], first=20, last=22, start=20, end=22))
    assert text[20:22] == "星河"
    (fact,) = departures_of(text, spans, [Frame(0, 1, 0.9, "stated", joined=[2])])
    assert fact.joined == ("星河",)


def test_a_role_that_two_frames_name_is_one() -> None:
    frames = [Frame(0, 1, 0.9, "stated", roles=[3]), Frame(4, 2, 0.9, "stated", roles=[10, 3])]
    (fact,) = departures_of(TEXT, SPANS, frames)
    assert fact.roles == ("总裁",)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("{星河|ORG}{总裁|ROLE}{林知远|PERSON}", {"总裁": "星河"}),
        (
            "{星河|ORG}的{总裁|ROLE}兼{董事|ROLE}、{首席技术官|ROLE}",
            dict.fromkeys(("总裁", "董事", "首席技术官"), "星河"),
        ),
        ("{林知远|PERSON}离开{星河|ORG}，任{青木|ORG}{合伙人|ROLE}", {"合伙人": "青木"}),
        ("{林知远|PERSON}辞去{星河|ORG}旗下公司{总裁|ROLE}一职", {}),
        ("{林知远|PERSON}辞去{总裁|ROLE}及{董事|ROLE}", {}),
        ("{星河|ORG}{总裁|ROLE}宣布，{董事|ROLE}将由他兼任", {"总裁": "星河"}),
    ],
)
def test_which_organization_a_role_stands_with(marked: str, expected: dict[str, str]) -> None:
    text, spans = "", []
    for plain, surface, label in re.findall(r"([^{]*)(?:\{(.+?)\|(\w+)\})?", marked):
        text += plain
        if surface:
            spans.append(Span(label, len(text), len(text) + len(surface), len(text), len(text) + len(surface), 1.0))
            text += surface
    surfaces = [text[span.start : span.end] for span in spans]
    roles = [index for index, span in enumerate(spans) if span.label == "ROLE"]
    found = {surfaces[role]: holder_of(text, spans, role) for role in roles}
    assert {role: surfaces[holder] for role, holder in found.items() if holder is not None} == expected


def test_a_role_that_stands_with_another_organization_was_not_given_up() -> None:
    """青木总裁 was found beside the departure from 星河 too."""
    (star,) = departures_of(TEXT, SPANS, [Frame(4, 2, 0.7, "stated", roles=[3, 10])])
    assert star.roles == ("总裁",)
    (star,) = departures_of(TEXT, SPANS, [Frame(4, 2, 0.7, "stated", roles=[10])])
    assert star.roles == ()


def test_it_was_given_up_there_if_the_person_left_that_one_too() -> None:
    star, wood = departures_of(TEXT, SPANS, [Frame(4, 2, 0.7, "stated", roles=[10]), Frame(8, 9, 0.6, "former")])
    assert (star.organization, star.roles) == ("星河科技", ())
    assert (wood.organization, wood.roles) == ("青木", ("总裁",))


def test_no_frames_no_facts() -> None:
    assert departures_of(TEXT, SPANS, []) == ()


def test_a_departure_has_its_date_and_its_value_against_the_articles() -> None:
    text = "林知远去年底从星河科技离职。林知远3月是工程师。"
    spans = [Span("PERSON", 0, 3, 0, 3, 1.0), Span("ORG", 7, 11, 7, 11, 1.0), Span("PERSON", 14, 17, 14, 17, 1.0)]
    time, other = TimeSpan(3, 6, "去年底"), TimeSpan(17, 19, "3月")
    dated, undated = Frame(0, 1, 0.6, "stated", date=time), Frame(2, 1, 0.9, "stated")
    (fact,) = departures_of(text, spans, [dated, undated], published="2023-04-30")
    assert fact.date == Date("去年底", "2022-12")
    (fact,) = departures_of(text, spans, [dated])
    assert fact.date == Date("去年底", None)  # relative words say nothing without the article's date
    (fact,) = departures_of(text, spans, [dated, replace(undated, date=other)], published="2023-04-30")
    assert fact.date == Date("3月", "2023-03")  # the surer one's
    (fact,) = departures_of(text, spans, [dated, replace(undated, status="reported", date=other)])
    assert fact.date == Date("去年底", None)  # that of the strongest status
    (fact,) = departures_of(text, spans, [undated], published="2023")
    assert fact.date is None


# Properties, over texts of paragraphs that have nothing to do with each other.

#: Paragraphs: {P} a person, {O} and {N} organisations, {R} a role; the status of the frame that each asserts.
PARAGRAPHS = (
    ("{O}{R}{P}去年底离职，加入{N}。", "stated"),
    ("据悉，{P}将于下月离开{O}。他的下一站是{N}，职务是{R}。", "reported"),
    ("前{O}{R}{P}如今在{N}。", "former"),
    ("3月20日，{O}公告，{R}{P}已辞任。\r\n{N}没有回应。", "stated"),
    ("{P}在{O}做了八年{R}。两年前他走了，去了{N}", "stated"),
)
PERSONS = ("林知远", "周若水", "Sam Altman", "欧阳见山", "陳以寧", "拉里·佩奇")
ORGANIZATIONS = (
    *("星河科技", "青木资本", "Boson Labs", "雲棲智能", "海潮集团", "远舟电子"),
    *("万木汽车", "千帆出行", "百味食品", "九州航运", "Lumivex", "南岸医疗"),
)
ROLES = ("技术副总裁", "CEO", "首席财务官")
#: The label of each name in a paragraph.
LABELS = {"P": "PERSON", "O": "ORG", "N": "ORG", "R": "ROLE"}
Paragraph = tuple[tuple[str, str], str]
ARTICLES = st.integers(1, len(PERSONS)).flatmap(
    lambda size: st.tuples(
        st.lists(st.tuples(st.sampled_from(PARAGRAPHS), st.sampled_from(ROLES)), min_size=size, max_size=size),
        st.permutations(range(size)),
    )
)


def article(paragraphs: list[tuple[int, Paragraph]]) -> tuple[str, list[Span], list[Frame]]:
    """The text of numbered paragraphs, each with names of its own, its spans and its frames."""
    text, spans, frames = "", [], []
    for number, ((pattern, status), role) in paragraphs:
        names = {"P": PERSONS[number], "O": ORGANIZATIONS[2 * number], "N": ORGANIZATIONS[2 * number + 1], "R": role}
        at: dict[str, int] = {}
        for piece in re.split(r"\{([PONR])\}", pattern):
            if piece in LABELS:
                at[piece] = len(spans)
                end = len(text) + len(names[piece])
                spans.append(Span(LABELS[piece], len(text), end, len(text), end, 1.0))
            text += names.get(piece, piece)
        frames.append(Frame(at["P"], at["O"], 0.9, status, roles=[at["R"]], joined=[at["N"]]))
        text += "\n"
    return text, spans, frames


def told(departures: tuple[Departure, ...], text: str) -> list[tuple[object, ...]]:
    """What the facts say, without where they stand."""
    return sorted(
        (
            *(d.person, d.organization, d.person_aliases, d.organization_aliases, d.roles, d.joined, d.status),
            *(str(d.date), text[d.evidence.start : d.evidence.end]),
        )
        for d in departures
    )


@given(drawn=ARTICLES)
def test_the_order_of_unrelated_paragraphs_changes_no_fact(drawn: tuple[list[Paragraph], list[int]]) -> None:
    paragraphs, order = drawn
    numbered = list(enumerate(paragraphs))
    text, spans, frames = article(numbered)
    facts = departures_of(text, spans, frames, published="2023-04-30")
    assert len(facts) == len(paragraphs)
    other, other_spans, other_frames = article([numbered[index] for index in order])
    shuffled = departures_of(other, other_spans, other_frames, published="2023-04-30")
    assert told(shuffled, other) == told(facts, text)
    assert [fact.person for fact in shuffled] == [PERSONS[index] for index in order]


PAIRS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.sampled_from(STATUSES)))


@given(drawn=ARTICLES, pairs=PAIRS)
def test_a_fact_has_both_spans_and_its_evidence_contains_them(
    drawn: tuple[list[Paragraph], list[int]], pairs: list[tuple[int, int, str]]
) -> None:
    text, spans, _ = article(list(enumerate(drawn[0])))
    persons, places = ([i for i, span in enumerate(spans) if span.label == label] for label in ("PERSON", "ORG"))
    frames = [Frame(persons[a % len(persons)], places[b % len(places)], 0.5, status) for a, b, status in pairs]
    facts = departures_of(text, spans, frames)
    assert len(facts) == len({(frame.person, frame.organization) for frame in frames})
    for fact in facts:
        assert fact.evidence in fact.mentions
        assert list(fact.mentions) == sorted(set(fact.mentions))
        for passage in fact.mentions:
            clause = text[passage.start : passage.end]
            for label, name in (("PERSON", fact.person), ("ORG", fact.organization)):
                inside = [s for s in spans if passage.start <= s.start and s.end <= passage.end and s.label == label]
                assert name in [text[s.start : s.end] for s in inside], clause
            assert passage.start == 0 or text[passage.start - 1] in "。，,；\n\r "
