"""Whose completion counts; JSON-MIN; agreement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.errors import InputError
from ie_model.labelstudio.agreement import agreement_report
from ie_model.labelstudio.importing import Choice, Imported, import_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.tasks import find_interface, parse_tasks, read_tasks

TEXT = "林知远离开星河科技，陈若水加入云栖。"
INTERFACE = Interface()


def marks(*names: tuple[str, str]) -> list[dict[str, Any]]:
    return [
        INTERFACE.region(id=f"r{i}", label=label, start=TEXT.index(n), end=TEXT.index(n) + len(n), text=n)
        for i, (n, label) in enumerate(names)
    ]


LIN, CHEN, STAR = ("林知远", "PERSON"), ("陈若水", "PERSON"), ("星河科技", "ORG")
DEPARTED = {"type": "relation", "from_id": "r0", "to_id": "r1", "direction": "right"}
TASKS = [
    {
        "id": 1,
        "data": {"text": TEXT, "id": "a"},
        "annotations": [
            {
                "id": 11,
                "completed_by": {"id": 1, "email": "a@x.org"},
                "updated_at": "2026-01-03",
                "result": marks(LIN),
            },
            {"id": 12, "completed_by": 2, "updated_at": "2026-01-02", "result": marks(LIN, STAR)},
            {"id": 13, "completed_by": 3, "updated_at": "2026-01-09", "was_cancelled": True, "result": marks(CHEN)},
        ],
        "drafts": [{"id": 14, "user": "b@x.org", "updated_at": "2026-01-08", "result": marks(CHEN)}],
        "predictions": [{"id": 15, "model_version": "m", "result": marks(STAR)}],
    },
    {"id": 2, "data": {"text": TEXT}, "annotations": [{"id": 21, "completed_by": 2, "was_cancelled": True}]},
    {"id": 3, "data": {"text": TEXT}, "annotations": []},
]


def found(**options: Any) -> Imported:
    return import_tasks(parse_tasks(TASKS, INTERFACE), INTERFACE, **options)


def names(imported: Imported) -> list[list[str]]:
    return [[entity.text for entity in document.entities] for document in imported.documents]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["林知远"]),
        ({"choice": Choice.first}, ["林知远"]),
        ({"annotator": "2"}, ["林知远", "星河科技"]),
        ({"annotator": "a@x.org"}, ["林知远"]),
        ({"drafts": True}, ["陈若水"]),
        ({"choice": Choice.predictions}, ["星河科技"]),
    ],
)
def test_the_completion_that_counts(options: dict[str, Any], expected: list[str]) -> None:
    imported = found(**options)
    assert names(imported) == [expected]
    assert imported.documents[0].id == "a"


def test_what_gives_no_document_is_counted() -> None:
    imported = found()
    assert (imported.skipped, imported.unannotated) == (1, 1)


def test_the_latest_by_time_not_by_place() -> None:
    tasks = json.loads(json.dumps(TASKS))
    tasks[0]["annotations"][1]["updated_at"] = "2026-01-04"
    assert names(import_tasks(parse_tasks(tasks, INTERFACE))) == [["林知远", "星河科技"]]


def test_nobody_of_that_name() -> None:
    with pytest.raises(InputError, match=r"nobody called '9' has annotated .* 1, 2, 3, a@x\.org, b@x\.org"):
        found(annotator="9")


def test_a_serious_fault_keeps_its_task_back() -> None:
    tasks = json.loads(json.dumps(TASKS[:1]))
    tasks[0]["annotations"][0]["result"][0]["value"]["end"] = 99
    imported = import_tasks(parse_tasks([*tasks, {**TASKS[0], "id": 4}], INTERFACE))
    assert names(imported) == [["林知远"]]
    assert [fault.task for fault in imported.faults] == ["1"]


def test_json_min(tmp_path: Path) -> None:
    """As Label Studio 1.23 writes it: a row an annotation, no relations, its own id in place of the data's."""
    values = [item["value"] for item in marks(LIN, STAR)]
    rows = [
        {"id": 1, "text": TEXT, "label": values, "annotator": 1, "annotation_id": 11, "updated_at": "2026-01-01"},
        {"id": 1, "text": TEXT, "label": values[:1], "annotator": 2, "annotation_id": 12, "updated_at": "2026-01-02"},
        {"id": 2, "text": TEXT, "annotator": 2, "annotation_id": 21, "updated_at": "2026-01-02"},
    ]
    path = tmp_path / "min.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    imported = import_tasks(read_tasks(path), INTERFACE, annotator="1")
    assert names(imported) == [["林知远", "星河科技"]]
    assert imported.documents[0].id == "1"
    assert [str(fault) for fault in imported.faults] == [
        "task 1: JSON-MIN leaves relations out; export the project as JSON to keep departures"
    ]
    assert names(import_tasks(read_tasks(path), INTERFACE)) == [["林知远"], []]


