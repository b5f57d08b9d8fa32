"""Variants of a tiny encoder, pretrained on random tokens and fine-tuned on a few sentences of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.authored import write_news_units
from tests.training.packed_tokens import write_packed
from training import pretrain_choices as module
from training.encoder_comparison import RECIPES, SPLITS
from training.pretrain_choices import Choices, main, pretrained_once
from training.recipe import RecipeError

BASE: dict[str, Any] = {
    "mix": {"one": 1.0, "two": 0.5},
    "layers": 1,
    "hidden": 32,
    "intermediate": 32,
    "heads": 2,
    "length": 32,
    "sequences": 4,
    "total_tokens": 6 * 4 * 32,
    "warmup_tokens": 256,
    "compile": False,
    "attention": "sdpa",
}
TUNING = {
    "benchmark": True,
    "encoder": "unused",
    "output": "unused",
    "tokens": 256,
    "bf16": False,
    "stages": [{"sources": {"news-units": 1}, "epochs": 4}],
}
VARIANTS = {"as published": {}, "40 % hidden": {"mask_rate": 0.4}, "wider": {"hidden": 64}}


def write(folder: Path, **changes: Any) -> Path:
    values = {"recipe": BASE, "sets": {"news-units": 0.5}, "variants": VARIANTS, **changes}
    path = folder / "choices.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def arguments(tmp_path: Path, tokenizer_dir: Path) -> list[str]:
    write_news_units(tmp_path / "data", dev=True)
    (tmp_path / "news-units.yaml").write_text(yaml.safe_dump(TUNING), encoding="utf-8")
    choices = write(tmp_path, recipe={**BASE, "data": str(write_packed(tokenizer_dir, tmp_path / "packed"))})
    values = {"choices": choices, "data-root": tmp_path / "data", "folder": tmp_path / "runs", "recipes": tmp_path}
    return [part for key, value in values.items() for part in (f"--{key}", str(value))]


def test_every_variant_is_made_once(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[str] = []
    real = module.train
    monkeypatch.setattr(module, "train", lambda recipe: trained.append(Path(recipe.output).name) or real(recipe))
    output = tmp_path / "pretraining.json"
    assert main([*arguments, "--output", str(output), "--only", "wider"]) == 0
    assert main([*arguments, "--output", str(output)]) == 0
    assert trained == ["wider", "as-published", "40---hidden"]
    report = json.loads(output.read_text(encoding="utf-8"))
    assert report["sets"]["news-units"]["share"] == 0.5
    assert {name: row["changes"] for name, row in report["variants"].items()} == VARIANTS
    for row in report["variants"].values():
        assert row["pretraining"]["tokens"] == BASE["total_tokens"]
        assert row["pretraining"]["heldout_loss"] > 0
        assert 0 <= row["sets"]["news-units"]["f1"] <= 1
    assert len({row["sets"]["news-units"]["model"] for row in report["variants"].values()}) == len(VARIANTS)
    assert main([*arguments, "--only", "nothing"]) == 2


def test_an_encoder_of_other_values_is_not_taken_for_this_one(arguments: list[str], tmp_path: Path) -> None:
    choices = Choices.read(tmp_path / "choices.yaml")
    recipe = choices.variant("as published", folder=tmp_path / "runs")
    assert pretrained_once(recipe) == pretrained_once(recipe)
    write(tmp_path, recipe={**BASE, "data": str(tmp_path / "packed"), "seed": 2})
    other = Choices.read(tmp_path / "choices.yaml").variant("as published", folder=tmp_path / "runs")
    with pytest.raises(RecipeError, match="holds an encoder of other values"):
        pretrained_once(other)


def test_the_choices_that_come_with_the_project_can_be_read() -> None:
    choices = Choices.read(Path("training/recipes/pretrain-choices.yaml"))
    assert choices.variants["to be compared with"] == {}
    assert all((RECIPES / f"{name}.yaml").is_file() and name in SPLITS for name in choices.sets)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"variants": {"a": {"masks": 1}}}, r"choices\.yaml, a: .*masks"),
        ({"variants": {"a": {"replaced": 2}}}, "a: replaced is a share from 0 to 1, not 2"),
        ({"variants": {"a b": {}, "a/b": {}}}, "would share a folder"),
        ({"sets": {"ontonotes": 1}}, "sets is names of cluener, resume, msra, news-units, each with a share"),
        ({"sets": {"cluener": "half"}}, "each with a share of its epochs above 0"),
        ({"sets": {"cluener": 0}}, "each with a share of its epochs above 0"),
        ({"variants": {"a": None}}, "variants is names, each with values of the recipe"),
        ({"variants": None}, "needs the keys recipe, sets and variants"),
    ],
)
def test_faults_are_named(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        Choices.read(write(tmp_path, **changes))
