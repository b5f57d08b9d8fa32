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
    config = network.classifier.config
    state = {name: value.detach().float().cpu().numpy() for name, value in network.classifier.state_dict().items()}
    heads, epsilon = config.num_attention_heads, config.norm_eps
    graph = Graph(ranges or {})
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
    embedded = graph.node("Cast", ["looked_up"], ["token_embedded"], to=TensorProto.FLOAT)
    if getattr(config, "words", None):
        words = covering_words(graph, network.classifier.get_input_embeddings(), int8=ranges is not None)
        embedded = graph.node("Add", [embedded, words], ["embedded"])
    stream = normed = norm(embedded, "model.embeddings.norm", "embedded_normed")
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
