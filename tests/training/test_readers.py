"""The readers of the publishers' formats, on small files that are written here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.labelstudio.interface import Interface
from ie_model.scheme import LABELS
from training.data.cluener import read_cluener
from training.data.columns import read_columns, spans_of
from training.data.example import DataError, Example, GoldDeparture, GoldSpan
from training.data.label_studio import read_label_studio
from training.data.news_units import read_news_units
from training.data.resume import read_resume
from training.data.seeds import read_seeds
from training.data.sources import read_source

UNMARKED_MONEY = frozenset({"PERSON", "ORG", "ROLE"})


def surfaces(example: Example) -> list[tuple[str, str]]:
    return [(example.text[span.start : span.end], span.label) for span in example.spans]


def write_lines(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_cluener_ends_are_inclusive(tmp_path: Path) -> None:
    text = "星河科技总裁林知远访问北川市政府，谈《长夜》。"
    label = {
        "company": {"星河科技": [[0, 3]]},
        "position": {"总裁": [[4, 5]]},
        "name": {"林知远": [[6, 8]]},
        "government": {"北川市政府": [[11, 15]]},
        "book": {"《长夜》": [[18, 21]]},
    }
    row = json.dumps({"text": text, "label": label}, ensure_ascii=False)
    write_lines(tmp_path / "CLUENER2020" / "train.json", row, '{"text": "没有", "label": {}}', "")
    first, second = read_cluener(tmp_path, "train")
    assert surfaces(first) == [("星河科技", "ORG"), ("总裁", "ROLE"), ("林知远", "PERSON"), ("北川市政府", "ORG")]
    assert (first.id, first.complete, first.departures) == ("1", UNMARKED_MONEY, None)
    assert (second.text, second.spans) == ("没有", ())


def test_cluener_of_two_that_overlap_the_longer_stays(tmp_path: Path) -> None:
    label = {"company": {"星河": [[0, 1]], "云栖": [[5, 6]]}, "organization": {"星河科技": [[0, 3]]}}
    row = json.dumps({"text": "星河科技与云栖", "label": label})
    write_lines(tmp_path / "CLUENER2020" / "dev.json", row)
    (example,) = read_cluener(tmp_path, "dev")
    assert surfaces(example) == [("星河科技", "ORG"), ("云栖", "ORG")]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        '{"text": "林", "label": {"name": {"林": [[0, 1]]}}}',
        '{"text": "林"}',
        '{"text": "林", "label": []}',
        '"林"',
    ],
)
def test_a_bad_cluener_line_is_named(tmp_path: Path, bad: str) -> None:
    path = write_lines(tmp_path / "CLUENER2020" / "train.json", '{"text": "好", "label": {}}', bad)
    with pytest.raises(DataError, match=r"line 2: expected a CLUENER sentence") as caught:
        read_cluener(tmp_path, "train")
    assert str(caught.value).startswith(str(path))


def test_resume_columns(tmp_path: Path) -> None:
    lines = ["陈 B-NAME", "若 M-NAME", "水 E-NAME", "， O", "海 B-ORG", "潮 E-ORG", "董 B-TITLE", "事 E-TITLE", ""]
    lines += ["汉 B-RACE", "族 E-RACE", "林 S-NAME", ""]
    write_lines(tmp_path / "ResumeNER" / "train.char.bmes", *lines)
    first, second = read_resume(tmp_path, "train")
    assert first.text == "陈若水，海潮董事"
    assert surfaces(first) == [("陈若水", "PERSON"), ("海潮", "ORG"), ("董事", "ROLE")]
    assert surfaces(second) == [("林", "PERSON")]
    assert first.complete == second.complete == UNMARKED_MONEY
    assert (first.id, second.id) == ("1", "2")


def test_columns_keep_spaces_and_the_last_sentence(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x", "A B-ORG", " I-ORG", "B E-ORG", "", "", "好 O")
    first, second = read_columns(path, source="x", labels={"ORG": "ORG"}, own_labels=("ORG",))
    assert (first.text, surfaces(first)) == ("A B", [("A B", "ORG")])
    assert (second.text, second.spans) == ("好", ())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-X I-X O", [(0, 2)]),  # BIO
        ("B-X I-X B-X", [(0, 2), (2, 3)]),  # neighbours
        ("S-X S-X", [(0, 1), (1, 2)]),  # BIOES
        ("B-X M-X E-X B-X E-X", [(0, 3), (3, 5)]),  # BMES
        ("I-X I-X", [(0, 2)]),  # a span that begins in its middle
        ("B-X E-Y", [(0, 1), (1, 2)]),  # another label begins another span
        ("O O", []),
    ],
)
def test_tags_of_several_schemes(tags: str, expected: list[tuple[int, int]]) -> None:
    words = tags.split()
    spans = spans_of(words, [1] * len(words), {"X": "ORG", "Y": "ORG"})
    assert [(span.start, span.end) for span in spans] == expected


@pytest.mark.parametrize("bad", ["陈 B-NAME x", "陈 Q-NAME", "陈 B_NAME", "陈"])
def test_a_bad_column_line_is_named(tmp_path: Path, bad: str) -> None:
    path = write_lines(tmp_path / "ResumeNER" / "dev.char.bmes", "林 O", "", bad)
    with pytest.raises(DataError, match=r"line 3: expected a character and its tag") as caught:
        read_resume(tmp_path, "dev")
    assert str(caught.value).startswith(str(path))


UNIT = {
    "id": "u-7",
    "text": "林知远辞去星河科技总裁，加入云栖智能。",
    "spans": [
        {"start": 5, "end": 9, "label": "ORG"},
        {"start": 0, "end": 3, "label": "PERSON"},
        {"start": 9, "end": 11, "label": "ROLE"},
        {"start": 14, "end": 18, "label": "ORG"},
    ],
    "departures": [
        {"person": [0, 3], "organization": [5, 9], "status": "stated", "roles": [[9, 11]], "joined": [[14, 18]]}
    ],
}


def test_news_units(tmp_path: Path) -> None:
    write_lines(tmp_path / "news-units" / "train.jsonl", json.dumps(UNIT), "")
    (example,) = read_news_units(tmp_path, "train")
    person, left, role, joined = example.spans
    assert surfaces(example) == [
        ("林知远", "PERSON"), ("星河科技", "ORG"), ("总裁", "ROLE"), ("云栖智能", "ORG"),
    ]  # fmt: skip
    assert example.departures == (GoldDeparture(person, left, "stated", roles=(role,), joined=(joined,)),)
    assert (example.id, example.complete) == ("u-7", frozenset(LABELS))


@pytest.mark.parametrize(
    "change",
    [
        {"departures": [{**UNIT["departures"][0], "person": [0, 2]}]},  # no such span
        {"spans": [{"start": 0, "end": 3}]},
        {"departures": [{**UNIT["departures"][0], "status": "rumoured"}]},
        {"text": "林知远"},
        {"departures": None},
    ],
)
def test_a_bad_unit_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write_lines(tmp_path / "news-units" / "dev.jsonl", json.dumps(UNIT), json.dumps({**UNIT, **change}))
    with pytest.raises(DataError, match=r"line 2: expected a unit of news-units") as caught:
        read_news_units(tmp_path, "dev")
    assert str(caught.value).startswith(str(path))


def test_a_unit_may_hold_any_separator_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "news-units" / "train.jsonl"
    path.parent.mkdir()
    unit = {"id": "a", "text": "林知远\u2028离职", "spans": [], "departures": []}
    path.write_text(json.dumps(unit, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [example.text for example in read_news_units(tmp_path, "train")] == [unit["text"]]
    path.write_bytes("林".encode("gb18030"))
    with pytest.raises(DataError, match=r"train\.jsonl, line 1: expected UTF-8"):
        read_news_units(tmp_path, "train")


@pytest.mark.parametrize("read", [read_cluener, read_resume, read_news_units])
def test_missing_files_name_the_option(tmp_path: Path, read: Any) -> None:
    with pytest.raises(DataError, match=r"train\S*: no such file; --data-root names"):
        read(tmp_path, "train")


def test_unknown_sources_are_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match="unknown source 'nonsense'; known: seeds, authored, authored-heldout, authored-contrasts, news-units",
    ):
        read_source("nonsense", data_root=tmp_path)


ARTICLE = "林知远2019年离开星河科技加入云栖，2023年3月辞去云栖总裁，创办Boson。"


def region(name: str, surface: str, label: str, after: int = 0) -> dict[str, Any]:
    start = ARTICLE.index(surface, after)
    value = {"start": start, "end": start + len(surface), "text": surface, "labels": [label]}
    return {"id": name, "type": "labels", "from_name": "label", "to_name": "text", "value": value}


def relation(source: str, target: str, *labels: str) -> dict[str, Any]:
    return {"type": "relation", "from_id": source, "to_id": target, "direction": "right", "labels": list(labels)}


RESULT = [
    region("p", "林知远", "PERSON"),
    region("t1", "2019年", "DATE"),
    region("o1", "星河科技", "ORG"),
    region("o2", "云栖", "ORG"),
    region("t2", "2023年3月", "DATE"),
    region("o3", "云栖", "ORG", after=ARTICLE.index("辞去")),
    region("r", "总裁", "ROLE"),
    region("o4", "Boson", "ORG"),
    relation("p", "o1", "departed_from", "former", "d1"),
    relation("p", "o3", "departed_from", "stated", "d2"),
    relation("p", "o2", "joined", "d1"),
    relation("p", "r", "left_role", "d2"),
    relation("p", "o4", "joined", "d2"),
    relation("p", "t1", "left_on", "d1"),
    relation("p", "t2", "left_on", "d2"),
]


def write_task(path: Path, result: list[dict[str, Any]], **data: Any) -> Path:
    annotations = [{"id": 1, "was_cancelled": True, "result": []}, {"id": 2, "was_cancelled": False, "result": result}]
    task = {"id": 9, "data": {"id": "a-1", "text": ARTICLE, **data}, "annotations": annotations}
    path.write_text(json.dumps([task], ensure_ascii=False), encoding="utf-8")
    return path


def test_two_departures_of_one_person(tmp_path: Path) -> None:
    (example,) = read_label_studio(write_task(tmp_path / "a.json", RESULT), source="x")
    assert example.id == "a-1"
    assert [surface for surface, _ in surfaces(example)] == ["林知远", "星河科技", "云栖", "云栖", "总裁", "Boson"]
    person, star, cloud, cloud_again, role, boson = example.spans
    assert example.departures == (
        GoldDeparture(person, star, "former", joined=(cloud,), date=GoldSpan(3, 8, "DATE")),
        GoldDeparture(person, cloud_again, "stated", roles=(role,), joined=(boson,), date=GoldSpan(19, 26, "DATE")),
    )


def test_one_departure_needs_no_number(tmp_path: Path) -> None:
    result = [*RESULT[:8], relation("p", "r", "left_role"), relation("p", "o3", "departed_from", "reported")]
    (example,) = read_label_studio(write_task(tmp_path / "a.json", result), source="x")
    person, _, _, cloud, role, _ = example.spans
    assert example.departures == (GoldDeparture(person, cloud, "reported", roles=(role,)),)


def test_an_article_without_departures_says_so(tmp_path: Path) -> None:
    path = write_task(tmp_path / "a.json", RESULT[:8])
    (example,) = read_label_studio(path, source="x")
    assert example.departures is None, "the project may not have been about departures at all"
    (tmp_path / "labels.xml").write_text(Interface().to_xml(), encoding="utf-8")
    (example,) = read_label_studio(path, source="x")
    assert example.departures == ()
    assert example.complete == frozenset(LABELS)


def test_cancelled_annotations_do_not_count(tmp_path: Path) -> None:
    task = {"id": 9, "data": {"text": "林"}, "annotations": [{"was_cancelled": True, "result": []}]}
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    assert list(read_label_studio(tmp_path / "a.json", source="x")) == []


def test_seeds_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_task(tmp_path / f"{name}.json", RESULT, id=name)
    assert [example.id for example in read_seeds(tmp_path)] == ["a", "b"]


def test_a_folder_without_annotations(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no Label Studio \.json files"):
        read_seeds(tmp_path)


def test_a_region_that_does_not_fit_its_text(tmp_path: Path) -> None:
    moved = json.loads(json.dumps(RESULT[0]))
    moved["value"]["start"] += 1
    moved["value"]["end"] += 1
    path = write_task(tmp_path / "a.json", [moved])
    with pytest.raises(DataError, match=r"task 9, region p: the text at 1-4 is '知远2', not '林知远'") as caught:
        list(read_label_studio(path, source="x"))
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("relations", "complaint"),
    [
        ([relation("p", "o1", "departed_from")], "departure of 林知远 from 星河科技 has no status; give"),
        ([relation("p", "o2", "joined")], "林知远 has joined but no departed_from"),
        ([relation("p", "o1", "married")], "unknown relation married; use departed_from"),
        ([relation("p", "nowhere", "departed_from", "stated")], "a relation of nowhere, which is no usable region"),
        ([relation("p", "o1")], "a relation says nothing; give it one of"),
    ],
)
def test_relations_that_make_no_departure(tmp_path: Path, relations: list[dict[str, Any]], complaint: str) -> None:
    path = write_task(tmp_path / "a.json", [*RESULT[:8], *relations])
    (tmp_path / "labels.xml").write_text(Interface().to_xml(), encoding="utf-8")
    with pytest.raises(DataError, match=complaint) as caught:
        list(read_label_studio(path, source="x"))
    assert str(caught.value).startswith(str(path))


UNANNOTATED = '[{"id": 1, "data": {"text": "林"}}]'


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"id": 1}', '[{"id": 1}]', UNANNOTATED])
def test_files_that_are_no_export(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    if content == UNANNOTATED:  # a task that nobody has annotated yet
        assert list(read_label_studio(path, source="x")) == []
        return
    with pytest.raises(DataError, match="expected an export from Label Studio") as caught:
        list(read_label_studio(path, source="x"))
    assert str(caught.value).startswith(str(path))
