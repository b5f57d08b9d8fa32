from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ie_model.extractor import Extractor
from training.average import main
from training.modeling import load_model, save_model


@pytest.fixture
def models(model_dir: Path, tmp_path: Path) -> list[Path]:
    """Two models from one start."""
    folders = []
    for number in range(2):
        network = load_model(model_dir)
        torch.manual_seed(number)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
        folders.append(tmp_path / f"model{number}")
        save_model(network, folders[-1], tokenizer=model_dir)
    return folders


def test_every_weight_is_the_mean(models: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "mean"
    assert main([*map(str, models), "--output", str(output)]) == 0
    one, two, mean = (load_file(folder / "model.safetensors") for folder in (*models, output))
    assert one.keys() == two.keys() == mean.keys()
    for name in mean:
        assert torch.allclose(mean[name].float(), (one[name].float() + two[name].float()) / 2, atol=2e-3)
    document = Extractor.load(output, runtime="torch")("林知远离开星河科技。")
    assert all(document.text[e.start : e.end] == e.text for e in document.entities)


def test_models_of_other_labels_or_vocabulary_are_refused(
    models: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "mean"
    path = models[1] / "config.json"
    path.write_text(path.read_text(encoding="utf-8").replace("PERSON", "HUMAN"), encoding="utf-8")
    assert main([*map(str, models), "--output", str(output)]) == 2
    assert "its config.json is not that of" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(("settings", "alike"), [({"link_threshold": 0.7}, True), ({"benchmark": "msra"}, False)])
def test_how_a_model_is_run_does_not_matter_but_what_it_is_for(
    models: list[Path], tmp_path: Path, settings: dict[str, object], alike: bool
) -> None:
    path = models[1] / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "ie_model": settings}), encoding="utf-8")
    assert (main([*map(str, models), "--output", str(tmp_path / "mean")]) == 0) is alike


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_model_is_named(
    models: list[Path], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = models[1] / "model.safetensors"
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[:50])
    assert main([*map(str, models), "--output", str(tmp_path / "mean")]) == 2
    assert f"{models[1]}: not a model" in capsys.readouterr().err


def test_one_model_is_no_average(models: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(models[0]), "--output", str(tmp_path / "mean")]) == 2
    assert "at least two" in capsys.readouterr().err
