"""The torch engine: what it computes in, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ie_model.extractor import Extractor
from ie_model.relations import LINK_OUTPUTS
from ie_model.runtime.onnx import OnnxRuntime
from ie_model.runtime.torch import TorchRuntime

IDS = np.random.default_rng(0).integers(5, 200, (3, 40))


def test_float32_on_a_cpu(model_dir: Path) -> None:
    logits, hidden = TorchRuntime(model_dir).encode(IDS, np.ones_like(IDS))
    ours, our_hidden = OnnxRuntime(model_dir).encode(IDS, np.ones_like(IDS))
    np.testing.assert_allclose(logits, ours, atol=1e-3)
    np.testing.assert_allclose(hidden, our_hidden, atol=1e-3)


def test_bfloat16_is_near(model_dir: Path) -> None:
    exact, _ = TorchRuntime(model_dir).encode(IDS, np.ones_like(IDS))
    runtime = TorchRuntime(model_dir, bf16=True)
    rounded, hidden = runtime.encode(IDS, np.ones_like(IDS))
    assert rounded.dtype == hidden.dtype == np.float32
    assert 0 < np.abs(rounded - exact).max() < 0.1 * np.abs(exact).max()
    assert (rounded.argmax(-1) == exact.argmax(-1)).mean() > 0.95
    pairs = np.array([[1, 3, 5, 7, 0, 1, 7, 20, 4, 0, 0, 0, 0]])
    assert runtime.link(hidden[0], pairs).dtype == np.float32
    assert runtime.link(hidden[0], pairs[:0]).shape == (0, len(LINK_OUTPUTS))


@pytest.mark.gpu
def test_a_gpu_answers_as_the_cpu_does(model_dir: Path) -> None:
    assert torch.cuda.is_available()
    text = "3月，星河科技技术副总裁林知远宣布辞职创业。" * 40
    here, there = Extractor.load(model_dir), Extractor.load(model_dir, runtime="torch", device="cuda")
    one = {(e.label, e.start, e.end) for e in here(text).entities}
    two = {(e.label, e.start, e.end) for e in there(text).entities}
    assert len(one & two) >= 0.9 * len(one | two)
