"""ModernBERT as an ONNX graph of few large operators, in float or with int8 weights.

`torch.onnx.export` spells attention and rotary positions out in some forty small operators a
layer, which take as long as the matrices. This writes the same network with onnxruntime's own
ones (`com.microsoft`), a dozen a layer. Other architectures are exported by torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ie_model.runtime.modeling import SpanLinkModel

MICROSOFT = "com.microsoft"
#: Weights are quantized to ±63: processors without VNNI add two products of 8 by 8 bits in 16
#: bits, which overflow beyond 7 bits of weight.
WEIGHT_LIMIT = 63

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Range:
    """What an activation's values lie between; they are quantized to 8 bits over it."""

    low: float
    high: float

    @property
    def scale(self) -> float:
        return max(self.high - self.low, 1e-8) / 255

    @property
    def zero_point(self) -> int:
        return int(np.clip(round(-self.low / self.scale), 0, 255))


def is_supported(network: SpanLinkModel) -> bool:
    """Whether this module can write the network: a ModernBERT whose layers all see the whole window."""
    config = network.classifier.config
    return (
        config.model_type == "modernbert"
        and set(config.layer_types) == {"full_attention"}
        and config.hidden_activation == config.classifier_activation == "gelu"
        and not (config.attention_bias or config.mlp_bias or config.norm_bias or config.classifier_bias)
    )


def linear_inputs(layers: int) -> list[str]:
    """Names of the activations that int8 matrices multiply, in the order of the network."""
    names = [f"layers.{i}.{part}" for i in range(layers) for part in ("attn_in", "attn_out", "mlp_in", "mlp_mid")]
    return [*names, "head_in"]


@dataclass
class _Graph:
    """Nodes and initializers under construction."""

    ranges: Mapping[str, Range]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: dict[str, onnx.TensorProto] = field(default_factory=dict)
    #: activation → its quantized form
    _quantized: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def constant(self, name: str, values: Array) -> str:
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def node(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], *, domain: str = "", **attributes: Any
    ) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), list(outputs), domain=domain, **attributes))
        return outputs[0]

    def half(self, name: str, values: Array) -> str:
        """A float constant that the file keeps as fp16; runtimes fold the Cast on loading."""
        self.constant(f"{name}_fp16", values.astype(np.float16))
        return self.node("Cast", [f"{name}_fp16"], [name], to=TensorProto.FLOAT)

    def quantize(self, value: str, activation: str) -> tuple[str, str, str]:
        """The activation in 8 bits, its scale and its zero point; once for all who ask."""
        if activation not in self._quantized:
            known = self.ranges[activation]
            scale = self.constant(f"{activation}_scale", np.float32(known.scale))
            zero = self.constant(f"{activation}_zero", np.uint8(known.zero_point))
            name = self.node("QuantizeLinear", [value, scale, zero], [f"{activation}_u8"])
            self._quantized[activation] = name, scale, zero
        return self._quantized[activation]

    def linear(self, value: str, weight: Array, *, activation: str, output: str) -> str:
        """value [..., in] times weight [out, in], in int8 where the activation's range is known."""
        if activation not in self.ranges:
            return self.node("MatMul", [value, self.half(f"{output}_weight", weight.T)], [output])
        quantized, scale, zero = self.quantize(value, activation)
        weights, weight_scale = quantize_weight(weight)
        inputs = [
            quantized,
            self.constant(f"{output}_weight", weights.T),
            scale,
            self.constant(f"{output}_weight_scale", weight_scale),
            zero,
        ]
        return self.node("MatMulIntegerToFloat", inputs, [output], domain=MICROSOFT)


