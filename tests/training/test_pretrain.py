"""Pretraining a tiny encoder on random tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForMaskedLM

from tests.training.packed_tokens import write_packed
from training import pretrain as module
from training.objectives import MaskedLoss
from training.packed import PretrainError, masked_batch, read_tokenizer
from training.pretrain import main, train
from training.pretrain_recipe import Recipe
from training.pretrain_run import Run, learning_rate_factor
from training.values import RecipeError

BODY = 30


@pytest.fixture
def data(tokenizer_dir: Path, tmp_path: Path) -> Path:
    return write_packed(tokenizer_dir, tmp_path / "data")


@pytest.fixture
def recipe(data: Path, tmp_path: Path) -> Recipe:
    return Recipe(
        data=str(data),
        output=str(tmp_path / "run"),
        mix={"one": 1.0, "two": 0.5},
        layers=1,
        hidden=32,
        intermediate=32,
        heads=2,
        length=BODY + 2,
        sequences=4,
        total_tokens=6 * 4 * (BODY + 2),
        warmup_tokens=256,
        compile=False,
        attention="sdpa",
    )


def log(recipe: Recipe) -> list[dict[str, Any]]:
    """What the run logged, the clock left out."""
    lines = (Path(recipe.output) / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return [{k: v for k, v in r.items() if k not in ("tokens_per_second", "minutes_left")} for r in records]


def weights(recipe: Recipe) -> dict[str, Tensor]:
    return load_file(Path(recipe.output) / "encoder" / "model.safetensors")


def assert_same_run(one: Recipe, two: Recipe) -> None:
    assert log(one) == log(two)
    a, b = weights(one), weights(two)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
    mine, theirs = (torch.load(Path(r.output) / "checkpoint.pt")["model"] for r in (one, two))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine), "the weights before rounding differ"


def with_values(recipe: Recipe, **values: Any) -> Recipe:
    return Recipe(**{**recipe.__dict__, **values})


@pytest.fixture
def whole(recipe: Recipe, tmp_path: Path) -> Recipe:
    """The recipe of a run that nothing interrupted."""
    whole = with_values(recipe, output=str(tmp_path / "whole"))
    train(whole, log_every=1)
    return whole


def test_stopped_and_resumed(recipe: Recipe, whole: Recipe) -> None:
    for step in (1, 2):
        train(recipe, minutes=0, log_every=1)  # out of time after one step
        assert log(recipe)[-1]["step"] == step
    train(recipe, log_every=1)
    assert [record["step"] for record in log(whole)] == [1, 2, 3, 4, 5, 6]
    assert_same_run(recipe, whole)


def test_the_log_does_not_tell_of_stops(recipe: Recipe, tmp_path: Path) -> None:
    """Nor of kills, after which steps are done again: each record is the mean of the same steps."""
    whole = with_values(recipe, output=str(tmp_path / "whole"))
    train(whole, log_every=2)
    train(recipe, minutes=0, log_every=2)
    assert log(recipe) == [], "stopped between two records"
    for _ in range(2):
        train(recipe, minutes=0, log_every=2)
    path = Path(recipe.output) / "log.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + json.dumps({**log(whole)[1], "loss": 0}) + '\n{"step"', "utf-8")
    train(recipe, log_every=2)
    assert [record["step"] for record in log(recipe)] == [2, 4, 6]
    assert_same_run(recipe, whole)


def stopped_and_whole(recipe: Recipe, folder: Path) -> Recipe:
    """Run a recipe with a stop after its first step, and without; returns the latter."""
    whole = with_values(recipe, output=str(folder / "without a stop"))
    train(whole, log_every=1)
    train(recipe, minutes=0, log_every=1)
    train(recipe, log_every=1)
    assert_same_run(recipe, whole)
    return whole


def test_stopped_and_resumed_with_detection(recipe: Recipe, tmp_path: Path) -> None:
    recipe = with_values(recipe, replaced=0.5)
    whole = stopped_and_whole(recipe, tmp_path)
    one, two = (torch.load(Path(r.output) / "checkpoint.pt")["detector"] for r in (recipe, whole))
    assert one.keys() == {"weight", "bias"}
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_stopped_and_resumed_without_muon(recipe: Recipe, whole: Recipe, tmp_path: Path) -> None:
    adam = stopped_and_whole(with_values(recipe, muon_lr=0.0), tmp_path)
    assert len(torch.load(Path(adam.output) / "checkpoint.pt")["optimizers"]) == 1
    before, after = weights(whole), weights(adam)
    assert not any(torch.equal(value, before[name]) for name, value in after.items() if ".layers." in name)


def test_decaying_weights_are_smaller(recipe: Recipe, whole: Recipe, tmp_path: Path) -> None:
    decaying = with_values(recipe, weight_decay=5.0, output=str(tmp_path / "decaying"))
    train(decaying)
    before, after = weights(whole), weights(decaying)
    matrices = [name for name, value in before.items() if value.ndim == 2]
    assert any(".layers." in name for name in matrices)
    assert any(".layers." not in name for name in matrices)
    assert all(after[name].norm() < before[name].norm() for name in matrices)


def test_detection_is_another_run(recipe: Recipe, whole: Recipe) -> None:
    train(with_values(recipe, replaced=0.5, output=recipe.output), log_every=1)
    assert weights(recipe).keys() == weights(whole).keys(), "the published encoder has no detector"
    with pytest.raises(PretrainError, match=r"other values of \['replaced'\]"):
        train(recipe)


def test_share_of_replaced_tokens(recipe: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"replaced is a share from 0 to 1, not 1\.5"):
        with_values(recipe, replaced=1.5)


def test_killed_and_resumed(recipe: Recipe, whole: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = masked_batch, []

    def dies(*arguments: Any, **keywords: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return original(*arguments, **keywords)

    monkeypatch.setattr(module, "masked_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, log_every=1, save_minutes=0)
    assert not (Path(recipe.output) / "encoder").exists()
    monkeypatch.undo()
    train(recipe, log_every=1)
    assert_same_run(recipe, whole)


def in_two_processes(recipe: Recipe, folder: Path, *options: str) -> None:
    path = folder / "two.yaml"
    path.write_text(yaml.safe_dump(dict(recipe.__dict__)), encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += ["-m", "training.pretrain", "--recipe", str(path), "--log-every", "1", *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(command, check=True, env=environment, capture_output=True)


@pytest.mark.slow
def test_processes_share_the_batches_of_a_step(recipe: Recipe, tmp_path: Path) -> None:
    """One process, two, and one that two go on from: the same run but for rounding."""
    one = with_values(recipe, batches=2, sequences=2, output=str(tmp_path / "one"))
    train(one, log_every=1)
    two = with_values(one, output=str(tmp_path / "two"))
    in_two_processes(two, tmp_path)
    both = with_values(one, output=str(tmp_path / "both"))
    train(both, minutes=0, log_every=1)
    in_two_processes(both, tmp_path)
    assert [record["step"] for record in log(both)] == [1, 2, 3, 4, 5, 6]
    alone = with_values(one, batches=1, output=str(tmp_path / "alone"), total_tokens=one.total_tokens // 2)
    train(alone, log_every=1)

    def distance(other: Recipe) -> float:
        pairs = [(weights(other)[name].float(), value.float()) for name, value in weights(one).items()]
        return max(float((mine - theirs).norm() / theirs.norm()) for mine, theirs in pairs)

    # bf16 rounds, and AdamW's first steps make much of little.
    assert distance(two) < 0.05
    assert distance(both) < 0.05
    assert distance(alone) > 0.2, "what one process would make of its half"


def test_batches_that_processes_cannot_share(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    model = module.build_model(recipe, read_tokenizer(Path(recipe.data)))
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(PretrainError, match="2 processes cannot share 1 batches a step; make `batches` a multiple"):
        Run(recipe, MaskedLoss(model))


def test_a_checkpoint_from_before_a_key_was_there(whole: Recipe) -> None:
    path = Path(whole.output) / "checkpoint.pt"
    state = torch.load(path)
    del state["recipe"]["batches"], state["recipe"]["words"], state["data"], state["losses"], state["hits"]
    torch.save(state, path)
    train(whole, log_every=1)
    assert [record["step"] for record in log(whole)] == [1, 2, 3, 4, 5, 6]


def test_words_that_the_encoder_one_goes_on_from_has_not(recipe: Recipe, whole: Recipe, tmp_path: Path) -> None:
    encoder = str(Path(whole.output) / "encoder")
    with pytest.raises(PretrainError, match="has no words; leave `words` out"):
        train(with_values(recipe, output=str(tmp_path / "longer"), initial=encoder, words=True))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"layers": 2}, r"has other sizes than the recipe; say \{'layers': 1\} in it"),
        ({"initial": "nowhere"}, r"nowhere is no encoder to go on from: it has no config\.json"),
    ],
)
def test_an_encoder_that_the_recipe_cannot_go_on_from(
    recipe: Recipe, whole: Recipe, tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    longer = with_values(recipe, output=str(tmp_path / "longer"), initial=str(Path(whole.output) / "encoder"))
    with pytest.raises(PretrainError, match=complaint):
        train(with_values(longer, **change))
    assert not (tmp_path / "longer").exists()


def test_an_encoder_of_another_tokenizer(recipe: Recipe, whole: Recipe, tmp_path: Path) -> None:
    encoder = Path(whole.output) / "encoder"
    vocabulary = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))
    words = vocabulary["model"]["vocab"]
    one, two = list(words)[-2:]
    words[one], words[two] = words[two], words[one]
    (encoder / "tokenizer.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    with pytest.raises(PretrainError, match="has another tokenizer than the packed files in"):
        train(with_values(recipe, output=str(tmp_path / "longer"), initial=str(encoder)))


def test_packed_files_that_were_made_anew(recipe: Recipe, whole: Recipe, data: Path) -> None:
    path = data / "one.train.bin"
    path.write_bytes(path.read_bytes()[:1500])
    before = snapshot(Path(whole.output))
    with pytest.raises(PretrainError, match=r"made from other packed files \(\['one\.train\.bin'\]\)"):
        train(with_values(whole, total_tokens=2 * whole.total_tokens))
    assert snapshot(Path(whole.output)) == before


def test_a_loss_that_is_no_number_any_more(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    train(recipe, minutes=0, log_every=1)
    before = snapshot(Path(recipe.output))
    monkeypatch.setattr(
        MaskedLoss, "forward", lambda self, *a: (self.predict(*a[:2])[1].sum() * torch.nan, torch.ones(()))
    )
    with pytest.raises(PretrainError, match=r"the loss is nan at step 2: the rates are too high"):
        train(recipe, log_every=1)
    with pytest.raises(PretrainError, match="the loss is nan"):
        train(recipe, log_every=50, save_minutes=0)
    assert snapshot(Path(recipe.output)) == before


def test_a_checkpoint_that_cannot_be_written(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    train(recipe, minutes=0, log_every=1)
    before = snapshot(Path(recipe.output))

    def full(state: object, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0\nmore")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(PretrainError, match=r"checkpoint\.pt cannot be written \(.*pos 64 vs 0\); is there room"):
        train(recipe, minutes=0, log_every=50)
    assert snapshot(Path(recipe.output)) == before


def test_a_finished_run_is_left_as_it_is(whole: Recipe) -> None:
    before = log(whole), weights(whole)
    train(whole, log_every=1)
    assert log(whole) == before[0]
    assert all(torch.equal(value, before[1][name]) for name, value in weights(whole).items())


def test_the_seed_decides(recipe: Recipe, whole: Recipe) -> None:
    other = with_values(recipe, seed=2)
    train(other, log_every=1)
    assert [record["loss"] for record in log(other)] != [record["loss"] for record in log(whole)]


def test_the_loss_falls(recipe: Recipe) -> None:
    longer = with_values(recipe, total_tokens=80 * 4 * (BODY + 2))
    train(longer, log_every=20)
    losses = [record["loss"] for record in log(longer)]
    # The data hold 55 tokens of some 7,000: learning which ones takes the loss below log 7000 to log 55.
    assert losses[0] > 5
    assert losses[-1] < 4.5
    assert log(longer)[-1]["heldout_loss"] < 4.5


def test_the_encoder_loads_in_transformers(whole: Recipe) -> None:
    folder = Path(whole.output) / "encoder"
    model = AutoModelForMaskedLM.from_pretrained(folder, local_files_only=True)
    assert model.config.hidden_size == 32
    assert {path.name for path in folder.iterdir()} >= {"config.json", "tokenizer.json", "tokenizer_config.json"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_goes_on_from_an_encoder(recipe: Recipe, whole: Recipe, tmp_path: Path) -> None:
    """Its file is fp16; training in that would overflow, so the new run's weights are float32."""
    longer = replace(recipe, output=str(tmp_path / "longer"), initial=str(Path(whole.output) / "encoder"), seed=2)
    train(longer, log_every=1)
    first, *_ = log(longer)
    assert first["loss"] <= log(whole)[0]["loss"]
    state = torch.load(Path(longer.output) / "checkpoint.pt")["model"]
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert all(torch.isfinite(tensor).all() for tensor in weights(longer).values())


