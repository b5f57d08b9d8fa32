"""Which spans belong together: candidate pairs, their features, and the departures they make.

Every PERSON is paired with every ORG and ROLE near it; the link head scores each pair
from the encoder's hidden states, and `departures_from` assembles the frames: who left
what, from which roles, for where, how surely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ie_model.decoding import Floats, Span
from ie_model.scheme import Ints

#: What the link head says of a pair. The first three are independent yes-or-no
#: questions (sigmoid), the last three the status of a departure (softmax).
LINK_OUTPUTS = ("departed_from", "left_role", "joined", "stated", "reported", "former")
STATUSES = LINK_OUTPUTS[3:]
#: Spans farther apart than this many tokens are not paired: 99 % of the annotated
#: departures lie within 132 characters.
MAX_DISTANCE = 160
#: Tokens of context to the left and right of a pair that the head looks at.
CONTEXT = 24
#: Columns of the pair matrix: token ranges of the two spans and of the three stretches
#: around them, then two buckets (signed distance; kind of target).
PAIR_FIELDS = (
    "person_first", "person_last", "target_first", "target_last",
    "left_first", "left_last", "right_first", "right_last",
    "distance_bucket", "target_kind",
)  # fmt: skip
_BUCKET_EDGES = np.array([1, 2, 4, 8, 16, 32, 64, 96])
DISTANCE_BUCKETS = 2 * (len(_BUCKET_EDGES) + 1)
TARGET_KINDS = ("ORG", "ROLE")


def distance_buckets(gaps: Ints, person_is_first: np.ndarray) -> Ints:
    """Gaps in tokens to buckets: even ones where the person stands first, odd otherwise."""
    result: Ints = 2 * np.searchsorted(_BUCKET_EDGES, gaps, side="right") + (~person_is_first)
    return result.astype(np.int64)


def pair_matrix(pairs: Sequence[tuple[Span, Span]], *, start: int, end: int) -> Ints:
    """Features of (PERSON, target) pairs, see PAIR_FIELDS: [pairs, 10].

    Args:
        start, end: the token range that context may come from (a text, or a window).
    """
    if not pairs:
        return np.zeros((0, len(PAIR_FIELDS)), dtype=np.int64)
    spans = np.array([(a.first, a.last, b.first, b.last) for a, b in pairs], dtype=np.int64)
    low = np.minimum(spans[:, 0], spans[:, 2])
    high = np.maximum(spans[:, 1], spans[:, 3])
    person_is_first = spans[:, 0] < spans[:, 2]
    gaps = np.maximum(spans[:, 0], spans[:, 2]) - np.minimum(spans[:, 1], spans[:, 3])
    kinds = np.array([TARGET_KINDS.index(b.label) for _, b in pairs])
    return np.column_stack(
        [
            spans,
            np.maximum(low - CONTEXT, start), low,
            high, np.minimum(high + CONTEXT, end),
            distance_buckets(gaps, person_is_first), kinds,
        ]
    )  # fmt: skip


def candidate_pairs(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """(PERSON, ORG or ROLE) pairs within MAX_DISTANCE, as indices into sorted spans."""
    result = []
    for index, person in enumerate(spans):
        if person.label != "PERSON":
            continue
        for step in (-1, 1):
            other = index + step
            while 0 <= other < len(spans):
                span = spans[other]
                gap = span.first - person.last if step > 0 else person.first - span.last
                if gap > MAX_DISTANCE:
                    break
                if span.label in TARGET_KINDS:
                    result.append((index, other))
                other += step
    result.sort()
    return result


@dataclass
class Frame:
    """One departure as one passage says it: spans are indices into the text's spans."""

    person: int
    organization: int
    score: float
    status: str
    roles: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)


def _sigmoid(values: Floats) -> Floats:
    return (1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))).astype(np.float32)


def frames_from(
    spans: Sequence[Span],
    pairs: Sequence[tuple[int, int]],
    scores: Floats,
    *,
    threshold: float = 0.5,
) -> list[Frame]:
    """Assemble the frames that the pair scores assert.

    A person's role or new employer goes to that person's departure whose organisation it
    stands nearest to (for a new employer: the nearest one before it, as in a CV).

    Args:
        scores: [pairs, len(LINK_OUTPUTS)] logits.
        threshold: least probability of a departure.
    """
    if not len(pairs):
        return []
    probabilities = _sigmoid(scores[:, :3])
    status = scores[:, 3:].argmax(axis=1)
    by_person: dict[int, list[Frame]] = {}
    for row, (person, target) in enumerate(pairs):
        if spans[target].label == "ORG" and probabilities[row, 0] >= threshold:
            frame = Frame(person, target, float(probabilities[row, 0]), STATUSES[status[row]])
            by_person.setdefault(person, []).append(frame)
    for row, (person, target) in enumerate(pairs):
        frames = by_person.get(person)
        if not frames:
            continue
        if spans[target].label == "ROLE" and probabilities[row, 1] >= 0.5:
            min(frames, key=lambda frame: _gap(spans[frame.organization], spans[target])).roles.append(target)
        if spans[target].label == "ORG" and probabilities[row, 2] >= 0.5:
            before = [f for f in frames if f.organization < target] or frames
            nearest = min(before, key=lambda frame: _gap(spans[frame.organization], spans[target]))
            if nearest.organization != target:
                nearest.joined.append(target)
    return sorted(
        (frame for frames in by_person.values() for frame in frames),
        key=lambda frame: (min(frame.person, frame.organization), frame.person, frame.organization),
    )


def _gap(a: Span, b: Span) -> int:
    return max(a.first, b.first) - min(a.last, b.last)
