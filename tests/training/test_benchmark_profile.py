"""Where the time goes, told by what a thread is seen doing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import ENCODER_ONNX, TOKENIZER, ModelFolder
from training.benchmark_profile import RecordingRuntime, operator_times, profile, sampled, shares

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业，加入了云栖智能。"


def test_the_parts_are_those_that_the_thread_was_in(model_dir: Path) -> None:
    encoder = TextEncoder.from_file(model_dir / TOKENIZER)
    text = TEXT * 2000
    assert sampled(lambda: encoder(text), interval=0.001).most_common(1)[0][0] == "text to tokens"
    assert not sampled(lambda: sum(range(10**6)), interval=0.001), "nothing of the package"


def test_a_failure_of_the_work_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        sampled(lambda: 1 / 0)


def test_batches_are_recorded_and_their_operators_timed(model_dir: Path) -> None:
    runtime = RecordingRuntime(model_dir, threads=1)
    model = ModelFolder.open(model_dir, runtime="onnx")
    document = Extractor(model, runtime)(TEXT)
    assert document == Extractor.load(model_dir)(TEXT)
    assert len(runtime.batches) == 1
    times = operator_times(model_dir / ENCODER_ONNX, runtime.batches)
    assert {"float matrices", "attention", "norms"} <= set(times)
    assert sum(shares(times).values()) == pytest.approx(100, abs=0.5)


def test_a_profile_adds_up(model_dir: Path) -> None:
    found = profile(ModelFolder.open(model_dir, runtime="onnx"), [TEXT * 20] * 8, rounds=3)
    assert sum(found["parts"].values()) == pytest.approx(100, abs=0.5)
    assert found["characters"] == 160 * len(TEXT)
    assert found["tokens_run"] > 160 * 20
