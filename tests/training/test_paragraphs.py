"""Marks without texts, and the corpora that have the texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training import evaluated
from training.agreement import agreement, read_pass
from training.data.example import DataError, GoldSpan, NotAtHandError
from training.data.paragraphs import MARKS, paragraph_id, read_marks, split_of, with_text
from training.data.sources import read_source
from training.paragraphs import main

#: As a corpus has it, and in the model's view.
STORED = "林知遠上月離開星河科技，不再擔任ＣＥＯ。"
VIEWED = "林知远上月离开星河科技,不再担任CEO。"
OTHER = "云栖智能融资2亿元,投资方没有透露,公司也没有回应。"


def marks(text: str, spans: list[list[Any]], departures: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "id": paragraph_id(text),
        "corpus": "news",
        "characters": len(text),
        "spans": spans,
        "departures": departures or [],
    }


LEFT = {
    "person": [0, 3],
    "organization": [7, 11],
    "roles": [[16, 19]],
    "joined": [],
    "status": "stated",
    "date": [3, 5],
}
ROWS = [
    marks(VIEWED, [["PERSON", 0, 3], ["ORG", 7, 11], ["ROLE", 16, 19]], [LEFT]),
    marks(OTHER, [["ORG", 0, 4], ["MONEY", 6, 9]]),
    marks("不在语料库里的一段。", []),
]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "news.txt").write_text(f"别的一段。\n{STORED}\n\n{OTHER}\n", encoding="utf-8")
    write_lines(tmp_path / "marks.jsonl", ROWS)
    monkeypatch.setattr(evaluated, "evaluated_texts", lambda *_: [])
    return tmp_path


def run(folder: Path) -> int:
    paths = {"--corpora": "corpora", "--marks": "marks.jsonl", "--output": "out/paragraphs.jsonl"}
    return main([part for key, name in paths.items() for part in (key, str(folder / name))])


def test_marks_find_their_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 marked paragraphs, 1 not in these corpora, 0 left out for what is scored, 2 → ")
    first, second = read_source(f"paragraphs:{folder / 'out' / 'paragraphs.jsonl'}", data_root=Path())
    assert [first.text, second.text] == [VIEWED, OTHER]
    assert first.complete >= {"PERSON", "ORG", "ROLE", "MONEY"}
    assert first.departures is not None
    (left,) = first.departures
    quotes = [VIEWED[s.start : s.end] for s in (left.person, left.organization, *left.roles, left.date) if s]
    assert quotes == ["林知远", "星河科技", "CEO", "上月"]
    assert first.dates
    assert second.spans == (GoldSpan(0, 4, "ORG"), GoldSpan(6, 9, "MONEY"))
    assert second.departures == ()


def test_a_passage_of_several_paragraphs(folder: Path) -> None:
    passage = f"别的一段。\n{VIEWED}"
    apart = {"person": [6, 9], "organization": [13, 17], "roles": [], "joined": [], "status": "stated", "date": None}
    row = marks(passage, [["PERSON", 6, 9], ["ORG", 13, 17]], [apart])
    # Not one passage: an empty line lies between.
    across = marks(f"{VIEWED}\n{OTHER}", [])
    write_lines(folder / "marks.jsonl", [ROWS[1], {**row, "paragraphs": 2}, {**across, "paragraphs": 2}])
    assert run(folder) == 0
    found = read_source(f"paragraphs:{folder / 'out' / 'paragraphs.jsonl'}", data_root=Path())
    assert [example.text for example in found] == [OTHER, passage]
    (left,) = found[1].departures or ()
    assert passage[left.person.start : left.person.end] == "林知远"


def test_what_is_scored_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = OTHER + "这样一来,这一段就与评测用的文章有三十多个字相同。"
    (folder / "corpora" / "news.txt").write_text(f"{STORED}\n{long}\n", encoding="utf-8")
    write_lines(folder / "marks.jsonl", [ROWS[0], marks(long, [["ORG", 0, 4]])])
    monkeypatch.setattr(evaluated, "evaluated_texts", lambda *_: ["开头不同。" + long])
    assert run(folder) == 0
    assert "1 left out for what is scored, 1 → " in capsys.readouterr().out
    (kept,) = read_source(f"paragraphs:{folder / 'out' / 'paragraphs.jsonl'}", data_root=Path())
    assert kept.text == VIEWED


def test_what_is_held_out_trains_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = OTHER + "这样一来,这一段就与评测用的文章有三十多个字相同。"
    (folder / "corpora" / "news.txt").write_text(f"{STORED}\n{OTHER}\n{long}\n", encoding="utf-8")
    write_lines(folder / "marks.jsonl", [ROWS[0], marks(OTHER, []), {**marks(long, [["ORG", 0, 4]]), "split": "dev"}])
    name = f"paragraphs:{folder / 'out' / 'paragraphs.jsonl'}"
    assert run(folder) == 0
    assert (
        "3 marked paragraphs, 0 not in these corpora, 0 left out for what is scored, 3 → " in capsys.readouterr().out
    )
    assert [example.text for example in read_source(name, data_root=Path())] == [VIEWED, OTHER]
    (held_out,) = read_source(name, data_root=Path(), split="dev", purpose="evaluate")
    assert (held_out.text, held_out.spans) == (long, (GoldSpan(0, 4, "ORG"),))
    with pytest.raises(DataError, match="dev is held out for evaluation"):
        read_source(name, data_root=Path(), split="dev")
    with pytest.raises(DataError, match="has no split 'test'; it has train, dev"):
        read_source(name, data_root=Path(), split="test", purpose="evaluate")


def test_for_training_is_nothing_that_shares_text_with_what_is_held_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = "投资方没有透露名字,公司也没有回应,记者打去的三个电话都没有人接,官网上只有一行字。"
    texts = [f"云栖智能融资2亿元,{shared}", f"星河科技也是如此:{shared}"]
    (folder / "corpora" / "news.txt").write_text("\n".join([STORED, *texts]), encoding="utf-8")
    write_lines(
        folder / "marks.jsonl",
        [ROWS[0], marks(texts[0], [["ORG", 0, 4]]), {**marks(texts[1], [["ORG", 0, 4]]), "split": "dev"}],
    )
    assert run(folder) == 0
    assert "1 left out for what is scored, 2 → " in capsys.readouterr().out
    name = f"paragraphs:{folder / 'out' / 'paragraphs.jsonl'}"
    assert [example.text for example in read_source(name, data_root=Path())] == [VIEWED]


def test_other_corpora(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "corpora" / "news.txt").write_text("别的一段。\n", encoding="utf-8")
    assert run(folder) == 2
    assert "none of the 3 marked paragraphs stands in these corpora" in capsys.readouterr().err
    assert list((folder / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"spans": [["PERSON", 0, 3], ["ORG", 2, 5]], "departures": []}, "overlaps another"),
        ({"spans": [["PERSON", 0, 40]], "departures": []}, "outside the text"),
        ({"departures": [{**LEFT, "status": "maybe"}]}, "status 'maybe' is none of"),
        ({"departures": [{**LEFT, "person": [0, 2]}]}, r"no \(0, 2\)"),
        ({"spans": None}, "expected the marks of a paragraph"),
        ({"paragraphs": 0}, "0 paragraphs"),
        ({"split": "test"}, "split 'test' is none of train, dev"),
    ],
)
def test_damaged_marks(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    path = write_lines(tmp_path / "marks.jsonl", [ROWS[1], {**ROWS[0], **change}])
    with pytest.raises(DataError, match=fault) as told:
        read_marks(path)
    assert str(told.value).startswith(f"{path}, line 2: ")


def test_marks_that_stand_twice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: .* stands above, too"):
        read_marks(write_lines(tmp_path / "marks.jsonl", [ROWS[0], ROWS[0]]))


def test_marks_of_another_text() -> None:
    with pytest.raises(ValueError, match="another text than that which was marked"):
        with_text(ROWS[0], VIEWED.replace("林", "杨"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotAtHandError, match=r"training\.paragraphs writes it"):
        read_source(f"paragraphs:{tmp_path / 'none.jsonl'}", data_root=Path())


def test_the_marks_of_the_project() -> None:
    rows, unsure = read_marks(MARKS), read_marks(MARKS.parent / "unsure" / MARKS.name)
    assert len(rows) > 1000
    assert not rows.keys() & unsure.keys()
    known = {"id", "corpus", "characters", "spans", "departures", "paragraphs", "split"}
    assert all(row.keys() <= known for row in (rows | unsure).values()), "the texts stay with their publishers"
    for page in (MARKS.parent / "README.md", MARKS.parents[1] / "README.md"):
        assert f"{len(rows):,}" in page.read_text(encoding="utf-8")
        assert f"{len(unsure):,}" in page.read_text(encoding="utf-8")
    assert all(split_of(row) == "train" for row in unsure.values())
    held_out = [row for row in rows.values() if split_of(row) == "dev"]
    assert f"{len(held_out)} passages are held out" in (MARKS.parent / "README.md").read_text(encoding="utf-8")


def test_two_passes_without_texts(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    write_lines(tmp_path / MARKS.name, ROWS)
    write_lines(tmp_path / "second" / MARKS.name, [{**ROWS[0], "departures": []}, marks(OTHER, [["ORG", 0, 4]])])
    report = agreement(read_pass(tmp_path), read_pass(tmp_path / "second"))
    assert report["articles"] == 2
    assert [report["spans"][label]["f1"] for label in ("PERSON", "ORG", "MONEY")] == [1.0, 1.0, 0.0]
    assert report["relations"]["departed_from"] == {**report["relations"]["departed_from"], "gold": 1, "right": 0}
