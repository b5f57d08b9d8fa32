from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.agreement import agreement
from training.data.example import DataError, Example, GoldDeparture, GoldSpan
from training.data.seeds import read_seeds

ROOT = Path(__file__).parents[2] / "annotations"


def example(*spans: GoldSpan, departures: tuple[GoldDeparture, ...] = ()) -> Example:
    return Example(id="1", source="test", text="林知远离开星河科技。", spans=spans, departures=departures)


def test_spans_and_relations_are_compared_strictly() -> None:
    person, org, short = GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG"), GoldSpan(5, 7, "ORG")
    first = example(person, org, departures=(GoldDeparture(person, org, "stated"),))
    second = example(person, short, departures=(GoldDeparture(person, short, "stated"),))
    report = agreement([first], [second])
    assert report["spans"]["PERSON"]["f1"] == 1.0
    assert report["spans"]["ORG"]["f1"] == 0.0
    assert report["spans"]["micro"]["f1"] == 0.5
    assert report["relations"]["departed_from"]["f1"] == 0.0


def test_a_status_is_a_relation_of_its_own() -> None:
    person, org = GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")
    first = example(person, org, departures=(GoldDeparture(person, org, "stated"),))
    second = example(person, org, departures=(GoldDeparture(person, org, "reported"),))
    report = agreement([first], [second])
    assert report["relations"]["departed_from"]["f1"] == 1.0
    assert report["relations"]["status"]["f1"] == 0.0


def test_different_articles_are_refused() -> None:
    with pytest.raises(DataError, match="different articles"):
        agreement([example()], [])


def test_the_committed_figures_are_those_of_the_committed_passes() -> None:
    report = agreement(read_seeds(ROOT / "passes" / "a"), read_seeds(ROOT / "passes" / "b"))
    committed = json.loads((ROOT / "agreement.json").read_text(encoding="utf-8"))
    committed.pop("command")
    assert committed == report
    assert all(report["spans"][label]["f1"] >= 0.9 for label in report["spans"])