@pytest.mark.parametrize(("tag", "key"), [("label", "text"), ("ner", "article")])
def test_json_min_shows_its_interface(tmp_path: Path, tag: str, key: str) -> None:
    values = [item["value"] for item in marks(CHEN, STAR)]
    own = {"annotator": 1, "annotation_id": 11, "created_at": "2026-01-01", "updated_at": "2026-01-01", "lead_time": 2}
    rows = [{"id": 1, key: TEXT, **own}, {"id": 2, key: TEXT, tag: values, **own}]
    path = tmp_path / "min.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    interface = find_interface(path)
    assert interface == Interface(("PERSON", "ORG"), departures=False, label_tag=tag, text_key=key)
    assert names(import_tasks(read_tasks(path, interface), interface)) == [[], ["星河科技", "陈若水"]]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("[1]", "not a list of tasks"),
        ("3", "not a list of tasks"),
        ('{"id": 1}', "task 1: no 'text' in its data"),
        ('[{"data": {"text": "x"}}, {"text": "y"}]', "tasks with and without 'data' side by side"),
        ('[{"id": 4, "data": {"text": 3}}]', "task 4: its 'text' is 3, not a text"),
        ('[{"id": 4, "data": {"text": "x"}, "annotations": [17]}]', "task 4: annotations without results"),
        ('[{"id": 4, "data": {"text": "x"}, "annotations": [{"id": 5, "result": 3}]}]', "the result of annotation 5"),
        ('[{"id": 4, "data": 5}]', "task 4: its 'data' is 5, not an object"),
        ('[{"id": 4, "data": {"text": "x"}, "annotations": 5}]', "task 4: its 'annotations' is 5, not a list"),
        (
            '[{"id": 4, "data": {"text": "x"}, "predictions": {"id": 5}}]',
            "task 4: its 'predictions' is .*, not a list",
        ),
        ("{", "not JSON"),
    ],
)
def test_files_that_are_no_tasks(tmp_path: Path, rows: str, reason: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(rows, encoding="utf-8")
    with pytest.raises(InputError, match=rf"x\.json.*{reason}.*; expected an export from Label Studio"):
        list(read_tasks(path))


def test_missing_and_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.json: No such file"):
        list(read_tasks(tmp_path / "nowhere.json"))
    with pytest.raises(InputError, match=r"no Label Studio \.json files here; export a project to it, or pull one"):
        list(read_tasks(tmp_path))


def test_a_file_shows_its_interface(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    region = {"id": "a", "type": "labels", "from_name": "ner", "to_name": "body"}
    result = [{**region, "value": {"start": 0, "end": 3, "text": "林知远", "labels": ["人名"]}}]
    rows = [{"id": 1, "data": {"id": "q", "article": TEXT}, "annotations": [{"id": 1, "result": result}]}]
    path.write_text(json.dumps(rows), encoding="utf-8")
    expected = Interface(("人名",), departures=False, label_tag="ner", text_tag="body", text_key="article")
    assert find_interface(path) == expected
    assert names(import_tasks(read_tasks(path), expected)) == [["林知远"]]
    (tmp_path / "labels.xml").write_text(INTERFACE.to_xml(), encoding="utf-8")
    assert find_interface(path) == INTERFACE, "what lies beside it says so"


def test_labels_that_are_no_list_show_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    result = [*marks(LIN, STAR), {**DEPARTED, "labels": 5}]
    result[1]["value"]["labels"] = 5
    row = {"id": [1], "data": {"text": TEXT}, "annotations": [{"id": 1, "result": result}]}
    for rows in ([row], [{"id": [1], "text": TEXT}]):
        path.write_text(json.dumps(rows), encoding="utf-8")
        assert find_interface(path).departures is False
        assert [task.number for task in read_tasks(path)] == ["[1]"]


@pytest.mark.parametrize(
    ("record", "wrong"),
    [({"index": 0}, "no 'fact'"), ({"index": None, "fact": {}}, "'index' is null, not a whole number")],
)
def test_a_tasks_meta_that_is_damaged(record: dict[str, Any], wrong: str) -> None:
    tasks = [{**TASKS[0], "meta": {"ie_model": {"departures": [record]}}}]
    imported = import_tasks(parse_tasks(tasks, INTERFACE), choice=Choice.predictions)
    assert [str(fault) for fault in imported.faults] == [
        f"task 1: what this package wrote in its meta is damaged (departures, 1: {wrong}); delete the meta, or "
        "export the article again"
    ]
    assert imported.documents == ()
    assert names(import_tasks(parse_tasks(tasks, INTERFACE))) == [["林知远"]], "people's do without it"


def drawn(text: str, names: str, relations: list[tuple[str, str, str]]) -> list[tuple[str, str, str | None]]:
    """The facts that somebody draws: person, organisation and date of each.

    Args:
        names: what is marked, as LABEL:words, with a space between.
        relations: of words, each FROM, TO and labels; all departures are of one status.
    """
    result: list[dict[str, Any]] = []
    for label, words in (name.split(":") for name in names.split()):
        start = text.index(words)
        result.append(INTERFACE.region(id=words, label=label, start=start, end=start + len(words), text=words))
    for source, target, labels in relations:
        ends = {"from_id": source, "to_id": target, "direction": "right"}
        result.append({"type": "relation", **ends, "labels": labels.split()})
    rows = [{"id": 1, "data": {"text": text}, "annotations": [{"id": 11, "completed_by": 1, "result": result}]}]
    imported = import_tasks(parse_tasks(rows, INTERFACE), INTERFACE)
    assert imported.faults == ()
    (document,) = imported.documents
    return [(d.person, d.organization, d.date and d.date.text) for d in document.departures]


LEFT, ON = "departed_from stated", "left_on"


def test_each_departure_has_the_date_that_was_drawn_for_it() -> None:
    facts = drawn(
        "3月1日，林知远离开星河科技。5月2日，陈若水离开青木资本。",
        "PERSON:林知远 ORG:星河科技 PERSON:陈若水 ORG:青木资本 DATE:3月1日 DATE:5月2日",
        [
            ("陈若水", "青木资本", LEFT),
            ("陈若水", "5月2日", ON),
            ("林知远", "星河科技", LEFT),
            ("林知远", "3月1日", ON),
        ],
    )
    assert facts == [("林知远", "星河科技", "3月1日"), ("陈若水", "青木资本", "5月2日")]


def test_a_list_says_what_was_drawn_and_no_more() -> None:
    people = "PERSON:林知远 PERSON:陈若水 PERSON:周以安"
    whole = drawn(
        "林知远、陈若水、周以安先后离开星河科技。",
        f"{people} ORG:星河科技",
        [("林知远", "星河科技", LEFT), ("周以安", "星河科技", LEFT)],
    )
    assert whole == [("林知远", "星河科技", None), ("周以安", "星河科技", None)]
    crossed = drawn(
        "林知远、周以安分别从星河科技、青木资本离职。",
        "PERSON:林知远 PERSON:周以安 ORG:星河科技 ORG:青木资本",
        [("林知远", "青木资本", LEFT), ("周以安", "星河科技", LEFT)],
    )
    assert sorted(crossed) == [("周以安", "星河科技", None), ("林知远", "青木资本", None)]


def test_agreement() -> None:
    first, second = marks(LIN, STAR, CHEN), marks(LIN, STAR)
    second[1]["value"] = {**second[1]["value"], "end": second[1]["value"]["end"] - 1, "text": "星河科"}
    tasks = [
        {
            "id": 1,
            "data": {"text": TEXT},
            "annotations": [
                {"id": 1, "completed_by": 1, "result": [*first, {**DEPARTED, "labels": ["departed_from", "stated"]}]},
                {"id": 2, "completed_by": 2, "result": second},
            ],
        },
        {
            "id": 2,
            "data": {"text": TEXT},
            "annotations": [
                {
                    "id": n,
                    "completed_by": n,
                    "result": [*marks(LIN, STAR), {**DEPARTED, "labels": ["departed_from", s]}],
                }
                for n, s in ((1, "stated"), (2, "stated"))
            ],
        },
        {"id": 3, "data": {"text": TEXT}, "annotations": [{"id": 4, "completed_by": 1, "result": first}]},
    ]
    (pair,) = agreement_report(parse_tasks(tasks, INTERFACE))["pairs"]
    assert (pair["annotators"], pair["tasks"]) == (["1", "2"], 2)
    # Task 1: 林知远 agrees, of three and two; task 2: both of two and two.
    assert pair["spans"]["all"] == {"f1": round(2 * 3 / 9, 4), "both": 3, "marked": 9}
    assert pair["spans"]["PERSON"] == {"f1": round(2 * 2 / 5, 4), "both": 2, "marked": 5}
    assert pair["spans"]["MONEY"]["f1"] is None
    assert pair["departures"] == {"f1": round(2 * 1 / 3, 4), "both": 1, "marked": 3}
