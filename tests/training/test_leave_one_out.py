from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ie_model.extractor import Extractor
from training import leave_one_out as module
from training.data.example import Example, GoldSpan
from training.leave_one_out import leave_one_out, provenance
from training.recipe import Recipe, RecipeError, Stage
from training.report import weights_fingerprint

TEXT = "林知远离开星河科技。"
EXAMPLE = Example("1", "test", TEXT, (GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")), departures=())


def test_every_fold_starts_from_the_shared_stages_and_leaves_its_article_out(
    monkeypatch: pytest.MonkeyPatch, extractor: Extractor, tmp_path: Path
) -> None:
    calls = []

    def fake_finetune(recipe: Recipe, **options: object) -> Path:
        calls.append((recipe.output, options.get("leave_out"), options["stages"], options.get("start")))
        return Path(recipe.output) / "model"

    examples = [replace(EXAMPLE, id=name) for name in ("a", "b")]
    monkeypatch.setattr(module, "finetune", fake_finetune)
    monkeypatch.setattr(module, "read_source", lambda *_, **__: examples)
    monkeypatch.setattr(module.Extractor, "load", lambda *_, **__: extractor)
    stages = (Stage(sources={"cluener": 1}), Stage(sources={"seeds": 1}))
    recipe = Recipe(encoder="random", output=str(tmp_path), stages=stages)
    folds = leave_one_out(recipe)
    assert [document.id for document in folds.documents] == [example.id for example in folds.examples] == ["a", "b"]
    shared = tmp_path / "model"
    assert calls == [
        (str(tmp_path), None, range(1), None),
        (str(tmp_path / "leave-one-out" / "a"), "a", range(1, 2), shared),
        (str(tmp_path / "leave-one-out" / "b"), "b", range(1, 2), shared),
    ]
    report = folds.report()
    assert set(report["articles"]) == {"a", "b"}
    assert report["spans"]["PERSON"]["gold"] == 2
    assert report["departures_gold_spans"]["pair"]["gold"] == 0
    assert 0.0 <= report["seqeval_f1"] <= 1.0


def test_a_model_that_may_have_seen_the_articles_is_no_encoder_for_it(model_dir: Path, tmp_path: Path) -> None:
    recipe = Recipe(encoder=str(model_dir), output=str(tmp_path), stages=(Stage(sources={"seeds": 1}),))
    with pytest.raises(RecipeError, match="only pretrained"):
        leave_one_out(recipe)


def test_provenance_names_the_recipe_and_the_encoder(model_dir: Path) -> None:
    recipe = Recipe(encoder=str(model_dir), output="out", stages=(Stage(sources={"seeds": 1}),), data_root="/private")
    found = provenance(recipe)
    assert found["encoder"] == weights_fingerprint(model_dir)
    assert found["recipe"]["stages"][0]["sources"] == {"seeds": 1}
    assert "data_root" not in found["recipe"]  # a path of one machine says nothing to others
    assert provenance(replace(recipe, encoder="random"))["encoder"] == "random"
