"""Moving scales between channels and matrices: the same results, and less lost to int8."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ie_model.encoding import TextEncoder
from ie_model.runtime.modeling import SpanLinkModel
from training.modeling import load_model
from training.quantize import measure_activations
from training.smoothing import LARGEST_SCALE, channel_scales, smoothed

TEXTS = ["3月，星河科技技术副总裁林知远宣布辞职创业。" * 3, "据悉，周以安离开青木资本，获 1.13 亿美元。"]


@pytest.fixture
def network(model_dir: Path) -> SpanLinkModel:
    """A network in which some channels are many times larger than others."""
    network = load_model(model_dir)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for layer in network.classifier.model.layers:
            layer.mlp_norm.weight.mul_(torch.exp(2 * torch.randn(32, generator=generator)))
            layer.mlp.Wi.weight.mul_(3)
    return network


def run(network: SpanLinkModel, encoder: TextEncoder) -> list[torch.Tensor]:
    with torch.no_grad():
        ids = [torch.tensor([encoder(text).ids[:30].tolist()]) for text in TEXTS]
        return [part for row in ids for part in network(row, torch.ones_like(row))]


def test_the_network_computes_the_same(network: SpanLinkModel, text_encoder: TextEncoder) -> None:
    before = run(network, text_encoder)
    largest = measure_activations(network, text_encoder, TEXTS).largest()
    even = smoothed(network, largest)
    for mine, theirs in zip(run(even, text_encoder), before, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)
    weights = [n.classifier.model.layers[0].mlp.Wi.weight for n in (network, even)]
    assert not torch.allclose(*weights), "nothing was moved"
    for mine, theirs in zip(run(network, text_encoder), before, strict=True):
        assert torch.equal(mine, theirs), "the network itself was changed"


def test_channels_come_nearer_to_each_other(network: SpanLinkModel, text_encoder: TextEncoder) -> None:
    before = measure_activations(network, text_encoder, TEXTS).largest()["layers.0.mlp_in"]
    even = smoothed(network, measure_activations(network, text_encoder, TEXTS).largest())
    after = measure_activations(even, text_encoder, TEXTS).largest()["layers.0.mlp_in"]
    assert after.log().std() < 0.7 * before.log().std()


def test_a_channel_that_is_never_used() -> None:
    scales = channel_scales(torch.tensor([0.0, 1.0, 4.0]), torch.zeros(2, 3))
    assert scales.tolist() == pytest.approx([1 / LARGEST_SCALE, 1.0, 2.0]), "not blown up without end"
