from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.labelstudio.interface import Interface
from ie_model.scheme import LABELS
from tests.training.data.raw import tagged, write, write_json
from training import data_checks, debug_data
from training.data.example import Example, GoldDeparture, GoldSpan
from training.data.sources import ANNOTATED
from training.data_checks import (
    Finding,
    Split,
    check_duplicates,
    check_examples,
    check_overlap,
    check_runs,
    check_surfaces,
    span_faults,
)

STORY = "星河科技昨日在海城宣布首席财务官梁以宁因个人原因辞去公司的全部职务并于月底正式离任"


def example(text: str, *spans: tuple[str, str], identity: str = "1", **changes: Any) -> Example:
    """Spans by label and surface, at the first place of the surface."""
    gold = [GoldSpan(text.index(s), text.index(s) + len(s), label) for label, s in spans]
    return Example(identity, "s", text, tuple(sorted(gold)), **changes)


def split(source: str, name: str, *examples: Example) -> Split:
    trains = name == "train" and source != "weibo"
    return Split(source, name, examples, trains)


def told(findings: Any) -> list[tuple[str, str, str, int]]:
    return [(f.severity, f.check, f"{f.source} {f.split}", f.count) for f in findings]


@pytest.mark.parametrize(
    ("text", "span", "fault"),
    [
        ("星河 科技", (0, 3, "ORG"), "white-space"),
        ("星河\u3000", (0, 3, "ORG"), "white-space"),
        ("\n星河", (0, 3, "ORG"), "white-space"),
        ("Microsoft", (0, 5, "ORG"), "cuts-word"),
        ("在Ｍicro", (2, 6, "ORG"), "cuts-word"),
        ("José", (0, 3, "PERSON"), "cuts-word"),
        ("Jose\u0301", (0, 4, "PERSON"), "cuts-character"),
        ("好\ud83d\ude00", (0, 2, "ORG"), "cuts-character"),
        ("👍🏽好", (1, 3, "ORG"), "cuts-character"),
        ("👩\u200d💻", (0, 1, "ORG"), "cuts-character"),
        ("星河", (0, 3, "ORG"), "outside"),
        ("星河", (-1, 2, "ORG"), "outside"),
        ("星河", (1, 1, "ORG"), "outside"),
        ("星河", (0, 2, "LOC"), "unknown-label"),
    ],
)
def test_faults_of_a_span(text: str, span: tuple[int, int, str], fault: str) -> None:
    assert list(span_faults(text, [GoldSpan(*span)])) == [(fault, GoldSpan(*span))]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("A股5G", (0, 1)),
        ("iPhone15", (0, 6)),
        ("Sam Altman说", (0, 10)),
        ("\ud83d\ude00好", (0, 2)),
        ("Jose\u0301来", (0, 5)),
        ("\ud83d好", (0, 1)),
    ],
)
def test_spans_without_fault(text: str, span: tuple[int, int]) -> None:
    assert list(span_faults(text, [GoldSpan(*span, "ORG")])) == []


def test_spans_that_overlap() -> None:
    outer, inner, after = GoldSpan(0, 4, "ORG"), GoldSpan(1, 2, "ORG"), GoldSpan(3, 5, "PERSON")
    assert list(span_faults("星河科技林", [after, outer, inner])) == [("overlap", inner), ("overlap", after)]
    assert list(span_faults("星河科技林", [outer, GoldSpan(4, 5, "PERSON")])) == []


def test_a_finding_counts_and_quotes() -> None:
    texts = [example(f"{n}在 星河 科技", ("ORG", " 星河"), identity=str(n)) for n in range(7)]
    (finding,) = check_examples([split("msra", "train", *texts)])
    assert told([finding]) == [("warning", "white-space", "msra train", 7)]
    assert len(finding.examples) == 5
    assert finding.examples[0] == "0: 0在⟦ 星河⟧ 科技 ORG"
    assert finding.remedy
    (own,) = check_examples([split("seeds", "train", texts[0])])
    assert own.severity == "error"


def test_texts_without_fault_are_not_told() -> None:
    assert list(check_examples([split("seeds", "train", example(STORY, ("PERSON", "梁以宁")))])) == []


def test_empty_texts_and_lone_surrogates() -> None:
    found = list(check_examples([split("msra", "train", example(" \n"), example("a\ud83d", ("ORG", "a")))]))
    assert told(found) == [("warning", "empty-text", "msra train", 1)]
    (finding,) = check_examples([split("msra", "train", example("\ud83d \ud83d", ("ORG", "\ud83d ")))])
    assert finding.examples == ("1: ⟦\\ud83d ⟧\\ud83d ORG",)


