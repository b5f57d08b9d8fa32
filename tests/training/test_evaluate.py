from __future__ import annotations

import json
from pathlib import Path

import pytest

from ie_model.labelstudio.interface import Interface
from training import evaluate, suite
from training.data.sources import scored_passages
from training.recipe import Recipe, RecipeError

TEXT = "林知远离开星河科技。"


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """A folder that holds news-units alone, with one unit in dev and in test."""
    folder = tmp_path / "data" / "news-units"
    folder.mkdir(parents=True)
    unit = {
        "id": "u",
        "text": TEXT,
        "spans": [{"label": "PERSON", "start": 0, "end": 3}, {"label": "ORG", "start": 5, "end": 9}],
        "departures": [{"person": [0, 3], "organization": [5, 9], "roles": [], "joined": [], "status": "stated"}],
    }
    for split in ("dev", "test"):
        (folder / f"{split}.jsonl").write_text(json.dumps(unit) + "\n", encoding="utf-8")
    return tmp_path / "data"


def test_one_set_writes_what_it_prints(
    model_dir: Path, data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, errors = tmp_path / "results.json", tmp_path / "build" / "errors.md"
    arguments = ["--model", str(model_dir), "--data-root", str(data_root), "--output", str(output)]
    assert evaluate.main([*arguments, "--errors", str(errors)]) == 0
    assert "PERSON" in capsys.readouterr().out
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["spans"]["PERSON"]["gold"] == 1
    assert result["departures_gold_spans"]["pair"]["gold"] == 1
    assert result["command"] == f"python -m training.evaluate --model {model_dir} --data news-units --split dev"
    assert errors.read_text(encoding="utf-8").startswith("# news-units dev: departures")


def test_another_runtime_is_part_of_the_command(model_dir: Path, data_root: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    arguments = ["--model", str(model_dir), "--data-root", str(data_root), "--output", str(output)]
    assert evaluate.main([*arguments, "--runtime", "torch"]) == 0
    command = json.loads(output.read_text(encoding="utf-8"))["command"]
    assert command == f"python -m training.evaluate --model {model_dir} --runtime torch --data news-units --split dev"


def test_all_scores_what_is_at_hand_and_names_the_rest(
    model_dir: Path,
    data_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output, paragraphs = tmp_path / "all.json", tmp_path / "paragraphs.jsonl"
    span = {"label": "PERSON", "start": 0, "end": 3, "text": "林知远"}
    rows = [{"id": name, "text": TEXT, "spans": [span], "departures": []} for name in ("a", "b")]
    paragraphs.write_text("".join(json.dumps({**row, "split": "dev"}) + "\n" for row in rows), encoding="utf-8")
    sets = [(f"paragraphs:{paragraphs}", "dev") if one == scored_passages() else one for one in suite.SETS]
    monkeypatch.setattr(suite, "SETS", sets)
    arguments = ["--all", "--model", str(model_dir), "--data-root", str(data_root), "--output", str(output)]
    assert evaluate.main(arguments) == 0
    result = json.loads(output.read_text(encoding="utf-8"))
    assert set(result["sets"]) == {"news-units dev", "news-units test", "authored-heldout test", "paragraphs dev"}
    assert result["sets"]["paragraphs dev"]["spans"]["PERSON"]["gold"] == 2
    one = result["sets"]["news-units test"]
    assert one["spans"]["ORG"]["gold"] == 1
    assert one["scripts"]["documents"] == 1
    assert one["baselines"]["nearest-name"]["departures"]["pair"]["gold"] == 1
    assert set(one["baselines"]["jionlp"]["spans"]) == {"MONEY", "micro"}
    printed = capsys.readouterr().out
    for name in ("cluener dev", "weibo test", "duee dev", "duee-fin dev, documents with a change"):
        assert f"not found: {name}: " in printed
        assert any(line.startswith(f"{name}: ") for line in result["not_found"])


def test_a_missing_set_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--data-root", str(tmp_path)]) == 2
    assert "news-units" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("mode", "option"),
    [
        ([], "--output"),
        ([], "--errors"),
        (["--all"], "--output"),
        (["--leave-one-out", "--recipe", "r.yaml"], "--output"),
        (["--leave-one-out", "--recipe", "r.yaml"], "--errors"),
    ],
)
def test_a_path_that_cannot_be_written_stops_before_the_work(
    option: str, mode: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([*mode, option, str(tmp_path), "--data-root", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: cannot be written (Is a directory); choose another path\n"


def test_a_set_without_splits_is_titled_without_one(
    model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    region = Interface().region(id="a", label="PERSON", start=0, end=3, text="林知远")
    task = {"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": [region]}]}
    (tmp_path / "tasks.json").write_text(json.dumps([task]), encoding="utf-8")
    name, output = f"label-studio:{tmp_path / 'tasks.json'}", tmp_path / "out" / "r.json"
    arguments = ["--model", str(model_dir), "--data", name, "--split", "test", "--output", str(output)]
    assert evaluate.main(arguments) == 0
    # The title is broken into lines, wherever the folder's name happens to end.
    assert f"{name},strictF1" in "".join(capsys.readouterr().out.split())
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["split"] is None
    assert result["command"] == f"python -m training.evaluate --model {model_dir} --data {name} --split test"


@pytest.mark.parametrize(
    "arguments",
    [["--leave-one-out"], ["--recipe", "r.yaml"], ["--all", "--leave-one-out", "--recipe", "r.yaml"]],
)
def test_options_that_do_not_go_together(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        evaluate.main(arguments)
    assert caught.value.code == 2
    assert "--leave-one-out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--all", "--errors", "e.md"], "--errors is for one set"),
        (["--all", "--split", "test"], "--split has no effect with --all"),
        (["--leave-one-out", "--recipe", "r.yaml", "--model", "m"], "--model has no effect with --leave-one-out"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(arguments)
    assert told in capsys.readouterr().err


def test_folds_read_the_recipes_data_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def leave_one_out(recipe: Recipe) -> None:
        asked.append(recipe.data_root)
        raise RecipeError("enough")

    monkeypatch.setattr(evaluate, "leave_one_out", leave_one_out)
    path = tmp_path / "r.yaml"
    lines = ("encoder: random", "output: out", "data_root: mine", "stages:", "  - sources: {seeds: 1}")
    path.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--leave-one-out", "--recipe", str(path), "--output", str(tmp_path / "out.json")]
    evaluate.main(arguments)
    evaluate.main([*arguments, "--data-root", "other"])
    assert asked == ["mine", "other"]
