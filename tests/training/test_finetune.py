"""Fine-tuning a tiny random encoder on a few sentences of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor
from transformers import TrainerCallback

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from ie_model.scheme import TagScheme
from tests.training.authored import examples, write_news_units
from training import finetune as module
from training.data.example import Example, GoldSpan
from training.data.seeds import read_seeds
from training.data.sources import SEEDS, SOURCES
from training.features import batch_shapes, collate, window_features
from training.finetune import Batches, finetune, main, stage_windows
from training.modeling import TrainingModel, build_model, load_model
from training.recipe import Recipe, RecipeError, Stage

SCHEME = TagScheme()


@pytest.fixture
def authored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every source is the authored set."""

    def read_source(name: str, *, data_root: Path, leave_out: str | None = None, **_: object) -> list[Example]:
        return examples()

    monkeypatch.setattr(module, "read_source", read_source)


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: Path, two: Path) -> bool:
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def loss_of(network: torch.nn.Module, encoder: TextEncoder) -> float:
    windows = [w for example in examples() for w in window_features(example, encoder, SCHEME)]
    shape = next(shape for shape in batch_shapes(512) if shape.length == 64)
    batch = collate(windows, shape, pad_id=0, random=np.random.default_rng(0))
    with torch.no_grad():
        return float(TrainingModel(network.eval(), link_weight=0.5)(**batch)["loss"])


class Kill(TrainerCallback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: object, state: object, control: object, **kwargs: object) -> None:
        if state.global_step == self.step:  # type: ignore[attr-defined]
            raise KeyboardInterrupt


def save_every(monkeypatch: pytest.MonkeyPatch, steps: int, *, kill_at: int | None = None) -> None:
    original = module.make_trainer

    def make_trainer(*arguments: object) -> object:
        trainer = original(*arguments)  # type: ignore[arg-type]
        trainer.args.save_steps = steps
        if kill_at is not None:
            trainer.add_callback(Kill(kill_at))
        return trainer

    monkeypatch.setattr(module, "make_trainer", make_trainer)


@pytest.mark.usefixtures("authored")
def test_the_loss_falls(recipe: Recipe, text_encoder: TextEncoder) -> None:
    torch.manual_seed(recipe.seed)
    before = loss_of(build_model(recipe, SCHEME), text_encoder)
    stage = Stage(sources={"authored": 1}, epochs=25, learning_rate=5e-3)
    trained = finetune(recipe.with_values(stages=(stage,)))
    after = loss_of(load_model(trained), text_encoder)
    assert after < before / 4


@pytest.mark.usefixtures("authored")
def test_the_seed_decides_the_weights(recipe: Recipe, tmp_path: Path) -> None:
    one = finetune(recipe)
    two = finetune(recipe.with_values(output=str(tmp_path / "two")))
    other = finetune(recipe.with_values(output=str(tmp_path / "three"), seed=2))
    assert one == tmp_path / "run" / "stage1"
    assert same(one, two)
    assert not same(one, other)


