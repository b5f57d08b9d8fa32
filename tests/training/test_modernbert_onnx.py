"""The encoder written as ONNX by hand: the network that torch has, in float and in int8."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import Settings
from ie_model.runtime.modeling import SpanLinkModel
from training import export as export_module
from training.export import ExportError, export, main
from training.modeling import load_model
from training.modernbert_onnx import encoder_graph, is_supported, linear_inputs
from training.onnx_graph import Range, quantize_weight
from training.quantize import Activations, best_range, calibration_texts, measure_activations

TEXTS = ["3月，星河科技技术副总裁林知远宣布辞职创业。" * 3, "据悉，周以安离开青木资本，获 1.13 亿美元。"]


@pytest.fixture(scope="module")
def network(model_dir: Path) -> SpanLinkModel:
    return load_model(model_dir)


def operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


def test_one_operator_for_all_of_attention(network: SpanLinkModel) -> None:
    assert is_supported(network)
    found = operators(encoder_graph(network))
    assert {"MultiHeadAttention", "RotaryEmbedding"} <= found
    assert not {"Softmax", "MatMulIntegerToFloat"} & found


@pytest.mark.parametrize(
    ("key", "value"), [("model_type", "bert"), ("layer_types", ["sliding_attention"]), ("mlp_bias", True)]
)
def test_other_networks_are_left_to_torch(model_dir: Path, key: str, value: object) -> None:
    network = load_model(model_dir)
    network.classifier.config.model_type = "modernbert"
    original = getattr(network.classifier.config, key)
    try:
        setattr(network.classifier.config, key, value)
        assert not is_supported(network)
    finally:
        setattr(network.classifier.config, key, original)


def test_int8_wherever_the_range_is_known(network: SpanLinkModel, text_encoder: TextEncoder) -> None:
    ranges = measure_activations(network, text_encoder, TEXTS).ranges()
    assert list(ranges) == linear_inputs(1)
    graph = encoder_graph(network, ranges).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("MatMulIntegerToFloat") == 3 + 1 + 2 + 1 + 1
    assert kinds.count("QuantizeLinear") == len(ranges), "an activation is quantized once for all who read it"
    assert kinds.count("MatMul") == 1, "the tags' own matrix stays in float"


def test_ranges_hold_what_was_seen(network: SpanLinkModel, text_encoder: TextEncoder) -> None:
    ranges = measure_activations(network, text_encoder, TEXTS).ranges()
    for known in ranges.values():
        assert known.low < 0 < known.high
        assert 0 < known.zero_point < 255, "zero must be one of the values"
    assert not network.classifier.head.dense._forward_pre_hooks, "the network is left as it was"


def test_an_outlier_does_not_cost_the_rest_its_precision() -> None:
    values = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    plain = best_range(values)
    assert plain.high == pytest.approx(float(values.max()), rel=0.35)
    values[0] = 60.0
    assert best_range(values).high < 60.0
    assert best_range(torch.zeros(8)).scale > 0
    channels = torch.randn(40_000, 32, generator=torch.Generator().manual_seed(1)) * 0.1
    channels[:, 7] *= 100
    assert best_range(channels).high > 10.0, "a channel of large values counts, wherever it stands"
    only_positive = best_range(values.abs())
    assert (only_positive.low, only_positive.zero_point) == (0.0, 0)


def test_weights_stay_within_seven_bits() -> None:
    weight = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    quantized, scale = quantize_weight(weight)
    assert quantized.dtype == np.int8
    assert np.abs(quantized).max(axis=1).tolist() == [63] * 5
    np.testing.assert_allclose(quantized * scale[:, None], weight, atol=float(scale.max()) / 2 + 1e-6)
    assert quantize_weight(np.zeros((1, 4), dtype=np.float32))[0].tolist() == [[0] * 4]


def test_range_of_eight_bits() -> None:
    known = Range(-1.0, 3.0)
    assert known.scale == pytest.approx(4 / 255)
    assert known.zero_point == 64


def test_an_int8_model_answers_nearly_as_in_float(model_dir: Path, tmp_path: Path) -> None:
    report = export(model_dir, tmp_path, settings=Settings(window=62, overlap=16), precision="int8")
    assert report["difference"] < 1e-3
    assert report["tags"] >= 0.98
    assert "MatMulIntegerToFloat" in operators(onnx.load(str(tmp_path / "model.onnx")))
    exact, rounded = Extractor.load(model_dir), Extractor.load(tmp_path)
    text = "".join(TEXTS) * 5
    a = {(e.label, e.start, e.end) for e in exact(text).entities}
    b = {(e.label, e.start, e.end) for e in rounded(text).entities}
    assert len(a & b) >= 0.8 * len(a) > 0


def test_an_int8_answer_does_not_depend_on_its_neighbours(model_dir: Path, tmp_path: Path) -> None:
    export(model_dir, tmp_path, settings=Settings(window=62, overlap=16), precision="int8")
    extractor = Extractor.load(tmp_path)
    texts = [*TEXTS, "林知远。", "".join(TEXTS)]
    assert list(extractor.pipe(texts)) == [extractor(text) for text in texts]


def test_int8_that_changes_too_many_tags_is_refused(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Activations, "ranges", lambda _: dict.fromkeys(linear_inputs(1), Range(-1e-3, 1e-3)))
    folder = tmp_path / "model"
    with pytest.raises(ExportError, match=r"int8 changes .* export with --precision float"):
        export(model_dir, folder, settings=Settings(), precision="int8")
    assert list(tmp_path.iterdir()) == [], "what fails a check leaves nothing behind"


def test_a_window_that_the_encoder_cannot_take(model_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="exceeds its 512"):
        export(model_dir, tmp_path, settings=Settings(window=511))


def test_int8_of_another_architecture_is_refused(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_module, "is_supported", lambda _: False)
    assert main(["--model", str(model_dir), "--output", str(tmp_path / "a")]) == 2
    assert "only ModernBERT encoders can be int8; export with --precision float" in capsys.readouterr().err
    assert main(["--model", str(model_dir), "--output", str(tmp_path / "b"), "--precision", "float"]) == 0
    assert "MultiHeadAttention" not in operators(onnx.load(str(tmp_path / "b" / "model.onnx")))


def test_calibration_texts_are_the_projects_own() -> None:
    texts = calibration_texts()
    assert len(texts) > 100
    assert all(isinstance(text, str) and text for text in texts)


def test_settings_travel(model_dir: Path, tmp_path: Path) -> None:
    settings = replace(Settings(), window=30, overlap=8)
    export(model_dir, tmp_path, settings=settings)
    assert '"window": 30' in (tmp_path / "config.json").read_text(encoding="utf-8")
