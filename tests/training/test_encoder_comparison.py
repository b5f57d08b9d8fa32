"""The same fine-tuning from random weights and from an encoder, on a few sentences of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.authored import write_news_units
from training import encoder_comparison as module
from training.encoder_comparison import RANDOM, SPLITS, Comparison, main
from training.recipe import Recipe, RecipeError

RECIPE: dict[str, Any] = {
    "benchmark": True,
    "encoder": "unused",
    "output": "unused",
    "random_encoder": {"layers": 1, "hidden": 32, "intermediate": 32, "heads": 2},
    "tokens": 256,
    "bf16": False,
    "stages": [{"sources": {"news-units": 1}, "epochs": 4}],
}


@pytest.fixture
def arguments(tmp_path: Path, model_dir: Path) -> list[str]:
    write_news_units(tmp_path / "data", dev=True)
    (tmp_path / "news-units.yaml").write_text(yaml.safe_dump(RECIPE), encoding="utf-8")
    values = {"encoders": f"{RANDOM} {model_dir}", "sets": "news-units", "seeds": "1 2"}
    values |= {"data-root": str(tmp_path / "data"), "folder": str(tmp_path / "runs"), "recipes": str(tmp_path)}
    return [part for key, value in values.items() for part in (f"--{key}", *value.split())]


def test_every_cell_is_made_once(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored: list[Path] = []
    real = module.measure
    monkeypatch.setattr(module, "measure", lambda model, examples: scored.append(model) or real(model, examples))
    output = tmp_path / "encoders.json"
    for _ in range(2):
        assert main([*arguments, "--output", str(output)]) == 0
        assert len({model.parent.name for model in scored}) == len(scored) == 4
    report = json.loads(output.read_text(encoding="utf-8"))
    table = report["sets"]["news-units"]
    assert table["split"] == "dev"
    for encoder, rows in table["runs"].items():
        assert [row["seed"] for row in rows] == [1, 2]
        assert table["mean"][encoder] == pytest.approx(sum(row["f1"] for row in rows) / 2, abs=1e-4)
        assert all(row["f1_interval"][0] <= row["f1"] <= row["f1_interval"][1] for row in rows)
    assert report["command"].endswith(f" --sets news-units --recipes {tmp_path}"), "what is as by default is not said"
    assert {row["model"] for row in table["runs"][RANDOM]}.isdisjoint(
        row["model"] for rows in list(table["runs"].values())[1:] for row in rows
    )


def test_other_examples_are_scored_anew_without_training(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "measure", lambda model, examples: {"f1": float(sum(len(e.spans) for e in examples))})
    arguments.remove(RANDOM)
    output = tmp_path / "encoders.json"
    reports = []
    for _ in range(2):
        assert main([*arguments, "--output", str(output)]) == 0
        reports.append(json.loads(output.read_text(encoding="utf-8"))["sets"]["news-units"])
        dev = tmp_path / "data" / "news-units" / "dev.jsonl"
        rows = [json.loads(line) for line in dev.read_text(encoding="utf-8").splitlines()]
        dev.write_text(
            "".join(f"{json.dumps({**row, 'spans': [], 'departures': []})}\n" for row in rows), encoding="utf-8"
        )
    (before,), (after,) = (report["runs"].values() for report in reports)
    assert [row["model"] for row in before] == [row["model"] for row in after]
    assert reports[0]["fingerprint"] != reports[1]["fingerprint"]
    assert {row["f1"] for row in after} == {0.0} != {row["f1"] for row in before}


def table(
    *encoders: str, digest: str, seeds: tuple[int, ...], name: str = "cluener", f1: float = 0.5
) -> dict[str, Any]:
    runs = {encoder: [{"seed": seed, "f1": f1} for seed in seeds] for encoder in encoders}
    sets = {name: {"split": "dev", "fingerprint": "same", "mean": module.means(runs), "runs": runs}}
    pretrained = {encoder: digest for encoder in encoders if encoder != RANDOM}
    return {"command": f"seeds {seeds} of {name}", "encoders": pretrained, "sets": sets}


def test_earlier_figures_stay_beside_new_ones() -> None:
    earlier = table(RANDOM, "mine", digest="old", seeds=(1, 2))
    both = module.with_earlier(table("mine", digest="new", seeds=(1,), f1=0.8), earlier)
    assert both["encoders"] == {"mine": "new", "mine@old": "old"}
    assert both["sets"]["cluener"]["mean"] == {"mine": 0.8, RANDOM: 0.5, "mine@old": 0.5}
    assert both["earlier"] == ["seeds (1, 2) of cluener"]
    third = module.with_earlier(table("mine", digest="new", seeds=(2, 3), f1=0.6), {"command": "b", **both})
    rows = third["sets"]["cluener"]["runs"]
    assert [(row["seed"], row["f1"]) for row in rows["mine"]] == [(1, 0.8), (2, 0.6), (3, 0.6)]
    assert rows["mine@old"] == earlier["sets"]["cluener"]["runs"]["mine"]
    assert third["earlier"] == ["seeds (1, 2) of cluener", "b"]


def test_a_seed_run_again_replaces_its_figures() -> None:
    again = module.with_earlier(
        table("mine", digest="same", seeds=(1,), f1=0.9), table("mine", digest="same", seeds=(1, 2))
    )
    assert [row["f1"] for row in again["sets"]["cluener"]["runs"]["mine"]] == [0.9, 0.5]


def test_other_sets_stay_and_other_examples_do_not() -> None:
    new = table("mine", digest="new", seeds=(1,))
    both = module.with_earlier(new, table("mine", digest="old", seeds=(1,), name="msra"))
    assert {name: list(one["runs"]) for name, one in both["sets"].items()} == {
        "cluener": ["mine"],
        "msra": ["mine@old"],
    }
    other = table("mine", digest="old", seeds=(1,))
    other["sets"]["cluener"]["fingerprint"] = "another"
    with pytest.raises(
        RecipeError, match="cluener: the figures that are there are of other examples; leave out --add"
    ):
        module.with_earlier(new, other)


def test_what_the_output_holds_is_kept_if_asked_for(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "trained_once", lambda recipe, measure, scored: {"model": recipe.output, "f1": 0.5})
    output = tmp_path / "encoders.json"
    runs = []
    for seeds, options in ((["1"], []), (["2"], ["--add"]), (["2"], [])):
        one = [part for part in arguments if part not in {"1", "2"}]
        one[one.index("--seeds") + 1 : one.index("--seeds") + 1] = seeds
        assert main([*one, "--output", str(output), *options]) == 0
        report = json.loads(output.read_text(encoding="utf-8"))
        runs.append([row["seed"] for row in report["sets"]["news-units"]["runs"][RANDOM]])
        assert report["command"].endswith("--add") is bool(options)
    assert runs == [[1], [1, 2], [2]]


def test_what_starts_from_another_encoder_lies_elsewhere(tmp_path: Path, model_dir: Path) -> None:
    comparison = Comparison(
        encoders=(RANDOM, str(model_dir)), sets=("cluener",), seeds=(1,), folder=tmp_path, data_root="data"
    )
    random, pretrained = (comparison.recipe("cluener", encoder, 1) for encoder in comparison.encoders)
    assert random.output != pretrained.output
    assert random.tokenizer == pretrained.encoder == str(model_dir)
    assert random.stages == pretrained.stages == Recipe.read(Path("training/recipes/benchmarks/cluener.yaml")).stages


def test_every_set_has_a_recipe() -> None:
    assert all((module.RECIPES / f"{name}.yaml").is_file() for name in SPLITS)


@pytest.mark.parametrize(
    ("encoders", "sets", "complaint"),
    [
        ((RANDOM,), ("msra",), "at least one folder"),
        (("nowhere",), ("msra",), r"no model\.safetensors in \['nowhere'\]"),
        ((RANDOM, "training/encoder"), ("ontonotes",), r"no benchmark \['ontonotes'\]; choose from"),
    ],
)
def test_faults_are_named(tmp_path: Path, encoders: tuple[str, ...], sets: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        Comparison(encoders=encoders, sets=sets, seeds=(1,), folder=tmp_path, data_root="data")
