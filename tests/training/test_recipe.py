from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from training.ablations import Ablations
from training.data.sources import ANNOTATED, SOURCES
from training.pretrain_choices import Choices
from training.pretrain_recipe import VALUES as PRETRAIN_VALUES
from training.pretrain_recipe import Recipe as PretrainRecipe
from training.recipe import RECIPE_VALUES, STAGE_VALUES, Recipe, RecipeError, Stage

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
        ({"stages": []}, "stages is a list of at least one stage, not \\[\\]"),
        ({"stages": [None]}, "stage 1 has keys and values, 'sources' among them, not None"),
        ({1: 2, "foo": 3}, r"unknown keys \[1, 'foo'\]; known: "),
    ],
)
def test_faults_are_named(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **change}), encoding="utf-8")
    with pytest.raises(RecipeError, match=complaint) as caught:
        Recipe.read(path)
    assert str(caught.value).startswith(str(path))


def test_what_each_value_may_be_is_said_once() -> None:
    assert list(PRETRAIN_VALUES) == list(PretrainRecipe.__dataclass_fields__)
    assert list(STAGE_VALUES) == list(Stage.__dataclass_fields__)
    assert list(RECIPE_VALUES) == list(Recipe.__dataclass_fields__)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        *((key, value, "text") for key in ("encoder", "output", "data_root") for value in (5, None)),
        ("tokenizer", 5, "text, or nothing"),
        *(("random_encoder", value, "whole numbers, 1 or more, by") for value in (None, {"foo": 1}, {"heads": 0})),
        *(("tokens", value, "a whole number, 1 or more") for value in (-5, 0, 2.5, True)),
        ("tokens", "2048", "a whole number, 1 or more, not '2048'; that is text to YAML: write 2048"),
        ("dropout", "1e-1", "a probability below 1, not '1e-1'; that is text to YAML: write 0.1"),
        *((key, value, "a probability below 1") for key in ("dropout", "word_dropout") for value in (2, "a", None)),
        *((key, value, "a number, 0 or more") for key in ("link_weight", "weight_decay") for value in ("a", -1)),
        *(("seed", value, "a whole number from 0 to 4000000000") for value in ("a", -1, None, 2**32)),
        *((key, "no", "true or false") for key in ("freeze_words", "benchmark")),
        ("bf16", "no", "true, false, or nothing"),
        *(("limits", value, "names of sources with whole numbers of examples") for value in ([1], 5, {1: 1})),
    ],
)
def test_values_that_a_recipe_may_not_have(key: str, value: Any, complaint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict({**GOOD, key: value}, name="r.yaml")
    assert str(caught.value).startswith(f"r.yaml: {key} is {complaint}")
    assert f", not {value!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        *(("sources", value, "names of sources, each with a number") for value in (None, "cluener", {}, [], {1: 1})),
        *(("sources", {"seeds": value}, "names of sources, each with a number") for value in (None, -1, float("nan"))),
        *(("epochs", value, "a number above 0") for value in ("two", None, -1, 0, float("inf"))),
        *(
            (key, value, "a number, 0 or more")
            for key in ("learning_rate", "head_factor")
            for value in (None, "a", -1.0)
        ),
        ("learning_rate", "3e-5", "a number, 0 or more, not '3e-5'; that is text to YAML: write 3.0e-05"),
        *(("warmup", value, "a probability below 1") for value in (-1, 1)),
        *(("substitute", value, "a share from 0 to 1") for value in (2, -0.5)),
    ],
)
def test_values_that_a_stage_may_not_have(key: str, value: Any, complaint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict({**GOOD, "stages": [GOOD["stages"][0], {"sources": {"seeds": 1}, key: value}]})
    assert str(caught.value).startswith(f"recipe: stage 2: {key} is {complaint}")
    assert f", not {value!r}" in str(caught.value)


def test_only_the_faulty_entries_are_shown() -> None:
    with pytest.raises(RecipeError, match=r", not \{'resume': '1'\}; that is text to YAML: write \{resume: 1\}$"):
        Recipe.from_dict({**GOOD, "stages": [{"sources": {"seeds": 2, "resume": "1"}}]})


@pytest.mark.parametrize("change", [{"limits": {"seeds": 0}}, {"stages": [{"sources": {"seeds": 0}}]}])
def test_a_stage_that_would_train_on_nothing(change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=r"recipe: stage 1: sources .* leave nothing to train on; one of them needs"):
        Recipe.from_dict({**GOOD, **change})


@pytest.mark.parametrize("key", ["encoder", "output", "stages"])
def test_keys_that_must_be_there(key: str) -> None:
    with pytest.raises(RecipeError, match=f"recipe: the key '{key}' is missing"):
        Recipe.from_dict({name: value for name, value in GOOD.items() if name != key})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a: [", "not YAML"),
        (b"", "expected keys"),
        (b"- 1", "expected keys"),
        (b"seed: 2024-13-45", "not YAML"),
        ("output: 长夜".encode("gb18030"), "recipe.yaml: not UTF-8"),
    ],
)
def test_files_that_are_no_recipe(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=complaint):
        Recipe.read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.yaml: no such recipe; see training/recipes/"):
        Recipe.read(tmp_path / "nowhere.yaml")
    with pytest.raises(RecipeError, match=r"cannot be read \(Is a directory\)"):
        Recipe.read(tmp_path)


def test_the_recipes_of_the_project_can_be_read() -> None:
    paths = sorted(RECIPES.rglob("*.yaml"))
    assert {"base.yaml", "pretrain.yaml"} <= {path.name for path in paths}
    for path in paths:
        if path.name == "pretrain-choices.yaml":
            assert Choices.read(path).variants
            continue
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
        names -= {"paragraphs:runs/paragraphs.jsonl", "paragraphs:runs/unsure.jsonl"}  # joined from marks and corpora
        if path.name == "self-training.yaml":  # what a teacher has labelled
            names.remove("self-training:runs/self-training.jsonl")
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
