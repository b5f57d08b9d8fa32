"""The card is what the results say, and the results are of the packaged weights."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ie_model.model_folder import ModelFolder
from training import card
from training.calibration import fitted_values
from training.calibration_card import SHOWN
from training.card import (
    Results,
    cell,
    folds_note,
    headline,
    render_card,
    render_chinese,
    render_readme,
    served,
    speed_table,
)
from training.report import weights_fingerprint

ROOT = Path(__file__).parents[2]
PLOT = "results/calibration.svg"


@pytest.fixture(scope="module")
def results() -> Results:
    return Results.read(ROOT / "results")


@pytest.fixture(scope="module")
def packaged() -> ModelFolder:
    return ModelFolder.open(runtime="torch")


def test_the_results_are_of_the_packaged_weights(results: Results, packaged: ModelFolder) -> None:
    assert results.zero_shot["model"] == weights_fingerprint(packaged.path)


def test_the_packaged_scores_are_calibrated_as_the_results_say(results: Results, packaged: ModelFolder) -> None:
    """`python -m training.calibration --write` makes them so."""
    assert results.calibration["model"] == weights_fingerprint(packaged.path)
    assert fitted_values(packaged.settings) == results.calibration["fitted"]


def test_the_packaged_weights_are_of_the_published_recipe(results: Results) -> None:
    recipe = yaml.safe_load((ROOT / "training" / "recipes" / "base.yaml").read_text(encoding="utf-8"))
    assert results.training["stages"] == recipe["stages"]


def test_the_pages_are_what_the_results_say(results: Results, packaged: ModelFolder) -> None:
    """`python -m training.card` writes them."""
    assert (ROOT / "model_card.md").read_text(encoding="utf-8") == render_card(results, packaged)
    for name, render in (("README.md", render_readme), ("README.zh.md", render_chinese)):
        readme = (ROOT / name).read_text(encoding="utf-8")
        assert readme == render(readme, results)


def test_every_set_of_the_results_is_in_the_card(results: Results, packaged: ModelFolder) -> None:
    text = render_card(results, packaged)
    for name, one in results.zero_shot["sets"].items():
        assert f"| {name} |" in text
        assert cell(one["spans"]["micro"]) in text
    assert all(f"| {name} |" in text for name in results.benchmarks)


def test_the_open_model_stands_beside_the_published_one(results: Results, packaged: ModelFolder) -> None:
    text = render_card(results, packaged)
    open_sets, ours = results.open_data["sets"], results.zero_shot["sets"]
    assert open_sets.keys() == ours.keys()
    for name, one in open_sets.items():
        assert f"| {name} | {cell(one['spans']['micro'])} | {cell(ours[name]['spans']['micro'])} | " in text
        assert one["fingerprint"] == ours[name]["fingerprint"], "of the same examples"


def test_the_scores_are_in_the_card(results: Results, packaged: ModelFolder) -> None:
    text = render_card(results, packaged)
    assert f"divided by {results.calibration['fitted']['temperature']:g}" in text
    assert f"    {results.calibration['command']}\n" in text
    assert f"({PLOT})" in text
    for name, one in results.calibration["sets"].items():
        assert f"| {name} | departures | {one['departures']['after']['items']} |" in text
        for least in SHOWN:
            assert f"| {name} | {least:g} | " in text
    assert (ROOT / PLOT).read_text(encoding="utf-8").startswith("<svg")


def test_the_metadata_is_what_hugging_face_reads(results: Results, packaged: ModelFolder) -> None:
    _, header, _ = render_card(results, packaged).split("---\n", 2)
    read: dict[str, Any] = yaml.safe_load(header)
    assert (read["language"], read["license"]) == ("zh", "cc-by-nc-sa-4.0")
    (index,) = read["model-index"]
    values = {one["dataset"]["name"]: one["metrics"][0]["value"] for one in index["results"]}
    assert values["news-units test"] == results.zero_shot["sets"]["news-units test"]["spans"]["micro"]["f1"]
    assert ("ie-model seed articles, leave one out" in values) == results.folds_are_of_the_model


def test_folds_of_another_model_are_marked(results: Results) -> None:
    folds = results.leave_one_out
    same = replace(
        results,
        training={**results.training, "encoder": folds["encoder"], "stages": folds["recipe"]["stages"]},
    )
    longer = [{**stage, "epochs": stage["epochs"] + 1} for stage in folds["recipe"]["stages"]]
    for changes in ({"encoder": "another"}, {"stages": longer}, {"stages": longer[:1]}):
        other = replace(same, training={**same.training, **changes})
        assert "without it * |" in headline(other)
        assert card.OTHER_FOLDS in headline(other)
        assert "--leave-one-out\n" not in headline(other)
    assert "*" not in headline(same).replace("--", "")
    assert results.leave_one_out["command"] in headline(same)
    assert "254 tokens" in folds_note(results)
    assert "254 tokens" not in folds_note(same)


def test_folds_of_another_model_are_those_that_the_page_describes(results: Results) -> None:
    """The sixth model's: whoever measures them anew writes OTHER_FOLDS anew, too."""
    recipe = results.leave_one_out["recipe"]
    sources = {source.partition(":")[0] for stage in recipe["stages"] for source in stage["sources"]}
    assert results.leave_one_out["encoder"] == "dcc184724a64c84a"
    assert "the sixth model" in card.OTHER_FOLDS
    assert "paragraphs" not in sources
    assert not any("muon" in key for stage in recipe["stages"] for key in stage)


