"""The default engine: how many calls it takes at once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ie_model.errors import ModelError
from ie_model.relations import LINK_OUTPUTS
from ie_model.runtime.onnx import OnnxRuntime


def test_it_takes_as_many_calls_at_once_as_there_are_cores(monkeypatch: pytest.MonkeyPatch, model_dir: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5}, raising=False)
    assert OnnxRuntime(model_dir).threads == 2
    assert OnnxRuntime(model_dir, threads=5).threads == 5


def test_graphs_that_do_not_fit_are_told(model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_dir, folder)
    with pytest.raises(ModelError, match=r"model\.onnx.*config.json has labels for 5"):
        OnnxRuntime(folder, tags=5)
    monkeypatch.setattr("ie_model.runtime.onnx.LINK_OUTPUTS", LINK_OUTPUTS[:-1])
    with pytest.raises(ModelError, match=r"links\.onnx.*says 7 things and not 6: another version made it"):
        OnnxRuntime(folder)
    shutil.copyfile(folder / "model.onnx", folder / "links.onnx")
    with pytest.raises(ModelError, match=r"links\.onnx.*are expected"):
        OnnxRuntime(folder)
