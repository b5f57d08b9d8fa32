"""Faults in annotations: each with its task, its region and a remedy; and what is read all the same."""

from __future__ import annotations

from typing import Any

import pytest

from ie_model.labelstudio.checking import check_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.offsets import OffsetMap, Unit
from ie_model.labelstudio.reading import Fault, Reading, read_completion
from ie_model.labelstudio.tasks import parse_tasks

TEXT = "😀林知远2019年离开星河科技加入云栖，\r\n2023年3月辞去云栖总裁。"
INTERFACE = Interface()


def region(id: str, words: str, label: str, *, unit: Unit = Unit.code_points, **more: Any) -> dict[str, Any]:
    start = TEXT.index(words)
    table = OffsetMap(TEXT, unit)
    ends = {"start": table.outward(start), "end": table.outward(start + len(words))}
    found = INTERFACE.region(id=id, label=label, text=words, **ends)
    value = {**found["value"], **more.pop("value", {})}
    return {**found, "value": value, **more}


def relation(source: str, target: str, *labels: str, direction: str = "right") -> dict[str, Any]:
    return {"type": "relation", "from_id": source, "to_id": target, "direction": direction, "labels": list(labels)}


REGIONS = [
    region("p", "林知远", "PERSON"),
    region("o", "星河科技", "ORG"),
    region("c", "云栖", "ORG"),
    region("r", "总裁", "ROLE"),
    region("t", "2019年", "DATE"),
    region("u", "2023年3月", "DATE"),
]
LEFT = relation("p", "o", "departed_from", "stated")


def read(*result: Any, interface: Interface = INTERFACE, **options: Any) -> Reading:
    rows = {"id": 7, "data": {"text": TEXT}, "annotations": [{"id": 3, "result": list(result)}]}
    (task,) = parse_tasks(rows, interface)
    return read_completion(task, task.annotations[0], interface, **options)


def only(*result: Any, serious: bool = True, **options: Any) -> Fault:
    (fault,) = read(*result, **options).faults
    assert fault.serious is serious
    assert str(fault).startswith("task 7")
    assert fault.remedy in str(fault)
    return fault


def test_what_is_right_has_no_fault() -> None:
    reading = read(*REGIONS, LEFT, relation("p", "c", "joined"), relation("p", "t", "left_on"))
    assert reading.faults == ()
    assert [region.label for region in reading.regions] == ["PERSON", "ORG", "ORG", "ROLE"]
    (departure,) = reading.departures or ()
    parts = (departure.person, departure.organization, *departure.joined, departure.date)
    assert [part and TEXT[part.start : part.end] for part in parts] == ["林知远", "星河科技", "云栖", "2019年"]


@pytest.mark.parametrize("unit", [Unit.utf_16, Unit.code_points_lf, Unit.utf_16_lf])
def test_other_units_are_found_out(unit: Unit) -> None:
    """Regions of one annotation fit together in one unit only."""
    result = [region("p", "林知远", "PERSON", unit=unit), region("r", "总裁", "ROLE", unit=unit)]
    reading = read(*result)
    assert [TEXT[r.start : r.end] for r in reading.regions] == ["林知远", "总裁"]
    (fault,) = reading.faults
    assert (fault.wrong, fault.serious) == (f"offsets fit the text only as {unit}", False)
    assert read(*result, unit=unit).faults == ()
    assert not read(*result, unit=Unit.code_points).usable


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"start": 40}, "offsets 40-4 are no place in the text"),
        ({"start": 4}, "offsets 4-4 are no place in the text"),
        ({"start": -1}, "offsets -1-4 are no place"),
        ({"end": 1000}, "offsets 1-1000 are no place"),
        ({"start": "1"}, "offsets '1' and 4 are not whole numbers"),
        ({"end": True}, "offsets 1 and True are not whole numbers"),
        ({"end": None}, "offsets 1 and None are not whole numbers"),
        ({"text": "陈若水"}, "the text at 1-4 is '林知远', not '陈若水'"),
        ({"labels": []}, "a region without a label"),
        ({"labels": ["PERSON", "ORG"]}, "several labels (PERSON, ORG)"),
        ({"labels": ["EVENT"]}, "the label EVENT is none of PERSON, ORG, ROLE, MONEY, DATE"),
    ],
)
def test_regions_that_cannot_be(value: dict[str, Any], wrong: str) -> None:
    fault = only(region("p", "林知远", "PERSON", value=value))
    assert fault.region == "p"
    assert fault.wrong.startswith(wrong)