def quantize_weight(weight: Array) -> tuple[Array, Array]:
    """weight [out, in] as int8 and the scale [out] that each output is multiplied by."""
    scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / WEIGHT_LIMIT
    return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def encoder_graph(network: SpanLinkModel, ranges: Mapping[str, Range] | None = None) -> onnx.ModelProto:
    """The encoder and the tag classifier as an ONNX model.

    Args:
        ranges: of every activation that `linear_inputs` names: int8 matrices. None: float.

    Inputs: input_ids and attention_mask [windows, length], int64; padding only on the right.
    Outputs: logits [windows, length, tags] and hidden [windows, length, hidden].
    """
    config = network.classifier.config
    state = {name: value.detach().float().cpu().numpy() for name, value in network.classifier.state_dict().items()}
    heads, epsilon = config.num_attention_heads, config.norm_eps
    graph = _Graph(ranges or {})
    cosine, sine = _rotary_cache(config)
    graph.constant("cosine", cosine)
    graph.constant("sine", sine)
    graph.constant("first_position", np.zeros(1, dtype=np.int64))
    graph.node("Cast", ["attention_mask"], ["mask"], to=TensorProto.INT32)

    def norm(value: str, name: str, output: str) -> str:
        scale = graph.constant(f"{name}.weight", state[f"{name}.weight"])
        return graph.node("LayerNormalization", [value, scale], [output], axis=-1, epsilon=epsilon)

    def add_and_norm(value: str, added: str, name: str, output: str) -> tuple[str, str]:
        """(norm of the sum, the sum); onnxruntime's operator for both at once is no faster, but slower."""
        total = graph.node("Add", [value, added], [f"{output}_sum"])
        return norm(total, name, output), total

    # The table stays fp16, and what is looked up in it is cast.
    graph.constant("embeddings", state["model.embeddings.tok_embeddings.weight"].astype(np.float16))
    graph.node("Gather", ["embeddings", "input_ids"], ["looked_up"])
    graph.node("Cast", ["looked_up"], ["embedded"], to=TensorProto.FLOAT)
    stream = normed = norm("embedded", "model.embeddings.norm", "embedded_normed")
    added = ""
    for i in range(config.num_hidden_layers):
        layer = f"model.layers.{i}"
        if i:  # the first layer takes the embeddings' norm as it is
            normed, stream = add_and_norm(stream, added, f"{layer}.attn_norm", f"{layer}.attn_in")
        rotated = []
        for kind, weight in zip("qkv", np.split(state[f"{layer}.attn.Wqkv.weight"], 3), strict=True):
            name = graph.linear(normed, weight, activation=f"layers.{i}.attn_in", output=f"{layer}.{kind}")
            if kind != "v":
                name = graph.node(
                    "RotaryEmbedding",
                    [name, "first_position", "cosine", "sine"],
                    [f"{name}_rotated"],
                    domain=MICROSOFT,
                    num_heads=heads,
                    rotary_embedding_dim=config.hidden_size // heads,
                )
            rotated.append(name)
        mixed = graph.node(
            "MultiHeadAttention", [*rotated, "", "mask"], [f"{layer}.mixed"], domain=MICROSOFT, num_heads=heads
        )
        weight = state[f"{layer}.attn.Wo.weight"]
        added = graph.linear(mixed, weight, activation=f"layers.{i}.attn_out", output=f"{layer}.attended")
        normed, stream = add_and_norm(stream, added, f"{layer}.mlp_norm", f"{layer}.mlp_in")
        value, gate = (
            graph.linear(normed, weight, activation=f"layers.{i}.mlp_in", output=f"{layer}.{part}")
            for part, weight in zip(("value", "gate"), np.split(state[f"{layer}.mlp.Wi.weight"], 2), strict=True)
        )
        graph.node("Gelu", [value], [f"{layer}.active"])
        middle = graph.node("Mul", [f"{layer}.active", gate], [f"{layer}.gated"])
        weight = state[f"{layer}.mlp.Wo.weight"]
        added = graph.linear(middle, weight, activation=f"layers.{i}.mlp_mid", output=f"{layer}.mlp_out")
    add_and_norm(stream, added, "model.final_norm", "hidden")
    dense = graph.linear("hidden", state["head.dense.weight"], activation="head_in", output="head.dense")
    features = norm(graph.node("Gelu", [dense], ["head.active"]), "head.norm", "features")
    product = graph.node("MatMul", [features, graph.half("tag_weight", state["classifier.weight"].T)], ["tag_product"])
    graph.node("Add", [product, graph.constant("tag_bias", state["classifier.bias"])], ["logits"])
    return _model(graph, tags=config.num_labels, hidden=config.hidden_size)


def matrix_graph(inner: int, outer: int, *, int8: bool) -> onnx.ModelProto:
    """One matrix of ones, as the encoder multiplies by it: values [rows, inner] → [rows, outer]."""
    graph = _Graph({})
    if int8:
        names = [
            "values",
            graph.constant("weight", np.ones((inner, outer), dtype=np.int8)),
            graph.constant("scale", np.float32(1)),
            graph.constant("weight_scale", np.ones(outer, dtype=np.float32)),
            graph.constant("zero", np.uint8(128)),
        ]
        graph.node("MatMulIntegerToFloat", names, ["product"], domain=MICROSOFT)
    else:
        graph.node(
            "MatMul", ["values", graph.constant("weight", np.ones((inner, outer), dtype=np.float32))], ["product"]
        )
    kind = TensorProto.UINT8 if int8 else TensorProto.FLOAT
    built = helper.make_graph(
        graph.nodes,
        "matrix",
        [helper.make_tensor_value_info("values", kind, ["rows", inner])],
        [helper.make_tensor_value_info("product", TensorProto.FLOAT, ["rows", outer])],
        initializer=list(graph.initializers.values()),
    )
    return _with_opsets(built)


def _rotary_cache(config: Any) -> tuple[Array, Array]:
    """[positions, head / 2] cosines and sines of the rotary embedding."""
    size = config.hidden_size // config.num_attention_heads
    theta = config.rope_parameters["full_attention"]["rope_theta"]
    frequencies = theta ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    angles = np.outer(np.arange(config.max_position_embeddings), frequencies)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _model(graph: _Graph, *, tags: int, hidden: int) -> onnx.ModelProto:
    shape = ["windows", "length"]
    built = helper.make_graph(
        graph.nodes,
        "encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*shape, tags]),
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [*shape, hidden]),
        ],
        initializer=list(graph.initializers.values()),
    )
    return _with_opsets(built)


def _with_opsets(built: onnx.GraphProto) -> onnx.ModelProto:
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(built, opset_imports=opsets, ir_version=10, producer_name="ie-model")
