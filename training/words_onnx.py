"""The words' part of the encoder's ONNX graph: look-up of the words that cover a token, and their matrix.

ONNX has no search in a sorted list, so the lexicon is written as a hash table: a word is at one of two places
(cuckoo hashing, Pagh and Rodler 2004), so that two look-ups find it or say that there is none.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from ie_model.arrays import Ints
from ie_model.runtime.words import LONGEST_WORD, TOKEN_BITS, WordEmbedding
from training.onnx_graph import Graph

#: Places of the table per word; cuckoo hashing with two places succeeds above 2.
ROOM = 2.3
#: Pairs of moduli that are tried: with any one, three keys may share both places.
ATTEMPTS = 8
#: Share of the vectors' values that 8 bits cover; the few beyond are cut off.
COVERED = 0.9999


def primes_below(limit: int, *, count: int) -> list[int]:
    """The largest primes below a limit."""
    found: list[int] = []
    candidate = limit
    while len(found) < count:
        candidate -= 1
        if all(candidate % divisor for divisor in range(2, int(candidate**0.5) + 1)):
            found.append(candidate)
    return found


def cuckoo_table(keys: Ints) -> tuple[Ints, tuple[int, int], Ints]:
    """A table in which key i stands at keys[i] % first or keys[i] % second.

    Returns:
        the keys by place (−1 where there is none), the two moduli, and the index of the key by place.
    """
    size = max(int(len(keys) * ROOM), 64)
    # The moduli are far apart, so that the two places of a key have nothing to do with each other.
    for moduli in zip(primes_below(size, count=ATTEMPTS), primes_below(size * 15 // 16, count=ATTEMPTS), strict=True):
        places = _placed(keys.tolist(), moduli)
        if places is not None:
            indices = np.array(places, dtype=np.int64)
            return np.where(indices < 0, -1, keys[indices]), moduli, indices
    raise ValueError("the words do not fit into their table; give it more ROOM")


def _placed(values: list[int], moduli: tuple[int, int]) -> list[int] | None:
    """The index of the value at each place, −1 where there is none; None if some find no place."""
    first, second = moduli
    places = [-1] * first
    for index, value in enumerate(values):
        moving, place = index, value % first
        for _ in range(500):
            places[place], moving = moving, places[place]
            if moving < 0:
                break
            one, other = values[moving] % first, values[moving] % second
            place = other if place == one else one
        else:
            return None
    return places


def covering_words(graph: Graph, module: WordEmbedding, *, int8: bool) -> str:
    """Nodes from input_ids to what the covering words add to the embedding: [windows, length, hidden]."""
    table, moduli, indices = cuckoo_table(module.keys.cpu().numpy())
    graph.constant("word_keys", table)
    graph.constant("word_rows", (indices + 1).astype(np.int32))
    for place, modulus in enumerate(moduli):
        graph.constant(f"word_modulus_{place}", np.int64(modulus))
    graph.constant("zero_row", np.int32(0))
    graph.constant("axis_length", np.array([1], dtype=np.int64))
    slots = []
    key = "input_ids"
    for length in range(2, LONGEST_WORD + 1):
        later = _shifted(graph, "input_ids", length - 1, f"ids_{length}")
        factor = graph.constant(f"key_factor_{length}", np.int64(1 << (TOKEN_BITS * (length - 1))))
        high = graph.node("Mul", [later, factor], [f"key_high_{length}"])
        key = graph.node("Add", [key, high], [f"key_{length}"])
        # A word of this length ends in a token; [PAD] is 0 and would make a longer word of a shorter one.
        ends = graph.node("Cast", [later], [f"word_{length}_ends"], to=TensorProto.BOOL)
        row = _row_of(graph, key, ends, f"word_{length}", places=len(moduli))
        slots += [row, *(_shifted(graph, row, -place, f"word_{length}_from_{place}") for place in range(1, length))]
    axis = graph.constant("slot_axis", np.array([-1], dtype=np.int64))
    columns = [graph.node("Unsqueeze", [slot, axis], [f"slot_{n}"]) for n, slot in enumerate(slots)]
    rows = graph.node("Concat", columns, ["covering_rows"], axis=-1)
    flat = graph.constant("flat_slots", np.array([0, 0, -1], dtype=np.int64))
    multiplied = _multiplied_int8 if int8 else _multiplied
    return multiplied(graph, module, rows, flat)


def _shifted(graph: Graph, value: str, by: int, name: str) -> str:
    """The values from `by` places later (or earlier, where negative); zeros from beyond the window."""
    pads = graph.constant(f"{name}_pads", np.array([0, max(-by, 0), 0, max(by, 0)], dtype=np.int64))
    padded = graph.node("Pad", [value, pads], [f"{name}_padded"])
    start = graph.constant(f"{name}_start", np.array([max(by, 0)], dtype=np.int64))
    end = graph.constant(f"{name}_end", np.array([np.iinfo(np.int64).max if by >= 0 else by], dtype=np.int64))
    return graph.node("Slice", [padded, start, end, "axis_length"], [name])


def _row_of(graph: Graph, key: str, ends: str, word: str, *, places: int) -> str:
    """The row of the vector of the word that begins at each token, 0 where there is none: a look-up for each place."""
    row = "zero_row"
    for place in range(places):
        name = f"{word}_{place}"
        at = graph.node("Mod", [key, f"word_modulus_{place}"], [f"{name}_at"])
        found = graph.node("Gather", ["word_keys", at], [f"{name}_key"])
        same = graph.node("Equal", [found, key], [f"{name}_same"])
        same = graph.node("And", [same, ends], [f"{name}_whole"])
        known = graph.node("Gather", ["word_rows", at], [f"{name}_row"])
        row = graph.node("Where", [same, known, row], [f"{name}_found"])
    return row


def _multiplied(graph: Graph, module: WordEmbedding, rows: str, flat: str) -> str:
    """The words' vectors, joined, times their matrix, in float."""
    graph.constant("word_vectors", module.words.weight.detach().float().cpu().numpy().astype(np.float16))
    found = graph.node("Gather", ["word_vectors", rows], ["found_fp16"])
    graph.node("Cast", [found], ["found"], to=TensorProto.FLOAT)
    joined = graph.node("Reshape", ["found", flat], ["covering"])
    weight = module.projection.weight.detach().float().cpu().numpy()
    return graph.node("MatMul", [joined, graph.half("word_weight", weight.T)], ["words_added"])


def _multiplied_int8(graph: Graph, module: WordEmbedding, rows: str, flat: str) -> str:
    """The same in 8 bits, as which the vectors are kept, so that nothing is quantized at run time."""
    vectors = module.words.weight.detach().float().cpu().numpy()
    scale = max(float(np.quantile(np.abs(vectors), COVERED)), 1e-6) / 127
    levels = np.clip(np.rint(vectors / scale), -128, 127) + 128
    graph.constant("word_vectors", levels.astype(np.uint8))
    joined = graph.node("Reshape", [graph.node("Gather", ["word_vectors", rows], ["found"]), flat], ["covering"])
    return graph.multiply_int8(
        joined,
        graph.constant("word_scale", np.float32(scale)),
        graph.constant("word_zero", np.uint8(128)),
        module.projection.weight.detach().float().cpu().numpy(),
        output="words_added",
    )