@pytest.mark.parametrize("score", [float("nan"), float("-inf"), 10**400])
def test_scores_that_json_does_not_have(score: float) -> None:
    fault = only(region("p", "林知远", "PERSON", score=score))
    assert fault.region == "p"
    assert "no number that JSON has" in fault.wrong


@pytest.mark.parametrize(
    ("meta", "wrong"),
    [
        ({"amount": {"text": "x", "value": {"amount": "8", "currency": None}}}, "no 'amount_max'"),
        ({"amount": {"text": "x"}}, "no 'value'"),
        ({"departures": 5}, "'departures' is 5, not a list"),
        ({"departures": [{"index": 0, "fact": {"date": None}}]}, "departures, 1: no 'status'"),
    ],
)
def test_meta_that_is_damaged(meta: dict[str, Any], wrong: str) -> None:
    fault = only(region("p", "林知远", "PERSON", meta={"ie_model": meta}))
    assert (fault.region, fault.wrong) == ("p", f"what this package wrote in its meta is damaged ({wrong})")


def test_half_a_surrogate_pair() -> None:
    value = {"start": 1, "end": 5}  # in UTF-16 units the emoji is 0 to 2
    assert "no place" in only(region("p", "林知远", "PERSON", value=value), unit=Unit.utf_16).wrong


def test_overlaps() -> None:
    fault = only(region("a", "星河科技", "ORG"), region("b", "科技", "ORG"))
    assert (fault.region, fault.wrong) == ("b", "'科技' overlaps '星河科技' (region a)")
    fault = only(region("a", "星河科技", "ORG"), region("b", "星河科技", "ORG"))
    assert fault.region == "b"


def test_two_regions_of_one_id() -> None:
    assert only(region("a", "星河科技", "ORG"), region("a", "云栖", "ORG")).wrong == "two regions have this id"


def test_a_region_without_an_id() -> None:
    lost = region("a", "云栖", "ORG")
    del lost["id"]
    assert "without an id" in only(lost).wrong


@pytest.mark.parametrize(
    ("words", "wrong", "serious"),
    [("，\r\n", "white space at the edge", False), ("\r\n", "white space at the edge", True)],
)
def test_white_space(words: str, wrong: str, serious: bool) -> None:
    assert only(region("a", words, "ORG"), serious=serious).wrong.startswith(wrong)


def test_other_controls_are_left_out() -> None:
    choice = {
        "id": "x",
        "type": "choices",
        "from_name": "sentiment",
        "to_name": "text",
        "value": {"choices": ["good"]},
    }
    fault = only(choice, region("p", "林知远", "PERSON"), serious=False)
    assert (fault.region, fault.wrong) == ("x", "not a labelled span of the text")


TOGETHER = "several departures of 林知远 are not told apart"
ALONE = "林知远 has left_role but no departed_from of the same number"
LEAVING = "the departure of 林知远 from 星河科技"
BACK = "departed_from goes from a PERSON to ORG, not from ORG to PERSON"


