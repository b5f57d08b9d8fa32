"""ModernBERT as an ONNX graph of few large operators, in float or with int8 weights.

`torch.onnx.export` spells attention and rotary positions out in some forty small operators a
layer, which take as long as the matrices. This writes the same network with onnxruntime's own
ones (`com.microsoft`), a dozen a layer. Other architectures are exported by torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ie_model.runtime.modeling import SpanLinkModel
from training.onnx_graph import MICROSOFT, Array, Graph, Range, with_opsets
from training.words_onnx import covering_words


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


def encoder_graph(network: SpanLinkModel, ranges: Mapping[str, Range] | None = None) -> onnx.ModelProto:
    """The encoder and the tag classifier as an ONNX model.

    Args:
        ranges: of every activation that `linear_inputs` names: int8 matrices. None: float.

    Inputs: input_ids and attention_mask [windows, length], int64; padding only on the right.
    Outputs: logits [windows, length, tags] and hidden [windows, length, hidden].
    """
    writer = _Writer(network, Graph(ranges or {}))
    writer.prepare()
    stream = normed = writer.embed(int8=ranges is not None)
    added = ""
    for number in range(writer.config.num_hidden_layers):
        layer = f"model.layers.{number}"
        if number:  # the first layer takes the embeddings' norm as it is
            normed, stream = writer.add_and_norm(stream, added, f"{layer}.attn_norm", f"{layer}.attn_in")
        added = writer.attend(number, normed)
        normed, stream = writer.add_and_norm(stream, added, f"{layer}.mlp_norm", f"{layer}.mlp_in")
        added = writer.feed_forward(number, normed)
    hidden, _ = writer.add_and_norm(stream, added, "model.final_norm", "hidden")
    writer.classify(hidden)
    return _model(writer.graph, tags=writer.config.num_labels, hidden=writer.config.hidden_size)


class _Writer:
    """Writes the parts of a network into a graph; what it returns are names of values in it."""

    def __init__(self, network: SpanLinkModel, graph: Graph) -> None:
        self.graph = graph
        self.config = network.classifier.config
        self._embedding = network.classifier.get_input_embeddings()
        state = network.classifier.state_dict()
        self._state = {name: value.detach().float().cpu().numpy() for name, value in state.items()}

    def prepare(self) -> None:
        """What all layers share: the rotary embedding's tables, and the mask in the form that attention takes."""
        cosine, sine = _rotary_cache(self.config)
        self.graph.constant("cosine", cosine)
        self.graph.constant("sine", sine)
        self.graph.constant("first_position", np.zeros(1, dtype=np.int64))
        self.graph.node("Cast", ["attention_mask"], ["mask"], to=TensorProto.INT32)

    def norm(self, value: str, name: str, output: str) -> str:
        scale = self.graph.constant(f"{name}.weight", self._state[f"{name}.weight"])
        return self.graph.node("LayerNormalization", [value, scale], [output], axis=-1, epsilon=self.config.norm_eps)

    def add_and_norm(self, value: str, added: str, name: str, output: str) -> tuple[str, str]:
        """(norm of the sum, the sum); onnxruntime's operator for both at once is no faster, but slower."""
        total = self.graph.node("Add", [value, added], [f"{output}_sum"])
        return self.norm(total, name, output), total

    def embed(self, *, int8: bool) -> str:
        """The norm of the tokens' embeddings, with those of the words that cover them where the network has words."""
        # The table stays fp16, and what is looked up in it is cast.
        self.graph.constant("embeddings", self._state["model.embeddings.tok_embeddings.weight"].astype(np.float16))
        self.graph.node("Gather", ["embeddings", "input_ids"], ["looked_up"])
        embedded = self.graph.node("Cast", ["looked_up"], ["token_embedded"], to=TensorProto.FLOAT)
        if getattr(self.config, "words", None):
            words = covering_words(self.graph, self._embedding, int8=int8)
            embedded = self.graph.node("Add", [embedded, words], ["embedded"])
        return self.norm(embedded, "model.embeddings.norm", "embedded_normed")

    def attend(self, number: int, normed: str) -> str:
        """What the attention of a layer adds to the stream."""
        layer, heads = f"model.layers.{number}", self.config.num_attention_heads
        rotated = []
        for kind, weight in zip("qkv", np.split(self._state[f"{layer}.attn.Wqkv.weight"], 3), strict=True):
            name = self.graph.linear(normed, weight, activation=f"layers.{number}.attn_in", output=f"{layer}.{kind}")
            if kind != "v":
                name = self.graph.node(
                    "RotaryEmbedding",
                    [name, "first_position", "cosine", "sine"],
                    [f"{name}_rotated"],
                    domain=MICROSOFT,
                    num_heads=heads,
                    rotary_embedding_dim=self.config.hidden_size // heads,
                )
            rotated.append(name)
        mixed = self.graph.node(
            "MultiHeadAttention", [*rotated, "", "mask"], [f"{layer}.mixed"], domain=MICROSOFT, num_heads=heads
        )
        weight = self._state[f"{layer}.attn.Wo.weight"]
        return self.graph.linear(mixed, weight, activation=f"layers.{number}.attn_out", output=f"{layer}.attended")

    def feed_forward(self, number: int, normed: str) -> str:
        """What the gated matrices of a layer add to the stream."""
        layer = f"model.layers.{number}"
        halves = np.split(self._state[f"{layer}.mlp.Wi.weight"], 2)
        value, gate = (
            self.graph.linear(normed, weight, activation=f"layers.{number}.mlp_in", output=f"{layer}.{part}")
            for part, weight in zip(("value", "gate"), halves, strict=True)
        )
        self.graph.node("Gelu", [value], [f"{layer}.active"])
        middle = self.graph.node("Mul", [f"{layer}.active", gate], [f"{layer}.gated"])
        weight = self._state[f"{layer}.mlp.Wo.weight"]
        return self.graph.linear(middle, weight, activation=f"layers.{number}.mlp_mid", output=f"{layer}.mlp_out")

    def classify(self, hidden: str) -> None:
        """The logits of the tags."""
        dense = self.graph.linear(hidden, self._state["head.dense.weight"], activation="head_in", output="head.dense")
        features = self.norm(self.graph.node("Gelu", [dense], ["head.active"]), "head.norm", "features")
        weight = self.graph.half("tag_weight", self._state["classifier.weight"].T)
        product = self.graph.node("MatMul", [features, weight], ["tag_product"])
        bias = self.graph.constant("tag_bias", self._state["classifier.bias"])
        self.graph.node("Add", [product, bias], ["logits"])


def _rotary_cache(config: Any) -> tuple[Array, Array]:
    """[positions, head / 2] cosines and sines of the rotary embedding."""
    size = config.hidden_size // config.num_attention_heads
    theta = config.rope_parameters["full_attention"]["rope_theta"]
    frequencies = theta ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    angles = np.outer(np.arange(config.max_position_embeddings), frequencies)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _model(graph: Graph, *, tags: int, hidden: int) -> onnx.ModelProto:
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
    return with_opsets(built)
