"""The precision that a machine trains in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import training.precision as module
from training.precision import bf16_pays


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    bf16_pays.cache_clear()
    yield
    bf16_pays.cache_clear()


@pytest.mark.parametrize(("seconds", "pays"), [({torch.bfloat16: 1, torch.float32: 6}, True),
                                               ({torch.bfloat16: 33, torch.float32: 1}, False)])  # fmt: skip
def test_a_processor_is_measured(
    seconds: dict[torch.dtype, float], pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_seconds", lambda dtype, device: seconds[dtype])
    assert bf16_pays("cpu") is pays


def test_the_shortest_trial_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0, 9, 10, 12, 20, 21, 30, 37, 40, 44])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(moments))
    assert module._seconds(torch.float32, "cpu") == 1


@pytest.mark.parametrize("supported", [True, False])
def test_a_gpu_is_asked(supported: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert bf16_pays("cuda") is supported


def test_this_machine_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = module._seconds, []
    monkeypatch.setattr(module, "_seconds", lambda dtype, device: asked.append(dtype) or real(dtype, device))
    assert bf16_pays("cpu") is bf16_pays("cpu")
    assert asked == [torch.bfloat16, torch.float32]
