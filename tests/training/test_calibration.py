"""Scores of a model made honest: what is fitted, measured, written and drawn."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ie_model.document import Departure, Document, Entity, Evidence
from ie_model.errors import ModelError
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder, Settings
from ie_model.runtime.onnx import OnnxRuntime
from tests.training.authored import examples
from training import calibration
from training.calibration import RememberingRuntime, Subject, fitted_values, kept, write_settings
from training.calibration_card import SHOWN, curve_table, fitted_sentence, reliability_table
from training.calibration_plot import write_plot
from training.data.sources import read_source

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业，加入了云栖智能。"
SPANS: list[dict[str, Any]] = [
    {"label": "ORG", "start": 3, "end": 7},
    {"label": "ROLE", "start": 7, "end": 12},
    {"label": "PERSON", "start": 12, "end": 15},
    {"label": "ORG", "start": 25, "end": 29},
]
UNIT = {
    "id": "u",
    "text": TEXT,
    "spans": SPANS,
    "departures": [
        {"person": [12, 15], "organization": [3, 7], "roles": [[7, 12]], "joined": [[25, 29]], "status": "stated"}
    ],
}


@pytest.fixture(scope="module")
def subject(model_dir: Path) -> Subject:
    model = ModelFolder.open(model_dir)
    return Subject(model, RememberingRuntime(OnnxRuntime(model.path)))


@pytest.fixture
def folder(model_dir: Path, tmp_path: Path) -> Path:
    """A copy of the model that may be written to."""
    return Path(shutil.copytree(model_dir, tmp_path / "model"))


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    units = tmp_path / "data" / "news-units"
    units.mkdir(parents=True)
    for split in ("dev", "test"):
        lines = [json.dumps({**UNIT, "id": f"{split}{number}"}) for number in range(3)]
        (units / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "data"


def test_spans_are_right_as_in_strict_f1() -> None:
    (example, *_) = (one for one in examples() if one.spans)
    gold = example.spans[0]
    found = [
        Entity(gold.label, example.text[gold.start : gold.end], gold.start, gold.end, 0.9),
        Entity(gold.label, example.text[gold.start : gold.end - 1], gold.start, gold.end - 1, 0.6),
        Entity("MONEY" if gold.label != "MONEY" else "ORG", "", gold.start, gold.end, 0.3),
        Entity("game", "", gold.start, gold.end, 0.1),  # a label that the text does not mark
    ]
    scored = calibration.scored_spans([example], [found])
    assert scored.scores.tolist() == [0.9, 0.6, 0.3]
    assert scored.right.tolist() == [1, 0, 0]
    assert len(calibration.scored_spans([example], [found], label=gold.label)) == 2


def test_departures_are_right_once() -> None:
    example = next(one for one in examples() if one.departures)
    fact = example.departures[0]
    person, organization = (example.text[s.start : s.end] for s in (fact.person, fact.organization))
    found = [
        Departure("别人", organization, "stated", 0.4, Evidence(0, 1)),
        Departure(person, organization, "stated", 0.8, Evidence(0, 1)),
        Departure(person, organization, "stated", 0.7, Evidence(0, 1)),
    ]
    scored = calibration.scored_departures([example], [Document(example.text, departures=tuple(found))])
    assert list(zip(scored.scores, scored.right, strict=True)) == [(0.4, 0), (0.8, 1), (0.7, 0)]


def test_equal_batches_are_encoded_once(subject: Subject) -> None:
    calls = []

    class Counting(OnnxRuntime):
        def encode(self, ids: Any, mask: Any) -> Any:
            calls.append(ids.shape)
            return super().encode(ids, mask)

    path = subject.model.path
    extractor = Extractor(ModelFolder.open(path), RememberingRuntime(Counting(path, threads=1)))
    first = extractor(TEXT)
    count = len(calls)
    assert extractor(TEXT) == first == Extractor.load(path)(TEXT)
    assert len(calls) == count
    extractor(TEXT[:-3])
    assert len(calls) > count


def test_what_is_fitted_on_is_what_the_extractor_scores(subject: Subject) -> None:
    texts = examples()
    settings = replace(subject.uncalibrated, temperature=2.0)
    ours = calibration.spans_at(subject, texts)(2.0)
    documents = subject.documents(texts, settings)
    theirs = calibration.scored_spans(texts, [document.entities for document in documents])
    assert len(ours)
    assert ours.scores.tolist() == theirs.scores.tolist()
    assert ours.right.tolist() == theirs.right.tolist()


def test_the_fit_does_not_depend_on_what_was_fitted_before(subject: Subject) -> None:
    texts = examples()
    fitted = calibration.fit(subject, texts)
    again = Subject(replace(subject.model, settings=fitted), subject.runtime)
    assert calibration.fit(again, texts) == fitted
    assert again.uncalibrated == subject.uncalibrated == subject.model.settings


def test_the_curve_only_falls_in_what_is_found(subject: Subject) -> None:
    texts = examples()
    curve = [kept(subject, texts, subject.uncalibrated, least) for least in calibration.MIN_SCORES]
    for kind in ("spans", "departures"):
        found = [at[kind]["predicted"] for at in curve]
        assert found == sorted(found, reverse=True)
        assert found[0] > found[-1]
    right = [at["spans"]["right"] for at in curve]
    assert right == sorted(right, reverse=True)


def test_settings_round_trip(folder: Path) -> None:
    path = folder / "config.json"
    before = json.loads(path.read_text(encoding="utf-8"))
    fitted = Settings(window=62, overlap=16, temperature=1.3, link_temperature=2.1, link_bias=-0.4)
    write_settings(folder, fitted)
    assert ModelFolder.open(folder).settings == fitted
    after = json.loads(path.read_text(encoding="utf-8"))
    assert list(after) == list(before)
    assert {name: value for name, value in after.items() if name != "ie_model"} == {
        name: value for name, value in before.items() if name != "ie_model"
    }
    # Written twice is written once, and the values of before are before's file.
    write_settings(folder, replace(fitted, **fitted_values(Settings())))
    assert json.loads(path.read_text(encoding="utf-8")) == before


def test_a_whole_run(
    folder: Path,
    data_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A random model finds nonsense in every token: a few pieces are enough of it.
    monkeypatch.setattr(calibration, "read_source", lambda *names, **options: read_source(*names, **options)[:6])
    monkeypatch.setattr(calibration, "MIN_SCORES", (0.0, 0.5, 0.9))
    output = tmp_path / "out" / "calibration.json"
    passages = tmp_path / "passages.jsonl"
    arguments = ["--model", str(folder), "--data-root", str(data_root), "--output", str(output)]
    monkeypatch.setattr(calibration, "PASSAGES", passages)
    config = (folder / "config.json").read_bytes()
    assert calibration.main(arguments) == 0
    assert (folder / "config.json").read_bytes() == config, "only --write writes"
    report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert list(report["sets"]) == ["news-units dev", "authored-heldout test"]
    assert report["departures_fitted_on"] == ["news-units dev", "authored-heldout test"]
    assert report["command"] == f"python -m training.calibration --model {folder}"
    for one in report["sets"].values():
        assert [at["min_score"] for at in one["curve"]] == list(calibration.MIN_SCORES)
        assert one["spans"]["all"]["before"]["items"] == one["spans"]["all"]["after"]["items"] > 0
        assert one["curve"][0]["spans"]["predicted"] == one["spans"]["all"]["after"]["items"]
        assert one["curve"][0]["departures"]["predicted"] == one["departures"]["after"]["items"]
    ways = report["ways"]
    losses = {way: one["sets"]["news-units dev"]["log_loss"] for way, one in ways.items()}
    assert losses["spans"] <= min(losses["none"], losses["tags"]), "what is fitted is best where it was fitted"
    assert ways["spans"]["fitted"]["temperature"] == report["fitted"]["temperature"]
    after = report["sets"]["news-units dev"]["spans"]["all"]["after"]
    assert after["log_loss"] == ways["spans"]["sets"]["news-units dev"]["log_loss"]

    assert calibration.main([*arguments, "--split", "test", "--write"]) == 0
    tested: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert list(tested["sets"]) == ["news-units dev", "authored-heldout test", "news-units test"]
    assert tested["command"].endswith(" --split test")
    assert tested["fitted"] == report["fitted"], "the test split is never fitted on"
    assert fitted_values(ModelFolder.open(folder).settings) == report["fitted"]
    assert "calibration error" in capsys.readouterr().out

    spans = [{**span, "text": TEXT[span["start"] : span["end"]]} for span in SPANS]
    passages.write_text(json.dumps({**UNIT, "spans": spans, "split": "dev"}) + "\n", encoding="utf-8")
    assert calibration.main(arguments) == 0
    passed = json.loads(output.read_text(encoding="utf-8"))
    assert passed["departures_fitted_on"] == ["news-units dev", "authored-heldout test", "paragraphs dev"]
    assert passed["sets"]["paragraphs dev"]["documents"] == 1


def test_what_is_missing_is_named(model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration.main(["--model", str(model_dir), "--data-root", str(tmp_path)]) == 2
    assert "no such file; --data-root names the folder" in capsys.readouterr().err
    assert calibration.main(["--model", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
    with pytest.raises(ModelError):
        ModelFolder.open(tmp_path / "nowhere")


def report_of(curve: list[dict[str, Any]]) -> dict[str, Any]:
    """A made-up report of one set with a name that needs escaping."""
    figures = {
        "items": 1000, "right": 0.75, "mean_score": 0.8, "ece": 0.05, "ece_by_chance": [0.02, 0.03], "brier": 0.15,
        "bins": [{"items": 500, "score": 0.6, "right": 0.5}, {"items": 500, "score": 1.0, "right": 1.0}],
    }  # fmt: skip
    pair = {"before": figures, "after": {**figures, "mean_score": 0.75, "ece": 0.01}}
    return {
        "fitted_on": "a <b>",
        "departures_fitted_on": ["a <b>", "c"],
        "fitted": {"temperature": 1.25, "link_temperature": 2.0, "link_bias": -0.5},
        "sets": {"a <b>": {"spans": {"all": pair, "ORG": pair}, "departures": pair, "curve": curve}},
    }


def at(least: float, precision: float, predicted: int) -> dict[str, Any]:
    counts = {"precision": precision, "recall": 0.5, "f1": 0.6, "predicted": predicted}
    return {"min_score": least, "spans": counts, "departures": counts}


def test_the_plot(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    write_plot(report_of([at(0.0, 0.75, 9), at(0.5, 1.0, 4), at(0.9, 0.0, 0)]), path)
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    tag = "{http://www.w3.org/2000/svg}"
    assert "spans, a <b>" in [text.text for text in root.iter(f"{tag}text")]
    circles = list(root.iter(f"{tag}circle"))
    assert len(circles) == 2 * 2 * 2, "a dot a bin, before and after, spans and departures"
    frame = next(root.iter(f"{tag}rect")).attrib
    last = [float(circles[1].attrib[name]) for name in ("cx", "cy")]
    assert last == [float(frame["x"]) + float(frame["width"]), float(frame["y"])], "(1, 1) is the upper right"
    curves = [line for line in root.iter(f"{tag}polyline") if line.attrib["class"] == "precision"]
    assert [len(line.attrib["points"].split()) for line in curves] == [2, 2, 2], "legend, and no point of nothing kept"


def test_the_tables_of_the_card() -> None:
    report = report_of([at(least, 0.75, 9) for least in (*SHOWN[:-1], 0.6)] + [at(SHOWN[-1], 0.0, 0)])
    assert "divided by 1.25" in fitted_sentence(report)
    assert "a <b> and c: a departure's log-odds are divided by 2; to these -0.5" in fitted_sentence(report)
    row = "| 1,000 | 75.0 | 80.0 → 75.0 | 5.0 → 1.0 | 2.0 (< 3.0) | 0.150 → 0.150 |"
    lines = reliability_table(report).splitlines()[2:]
    assert lines == [f"| a <b> | {kind} {row}" for kind in ("all spans", "ORG", "departures")]
    curve = curve_table(report).splitlines()[2:]
    assert len(curve) == len(SHOWN), "least scores that are not shown are left out"
    assert curve[0] == "| a <b> | 0 | 75.0 | 50.0 | 60.0 | 75.0 | 50.0 | 60.0 |"
    assert curve[-1].startswith("| a <b> | 0.9 | – | 50.0 |")
