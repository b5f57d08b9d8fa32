from __future__ import annotations

import pytest

from ie_model.document import Departure, Document, Entity, Evidence
from training.data.example import Example, GoldDeparture, GoldSpan
from training.scoring import (
    Counts,
    bootstrap_interval,
    departure_counts,
    gold_facts,
    match_facts,
    span_counts,
)

TEXT = "星河科技技术副总裁林知远离职，加入云栖智能。林知远在星河任职四年。"


def gold(surface: str, label: str, nth: int = 0) -> GoldSpan:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(surface, start + 1)
    return GoldSpan(start, start + len(surface), label)


PERSON, ORG, ROLE = gold("林知远", "PERSON"), gold("星河科技", "ORG"), gold("技术副总裁", "ROLE")
JOINED = gold("云栖智能", "ORG")
LATER_PERSON, SHORT_ORG = gold("林知远", "PERSON", 1), gold("星河", "ORG", 1)
EXAMPLE = Example(
    id="1",
    source="test",
    text=TEXT,
    spans=(ORG, ROLE, PERSON, JOINED, LATER_PERSON, SHORT_ORG),
    departures=(
        GoldDeparture(PERSON, ORG, "former", roles=(ROLE,), joined=(JOINED,)),
        GoldDeparture(LATER_PERSON, SHORT_ORG, "stated"),
    ),
)


def departure(**values: object) -> Departure:
    right = {
        "person": "林知远",
        "organization": "星河科技",
        "status": "stated",
        "roles": ("技术副总裁",),
        "joined": ("云栖智能",),
    }
    return Departure(**{**right, "score": 0.9, "evidence": Evidence(0, 15), **values})  # type: ignore[arg-type]


def document(*departures: Departure, entities: tuple[Entity, ...] = ()) -> Document:
    return Document(text=TEXT, entities=entities, departures=departures)


def test_counts_add_up_and_divide() -> None:
    counts = Counts(1, 2, 4) + Counts(1, 2, 0)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    assert Counts().f1 == 0.0


def test_a_span_is_right_only_with_label_and_both_edges() -> None:
    entities = (
        Entity("ORG", "星河科技", 0, 4, 1.0),
        Entity("PERSON", "技术副总裁", 4, 9, 1.0),  # the label is wrong
        Entity("PERSON", "林知", 9, 11, 1.0),  # an edge is wrong
    )
    counts = span_counts(EXAMPLE, document(entities=entities), ("PERSON", "ORG", "ROLE"))
    assert counts["ORG"] == Counts(1, 1, 3)
    assert counts["PERSON"] == Counts(0, 2, 2)
    assert counts["ROLE"] == Counts(0, 0, 1)


def test_mentions_of_one_fact_are_merged_with_the_strongest_status() -> None:
    (fact,) = gold_facts(EXAMPLE)
    assert fact.persons == {"林知远"}
    assert fact.organizations == {"星河科技", "星河"}
    assert fact.status == "stated"
    assert fact.roles == {"技术副总裁"}
    assert fact.joined == (frozenset({"云栖智能"}),)


@pytest.mark.parametrize("name", ["星河科技", "星河", "星河科技研究院"])
def test_any_name_of_the_organization_or_a_unit_matches(name: str) -> None:
    assert match_facts(gold_facts(EXAMPLE), [departure(organization=name)]) == [(0, 0)]


def test_another_person_or_organization_does_not_match() -> None:
    facts = gold_facts(EXAMPLE)
    assert match_facts(facts, [departure(person="周以安")]) == []
    assert match_facts(facts, [departure(organization="云栖智能")]) == []


def test_one_prediction_counts_once() -> None:
    counts = departure_counts(EXAMPLE, document(departure(), departure(organization="星河")))
    assert counts["pair"] == Counts(1, 2, 1)


def test_parts_are_scored_given_a_right_pair() -> None:
    counts = departure_counts(EXAMPLE, document(departure(roles=("技术副总裁", "主席"), status="former")))
    assert counts["pair"] == Counts(1, 1, 1)
    assert counts["role"] == Counts(1, 2, 1)
    assert counts["joined"] == Counts(1, 1, 1)
    assert counts["status"] == Counts(0, 1, 1)
    assert counts["frame"] == Counts(0, 1, 1)
    assert departure_counts(EXAMPLE, document(departure()))["frame"] == Counts(1, 1, 1)


def test_a_missed_fact_and_an_invented_one() -> None:
    counts = departure_counts(EXAMPLE, document(departure(person="周以安")))
    assert counts["pair"] == Counts(0, 1, 1)
    assert counts["role"] == Counts()


def test_the_interval_holds_the_figure_and_is_reproducible() -> None:
    counts = [Counts(8, 10, 10), Counts(5, 10, 10), Counts(9, 10, 10), Counts(7, 10, 10)]
    low, high = bootstrap_interval(counts)
    assert 0.5 <= low < 0.725 < high <= 0.9
    assert bootstrap_interval(counts) == (low, high)
    assert bootstrap_interval([Counts(8, 10, 10)] * 5) == (0.8, 0.8)
