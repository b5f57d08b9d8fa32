from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.agreement import agreement, read_pass
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


def test_a_text_that_the_first_pass_lacks_is_refused() -> None:
    with pytest.raises(DataError, match="the first pass lacks 1 texts of the second: 1"):
        agreement([], [example()])


def test_the_second_pass_may_hold_a_part_of_the_texts() -> None:
    person = GoldSpan(0, 3, "PERSON")
    other = replace(example(GoldSpan(5, 9, "ORG")), id="2")
    report = agreement([example(person), other], [example(person)])
    assert report["articles"] == 1
    assert report["spans"]["micro"]["gold"] == 1


def test_the_committed_figures_are_those_of_the_committed_passes() -> None:
    report = agreement(read_seeds(ROOT / "passes" / "a"), read_seeds(ROOT / "passes" / "b"))
    committed = json.loads((ROOT / "agreement.json").read_text(encoding="utf-8"))
    committed.pop("command")
    assert committed == report
    assert all(report["spans"][label]["f1"] >= 0.9 for label in report["spans"])


@pytest.mark.parametrize("name", ["authored", "paragraphs"])
def test_authored_pieces_and_paragraphs_were_read_twice(name: str) -> None:
    folder = ROOT / name
    second = read_pass(folder / "second-pass")
    report = agreement(read_pass(folder), second)
    committed = json.loads((folder / "agreement.json").read_text(encoding="utf-8"))
    committed.pop("command")
    assert committed == report
    assert report["articles"] == len(second) > 100
