"""Examples to tensors: windows of a few fixed lengths, allowed tags per token, labelled pairs.

Tokens, tags, pair features and the rule that cuts windows are those of inference (`ie_model`), so that the model is
trained on what it will see; its windows are longer than the published ones, for links across sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ie_model.decoding import Span
from ie_model.encoding import Encoding, TextEncoder
from ie_model.names import same_organization, same_person
from ie_model.relations import PAIR_FIELDS, STATUSES, candidate_pairs, pair_matrix
from ie_model.scheme import Ints, TagScheme
from ie_model.windows import plan_windows
from training.data.example import Example, GoldSpan

#: Window lengths, special tokens included; all batches have one of these shapes.
LENGTHS = (32, 48, 64, 96, 128, 192, 256)
#: The allowed tags of a token are the bits of one integer.
MAX_LABELS = 15
#: Link labels that carry no loss.
IGNORE = -100


@dataclass(frozen=True)
class WindowFeatures:
    """One window of one example.

    Attributes:
        ids: [tokens] with [CLS] and [SEP], not padded.
        allowed: [tokens] bit k says that tag k may be right; 0 means no loss.
        pairs: [pairs, 13] as in `relations.PAIR_FIELDS`, relative to the window.
        links: [pairs, 4] departed_from, left_role, joined (0, 1 or IGNORE) and the
            index of the status (or IGNORE).
    """

    ids: Ints
    allowed: Ints
    pairs: Ints
    links: Ints


def tag_masks(
    example: Example, encoding: Encoding, scheme: TagScheme
) -> tuple[Ints, list[tuple[GoldSpan, tuple[int, int]]]]:
    """[tokens] the allowed tags of every token as bits, and the tokens of every span.

    A token outside of the spans may be O, or any tag of a label that the source does not
    mark completely. A span that does not start and end where tokens do (a source marks
    half a Latin word) allows everything on its tokens.
    """
    outside = 1
    for label in scheme.labels:
        if label not in example.complete:
            for tag in scheme.label_tags(label):
                outside |= 1 << tag
    everything = (1 << len(scheme)) - 1
    allowed = np.full(len(encoding), outside, dtype=np.int64)
    placed = []
    for span in example.spans:
        tokens = encoding.tokens_of(span.start, span.end)
        if tokens is None:
            continue
        first, last = tokens
        if span.label not in scheme.labels or encoding.whole_tokens(span.start, span.end) is None:
            allowed[first:last] = everything
            continue
        for token, tag in zip(range(first, last), scheme.span_tags(span.label, last - first), strict=True):
            allowed[token] = 1 << tag
        placed.append((span, (first, last)))
    for start, end in example.unsure:
        tokens = encoding.tokens_of(start, end)
        if tokens is not None:
            allowed[slice(*tokens)] = everything
    return allowed, placed


def _link_labels(example: Example, spans: Sequence[GoldSpan], pairs: Sequence[tuple[int, int]]) -> Ints:
    """[pairs, 4] what the annotation says of each pair.

    Other mentions of the two sides of a fact are neither right nor wrong: no loss. Nor is a
    role or a new employer of somebody who departs from nowhere: inference asks for these only
    where it has found a departure, and among all pairs they would drown in easy negatives.
    """
    departures = example.departures or ()
    links = np.zeros((len(pairs), 4), dtype=np.int64)
    links[:, 3] = IGNORE
    text = example.text

    def surface(span: GoldSpan) -> str:
        return text[span.start : span.end]

    facts: dict[str, list[tuple[GoldSpan, GoldSpan]]] = {"departed_from": [], "left_role": [], "joined": []}
    for departure in departures:
        facts["departed_from"].append((departure.person, departure.organization))
        facts["left_role"] += [(departure.person, role) for role in departure.roles]
        facts["joined"] += [(departure.person, target) for target in departure.joined]
    status = {(d.person, d.organization): STATUSES.index(d.status) for d in departures}
    departing = {departure.person for departure in departures}
    for row, (a, b) in enumerate(pairs):
        person, target = spans[a], spans[b]
        for column, relation in enumerate(("departed_from", "left_role", "joined")):
            if (target.label == "ROLE") != (relation == "left_role"):
                links[row, column] = IGNORE
                continue
            if (person, target) in facts[relation]:
                links[row, column] = 1
            elif (relation != "departed_from" and person not in departing) or any(
                _same(surface(person), surface(p), surface(target), surface(t), target.label)
                for p, t in facts[relation]
            ):
                links[row, column] = IGNORE
        links[row, 3] = status.get((person, target), IGNORE)
    return links


def _same(person: str, other_person: str, target: str, other_target: str, label: str) -> bool:
    if not same_person(person, other_person):
        return False
    return same_organization(target, other_target) if label == "ORG" else target == other_target


def window_features(example: Example, encoder: TextEncoder, scheme: TagScheme) -> Iterator[WindowFeatures]:
    """The windows of an example, of up to the longest of LENGTHS."""
    encoding = encoder(example.text)
    if not len(encoding):
        return
    allowed, placed = tag_masks(example, encoding, scheme)
    for window in plan_windows(encoding.sentence_ends, size=LENGTHS[-1] - 2, overlap=64):
        ids = np.concatenate([[encoder.cls_id], encoding.ids[window.start : window.end], [encoder.sep_id]])
        bits = np.concatenate([[0], allowed[window.start : window.end], [0]])
        # A span that the window cuts is not whole here: its tokens carry no loss.
        inside = []
        for span, (first, last) in placed:
            if window.start <= first and last <= window.end:
                shift = 1 - window.start
                inside.append((span, Span(span.label, first + shift, last + shift, span.start, span.end, 1.0)))
            elif first < window.end and window.start < last:
                bits[max(first, window.start) - window.start + 1 : min(last, window.end) - window.start + 1] = 0
        pairs = np.zeros((0, len(PAIR_FIELDS)), dtype=np.int64)
        links = np.zeros((0, 4), dtype=np.int64)
        if example.departures is not None:
            spans = [span for _, span in inside]
            indices = candidate_pairs(spans)
            ends = encoding.sentence_ends - window.start + 1
            pairs = pair_matrix(spans, indices, sentence_ends=ends, start=1, end=len(ids) - 1)
            links = _link_labels(example, [gold for gold, _ in inside], indices)
        yield WindowFeatures(ids=ids, allowed=bits, pairs=pairs, links=links)


@dataclass(frozen=True)
class BatchShape:
    """How many windows of one length make a batch, and how many pairs it holds."""

    length: int
    windows: int
    pairs: int


def batch_shapes(tokens: int) -> list[BatchShape]:
    """The shapes for a budget of tokens per batch."""
    return [BatchShape(length, max(1, tokens // length), max(64, tokens // 4)) for length in LENGTHS]


def collate(
    windows: Sequence[WindowFeatures], shape: BatchShape, *, pad_id: int, random: np.random.Generator
) -> dict[str, Tensor]:
    """A batch of exactly this shape; missing windows and pairs are padding without loss.

    Pairs index the batch's tokens as one long row. Where there are more pairs than fit,
    the positive ones stay and the others are drawn.
    """
    ids = np.full((shape.windows, shape.length), pad_id, dtype=np.int64)
    mask = np.zeros((shape.windows, shape.length), dtype=np.int64)
    allowed = np.zeros((shape.windows, shape.length), dtype=np.int64)
    mask[:, 0] = 1  # a row of nothing but padding would make attention divide by zero
    pairs, links = [], []
    for row, window in enumerate(windows):
        count = len(window.ids)
        ids[row, :count] = window.ids
        mask[row, :count] = 1
        allowed[row, :count] = window.allowed
        shifted = window.pairs.copy()
        shifted[:, :8] += row * shape.length
        pairs.append(shifted)
        links.append(window.links)
    all_pairs, all_links = np.concatenate(pairs), np.concatenate(links)
    if len(all_pairs) > shape.pairs:
        rank = random.random(len(all_pairs)) - 2.0 * (all_links[:, :3] == 1).any(axis=1)
        keep = np.sort(np.argsort(rank)[: shape.pairs])
        all_pairs, all_links = all_pairs[keep], all_links[keep]
    padded_pairs = np.zeros((shape.pairs, len(PAIR_FIELDS)), dtype=np.int64)
    padded_pairs[:, [1, 3, 5, 7]] = 1  # token ranges must not be empty
    padded_links = np.full((shape.pairs, 4), IGNORE, dtype=np.int64)
    padded_pairs[: len(all_pairs)] = all_pairs
    padded_links[: len(all_links)] = all_links
    arrays = {
        "input_ids": ids,
        "attention_mask": mask,
        "allowed": allowed,
        "pairs": padded_pairs,
        "links": padded_links,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
