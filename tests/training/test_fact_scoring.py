from __future__ import annotations

from dataclasses import replace

import pytest

from ie_model.document import Date, Departure, Document, Evidence
from training.data.example import Example, GoldDeparture, GoldSpan
from training.fact_scoring import departure_counts, gold_facts, match_facts, parts_of
from training.scoring import Counts

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


def document(*departures: Departure) -> Document:
    return Document(text=TEXT, departures=departures)


def test_mentions_of_one_fact_are_merged_with_the_strongest_status() -> None:
    (fact,) = gold_facts(EXAMPLE)
    assert fact.persons == {"林知远"}
    assert fact.organizations == {"星河科技", "星河"}
    assert fact.status == "stated"
    assert fact.roles == {"技术副总裁"}
    assert fact.joined == (frozenset({"云栖智能"}),)
    assert fact.passages == ((0, 12), (22, 28))


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


def test_a_new_employer_counts_once() -> None:
    fact = replace(gold_facts(EXAMPLE)[0], joined=(frozenset({"云栖智能"}), frozenset({"青木资本"})))
    twice = parts_of(fact, departure(joined=("云栖智能研究院", "云栖智能")), dates=False)
    assert (twice["joined"], twice["frame"].right) == (Counts(1, 2, 2), 0)
    both = parts_of(fact, departure(joined=("青木资本", "云栖智能研究院")), dates=False)
    assert both["joined"] == Counts(2, 2, 2)


def test_a_missed_fact_and_an_invented_one() -> None:
    counts = departure_counts(EXAMPLE, document(departure(person="周以安")))
    assert counts["pair"] == Counts(0, 1, 1)
    assert counts["role"] == Counts()


YEARS = gold("四年", "DATE")


def test_dates_count_where_the_source_marks_them() -> None:
    dated = replace(EXAMPLE, departures=(replace(EXAMPLE.departures[0], date=YEARS),), dates=True)
    right, wrong, none = (departure(date=date, status="former") for date in (Date("四年"), Date("五年"), None))
    assert departure_counts(dated, document(right))["date"] == Counts(1, 1, 1)
    assert departure_counts(dated, document(wrong))["date"] == Counts(0, 1, 1)
    assert departure_counts(dated, document(none))["date"] == Counts(0, 0, 1)
    whole = [departure_counts(dated, document(d))["frame"].right for d in (right, wrong, none)]
    assert whole == [1, 0, 0]
    unmarked = replace(dated, dates=False)
    assert departure_counts(unmarked, document(wrong))["date"] == Counts()
    assert departure_counts(unmarked, document(wrong))["frame"].right == 1