@pytest.mark.parametrize("change", [{"hidden": 64}, {"seed": 5}, {"mix": {"one": 1.0}}, {"mask_rate": 0.5}])
def test_a_checkpoint_of_another_configuration(whole: Recipe, change: dict[str, Any]) -> None:
    before = snapshot(Path(whole.output))
    (key,) = change
    with pytest.raises(PretrainError, match=rf"checkpoint\.pt was made with other values of \['{key}'\]"):
        train(with_values(whole, **change))
    assert snapshot(Path(whole.output)) == before


@pytest.mark.parametrize("damage", ["truncated", "empty", "noise", "another"])
def test_a_damaged_checkpoint(whole: Recipe, damage: str) -> None:
    path = Path(whole.output) / "checkpoint.pt"
    if damage == "another":
        torch.save({"model": {}}, path)
    else:
        path.write_bytes(
            {"truncated": path.read_bytes()[:2000], "empty": b"", "noise": bytes(range(128, 256))}[damage]
        )
    before = snapshot(Path(whole.output))
    with pytest.raises(PretrainError, match=r"checkpoint\.pt"):
        train(whole)
    assert snapshot(Path(whole.output)) == before


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("tokenizer.json", r"tokenizer\.json is missing; make it with: python -m training\.corpus"),
        ("two.train.bin", r"two\.train\.bin is missing; make it with: python -m training\.corpus"),
        ("one.heldout.bin", r"one\.heldout\.bin is missing"),
    ],
)
def test_missing_packed_files(recipe: Recipe, data: Path, name: str, complaint: str) -> None:
    (data / name).unlink()
    with pytest.raises(PretrainError, match=complaint):
        train(recipe)
    assert not Path(recipe.output).exists()


