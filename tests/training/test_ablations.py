"""Variants of a recipe, trained alike on a few sentences of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.authored import examples, write_news_units
from training import ablations as module
from training.ablations import Ablations, main
from training.recipe import RecipeError

VARIANTS: dict[str, Any] = {"as published": {}, "without news-units": {"limits": {"news-units": 0}}}


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_news_units(tmp_path / "data", dev=True)
    monkeypatch.setattr("training.data.sources.read_authored", lambda _: examples())
    monkeypatch.setattr("training.data.sources.read_held_out", lambda *_: examples())
    return tmp_path / "data"


def write(folder: Path, tokenizer_dir: Path, **changes: Any) -> Path:
    base = {
        "encoder": "random",
        "tokenizer": str(tokenizer_dir),
        "output": "unused",
        "random_encoder": {"layers": 1, "hidden": 32, "intermediate": 32, "heads": 2},
        "tokens": 256,
        "bf16": False,
        "stages": [{"sources": {"news-units": 1, "authored": 1}, "epochs": 4}, {"sources": {"seeds": 1}}],
    }
    (folder / "base.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")
    values = {
        "recipe": str(folder / "base.yaml"),
        "share": 0.5,
        "last_stage": 1,
        "variants": VARIANTS,
        **changes,
    }
    path = folder / "ablations.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def test_variants_differ_in_what_they_say_alone(tmp_path: Path, tokenizer_dir: Path) -> None:
    ablations = Ablations.read(write(tmp_path, tokenizer_dir))
    whole, without = (ablations.variant(name, folder=tmp_path, data_root="data") for name in VARIANTS)
    assert [stage.epochs for stage in whole.stages] == [2.0]
    assert (whole.limits, without.limits) == ({}, {"news-units": 0})
    assert whole.output != without.output
    assert whole.with_values(limits=without.limits, output=without.output) == without


def test_a_variant_with_stages_of_its_own_has_the_share_too(tmp_path: Path, tokenizer_dir: Path) -> None:
    stages = [{"sources": {"news-units": 8}, "epochs": 3}]
    ablations = Ablations.read(write(tmp_path, tokenizer_dir, variants={"news alone": {"stages": stages}}))
    [stage] = ablations.variant("news alone", folder=tmp_path, data_root="data").stages
    assert (stage.sources, stage.epochs) == ({"news-units": 8}, 1.5)


def test_marked_paragraphs_of_the_recipe_are_scored_on_their_dev_split(tmp_path: Path, tokenizer_dir: Path) -> None:
    path = write(tmp_path, tokenizer_dir)
    assert Ablations.read(path).sets == {"news-units": "dev", "authored-heldout": "test"}
    text = (tmp_path / "base.yaml").read_text(encoding="utf-8")
    (tmp_path / "base.yaml").write_text(text.replace("authored:", "paragraphs:p.jsonl:"), encoding="utf-8")
    assert Ablations.read(path).sets["paragraphs:p.jsonl"] == "dev"


def test_a_table_that_goes_on_where_it_was(
    tmp_path: Path, tokenizer_dir: Path, data_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, output = write(tmp_path, tokenizer_dir), tmp_path / "results.json"
    arguments = ["--variants", str(path), "--data-root", str(data_root), "--folder", str(tmp_path / "runs")]
    arguments += ["--output", str(output)]
    scored = []
    real = module.figures
    monkeypatch.setattr(module, "figures", lambda model, sets: scored.append(model) or real(model, sets))
    assert main([*arguments, "--only", "as published"]) == 0
    assert main(arguments) == 0
    assert [model.parent.name for model in scored] == ["as-published", "without-news-units"], "each is made once"
    report = json.loads(output.read_text(encoding="utf-8"))
    assert list(report["variants"]) == list(VARIANTS)
    for row in report["variants"].values():
        for name in ("news-units", "authored-heldout"):
            assert 0 <= row[name]["spans"]["micro"] <= 1
            assert set(row[name]) == {"spans", "interval", "pairs", "pairs_gold_spans"}
    assert main([*arguments, "--only", "nothing"]) == 2


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"variants": {"a": {"limit": {}}}}, r"ablations\.yaml, a: unknown keys \['limit'\]"),
        ({"variants": {"a": {"limits": {"msra": 0}}}}, r"limits of \['msra'\], which no stage trains on"),
        ({"variants": {"a": {"output": "b"}}}, r"a variant cannot have \['output'\] of its own"),
        ({"variants": {"a": {"stages": []}}}, "stages is a list of at least one stage"),
        ({"last_stage": 3}, r"base\.yaml has 2 stages, and no 3"),
        ({"last_stage": 0}, "last_stage is the number of one of the recipe's stages"),
        ({"variants": {"a b": {}, "a/b": {}}}, "would share a folder"),
        ({"variants": None}, "variants is names, each with values that replace the recipe's"),
        ({"variants": {}}, "variants is names"),
        ({"variants": {"a": None}}, "variants is names"),
        ({"share": "half"}, "share is a share above 0, up to 1, not 'half'"),
        ({"share": 0}, "share is a share above 0"),
        ({"shares": 1}, "needs the keys recipe, share, last_stage, variants, and no others"),
        ({"recipe": "nowhere.yaml"}, r"nowhere\.yaml"),
    ],
)
def test_faults_are_named(tmp_path: Path, tokenizer_dir: Path, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        Ablations.read(write(tmp_path, tokenizer_dir, **changes))
