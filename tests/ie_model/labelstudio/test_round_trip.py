"""Any document to Label Studio's JSON and back is the same document."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money
from ie_model.extractor import Extractor
from ie_model.labelstudio.exporting import to_task
from ie_model.labelstudio.importing import Choice, import_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.offsets import Unit
from ie_model.labelstudio.reading import read_completion
from ie_model.labelstudio.tasks import parse_tasks
from tests.ie_model.labelstudio.strategies import documents

TEXT = "😀3月，星河科技首席执行官林知远离职，\r\n加入云栖智能，得1.13億美元。"


def place(label: str, surface: str, score: float, value: Money | None = None) -> Entity:
    start = TEXT.index(surface)
    return Entity(label, surface, start, start + len(surface), score, value)


DOCUMENT = Document(
    text=TEXT,
    entities=(
        place("ORG", "星河科技", 0.9123456789),
        place("ROLE", "首席执行官", 0.5),
        place("PERSON", "林知远", 0.25),
        place("ORG", "云栖智能", 1.0),
        place("MONEY", "1.13億美元", 0.75, Money("113000000", None, "USD")),
    ),
    departures=(
        Departure(
            person="林知远",
            organization="星河科技",
            status="reported",
            score=0.625,
            evidence=Evidence(1, 19),
            roles=("首席执行官",),
            joined=("云栖智能",),
            date=Date("3月", "2023-03"),
        ),
    ),
    id="a.txt",
    published="2023-04-30",
)


def through_json(document: Document, *, unit: Unit = Unit.code_points) -> dict[str, Any]:
    task: dict[str, Any] = json.loads(json.dumps(to_task(document, version="m", unit=unit)))
    return task


def predicted(task: dict[str, Any], **options: Any) -> list[Document]:
    return list(import_tasks(parse_tasks(task, Interface()), choice=Choice.predictions, **options).documents)


def accepted(task: dict[str, Any]) -> dict[str, Any]:
    """The task once somebody has opened it in the browser and pressed Submit: what 1.23 keeps of a prediction."""
    regions = ("id", "type", "from_name", "to_name", "value", "meta", "score")
    relations = ("type", "from_id", "to_id", "direction", "labels")
    known = {tag.get("value") for tag in ElementTree.fromstring(Interface().to_xml()).iter("Relation")}
    drawn: set[tuple[str, str]] = set()
    result = []
    for item in task["predictions"][0]["result"]:
        kept = {key: item[key] for key in (relations if item["type"] == "relation" else regions) if key in item}
        if item["type"] == "relation":
            if (item["from_id"], item["to_id"]) in drawn:
                continue
            drawn.add((item["from_id"], item["to_id"]))
            kept["labels"] = [label for label in item["labels"] if label in known]
        result.append(kept)
    annotation = {"id": 5, "completed_by": {"id": 1, "email": "a@example.com"}, "result": result}
    return {**task, "id": 7, "annotations": [annotation]}


@given(documents())
@settings(max_examples=60, deadline=None)
def test_any_document(document: Document) -> None:
    assert predicted(through_json(document)) == [document]


@given(documents())
@settings(max_examples=30, deadline=None)
def test_any_document_in_utf16_units(document: Document) -> None:
    assert predicted(through_json(document, unit=Unit.utf_16), unit=Unit.utf_16) == [document]


@given(documents())
@settings(max_examples=40, deadline=None)
def test_what_nobody_changed_comes_back_as_it_was(document: Document) -> None:
    document = replace(document, id="a")
    task = accepted(through_json(document))
    placed = {record["index"] for record in task.pop("meta", {}).get("ie_model", {}).get("departures", ())}
    kept = tuple(d for index, d in enumerate(document.departures) if index not in placed)
    imported = import_tasks(parse_tasks(task, Interface()))
    assert list(imported.documents) == [replace(document, departures=kept)]


def test_every_part_is_there() -> None:
    task = through_json(DOCUMENT)
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("m", 0.25)
    assert "meta" not in task, "the departure stands on regions"
    (read,) = parse_tasks(task, Interface())
    reading = read_completion(read, read.predictions[0], Interface())
    assert reading.faults == ()
    (departure,) = reading.departures or ()
    assert departure.date is not None
    parts = (departure.person, departure.organization, *departure.roles, *departure.joined, departure.date)
    assert [TEXT[r.start : r.end] for r in parts] == ["林知远", "星河科技", "首席执行官", "云栖智能", "3月"]
    assert predicted(task) == [DOCUMENT]
    assert import_tasks(parse_tasks(accepted(task), Interface())).documents == (DOCUMENT,)


def test_a_models_documents(extractor: Extractor) -> None:
    """All that the extractor finds can be drawn, and comes back exactly."""
    text = "3月，星河科技技术副总裁林知远宣布辞职创业。\r\n😀据悉，周以安离开青木资本，获得80万元。\n" * 4
    document = extractor(text, id="a", published="2023-04")
    assert len(document.departures) > 3
    task = through_json(document)
    assert "meta" not in task
    assert predicted(task) == [document]
    assert import_tasks(parse_tasks(accepted(task), Interface())).documents == (document,)


def test_departures_among_many_mentions_are_drawn_at_their_evidence() -> None:
    """Of a name's mentions, those beside the evidence; where all of these are taken, others."""
    clause = "林知远离开星河科技。"
    text = clause * 60
    entities = tuple(
        Entity(label, words, at + text.index(words), at + text.index(words) + len(words), 0.5)
        for at in range(0, len(text), len(clause))
        for label, words in (("PERSON", "林知远"), ("ORG", "星河科技"))
    )
    fact = Departure("林知远", "星河科技", "stated", 0.5, Evidence(30 * len(clause), 31 * len(clause) - 1))
    count = 12  # more than one person's mention can have
    document = Document(text, entities, (fact,) * count, id="a")
    task = through_json(document)
    assert "meta" not in task
    (read,) = parse_tasks(task, Interface())
    marked = read_completion(read, read.predictions[0], Interface()).departures or ()
    assert len(marked) == count
    assert {(d.person.start, d.organization.start) for d in marked} >= {(300, 305)}
    assert all(abs(d.person.start - 300) < 150 for d in marked)
    assert predicted(task) == [document]