def test_a_packed_file_that_holds_no_sequence(recipe: Recipe, data: Path) -> None:
    (data / "two.train.bin").write_bytes(b"\5\0" * 29)
    with pytest.raises(PretrainError, match=r"two\.train\.bin holds 29 tokens, fewer than one sequence of 30"):
        train(recipe)
    (data / "two.train.bin").write_bytes(b"")
    with pytest.raises(PretrainError, match=r"two\.train\.bin holds 0 tokens"):
        train(recipe)


def test_a_tokenizer_that_is_damaged(recipe: Recipe, data: Path) -> None:
    (data / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PretrainError, match=r"tokenizer\.json is damaged"):
        train(recipe)


def test_corpora_that_the_mix_does_not_name(recipe: Recipe) -> None:
    with pytest.raises(PretrainError, match=r"say in `mix` which corpora are read; there are \['one', 'two'\]"):
        train(with_values(recipe, mix={"native-news": 1.0}))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"mask_rate": 1.5}, "mask_rate is a share from 0 to 1"),
        ({"mask_rate": 0}, "mask_rate: 0 hides no token of 4 × 32"),
        ({"mix": ["one"]}, "mix is names of corpora"),
        ({"mix": {"one": 0}}, "mix is names of corpora"),
        ({"sequences": 0}, "sequences is a whole number, 1 or more, not 0"),
        ({"layers": "four"}, "layers is a whole number"),
        ({"muon_lr": "2e-2"}, r"muon_lr is a number, 0 or more, not '2e-2'; that is text to YAML: write 0\.02"),
        ({"whole_words": 0.6, "spans": 0.6}, r"shares of the same sequences, not 1\.2"),
        ({"hidden": 33}, "hidden is a multiple of heads"),
    ],
)
def test_values_that_a_recipe_may_not_have(recipe: Recipe, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        with_values(recipe, **change)


def test_mistakes_on_the_command_line(recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("sequence: 3\n", encoding="utf-8")
    assert main(["--recipe", str(path)]) == 2
    assert f"{path}: unknown keys ['sequence']; known: ['adam_lr'" in capsys.readouterr().err
    assert main(["--recipe", str(tmp_path / "nowhere.yaml")]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err
    path.write_text("- 1\n", encoding="utf-8")
    assert main(["--recipe", str(path)]) == 2
    assert f"{path}: expected keys and values, not [1]" in capsys.readouterr().err
    path.write_text("seed: 1\n", encoding="utf-8")
    for item, complaint in (
        ("mix", "write KEY=VALUE"),
        ("mix={", "the value is no YAML"),
        ("a=1", "unknown keys ['a']"),
    ):
        assert main(["--recipe", str(path), "--set", item]) == 2
        assert complaint in capsys.readouterr().err
    path.write_text(yaml.safe_dump({**recipe.__dict__, "data": str(tmp_path)}), encoding="utf-8")
    assert main(["--recipe", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'tokenizer.json'} is missing")


def test_values_set_on_the_command_line(recipe: Recipe, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(dict(recipe.__dict__)), encoding="utf-8")
    output = tmp_path / "elsewhere"
    arguments = ["--set", f"output={output}", "--set", "mix={one: 2}", "--set", "total_tokens=128"]
    assert main(["--recipe", str(path), *arguments]) == 0
    saved = torch.load(output / "checkpoint.pt")
    assert (saved["step"], saved["recipe"]["mix"]) == (1, {"one": 2})


def test_an_encoder_is_scored_as_in_its_run(
    recipe: Recipe, whole: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(dict(recipe.__dict__)), encoding="utf-8")
    assert main(["--recipe", str(path), "--evaluate", str(Path(whole.output) / "encoder")]) == 0
    found = json.loads(capsys.readouterr().out)
    last = log(whole)[-1]
    assert found["heldout_loss"] == pytest.approx(last["heldout_loss"], abs=0.02)  # fp16
    assert not Path(recipe.output).exists()
    assert main(["--recipe", str(path), "--evaluate", str(tmp_path)]) == 2
    assert "is no encoder to go on from" in capsys.readouterr().err


@pytest.mark.slow
def test_the_compiled_objective(recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the recipes have it. The compiler fuses and rounds otherwise, so the curves are only nearly the same."""
    compiled = with_values(recipe, compile=True, attention="eager", output=str(tmp_path / "compiled"))
    train(compiled, log_every=1)
    train(recipe, log_every=1)
    for one, two in zip(log(compiled), log(recipe), strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=0.05)


def test_without_a_compiler(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = type("InductorError", (RuntimeError,), {"__module__": "torch._inductor.exc"})

    def fails(*_: Any, **__: Any) -> None:
        raise failure("InvalidCxxCompiler: No working C++ compiler found")

    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(dict(recipe.__dict__)), encoding="utf-8")
    monkeypatch.setattr(module, "train", fails)
    assert main(["--recipe", str(path)]) == 2
    assert "InvalidCxxCompiler" in (told := capsys.readouterr().err)
    assert "--set compile=false" in told


@pytest.mark.parametrize(
    ("tokens", "factor"), [(0, 0.01), (50, 0.5), (100, 1.0), (700, 1.0), (850, 0.5), (1000, 0.0), (1100, 0.0)]
)
def test_learning_rate(tokens: int, factor: float) -> None:
    recipe = Recipe(total_tokens=1000, warmup_tokens=100, decay=0.3)
    assert learning_rate_factor(tokens, recipe) == pytest.approx(factor)


def test_without_decay_the_rate_stays() -> None:
    recipe = Recipe(total_tokens=1000, warmup_tokens=100, decay=0.0)
    assert [learning_rate_factor(tokens, recipe) for tokens in (100, 500, 999)] == [1.0, 1.0, 1.0]
