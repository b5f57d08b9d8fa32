"""Logits to spans: constrained Viterbi over BIOES, and a score for every span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ie_model.arrays import Bools, Floats, Ints
from ie_model.encoding import Encoding
from ie_model.scheme import TagScheme

#: Stands for "impossible"; finite, so that sums of it stay comparable.
_NEVER = np.float32(-1e4)
#: Sentences longer than this many tokens are decoded in pieces.
MAX_SEQUENCE = 256


@dataclass(frozen=True, slots=True)
class Span:
    """A decoded span: tokens [first, last), characters [start, end), and its score."""

    label: str
    first: int
    last: int
    start: int
    end: int
    score: float


def log_softmax(logits: Floats) -> Floats:
    """Over the last axis; numerically stable."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def _sequence_bounds(encoding: Encoding, logits: Floats) -> list[tuple[int, int]]:
    """Pieces to decode one by one: sentences, the long ones cut where O is likeliest."""
    bounds: list[tuple[int, int]] = []
    start = 0
    for end in encoding.sentence_ends.tolist():
        while end - start > MAX_SEQUENCE:
            low = start + MAX_SEQUENCE // 2
            outside = log_softmax(logits[low - 1 : start + MAX_SEQUENCE - 1])[:, 0]
            # A cut after an O token splits no span; a Latin word is never cut either.
            cost = np.where(encoding.within_word[low : start + MAX_SEQUENCE], _NEVER, 0)
            cut = low + int(np.argmax(outside + cost))
            bounds.append((start, cut))
            start = cut
        bounds.append((start, end))
        start = end
    return bounds


def viterbi(emissions: Floats, within_word: Bools, lengths: Ints, scheme: TagScheme) -> Ints:
    """The best valid tag path of each sequence in a padded batch.

    Args:
        emissions: [sequences, length, tags] log-probabilities.
        within_word: [sequences, length] whether a token continues a Latin word.
        lengths: [sequences] how many tokens of each row are real (at least one).

    Returns:
        [sequences, length] tag ids; what lies behind a sequence's length is meaningless.
    """
    rows, length, tags = emissions.shape
    free = np.where(scheme.follows, np.float32(0), _NEVER)
    bound = np.where(scheme.follows_within_word, np.float32(0), _NEVER)
    may_end = np.where(scheme.may_end, np.float32(0), _NEVER)
    scores = emissions[:, 0] + np.where(scheme.may_start, np.float32(0), _NEVER)
    back = np.zeros((rows, length, tags), dtype=np.int16)
    final = scores + may_end
    for step in range(1, length):
        transitions = np.where(within_word[:, step, None, None], bound, free)
        candidates = scores[:, :, None] + transitions
        back[:, step] = candidates.argmax(axis=1)
        scores = candidates.max(axis=1) + emissions[:, step]
        ending = lengths == step + 1
        final[ending] = scores[ending] + may_end
    paths = np.zeros((rows, length), dtype=np.int64)
    row = np.arange(rows)
    current = final.argmax(axis=1)
    paths[row, lengths - 1] = current
    for step in range(length - 1, 0, -1):
        inside = step < lengths
        current = np.where(inside, back[row, step, current], current)
        paths[inside, step - 1] = current[inside]
    return paths


def best_tags(texts: Sequence[tuple[Floats, Encoding]], scheme: TagScheme) -> list[Ints]:
    """[tokens] the best valid tag of every token, of several texts with their [tokens, tags] logits.

    Nothing but the constraints ties neighbouring tags, so where the likeliest tags of a sentence
    are a valid path they are the best one; only the other sentences are searched, those of all texts together.
    """
    tags: list[Ints] = [logits.argmax(axis=-1).astype(np.int64) for logits, _ in texts]
    pieces = []
    for number, (logits, encoding) in enumerate(texts):
        bounds = _sequence_bounds(encoding, logits)
        found = _invalid(tags[number], encoding.within_word, bounds, scheme)
        pieces += [(number, *bounds[index]) for index in found]
    # Pieces of like length share a batch, so that little of it is padding.
    pieces.sort(key=lambda piece: piece[2] - piece[1])
    for at in range(0, len(pieces), 64):
        group = pieces[at : at + 64]
        lengths = np.array([end - start for _, start, end in group])
        emissions = np.zeros((len(group), int(lengths.max()), len(scheme)), dtype=np.float32)
        within = np.zeros(emissions.shape[:2], dtype=np.bool_)
        for row, (number, start, end) in enumerate(group):
            logits, encoding = texts[number]
            emissions[row, : end - start] = log_softmax(logits[start:end])
            within[row, : end - start] = encoding.within_word[start:end]
        within[:, 0] = False
        paths = viterbi(emissions, within, lengths, scheme)
        for row, (number, start, end) in enumerate(group):
            tags[number][start:end] = paths[row, : end - start]
    return tags


def _invalid(tags: Ints, within_word: Bools, bounds: Sequence[tuple[int, int]], scheme: TagScheme) -> list[int]:
    """Which of the pieces [start, end), that tile the tokens, have tags that are no valid path."""
    if not bounds:
        return []
    starts = np.array([start for start, _ in bounds], dtype=np.int64)
    before, after = tags[:-1], tags[1:]
    follows = np.where(within_word[1:], scheme.follows_within_word[before, after], scheme.follows[before, after])
    inside = np.ones(len(tags), dtype=np.bool_)
    inside[starts] = False
    wrong = np.zeros(len(tags), dtype=np.bool_)
    wrong[1:] = inside[1:] & ~follows
    wrong[starts] |= ~scheme.may_start[tags[starts]]
    ends = np.append(starts[1:], len(tags)) - 1
    wrong[ends] |= ~scheme.may_end[tags[ends]]
    found: list[int] = np.flatnonzero(np.logical_or.reduceat(wrong, starts)).tolist()
    return found


def decode(
    texts: Sequence[tuple[Floats, Encoding]], scheme: TagScheme, *, temperature: float = 1.0
) -> list[list[Span]]:
    """The spans of each text, sorted and flat.

    A span's score is the geometric mean of its tags' probabilities under the softmax of
    logits / temperature. Their product would be the probability that all are right only if
    they were independent; they are nearly one decision, and the mean is near its probability.

    Args:
        texts: [tokens, tags] logits for the tokens of an encoding, and the encoding.
        temperature: changes the scores alone: the tags are those of the logits as they are.
    """
    return [
        _spans(tags, logits, encoding, scheme, temperature)
        for tags, (logits, encoding) in zip(best_tags(texts, scheme), texts, strict=True)
    ]


def _spans(tags: Ints, logits: Floats, encoding: Encoding, scheme: TagScheme, temperature: float) -> list[Span]:
    marked = np.flatnonzero(tags)
    chosen = np.zeros(len(tags), dtype=np.float32)
    chosen[marked] = log_softmax(logits[marked] / np.float32(temperature))[np.arange(len(marked)), tags[marked]]
    spans = []
    first = 0
    for index in marked.tolist():
        position, label = scheme.tags[tags[index]].split("-", 1)
        if position in "BS":
            first = index
        if position in "ES":
            spans.append(
                Span(
                    label=label,
                    first=first,
                    last=index + 1,
                    start=int(encoding.offsets[first, 0]),
                    end=int(encoding.offsets[index, 1]),
                    score=float(np.exp(chosen[first : index + 1].mean())),
                )
            )
    return spans
