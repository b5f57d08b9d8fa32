from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from training.ablations import Ablations
from training.data.sources import ANNOTATED, SOURCES
from training.pretrain_recipe import Recipe as PretrainRecipe
from training.recipe import Recipe, RecipeError, Stage

RECIPES = Path(__file__).parents[2] / "training" / "recipes"
GOOD: dict[str, Any] = {
    "encoder": "random",
    "output": "runs/x",
    "stages": [{"sources": {"seeds": 2}, "epochs": 3}, {"sources": {"resume": 0.5}}],
}


def test_a_recipe_and_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(GOOD), encoding="utf-8")
    recipe = Recipe.read(path)
    assert recipe.stages == (
        Stage(sources={"seeds": 2}, epochs=3, learning_rate=3e-4),
        Stage(sources={"resume": 0.5}, epochs=4),
    )
    assert (recipe.encoder, recipe.output, recipe.tokens, recipe.seed) == ("random", "runs/x", 2048, 1)


def test_a_recipe_is_its_dictionary() -> None:
    recipe = Recipe.from_dict(GOOD)
    assert Recipe.from_dict({**recipe.to_dict(), "stages": list(recipe.to_dict()["stages"])}) == recipe
    assert recipe.with_values(seed=7).seed == 7
    assert recipe.seed == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epoch": 3}, r"unknown keys \['epoch'\]; known: \['benchmark', 'bf16', 'data_root'"),
        ({"stages": [{"epochs": 3}]}, "stage 1 needs 'sources'"),
        ({"stages": [GOOD["stages"][0], {"sources": {}, "rate": 1}]}, r"stage 2 needs 'sources' .* not \['rate'\]"),
        ({"stages": None}, "stages"),
        ({"stages": ["seeds"]}, "stage 1"),
        ({"stages": []}, "stages"),
    ],
)
def test_faults_are_named(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(RecipeError, match=complaint) as caught:
        Recipe.read(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("key", ["encoder", "output", "stages"])
def test_keys_that_must_be_there(key: str) -> None:
    with pytest.raises(RecipeError, match=f"recipe: the key '{key}' is missing"):
        Recipe.from_dict({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize(
    ("content", "complaint"), [("a: [", "not YAML"), ("", "expected keys"), ("- 1", "expected keys")]
)
def test_files_that_are_no_recipe(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecipeError, match=complaint):
        Recipe.read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.yaml: no such recipe; see training/recipes/"):
        Recipe.read(tmp_path / "nowhere.yaml")


def test_the_recipes_of_the_project_can_be_read() -> None:
    paths = sorted(RECIPES.rglob("*.yaml"))
    assert {"base.yaml", "pretrain.yaml"} <= {path.name for path in paths}
    for path in paths:
        if path.name.startswith("pretrain"):
            assert PretrainRecipe.read(path).mix
            continue
        if path.name == "ablations.yaml":
            assert Ablations.read(path).variants
            continue
        recipe = Recipe.read(path)
        names = {name for stage in recipe.stages for name in stage.sources}
        if path.name == "label-studio.yaml":  # what a user has annotated
            assert names == {"label-studio:annotated"}
            continue
        assert recipe.benchmark == (path.parent.name == "benchmarks")
        if recipe.benchmark:
            assert names == {path.stem}
        assert names <= {*ANNOTATED, *SOURCES}
        assert recipe.benchmark or not any(SOURCES[name].evaluation_only for name in names - {*ANNOTATED})


def test_a_limit_of_a_source_that_is_not_used() -> None:
    with pytest.raises(RecipeError, match=r"limits of \['msra'\], which no stage trains on; its sources: \['"):
        Recipe.from_dict({**GOOD, "limits": {"msra": 0}})
    source = next(iter(GOOD["stages"][0]["sources"]))
    with pytest.raises(RecipeError, match="whole numbers of examples, 0 or more"):
        Recipe.from_dict({**GOOD, "limits": {source: -1}})
    assert Recipe.from_dict({**GOOD, "limits": None}).limits == {}


def test_a_benchmark_has_one_source() -> None:
    stages = [{"sources": {"cluener": 1}}, {"sources": {"resume": 1}}]
    with pytest.raises(RecipeError, match="one source alone"):
        Recipe.from_dict({**GOOD, "benchmark": True, "stages": stages})


@pytest.mark.parametrize("rate", [-0.1, 1])
def test_a_word_dropout_that_is_no_probability(rate: float) -> None:
    with pytest.raises(RecipeError, match="word_dropout is a probability below 1"):
        Recipe.from_dict({**GOOD, "word_dropout": rate})