def edited(**changes: Any) -> Document:
    """DOCUMENT after somebody changed its annotation: a region's value, or the labels of the departure."""
    task = accepted(through_json(DOCUMENT))
    for item in task["annotations"][0]["result"]:
        if item["type"] == "relation":
            item["labels"] = changes.get(item["labels"][0], item["labels"])
        elif item["value"]["text"] in changes:
            item["value"].update(changes[item["value"]["text"]])
    imported = import_tasks(parse_tasks(task, Interface()))
    assert imported.faults == ()
    (document,) = imported.documents
    return document


def test_a_corrected_status_is_the_annotators() -> None:
    (departure,) = edited(departed_from=["departed_from", "stated"]).departures
    assert (departure.status, departure.score) == ("stated", 1.0)
    assert (departure.roles, departure.joined) == (("首席执行官",), ("云栖智能",))
    assert departure.date == Date("3月", "2023-03"), "the value is read from the words and the article's date"


def test_a_corrected_name_is_not_the_models() -> None:
    start = TEXT.index("知远")
    document = edited(林知远={"start": start, "end": start + 2, "text": "知远"})
    assert [e.text for e in document.entities if e.label == "PERSON"] == ["知远"]
    assert [(d.person, d.score) for d in document.departures] == [("知远", 1.0)]


def test_a_corrected_amount_is_read_anew() -> None:
    start = TEXT.index("13億美元")
    (money,) = (
        e
        for e in edited(**{"1.13億美元": {"start": start, "end": start + 5, "text": "13億美元"}}).entities
        if e.label == "MONEY"
    )
    assert money.value == Money("1300000000", None, "USD")


def test_an_amount_without_value_stays_without() -> None:
    money = replace(DOCUMENT.entities[-1], value=None)
    document = replace(DOCUMENT, entities=(*DOCUMENT.entities[:-1], money))
    assert predicted(through_json(document)) == [document]


def test_a_second_mention_joins_the_fact() -> None:
    text = "林知远离开星河科技。林知远曾是星河科技总裁。"
    first, second = (text.index("林知远", at) for at in (0, 5))
    one, two = (text.index("星河科技", at) for at in (0, 12))
    entities = tuple(
        Entity(label, text[a:b], a, b, 0.5)
        for label, a, b in (
            ("PERSON", first, first + 3), ("ORG", one, one + 4), ("PERSON", second, second + 3), ("ORG", two, two + 4)
        )
    )  # fmt: skip
    departure = Departure("林知远", "星河科技", "stated", 0.75, Evidence(0, 9))
    task = accepted(through_json(Document(text, entities, (departure,))))
    relation = {"type": "relation", "from_id": "s3", "to_id": "s4", "direction": "right"}
    task["annotations"][0]["result"].append({**relation, "labels": ["departed_from", "former"]})
    (document,) = import_tasks(parse_tasks(task, Interface())).documents
    assert [(d.person, d.status, d.score) for d in document.departures] == [("林知远", "stated", 1.0)]


def test_labels_that_the_configuration_lacks() -> None:
    with pytest.raises(Exception, match=r"has no label MONEY .*; write one with: ie-model label-studio config"):
        to_task(DOCUMENT, interface=Interface.of_labels(["PERSON", "ORG", "ROLE"]), version="m")