def test_footnotes_are_no_bullets(results: Results) -> None:
    lines = headline(results).splitlines()
    for mark in ("\\* ", "† "):
        (at,) = (number for number, line in enumerate(lines) if line.startswith(mark))
        assert not lines[at - 1], "Markdown would join them"
    assert not any(line.startswith("* ") for line in lines)


def test_a_changed_figure_makes_the_check_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "results", tmp_path / "results")
    for name in ("README.md", "README.zh.md", "model_card.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    assert card.main(["--root", str(tmp_path), "--check"]) == 0
    path = tmp_path / "results" / "zero_shot.json"
    changed = json.loads(path.read_text(encoding="utf-8"))
    changed["sets"]["news-units test"]["spans"]["ORG"]["f1"] = 0.9999
    changed["sets"]["news-units test"]["departures"]["pair"]["precision"] = 0.9999
    path.write_text(json.dumps(changed), encoding="utf-8")
    assert card.main(["--root", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err.count("differs from the results") == 3
    assert card.main(["--root", str(tmp_path)]) == 0
    assert "100.0" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "离职事件的精确率为 100%，" in (tmp_path / "README.zh.md").read_text(encoding="utf-8")
    assert card.main(["--root", str(tmp_path), "--check"]) == 0


def test_cells() -> None:
    figures = {"f1": 0.7236, "f1_interval": [0.694, 0.7551]}
    assert cell(figures) == "72.4 (69–76)"
    assert cell(figures, interval=False) == "72.4"
    assert cell(None) == ""


def test_a_readme_without_its_markers_is_refused(results: Results) -> None:
    with pytest.raises(ValueError, match=r"figures: python -m training\.card"):
        render_readme("# ie-model\n", results)
    with pytest.raises(ValueError, match="end of figures"):
        render_readme(f"{card.BEGIN}\n", results)


def test_the_headline_names_its_commands(results: Results) -> None:
    text = headline(results)
    assert "python -m training.evaluate --all" in text
    for one in (results.leave_one_out, results.zero_shot["sets"]["news-units test"]):
        assert f"| {cell(one['spans']['micro'])} | {cell(one['departures']['pair'])} |" in text


def test_the_speed_of_an_older_model_is_called_so(results: Results) -> None:
    mine = replace(results, speed={**results.speed, "model": results.zero_shot["model"]})
    older = replace(results, speed={**results.speed, "model": "0" * 16})
    assert "earlier model" not in speed_table(mine)
    words = "Speeds and these figures of F1 are of an earlier model of the same size (weights 0000000000000000)."
    assert words in speed_table(older)


def test_the_server_of_an_older_model_is_called_so(results: Results) -> None:
    mine = replace(results, http={**results.http, "weights": results.zero_shot["model"]})
    older = replace(results, http={**results.http, "weights": "0" * 16})
    assert "earlier model" not in served(mine)
    assert served(older) == f"{served(mine)}\nMeasured with an earlier model of the same size (weights {'0' * 16})."


def test_what_the_server_did_wrong_is_said(results: Results) -> None:
    assert "every answer was right or a 429," in " ".join(served(results).split())
    overload = {**results.http["overload"], "problems": {"wrong answer": 2, "OSError": 1}}
    words = " ".join(served(replace(results, http={**results.http, "overload": overload})).split())
    assert "3 answers were neither right nor a 429," in words
