"""What a user is told of a model folder that cannot be used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from ie_model.errors import IEModelError, InputError, ModelError
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder, Settings


@pytest.fixture
def folder(model_dir: Path, tmp_path: Path) -> Path:
    """A copy of the model that may be broken."""
    copy = tmp_path / "model"
    shutil.copytree(model_dir, copy)
    return copy


def change_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, **values}), encoding="utf-8")


def test_a_good_folder(folder: Path) -> None:
    opened = ModelFolder.open(folder)
    assert (opened.path, opened.settings) == (folder, Settings(window=62, overlap=16))
    assert opened.scheme.labels == ("PERSON", "ORG", "ROLE", "MONEY")


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("config.json", "onnx"),
        ("tokenizer.json", "onnx"),
        ("model.onnx", "onnx"),
        ("links.onnx", "onnx"),
        ("config.json", "torch"),
        ("tokenizer.json", "torch"),
        ("model.safetensors", "torch"),
    ],
)
def test_a_missing_file_is_named(folder: Path, name: str, runtime: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError) as caught:
        Extractor.load(folder, runtime=runtime)
    assert str(caught.value) == (
        f"{folder}: the model folder lacks {name}; give a folder that `python -m training.export` wrote, or no model "
        "for the packaged one"
    )


@pytest.mark.parametrize(("unneeded", "runtime"), [("model.safetensors", "onnx"), ("links.onnx", "torch")])
def test_a_runtime_needs_its_own_files_only(folder: Path, unneeded: str, runtime: str) -> None:
    (folder / unneeded).unlink()
    assert Extractor.load(folder, runtime=runtime)("林知远离职。").text == "林知远离职。"


def test_a_folder_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    with pytest.raises(ModelError, match=r"the model cannot be read \(Permission denied\); check the path and its"):
        ModelFolder.open(folder)


def test_no_folder_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, told in (("nowhere", "no such folder"), ("file", "not a folder")):
        with pytest.raises(ModelError, match=f"{name}: {told}; give a folder that `python -m training.export` wrote"):
            ModelFolder.open(tmp_path / name)


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"0": "O"},
        {str(i): tag for i, tag in enumerate(["O", "B-PERSON", "I-PERSON"])},
        {str(i): tag for i, tag in enumerate(["O", "B-ORG", "E-ORG", "I-ORG", "S-ORG"])},
        {"1": "O", "2": "B-PERSON"},
    ],
)
def test_tags_that_are_not_bioes(folder: Path, labels: dict[str, str]) -> None:
    change_config(folder, id2label=labels)
    with pytest.raises(ModelError, match=r"labels .* are not O and then B-, I-, E- and S- of each label; use a model"):
        ModelFolder.open(folder)


def test_a_model_may_have_its_own_labels(folder: Path) -> None:
    tags = ["O", *(f"{position}-{label}" for label in ("game", "movie") for position in "BIES")]
    change_config(folder, id2label={str(i): tag for i, tag in enumerate(tags)})
    assert ModelFolder.open(folder).scheme.labels == ("game", "movie")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff", b'{"id2label": []}', b'{"id2label": null}'])
def test_a_broken_config(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        ModelFolder.open(folder)
    message = str(caught.value)
    assert message.startswith((f"{folder / 'config.json'}: not a usable model file", f"{folder}: the model's labels"))
    assert "\n" not in message


@pytest.mark.parametrize(
    "settings",
    [
        None,
        [],
        {"windows": 3},
        {"window": "long"},
        {"window": 10, "overlap": 5},
        {"window": 0},
        {"temperature": 0},
        {"temperature": "hot"},
        {"link_threshold": None},
        {"temperature": float("inf")},
        {"link_temperature": -1.0},
        {"link_temperature": float("nan")},
        {"link_bias": float("inf")},
        {"link_bias": "none"},
    ],
)
def test_settings_that_cannot_be_used(folder: Path, settings: Any) -> None:
    change_config(folder, ie_model=settings)
    with pytest.raises(ModelError, match=r"config\.json: not a usable model file"):
        Extractor.load(folder)


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("model.onnx", "onnx"),
        ("links.onnx", "onnx"),
        ("tokenizer.json", "onnx"),
        ("model.safetensors", "torch"),
    ],
)
@pytest.mark.parametrize("damage", ["empty", "cut short", "other content"])
def test_a_damaged_file_is_named(folder: Path, name: str, runtime: str, damage: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "cut short": data[: len(data) // 2], "other content": b"\x89PNG\r\n" * 9}[damage])
    with pytest.raises(ModelError) as caught:
        Extractor.load(folder, runtime=runtime)
    message = str(caught.value)
    assert str(path) in message or (runtime == "torch" and str(folder) in message)
    assert "export or install the model again" in message
    assert "\n" not in message


def test_unknown_runtimes_and_devices(folder: Path) -> None:
    with pytest.raises(InputError, match="runtime 'tpu' is unknown; choose 'onnx' or 'torch'"):
        Extractor.load(folder, runtime="tpu")
    with pytest.raises(InputError, match="device 'cuda' needs the torch runtime: pass runtime='torch'"):
        Extractor.load(folder, device="cuda")


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there(folder: Path, device: str) -> None:
    with pytest.raises(IEModelError, match=device):
        Extractor.load(folder, runtime="torch", device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_machine_without_gpu(folder: Path) -> None:
    with pytest.raises(IEModelError, match="cuda"):
        Extractor.load(folder, runtime="torch", device="cuda")