@pytest.mark.parametrize(
    ("relations", "wrong"),
    [
        ([relation("p", "o", "departed_from")], f"{LEAVING} has no status"),
        ([relation("p", "o", "departed_from", "stated", "former")], f"{LEAVING} has stated and former"),
        ([relation("o", "p", "departed_from", "stated")], BACK),
        ([LEFT, relation("p", "o", "left_role")], "left_role goes from a PERSON to ROLE, not from PERSON to ORG"),
        ([relation("p", "zz", "departed_from", "stated")], "a relation of zz, which is no usable region"),
        ([relation("p", "o", "married")], "unknown relation married"),
        ([relation("p", "o")], "a relation says nothing"),
        ([relation("p", "o", "stated")], "a relation says stated"),
        ([relation("p", "o", "departed_from", "joined", "stated")], "a relation says departed_from, joined, stated"),
        ([relation("p", "r", "left_role")], ALONE),
        ([LEFT, relation("p", "r", "left_role", "d2")], ALONE),
        ([LEFT, relation("p", "c", "departed_from", "stated")], TOGETHER),
        ([relation("p", "o", "departed_from", "stated", "d1", "d2")], TOGETHER),
        ([LEFT, relation("p", "t", "left_on"), relation("p", "u", "left_on")], "several dates of one departure"),
    ],
)  # fmt: skip
def test_relations_that_cannot_be(relations: list[dict[str, Any]], wrong: str) -> None:
    faults = [fault for fault in read(*REGIONS, *relations).faults if fault.serious]
    assert wrong in [fault.wrong for fault in faults]


def test_a_relation_whose_labels_are_no_list() -> None:
    fault = only(*REGIONS, {**LEFT, "labels": 5})
    assert (fault.region, fault.wrong) == ("p → o", "a relation's labels are 5, not a list")


def test_a_number_that_is_missing_is_the_first() -> None:
    later = relation("p", "c", "departed_from", "stated", "d2")
    reading = read(*REGIONS, LEFT, later, relation("p", "r", "left_role"))
    assert {fault.wrong for fault in reading.faults} == {"a relation without a number is read as d1"}
    assert reading.usable
    assert [len(departure.roles) for departure in reading.departures or ()] == [1, 0]


def test_an_arrow_may_be_drawn_from_its_end() -> None:
    backwards = relation("o", "p", "departed_from", "stated", direction="left")
    (departure,) = read(*REGIONS, backwards).departures or ()
    assert (departure.person.id, departure.organization.id) == ("p", "o")


def test_relations_that_the_browser_would_drop() -> None:
    later = relation("p", "c", "departed_from", "stated", "d2")
    first = relation("p", "o", "departed_from", "stated", "d1")
    fault = only(*REGIONS, first, later, relation("p", "c", "joined", "d1"), serious=False)
    assert "browser would drop" in fault.wrong


def test_relations_of_other_labels_are_not_read() -> None:
    interface = Interface.of_labels(["PERSON", "PRODUCT"])
    reading = read(region("p", "林知远", "PERSON"), relation("p", "p", "made"), interface=interface)
    assert reading.departures is None
    assert [fault.serious for fault in reading.faults] == [False]


def test_combining_marks() -> None:
    rows = {"id": 1, "data": {"text": "Cafe\u0301"}, "annotations": [{"id": 1, "result": [
        INTERFACE.region(id="a", label="ORG", start=0, end=4, text="Cafe")]}]}  # fmt: skip
    (fault,) = check_tasks(parse_tasks(rows, INTERFACE))
    assert "begins or ends inside a character" in fault.wrong


def test_check_looks_at_all_that_counts() -> None:
    wrong = [region("p", "林知远", "PERSON", value={"end": 99})]
    rows = [
        {"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 5, "result": wrong}, {"id": 6, "result": []}]},
        {"id": 2, "data": {"text": TEXT}, "annotations": [{"id": 7, "result": wrong, "was_cancelled": True}]},
        {"id": 3, "data": {"text": " "}, "drafts": [{"id": 8, "result": wrong}]},
    ]
    found = [str(fault) for fault in check_tasks(parse_tasks(rows, INTERFACE))]
    assert found == [
        "task 1, annotation 5, region p: offsets 1-99 are no place in the text; mark it anew",
        "task 2: its text is that of task 1; delete one of them, or it counts twice in training",
        "task 3: its text is empty; delete the task",
    ]