def test_departures_need_their_spans() -> None:
    person, organization, role = GoldSpan(16, 19, "PERSON"), GoldSpan(0, 4, "ORG"), GoldSpan(11, 16, "ROLE")
    departure = GoldDeparture(person, organization, "stated", roles=(role,), date=GoldSpan(4, 6, "DATE"))
    whole = Example("1", "s", STORY, (organization, role, person), departures=(departure,))
    assert list(check_examples([split("seeds", "train", whole)])) == []
    lacking = Example("1", "s", STORY, (organization, person), departures=(departure,))
    (finding,) = check_examples([split("msra", "train", lacking)])
    assert told([finding]) == [("error", "departure-without-span", "msra train", 1)]


def test_texts_on_both_sides() -> None:
    longer = example(f"前文不短，{STORY[:20]}，后文也不短。")
    train = split("msra", "train", example(STORY), example(STORY + "！"), example("梁以寧 離任。"), longer)
    ours = split("news-units", "test", example("梁以宁离任。"), example("另一件事。"))
    theirs = split("peoples-daily", "dev", example(STORY + "了"), example(STORY[:20]), example(STORY))
    found = list(check_overlap([train, ours, theirs]))
    assert told(found) == [
        ("info", "near-duplicate", "msra train", 2),
        ("error", "exact-overlap", "news-units test", 1),
        ("info", "near-duplicate", "peoples-daily dev", 2),
        ("warning", "exact-overlap", "peoples-daily dev", 1),
        ("warning", "near-overlap", "peoples-daily dev", 2),
    ]
    assert found[1].what == "of 2 texts stand in msra train"
    assert found[1].examples == ("1: 梁以宁离任。",)


def test_only_a_split_that_may_train_leaks() -> None:
    held = [split("weibo", "train", example(STORY)), split("weibo", "dev", example(STORY))]
    assert list(check_overlap(held)) == []
    assert told(check_overlap([*held, split("seeds", "train", example(STORY))])) == [
        ("warning", "exact-overlap", "weibo train", 1),
        ("warning", "exact-overlap", "weibo dev", 1),
    ]


def test_the_seeds_are_evaluated_too() -> None:
    seeds, train = split("seeds", "train", example(STORY)), split("msra", "train", example(STORY))
    assert told(check_overlap([seeds, train])) == [("error", "exact-overlap", "seeds train", 1)]


def test_long_runs() -> None:
    seeds = split("seeds", "train", example("甲" + STORY, identity="a"), example("乙" + STORY, identity="b"))
    units = split("news-units", "train", example("丙" + STORY[:30], identity="c"))
    public = split("cluener", "dev", example(STORY))
    found = list(check_runs([seeds, units, public]))
    assert told(found) == [
        ("warning", "shared-run", "seeds train", 1),  # one article and another, once
        ("warning", "shared-run", "seeds train", 2),
    ]
    assert found[1].examples[0].startswith("a, c: 30 characters, 星河科技")
    assert list(check_runs([units, public])) == []


def test_duplicates_and_contradictions() -> None:
    marked = example("梁以宁离任。", ("PERSON", "梁以宁"), identity="a")
    spaced = example("梁 以宁 離任。", ("PERSON", "梁 以宁"), identity="b")
    other = example("梁以宁 离任。", ("PERSON", "梁以"), identity="c")
    assert told(check_duplicates([split("msra", "train", marked, spaced)])) == [("info", "duplicate", "msra train", 1)]
    found = list(check_duplicates([split("seeds", "train", marked), split("cluener", "dev", other)]))
    assert told(found) == [("warning", "contradiction", "cluener dev", 1)]
    assert found[0].what == "texts with other marks than in seeds train"
    assert found[0].examples == ("c and a: 梁以 PERSON; 梁以宁 PERSON",)
    own = check_duplicates([split("news-units", "train", marked, other)])
    assert [(f.severity, f.check, f.count) for f in own] == [("error", "duplicate", 1), ("error", "contradiction", 1)]


def test_unknown_is_no_contradiction() -> None:
    whole = example("获得3亿元，梁以宁说", ("MONEY", "3亿元"), ("PERSON", "梁以宁"))
    partial = example("获得3亿元，梁以宁说", ("PERSON", "梁以宁"), complete=frozenset({"PERSON"}))
    assert list(check_duplicates([split("seeds", "train", whole), split("msra", "dev", partial)])) == []


def test_surfaces_with_two_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_checks, "OFTEN", 2)
    texts = [example("盖蒂来", ("PERSON", "盖蒂"))] * 3 + [example("盖蒂社", ("ORG", "盖蒂"))] * 2
    (finding,) = check_surfaces([split("msra", "train", *texts)])
    assert (finding.severity, finding.examples) == ("info", ("盖蒂: PERSON 3, ORG 2",))
    assert list(check_surfaces([split("msra", "train", *texts[:4])])) == []