@pytest.mark.parametrize("muon_rate", [0.0, 0.01])
@pytest.mark.usefixtures("authored")
def test_a_resumed_run_is_the_run_that_was_not_interrupted(
    recipe: Recipe, muon_rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe.with_values(stages=(replace(recipe.stages[0], muon_rate=muon_rate),))
    whole = finetune(recipe.with_values(output=str(tmp_path / "whole")))
    with monkeypatch.context() as patch:
        save_every(patch, 3, kill_at=5)
        with pytest.raises(KeyboardInterrupt):
            finetune(recipe)
    stage = tmp_path / "run" / "stage1"
    assert [path.name for path in stage.glob("checkpoint-*")] == ["checkpoint-3"]
    assert not (stage / "model.safetensors").exists()
    seen: list[int] = []
    original = Batches.__getitem__
    monkeypatch.setattr(Batches, "__getitem__", lambda self, index: seen.append(index) or original(self, index))
    assert same(finetune(recipe, resume=True), whole)
    assert seen[-1] == 7  # eight sentences of up to 32 tokens, four a batch, four epochs


@pytest.mark.usefixtures("authored")
def test_a_run_resumed_between_stages_is_the_run_that_was_not_interrupted(recipe: Recipe, tmp_path: Path) -> None:
    recipe = recipe.with_values(stages=(*recipe.stages, Stage(sources={"authored": 1}, epochs=1)))
    whole = finetune(recipe.with_values(output=str(tmp_path / "whole")))
    assert whole.name == "stage2"
    first = finetune(recipe, stages=range(1))
    assert first.name == "stage1"
    made = (first / "model.safetensors").stat().st_mtime_ns
    assert same(finetune(recipe, resume=True), whole)
    assert (first / "model.safetensors").stat().st_mtime_ns == made, "a finished stage was trained again"
    started = finetune(recipe.with_values(output=str(tmp_path / "started")), stages=range(1, 2), start=first)
    assert same(started, whole)


@pytest.mark.usefixtures("authored")
def test_a_checkpoint_that_was_not_written_whole_is_passed_over(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finetune(recipe.with_values(output=str(tmp_path / "whole")))
    with monkeypatch.context() as patch:
        save_every(patch, 3, kill_at=5)
        with pytest.raises(KeyboardInterrupt):
            finetune(recipe)
    cut = tmp_path / "run" / "stage1" / "checkpoint-6"
    cut.mkdir()
    (cut / "model.safetensors").write_bytes(b"")
    assert same(finetune(recipe, resume=True), whole)


@pytest.mark.usefixtures("authored")
def test_a_model_that_was_not_saved_whole_is_no_finished_stage(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", killed)
        with pytest.raises(KeyboardInterrupt):
            finetune(recipe)
    stage = finetune(recipe, resume=True)
    assert ModelFolder.open(stage, runtime="torch").path == stage


@pytest.mark.usefixtures("authored")
def test_as_many_processes_go_on_with_a_checkpoint(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        save_every(patch, 3, kill_at=5)
        with pytest.raises(KeyboardInterrupt):
            finetune(recipe)
    identity = Path(recipe.output) / "stage1" / "identity.json"
    identity.write_text(identity.read_text().replace('"processes": 1', '"processes": 2'))
    with pytest.raises(RecipeError, match=r"was begun by 2 processes; go on with .*--nproc-per-node 2"):
        finetune(recipe, resume=True)


@pytest.mark.usefixtures("authored")
def test_only_the_same_run_is_resumed(recipe: Recipe) -> None:
    finetune(recipe)
    with pytest.raises(RecipeError, match="holds a run already: pass --resume"):
        finetune(recipe)
    for changed in (recipe.with_values(dropout=0.2), recipe.with_values(seed=2)):
        with pytest.raises(RecipeError, match="holds another run"):
            finetune(changed, resume=True)
    with pytest.raises(RecipeError, match="holds another run"):
        finetune(recipe, leave_out="004_68e3b653ce03f67a", resume=True)


def test_the_article_left_out_contributes_no_window(recipe: Recipe, text_encoder: TextEncoder) -> None:
    articles = read_seeds(SEEDS)
    own = {a.id: [w.ids.tolist() for w in window_features(a, text_encoder, SCHEME)] for a in articles}
    assert len(own) == 5
    assert all(len(windows) > 5 for windows in own.values())
    recipe = recipe.with_values(stages=(Stage(sources={"seeds": 2}),))
    for left_out in own:
        (found,) = stage_windows(0, recipe, text_encoder, SCHEME, left_out)
        assert found.weight == 2
        expected = [ids for name, all_ids in own.items() if name != left_out for ids in all_ids]
        assert [[w.ids.tolist() for w in windows] for windows in found.variants] == [expected]


def test_a_limit_takes_so_many_examples_and_a_larger_one_the_same_ones(recipe: Recipe, authored: None) -> None:
    def ids(limit: int) -> list[str]:
        return [e.id for e in module.read_recipe_source(replace(recipe, limits={"authored": limit}), "authored", None)]

    every = [example.id for example in examples()]
    assert ids(0) == []
    assert len(ids(3)) == 3
    assert set(ids(3)) < set(ids(5)) < set(every)
    assert ids(99) == every
    assert module.read_recipe_source(recipe, "authored", None) == examples()


def test_further_passes_see_other_names(recipe: Recipe, text_encoder: TextEncoder) -> None:
    stage = Stage(sources={"seeds": 2}, epochs=1.5, substitute=0.5)
    left_out = read_seeds(SEEDS)[0]
    (found,) = stage_windows(0, recipe.with_values(stages=(stage,)), text_encoder, SCHEME, left_out.id)
    first, *others = ([w.ids.tolist() for w in windows] for windows in found.variants)
    plain = recipe.with_values(stages=(Stage(sources={"seeds": 1}),))
    assert [first] == [
        [w.ids.tolist() for w in windows]
        for windows in stage_windows(0, plain, text_encoder, SCHEME, left_out.id)[0].variants
    ]
    assert len(others) == 2
    assert first != others[0] != others[1]
    batches = Batches([found], epochs=1.5, tokens=256, pad_id=0, seed=1)
    rows = sum(int(mask[1]) for i in range(len(batches)) for mask in batches[i]["attention_mask"])
    assert rows == sum(len(windows) for windows in found.variants)


def test_names_come_from_no_stage_that_is_still_to_come(
    recipe: Recipe, text_encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def read_source(name: str, **_: object) -> list[Example]:
        read.append(name)
        return examples()

    monkeypatch.setattr(module, "read_source", read_source)
    stages = tuple(Stage(sources={name: 1}, substitute=0.5) for name in ("authored", "news-units", "seeds"))
    stage_windows(1, recipe.with_values(stages=stages), text_encoder, SCHEME, None)
    assert set(read) == {"authored", "news-units"}


@pytest.mark.usefixtures("authored")
def test_a_source_of_weight_0_is_not_seen(recipe: Recipe, text_encoder: TextEncoder) -> None:
    stage = Stage(sources={"authored": 1, "news-units": 0}, epochs=2, substitute=0.5)
    found = stage_windows(0, recipe.with_values(stages=(stage,)), text_encoder, SCHEME, None)
    assert len(Batches(found, epochs=2, tokens=128, pad_id=0, seed=1)) == len(
        Batches(found[:1], epochs=2, tokens=128, pad_id=0, seed=1)
    )


def test_finetune_passes_on_what_to_leave_out(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def read_source(name: str, *, data_root: Path, leave_out: str | None = None, **_: object) -> list[Example]:
        asked.append(leave_out)
        return examples()

    monkeypatch.setattr(module, "read_source", read_source)
    stages = (Stage(sources={"authored": 1}, epochs=1),) * 2
    finetune(recipe.with_values(stages=stages), leave_out="004_68e3b653ce03f67a")
    assert asked == ["004_68e3b653ce03f67a"] * 2


def recipe_file(recipe: Recipe, tmp_path: Path, **changes: object) -> Path:
    values = {**recipe.to_dict(), "data_root": str(tmp_path / "data"), **changes}
    values["stages"] = [{"sources": {"news-units": 1}, "epochs": 6, "learning_rate": 3e-3}]
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_the_command(
    recipe: Recipe, tmp_path: Path, text_encoder: TextEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    write_news_units(tmp_path / "data")
    path = recipe_file(recipe, tmp_path)
    assert main(["--recipe", str(path), "--output", str(tmp_path / "elsewhere")]) == 0
    folder = tmp_path / "elsewhere" / "stage1"
    assert capsys.readouterr().out.splitlines()[-1] == str(folder)
    names = {file.name for file in folder.iterdir() if file.is_file()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= names
    assert loss_of(load_model(folder), text_encoder) < 4


def test_mistakes_on_the_command_line(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recipe_file(recipe, tmp_path)
    for arguments, complaint in (
        (["--recipe", "nowhere.yaml"], "nowhere.yaml: no such recipe"),
        (["--recipe", str(path)], f"{tmp_path / 'data' / 'news-units' / 'train.jsonl'}: no such file"),
        (["--recipe", str(path), "--encoder", str(tmp_path)], f"encoder {tmp_path}: "),
        (["--recipe", str(path), "--seed", "-1"], "--seed is a whole number from 0 to 4000000000, not -1\n"),
        (["--recipe", str(path), "--output", str(path)], f"{path}: cannot be made (File exists); choose another"),
        (["--recipe", str(path), "--output", str(path / "a")], f"{path / 'a'}: cannot be made (Not a directory)"),
        (["--recipe", str(path), "--leave-out", "999_nothing"], "--leave-out 999_nothing: no such seed article\n"),
    ):
        assert main(arguments) == 2
        assert complaint in capsys.readouterr().err
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**values, "stages": [{"sources": {"seeds": 1}}]}), encoding="utf-8")
    assert main(["--recipe", str(path), "--leave-out", "999_nothing"]) == 2
    assert capsys.readouterr().err == "--leave-out 999_nothing: no such seed article\n"
    nowhere = f"self-training:{tmp_path / 'nowhere'}"
    path.write_text(yaml.safe_dump({**values, "stages": [{"sources": {nowhere: 1}}]}), encoding="utf-8")
    assert main(["--recipe", str(path)]) == 2
    assert capsys.readouterr().err == f"{nowhere}: no such file; training.self_training writes it\n"


@pytest.mark.parametrize("encoder", ["{}/nowhere", "./nowhere", "runs/no/such"])
def test_an_encoder_that_is_no_folder(
    recipe: Recipe, tmp_path: Path, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = encoder.format(tmp_path)
    assert main(["--recipe", str(recipe_file(recipe, tmp_path)), "--encoder", encoder]) == 2
    assert capsys.readouterr().err.startswith(f"encoder {encoder}: no such folder. Pretrain one")


def test_a_start_that_is_no_model(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nowhere: no model\.safetensors here; name the folder of a trained model"):
        finetune(recipe, stages=range(1), start=tmp_path / "nowhere")


@pytest.mark.usefixtures("authored")
def test_a_run_without_a_batch_does_not_bar_the_next(recipe: Recipe) -> None:
    empty = recipe.with_values(limits={"authored": 0})
    with pytest.raises(RecipeError, match=r"stage 1: sources .* leave no batch for each process"):
        finetune(empty)
    assert finetune(recipe).name == "stage1"


def test_a_stage_goes_on_from_a_model(
    recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_news_units(tmp_path / "data")
    path = recipe_file(recipe, tmp_path)
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**values, "stages": values["stages"] * 2}), encoding="utf-8")
    ran: list[dict[str, object]] = []

    def fake(given: Recipe, **options: object) -> Path:
        ran.append({"seed": given.seed, "link_weight": given.link_weight, **options})
        return tmp_path

    monkeypatch.setattr(module, "finetune", fake)
    others = ["--seed", "7", "--link-weight", "1.5"]
    assert main(["--recipe", str(path), "--first-stage", "2", "--start", str(tmp_path), *others]) == 0
    values = {"seed": 7, "link_weight": 1.5, "leave_out": None, "resume": False}
    assert ran == [{**values, "stages": range(1, 2), "start": tmp_path}]
    assert main(["--recipe", str(path), "--last-stage", "1"]) == 0
    assert (ran[-1]["stages"], ran[-1]["start"]) == (range(1), None)
    for arguments, told in (
        (["--last-stage", "3"], "--last-stage 3: write a number from 1 to 2"),
        (["--first-stage", "2", "--start", "a", "--last-stage", "1"], "write a number from 2 to 2"),
        (["--first-stage", "3", "--start", "a"], "has 2 stages"),
        (["--first-stage", "2"], "name its folder with --start"),
        (["--start", "a"], "name its folder with --start"),
    ):
        assert main(["--recipe", str(path), *arguments]) == 2
        assert told in capsys.readouterr().err
    assert len(ran) == 2


def test_two_processes(recipe: Recipe, tmp_path: Path, text_encoder: TextEncoder) -> None:
    write_news_units(tmp_path / "data", copies=2)
    path = recipe_file(recipe, tmp_path)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launcher, "-m", "training.finetune", "--recipe", str(path)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    torch.manual_seed(recipe.seed)
    before = loss_of(build_model(recipe, SCHEME), text_encoder)
    assert loss_of(load_model(tmp_path / "run" / "stage1"), text_encoder) < before / 1.5


def test_a_benchmark_has_its_sources_labels_and_says_so(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "林知远主演《长夜》。"
    example = Example("1", "cluener", text, (GoldSpan(5, 9, "movie"),), frozenset(SOURCES["cluener"].own_labels))
    asked: list[object] = []

    def read(name: str, **options: object) -> list[Example]:
        asked.append((name, options["purpose"], options["own_labels"]))
        return [example]

    monkeypatch.setattr(module, "read_source", read)
    stage = Stage(sources={"cluener": 1}, epochs=1)
    folder = finetune(recipe.with_values(stages=(stage,), benchmark=True))
    assert asked == [("cluener", "benchmark", True)]
    opened = ModelFolder.open(folder, runtime="torch")
    assert opened.scheme.labels == SOURCES["cluener"].own_labels
    assert opened.settings.benchmark == "cluener"
    document = Extractor.load(folder, runtime="torch")(text)
    assert {entity.label for entity in document.entities} <= set(opened.scheme.labels)
    assert document.departures == ()


def test_a_changed_file_of_labels_is_another_run(recipe: Recipe, authored: None, tmp_path: Path) -> None:
    file = tmp_path / "paragraphs.jsonl"
    file.write_text("one", encoding="utf-8")
    own = replace(recipe, stages=(Stage(sources={f"paragraphs:{file}": 1}, epochs=1),))
    finetune(own)
    finetune(own, resume=True)
    file.write_text("another", encoding="utf-8")
    with pytest.raises(RecipeError, match="holds another run"):
        finetune(own, resume=True)


def test_changed_pieces_are_another_run(
    recipe: Recipe, authored: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AUTHORED", tmp_path)
    (tmp_path / "news.jsonl").write_text("one", encoding="utf-8")
    finetune(recipe)
    (tmp_path / "heldout.jsonl").write_text("never trained on", encoding="utf-8")
    finetune(recipe, resume=True)
    (tmp_path / "news.jsonl").write_text("another", encoding="utf-8")
    with pytest.raises(RecipeError, match="holds another run"):
        finetune(recipe, resume=True)


def test_a_run_that_was_stopped_before_it_began(recipe: Recipe, authored: None) -> None:
    (Path(recipe.output) / "stage1").mkdir(parents=True)
    assert (finetune(recipe, resume=True) / "model.safetensors").is_file()
