"""Examples to tensors: windows of a few fixed lengths, allowed tags per token, labelled pairs.

Tokens, tags, pair features and the rule that cuts windows are those of inference (`ie_model`), so that the model is
trained on what it will see; its windows are longer than the published ones, for links across sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ie_model.arrays import Ints
from ie_model.dates import TimeSpan
from ie_model.dating import DATED, dating_pairs, times_among
from ie_model.decoding import Span
from ie_model.encoding import Encoding, TextEncoder
from ie_model.names import same_organization, same_person
from ie_model.relations import LINK_TARGETS, LINKS, PAIR_FIELDS, STATUSES, candidate_pairs, pair_matrix
from ie_model.scheme import DATE, TagScheme
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
        links: [pairs, 5] whether each of `relations.LINKS` holds (0, 1 or IGNORE) and the
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
    """[pairs, 5] what the annotation says of each pair of a person, or an organisation and a time.

    Other mentions of the two sides of a fact are neither right nor wrong: no loss. Nor is a
    role or a new employer of somebody who departs from nowhere: inference asks for these only
    where it has found a departure, and among all pairs they would drown in easy negatives.
    A time that overlaps the annotated one is the best answer that inference can give, and right.
    """
    departures = example.departures or ()
    links = np.zeros((len(pairs), len(LINKS) + 1), dtype=np.int64)
    links[:, -1] = IGNORE
    text = example.text

    def surface(span: GoldSpan) -> str:
        return text[span.start : span.end]

    facts: dict[str, list[tuple[GoldSpan, GoldSpan]]] = {link: [] for link in LINKS}
    for departure in departures:
        facts["departed_from"].append((departure.person, departure.organization))
        facts["left_role"] += [(departure.person, role) for role in departure.roles]
        facts["joined"] += [(departure.person, target) for target in departure.joined]
        if departure.date and departure.status in DATED:
            facts["left_on"] += [
                (side, time)
                for side in (departure.person, departure.organization)
                for time in spans
                if time.label == DATE and time.start < departure.date.end and departure.date.start < time.end
            ]
    status = {(d.person, d.organization): STATUSES.index(d.status) for d in departures}
    departing = {side for departure in departures for side in (departure.person, departure.organization)}
    for row, (a, b) in enumerate(pairs):
        side, target = spans[a], spans[b]
        for column, (link, label) in enumerate(LINK_TARGETS.items()):
            if target.label != label:
                links[row, column] = IGNORE
                continue
            if (side, target) in facts[link]:
                links[row, column] = 1
            elif (link != "departed_from" and side not in departing) or any(
                _same(surface(side), surface(s), side.label) and _same(surface(target), surface(t), label)
                for s, t in facts[link]
                if s.label == side.label
            ):
                links[row, column] = IGNORE
        links[row, -1] = status.get((side, target), IGNORE)
    return links


def _dated_sides(example: Example, spans: Sequence[GoldSpan]) -> list[int]:
    """The persons and organisations whose times inference would ask for, as indices into the spans."""
    asked = [departure for departure in example.departures or () if departure.status in DATED]
    sides = {side for departure in asked for side in (departure.person, departure.organization)}
    return [index for index, span in enumerate(spans) if span in sides]


def _times(example: Example, encoding: Encoding) -> list[tuple[TimeSpan, Span]]:
    """The times of a text, where its source marks which of them date departures."""
    if not (example.dates and example.departures):
        return []
    spans = [Span(span.label, 0, 0, span.start, span.end, 1.0) for span in example.spans]
    return list(zip(*times_among(example.text, spans, encoding), strict=True))


def _same(name: str, other: str, label: str) -> bool:
    """Whether two names of one label may name one thing."""
    if label == "PERSON":
        return same_person(name, other)
    return same_organization(name, other) if label == "ORG" else name == other


def window_features(example: Example, encoder: TextEncoder, scheme: TagScheme) -> Iterator[WindowFeatures]:
    """The windows of an example, of up to the longest of LENGTHS."""
    encoding = encoder(example.text)
    if not len(encoding):
        return
    allowed, placed = tag_masks(example, encoding, scheme)
    times = _times(example, encoding)
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
        links = np.zeros((0, len(LINKS) + 1), dtype=np.int64)
        if example.departures is not None:
            gold, spans = [span for span, _ in inside], [span for _, span in inside]
            indices = candidate_pairs(spans)
            for time, place in times:
                if window.start <= place.first and place.last <= window.end:
                    shift = 1 - window.start
                    gold.append(GoldSpan(time.start, time.end, DATE))
                    spans.append(replace(place, first=place.first + shift, last=place.last + shift))
            indices += dating_pairs(spans[: len(inside)], spans[len(inside) :], _dated_sides(example, gold))
            ends = encoding.sentence_ends - window.start + 1
            pairs = pair_matrix(spans, indices, sentence_ends=ends, start=1, end=len(ids) - 1)
            links = _link_labels(example, gold, indices)
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
        rank = random.random(len(all_pairs)) - 2.0 * (all_links[:, : len(LINKS)] == 1).any(axis=1)
        keep = np.sort(np.argsort(rank)[: shape.pairs])
        all_pairs, all_links = all_pairs[keep], all_links[keep]
    padded_pairs = np.zeros((shape.pairs, len(PAIR_FIELDS)), dtype=np.int64)
    padded_pairs[:, [1, 3, 5, 7]] = 1  # token ranges must not be empty
    padded_links = np.full((shape.pairs, len(LINKS) + 1), IGNORE, dtype=np.int64)
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
