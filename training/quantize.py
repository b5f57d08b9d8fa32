"""What the encoder's activations lie between, measured on text: the ranges of an int8 export.

A range is fixed at export, not measured again for every batch: what the model says of a text
does not depend on what stands beside it in a batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ie_model.encoding import TextEncoder
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.windows import plan_windows
from training.modernbert_onnx import linear_inputs
from training.onnx_graph import Range

#: The project's own pieces; every twelfth of them is text enough for the ranges to settle.
CALIBRATION_TEXTS = Path("annotations/authored/news.jsonl")
CALIBRATION_STRIDE = 12
#: Shares of the extreme values at which a range may end; the one with the least squared error is taken.
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
#: Values of an activation that the error is measured on.
_SAMPLE = 1_000_000


def calibration_texts(path: Path = CALIBRATION_TEXTS) -> list[str]:
    """The texts that ranges are measured on; FileNotFoundError without the annotations."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[::CALIBRATION_STRIDE]]


@dataclass(frozen=True)
class Activations:
    """What the linear layers were given on some texts, by the names of `modernbert_onnx.linear_inputs`."""

    values: Mapping[str, Tensor]

    def ranges(self) -> dict[str, Range]:
        """The best range of each."""
        return {name: best_range(values) for name, values in self.values.items()}

    def largest(self) -> dict[str, Tensor]:
        """[channels] the largest absolute value of each channel."""
        return {name: values.abs().amax(dim=0) for name, values in self.values.items()}


def measure_activations(
    network: SpanLinkModel, encoder: TextEncoder, texts: Sequence[str], *, window: int = 126
) -> Activations:
    """Run the network over windows of this size and keep what its linear layers are given: [tokens, channels] each."""
    seen: dict[str, list[Tensor]] = {}
    with _recording(network, seen), torch.no_grad():
        for text in texts:
            encoding = encoder(text)
            for part in plan_windows(encoding.sentence_ends, size=window, overlap=0):
                ids = [encoder.cls_id, *encoding.ids[part.start : part.end].tolist(), encoder.sep_id]
                row = torch.tensor([ids])
                network(row, torch.ones_like(row))
    return Activations({name: torch.cat(values) for name, values in seen.items()})


@contextmanager
def _recording(network: SpanLinkModel, seen: dict[str, list[Tensor]]) -> Iterator[None]:
    """Keep what the linear layers are given, under the names of `linear_inputs`."""
    classifier = network.classifier
    modules: list[nn.Module] = []
    for layer in classifier.model.layers:
        modules += [layer.attn.Wqkv, layer.attn.Wo, layer.mlp.Wi, layer.mlp.Wo]
    modules.append(classifier.head.dense)

    def keep(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(_: nn.Module, arguments: tuple[Any, ...]) -> None:
            seen.setdefault(name, []).append(arguments[0].detach().float().flatten(end_dim=-2))

        return hook

    names = linear_inputs(len(classifier.model.layers))
    handles = [m.register_forward_pre_hook(keep(name)) for name, m in zip(names, modules, strict=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def best_range(values: Tensor) -> Range:
    """The range of which 8 bits reproduce the values ([tokens, channels], or any) with the least squared error."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    # Whole rows: a stride through all values would see some channels and miss others.
    sample = values[:: max(1, values.numel() // _SAMPLE)].flatten()

    def error(candidate: Range) -> float:
        levels = (sample / candidate.scale).round() + candidate.zero_point
        back = (levels.clamp(0, 255) - candidate.zero_point) * candidate.scale
        return float(((back - sample) ** 2).mean())

    return min((Range(low * share, high * share) for share in _SHARES), key=error)
