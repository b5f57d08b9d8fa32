"""Reading notes and what they compile to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.data.label_studio import read_label_studio
from training.data.markup import MarkupError, compile_notes, main, missed_mentions, to_task

ARTICLE = "林知远说。2019年，林知远离开星河科技加入云栖。\n2023年3月，他辞去云栖总裁，创办Boson。周以安也走了。"
NOTES = """\
# what was read first
> {林知远|PERSON}说
> {2019年|DATE t1}，{林知远|PERSON p}离开{星河科技|ORG o1}加入{云栖|ORG o2}。

> {2023年3月|DATE t2}，他辞去{云栖|ORG o3}{总裁|ROLE r}，创办{Boson|ORG o4}
departed_from p o1 stated   # the first
departed_from p o3 former
joined p o2 o1
left_role p r o3
joined p o4 o3
left_on p t1 o1
left_on p t2 o3
"""


def test_spans_are_found_by_their_surroundings() -> None:
    notes = compile_notes(ARTICLE, NOTES)
    assert [(s.label, s.start, s.end, s.text, s.name) for s in notes.spans] == [
        ("PERSON", 0, 3, "林知远", None),
        ("DATE", 5, 10, "2019年", "t1"),
        ("PERSON", 11, 14, "林知远", "p"),
        ("ORG", 16, 20, "星河科技", "o1"),
        ("ORG", 22, 24, "云栖", "o2"),
        ("DATE", 26, 33, "2023年3月", "t2"),
        ("ORG", 37, 39, "云栖", "o3"),
        ("ROLE", 39, 41, "总裁", "r"),
        ("ORG", 44, 49, "Boson", "o4"),
    ]


def test_relations_know_their_departure() -> None:
    notes = compile_notes(ARTICLE, NOTES)
    found = [
        (kind, target.name, status, owner.name if owner else None)
        for kind, _, target, status, owner in notes.relations
    ]
    assert found == [
        ("departed_from", "o1", "stated", "o1"),
        ("departed_from", "o3", "former", "o3"),
        ("joined", "o2", None, "o1"),
        ("left_role", "r", None, "o3"),
        ("joined", "o4", None, "o3"),
        ("left_on", "t1", None, "o1"),
        ("left_on", "t2", None, "o3"),
    ]


def test_a_task_numbers_the_departures_of_one_person() -> None:
    task = to_task(article="007_x", text=ARTICLE, notes=compile_notes(ARTICLE, NOTES), task_id=8, annotator="a")
    assert task["data"] == {"id": "007_x", "text": ARTICLE}
    (annotation,) = task["annotations"]
    assert annotation["completed_by"] == {"email": "a"}
    regions = [item for item in annotation["result"] if item["type"] == "labels"]
    assert regions[3]["id"] == "007-0004"
    assert regions[3]["value"] == {"start": 16, "end": 20, "text": "星河科技", "labels": ["ORG"]}
    relations = [item for item in annotation["result"] if item["type"] == "relation"]
    assert [(item["to_id"], item["labels"]) for item in relations] == [
        ("007-0004", ["departed_from", "stated", "d1"]),
        ("007-0007", ["departed_from", "former", "d2"]),
        ("007-0005", ["joined", "d1"]),
        ("007-0008", ["left_role", "d2"]),
        ("007-0009", ["joined", "d2"]),
        ("007-0002", ["left_on", "d1"]),
        ("007-0006", ["left_on", "d2"]),
    ]
    assert {item["from_id"] for item in relations} == {"007-0003"}


def test_one_departure_needs_neither_owner_nor_number() -> None:
    notes = compile_notes("林离星", "> {林|PERSON p}离{星|ORG o}\ndeparted_from p o reported")
    task = to_task(article="001_x", text="林离星", notes=notes, task_id=1, annotator="a")
    assert task["annotations"][0]["result"][-1]["labels"] == ["departed_from", "reported"]


LEFT = "> {林知远|PERSON p}离开{星河科技|ORG o}\n"


@pytest.mark.parametrize(
    ("notes", "complaint"),
    [
        ("> {2019年|DATE}\n> {林知远|PERSON}说", "line 2: quote not found after offset 10"),
        ("> {林知远|NAME}", "line 1: label NAME is none of PERSON, ORG"),
        ("> {林知远}说", "line 1: broken mark"),
        ("> {林知远|PERSON p}说。\n> {2019年|DATE p}", "line 2: id p is used twice"),
        ("joined p o", "line 1: no span has the id p"),
        (LEFT + "married p o", "line 2: expected 'departed_from/left_role/joined/left_on"),
        (LEFT + "joined o o", "line 2: joined goes from a PERSON to a ORG, not ORG to ORG"),
        (LEFT + "left_on p o", "line 2: left_on goes from a PERSON to a DATE, not PERSON to ORG"),
        (LEFT + "departed_from p o", "line 2: departed_from ends with one of stated, reported, former"),
        (LEFT + "departed_from p o perhaps", "line 2: departed_from ends with one of stated"),
        (LEFT + "joined p o", r"joined of 林知远 \(p\): this mention has no departed_from"),
        (LEFT + "departed_from p o stated\njoined p o q", "line 3: no span has the id q"),
    ],
)
def test_faults_are_told_with_their_line(notes: str, complaint: str) -> None:
    with pytest.raises(MarkupError, match=complaint):
        compile_notes(ARTICLE, notes)


def test_a_quote_that_does_not_match_is_told_where() -> None:
    with pytest.raises(MarkupError) as caught:
        compile_notes(ARTICLE, "> 林知远走")
    assert str(caught.value) == (
        "line 1: quote not found after offset 0; it matches up to '林知远', "
        "then the article has '说。2019年，林知远离开星河' where the quote has '走'"
    )


def test_several_departures_need_an_owner() -> None:
    unowned = NOTES.replace("joined p o2 o1", "joined p o2")
    with pytest.raises(MarkupError, match=r"joined of 林知远 \(p\): several departures start here"):
        compile_notes(ARTICLE, unowned)
    wrong = NOTES.replace("joined p o2 o1", "joined p o2 o4")
    with pytest.raises(MarkupError, match="Boson is not an organisation that it departed from"):
        compile_notes(ARTICLE, wrong)


def test_white_space_at_an_edge() -> None:
    with pytest.raises(MarkupError, match="'林 ' at 0 has white space at its edge"):
        compile_notes("林 走", "> {林 |PERSON}走")


def test_missed_mentions() -> None:
    notes = compile_notes(ARTICLE, "> {林知远|PERSON}说\n> {星河科技|ORG}加入{云栖|ORG}\n> {2023年3月|DATE}")
    assert [(span.text, at) for span, at in missed_mentions(ARTICLE, notes)] == [("林知远", 11), ("云栖", 37)]


def test_the_command_writes_what_the_reader_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article, notes = tmp_path / "007_x.txt", tmp_path / "007.txt"
    article.write_bytes(ARTICLE.replace("\n", "\r\n").encode())
    notes.write_text(NOTES, encoding="utf-8")
    assert main([str(article), str(notes), "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.endswith("9 spans, 2 departures, 7 relations\n")
    (example,) = read_label_studio(tmp_path / "out" / "007_x.json", source="x")
    assert example.text.encode() == article.read_bytes()
    assert [(d.status, len(d.roles), len(d.joined)) for d in example.departures or ()] == [
        ("stated", 0, 1),
        ("former", 1, 1),
    ]
    assert json.loads((tmp_path / "out" / "007_x.json").read_text(encoding="utf-8"))[0]["id"] == 8


def test_the_command_names_the_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    article, notes = tmp_path / "007_x.txt", tmp_path / "007.txt"
    article.write_text(ARTICLE, encoding="utf-8")
    notes.write_text("> 周以安来了", encoding="utf-8")
    assert main([str(article), str(notes), "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith(f"{notes}: line 1: quote not found")
    assert not (tmp_path / "out").exists()
