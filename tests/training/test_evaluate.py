from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ie_model.document import Document, Entity
from ie_model.extractor import Extractor
from training import evaluate
from training.data.example import Example, GoldSpan
from training.recipe import Recipe, RecipeError, Stage

TEXT = "林知远离开星河科技。"
EXAMPLE = Example("1", "test", TEXT, (GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")), departures=())


def test_score_counts_every_label_and_the_departures() -> None:
    document = Document(text=TEXT, entities=(Entity("PERSON", "林知远", 0, 3, 1.0),))
    report = evaluate.score([EXAMPLE], [document])
    assert report["spans"]["PERSON"]["f1"] == 1.0
    assert report["spans"]["ORG"]["recall"] == 0.0
    assert report["spans"]["micro"]["f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["departures"]["pair"]["gold"] == 0


def test_a_set_without_departures_has_no_figures_of_them() -> None:
    report = evaluate.score([replace(EXAMPLE, departures=None)], [Document(text=TEXT)])
    assert report["departures"] == {}


def test_labels_that_a_set_does_not_mark_are_not_scored() -> None:
    entities = (Entity("PERSON", "林知远", 0, 3, 1.0), Entity("MONEY", "星河", 5, 7, 1.0))
    example = replace(EXAMPLE, complete=frozenset({"PERSON", "ORG"}), departures=None)
    report = evaluate.score([example], [Document(text=TEXT, entities=entities)])
    assert set(report["spans"]) == {"PERSON", "ORG", "micro"}
    assert report["spans"]["micro"]["predicted"] == 1


def test_every_fold_starts_from_the_shared_stages_and_leaves_its_article_out(
    monkeypatch: pytest.MonkeyPatch, extractor: Extractor, tmp_path: Path
) -> None:
    calls = []

    def fake_finetune(recipe: Recipe, **options: object) -> Path:
        calls.append((recipe.output, options.get("leave_out"), options["stages"], options.get("start")))
        return Path(recipe.output) / "model"

    examples = [replace(EXAMPLE, id=name) for name in ("a", "b")]
    monkeypatch.setattr(evaluate, "finetune", fake_finetune)
    monkeypatch.setattr(evaluate, "read_source", lambda *_, **__: examples)
    monkeypatch.setattr(evaluate.Extractor, "load", lambda *_, **__: extractor)
    stages = (Stage(sources={"cluener": 1}), Stage(sources={"seeds": 1}))
    recipe = Recipe(encoder="random", output=str(tmp_path), stages=stages)
    found, documents = evaluate.leave_one_out(recipe)
    assert [document.id for document in documents] == [example.id for example in found] == ["a", "b"]
    shared = tmp_path / "model"
    assert calls == [
        (str(tmp_path), None, range(1), None),
        (str(tmp_path / "leave-one-out" / "a"), "a", range(1, 2), shared),
        (str(tmp_path / "leave-one-out" / "b"), "b", range(1, 2), shared),
    ]


def test_a_model_that_may_have_seen_the_articles_is_no_encoder_for_it(model_dir: Path, tmp_path: Path) -> None:
    recipe = Recipe(encoder=str(model_dir), output=str(tmp_path), stages=(Stage(sources={"seeds": 1}),))
    with pytest.raises(RecipeError, match="only pretrained"):
        evaluate.leave_one_out(recipe)


def test_the_command_line_writes_what_it_prints(
    model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "news-units"
    folder.mkdir()
    unit = {"id": "u", "text": TEXT, "spans": [{"label": "PERSON", "start": 0, "end": 3}], "departures": []}
    (folder / "dev.jsonl").write_text(json.dumps(unit) + "\n", encoding="utf-8")
    output = tmp_path / "results.json"
    arguments = ["--model", str(model_dir), "--data-root", str(tmp_path), "--output", str(output)]
    assert evaluate.main(arguments) == 0
    assert "PERSON" in capsys.readouterr().out
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["spans"]["PERSON"]["gold"] == 1
    assert result["command"].startswith("python -m training.evaluate")


def test_a_missing_set_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--data-root", str(tmp_path)]) == 2
    assert "news-units" in capsys.readouterr().err
