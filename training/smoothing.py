"""Evening out what int8 rounds: channels with large activations are scaled down, and the weights behind them up.

A range that one channel stretches leaves few of the 256 levels to the others. A channel's scale can be moved
into the matrix before or behind it, which changes no result in floats (SmoothQuant, Xiao et al. 2023), and
costs nothing at run time. Norms, the values of attention and the gates of the feed-forward part are such places.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor

from ie_model.runtime.modeling import SpanLinkModel

#: Which share of the difficulty moves from the activations into the weights, in the exponent.
STRENGTH = 0.5
LARGEST_SCALE = 16.0


def channel_scales(largest: Tensor, weight: Tensor) -> Tensor:
    """[channels] what each channel is divided by, from its largest values and the matrix [out, channels] behind it."""
    inputs = largest.clamp_min(1e-5)
    weights = weight.abs().amax(dim=0).clamp_min(1e-5)
    scales = inputs**STRENGTH / weights ** (1 - STRENGTH)
    # Scaling all channels alike would change nothing, so that the middle one stays as it is. What was hardly seen is
    # not blown up: another text may use it.
    return (scales / scales.median()).clamp(1 / LARGEST_SCALE, LARGEST_SCALE)


def smoothed(network: SpanLinkModel, largest: Mapping[str, Tensor]) -> SpanLinkModel:
    """A copy of a ModernBERT network that computes the same, with channels of like size before its matrices.

    Args:
        largest: activation (`modernbert_onnx.linear_inputs`) → [channels] the largest absolute value seen.
    """
    result = deepcopy(network)
    with torch.no_grad():
        for index, layer in enumerate(result.classifier.model.layers):
            parts = {part: largest[f"layers.{index}.{part}"] for part in ("attn_in", "attn_out", "mlp_in", "mlp_mid")}
            if index:  # the first layer's input is the residual stream itself
                _move(layer.attn_norm.weight, layer.attn.Wqkv.weight, parts["attn_in"])
            _move(layer.mlp_norm.weight, layer.mlp.Wi.weight, parts["mlp_in"])
            # Attention mixes tokens, not channels, so that the scale of its result is that of the values.
            values = layer.attn.Wqkv.weight.chunk(3)[2]
            _move(values, layer.attn.Wo.weight, parts["attn_out"])
            gate = layer.mlp.Wi.weight.chunk(2)[1]
            _move(gate, layer.mlp.Wo.weight, parts["mlp_mid"])
    return result


def _move(before: Tensor, behind: Tensor, largest: Tensor) -> None:
    """Divide the channels that `before` ([channels] or [channels, in]) makes; multiply `behind` [out, channels]."""
    scales = channel_scales(largest, behind)
    before.div_(scales if before.ndim == 1 else scales[:, None])
    behind.mul_(scales)