def run(root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    status = debug_data.main(["--data-root", str(root), "--output", str(root / "out" / "f.json"), *arguments])
    return status, json.loads((root / "out" / "f.json").read_text(encoding="utf-8"))


def test_every_source_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *tagged("林远来", "B-PER I-PER O"))
    event = {"id": "x", "text": "林远 来", "event_list": []}
    write_json(tmp_path / "DuEE1.0" / "duee_dev.json", event)
    write_json(tmp_path / "DuEE-Fin" / "duee_fin_dev.json", {**event, "title": "标题"})
    status, report = run(tmp_path)
    assert status == 0
    assert {"news-units train", "cluener dev", "peoples-daily test", "duee train"} <= set(report["not_found"])
    rows = {(row["source"], row["split"]): row for row in report["splits"]}
    assert set(rows) >= {("seeds", "train"), ("msra", "train"), ("duee", "dev"), ("duee-fin", "dev")}
    assert rows["msra", "train"] == {
        **{"source": "msra", "split": "train", "use": "train", "texts": 1, "characters": 3},
        **{"labels": {"PERSON": 1, "ORG": 0, "ROLE": None, "MONEY": None}, "departures": None},
    }
    assert rows["seeds", "train"]["use"] == "both"
    assert all(rows["seeds", "train"]["labels"][label] for label in LABELS)
    assert rows["duee-fin", "dev"]["characters"] == len("标题\n林远 来")
    others = [f for f in report["findings"] if f["source"] not in ANNOTATED]
    assert [(f["check"], f["source"], f["count"]) for f in others] == [("exact-overlap", "duee", 1)]
    assert not [f for f in report["findings"] if f["severity"] == "error"]  # what the project holds is clean
    printed = capsys.readouterr().out
    assert "not found: " in printed
    assert "news-units train" in printed
    assert "warning  exact-overlap  duee dev: 1 of 1 texts stand in msra train" in printed


def test_an_error_sets_the_exit_status(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_test_bio", *tagged("林远来", "B-PER I-PER O"))
    write(tmp_path / "MSRA" / "msra_train_bio", "林远 B-PER")
    status, report = run(tmp_path, "--source", "msra")
    assert status == 1
    (finding,) = report["findings"]
    assert (finding["severity"], finding["check"], finding["split"]) == ("error", "unreadable", "train")
    assert "msra_train_bio, line 1" in finding["examples"][0]
    assert [row["split"] for row in report["splits"]] == ["test"]


def test_unknown_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert debug_data.main(["--source", "nonsense"]) == 2
    assert "known: seeds, authored, authored-heldout, authored-contrasts, news-units" in capsys.readouterr().err
    assert debug_data.main(["--source", f"hub:{tmp_path / 'none'}"]) == 2


def test_sources_of_ones_own(tmp_path: Path) -> None:
    text = "林远离任，赴海城。"
    spans = [("PERSON", "林远"), ("地名", "海城")]
    result = [
        Interface().region(id=s, label=label, start=text.index(s), end=text.index(s) + 2, text=s) for label, s in spans
    ]
    task = {"id": 1, "data": {"text": text}, "annotations": [{"id": 1, "result": result}]}
    write_json(tmp_path / "own" / "tasks.json", task)
    write_json(tmp_path / "sure.jsonl", {"id": "a", "text": text, "spans": [], "unsure": []})
    write(tmp_path / "MSRA" / "msra_test_bio", *tagged(text, "B-PER I-PER O O O O B-LOC I-LOC O"))
    own, sure = f"label-studio:{tmp_path / 'own'}", f"self-training:{tmp_path / 'sure.jsonl'}"
    status, report = run(tmp_path, "--source", own, sure, "msra")
    assert status == 0, "labels of one's own are no fault"
    assert [(row["source"], row["use"]) for row in report["splits"][:2]] == [(own, "train"), (sure, "train")]
    leaks = [f for f in report["findings"] if f["check"] == "exact-overlap"]
    assert [(f["source"], f["split"]) for f in leaks] == [("msra", "test")] * 2


def test_a_named_source_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("seeds", "news-units", "duee", "label-studio:none", "self-training:none.jsonl"):
        assert debug_data.main(["--source", name, "--data-root", str(tmp_path / "none")]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert line.startswith(f"{name} is not there: ")
        assert str(tmp_path) in line


def test_an_output_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert debug_data.main(["--source", "seeds", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: cannot be written (Is a directory); choose another path\n"


def test_findings_are_immutable() -> None:
    finding = Finding("info", "c", "s", "train", 1, "w", (), "r")
    with pytest.raises(AttributeError):
        finding.count = 2  # type: ignore[misc]
