"""ONNX graphs under construction: nodes, constants, and matrices in float or int8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

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


@dataclass
class Graph:
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
        return self.multiply_int8(*self.quantize(value, activation), weight, output=output)

    def multiply_int8(self, quantized: str, scale: str, zero: str, weight: Array, *, output: str) -> str:
        """Values [..., in] in 8 bits, with their scale and zero point, times weight [out, in], as floats."""
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


def matrix_graph(inner: int, outer: int, *, int8: bool) -> onnx.ModelProto:
    """One matrix of ones, as the encoder multiplies by it: values [rows, inner] → [rows, outer]."""
    graph = Graph({})
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
    return with_opsets(built)


def with_opsets(built: onnx.GraphProto) -> onnx.ModelProto:
    """The model of a graph, for the operators that this package uses."""
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(built, opset_imports=opsets, ir_version=10, producer_name="ie-model")
