"""Which spans belong together: candidate pairs, their features, and the departures they make.

Every PERSON is paired with every ORG and ROLE near it; the link head scores each pair
from the encoder's hidden states, and `frames_from` assembles the frames: who left
what, from which roles, for where, how surely. When it was is asked after that (`ie_model.dating`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ie_model.arrays import Doubles, Floats, Ints
from ie_model.dates import TimeSpan
from ie_model.decoding import Span
from ie_model.scheme import DATE

#: Independent yes-or-no questions that the link head answers of a pair (sigmoid), and the label of the pair's second
#: span; the first is a PERSON, and in `left_on` the departure's ORG too …
LINK_TARGETS = {"departed_from": "ORG", "left_role": "ROLE", "joined": "ORG", "left_on": DATE}
LINKS = tuple(LINK_TARGETS)
#: The last of them, which has layers and a share of the loss of its own: whether a time dates a parting.
DATE_COLUMN = LINKS.index("left_on")
#: … and how surely a departure is told (softmax).
STATUSES = ("stated", "reported", "former")
LINK_OUTPUTS = LINKS + STATUSES
#: Spans farther apart than this many tokens are not paired: 99 % of the annotated
#: departures lie within 132 characters.
MAX_DISTANCE = 160
#: Least probabilities of a role that was given up and of a new employer. The latter are rare in training, and
#: missed more often than invented at 0.5: F1 on dev 30 there, 47 at 0.3 (training/experiments.md).
ROLE_THRESHOLD = 0.5
JOINED_THRESHOLD = 0.3
#: Tokens of context to the left and right of a pair that the head looks at.
CONTEXT = 24
#: Columns of the pair matrix: token ranges of the two spans and of the three stretches
#: around them, then buckets: signed distance, kind of pair, and how many other persons,
#: other organisations and ends of sentences stand between the two. What a pair begins with is called the person,
#: though it may be the organisation whose time is asked for.
PAIR_FIELDS = (
    "person_first", "person_last", "target_first", "target_last",
    "left_first", "left_last", "right_first", "right_last",
    "distance_bucket", "pair_kind",
    "persons_between", "organizations_between", "sentences_between",
)  # fmt: skip
#: Counts of what stands between are told apart up to this many, less one.
BETWEEN_BUCKETS = 4
_BUCKET_EDGES = np.array([1, 2, 4, 8, 16, 32, 64, 96])
#: The link head is run on so many pairs, and about so many tokens, at once: its memory is that of these.
LINK_PAIRS, LINK_TOKENS = 256, 2048
DISTANCE_BUCKETS = 2 * (len(_BUCKET_EDGES) + 1)
#: What is paired: labels of the first span and of the second.
PAIR_KINDS = (("PERSON", "ORG"), ("PERSON", "ROLE"), ("PERSON", DATE), ("ORG", DATE))


def distance_buckets(gaps: Ints, person_is_first: np.ndarray) -> Ints:
    """Gaps in tokens to buckets: even ones where the person stands first, odd otherwise."""
    result: Ints = 2 * np.searchsorted(_BUCKET_EDGES, gaps, side="right") + (~person_is_first)
    return result.astype(np.int64)


def pair_matrix(
    spans: Sequence[Span], pairs: Sequence[tuple[int, int]], *, sentence_ends: Ints, start: int, end: int
) -> Ints:
    """Features of pairs of spans, see PAIR_FIELDS: [pairs, 13].

    Args:
        spans: all spans, those of one label sorted; pairs are indices into them.
        sentence_ends: token positions after which a sentence ends, ascending.
        start, end: the token range that context may come from (a text, or a window).
    """
    if not len(pairs):
        return np.zeros((0, len(PAIR_FIELDS)), dtype=np.int64)
    table = np.array([(span.first, span.last) for span in spans], dtype=np.int64)
    persons, targets = np.array(pairs, dtype=np.int64).T
    places = np.column_stack([table[persons], table[targets]])
    low = np.minimum(places[:, 0], places[:, 2])
    high = np.maximum(places[:, 1], places[:, 3])
    person_is_first = places[:, 0] < places[:, 2]
    left, right = np.minimum(places[:, 1], places[:, 3]), np.maximum(places[:, 0], places[:, 2])
    kinds = np.array([PAIR_KINDS.index((spans[first].label, spans[second].label)) for first, second in pairs])
    between = [
        _count_between(np.array([span.first for span in spans if span.label == label], dtype=np.int64), left, right)
        for label in ("PERSON", "ORG")
    ]
    between.append(_count_between(sentence_ends, left, right + 1))
    return np.column_stack(
        [
            places,
            np.maximum(low - CONTEXT, start), low,
            high, np.minimum(high + CONTEXT, end),
            distance_buckets(right - left, person_is_first), kinds,
            *between,
        ]
    )  # fmt: skip


def link_groups(matrix: Ints) -> Iterator[tuple[slice, int, Ints]]:
    """Rows of a pair matrix that are scored together, each group from its own stretch of the tokens.

    Yields:
        which rows, the first token of their stretch, and the rows with token positions counted from there.
    """
    first = 0
    while first < len(matrix):
        rows = matrix[first : first + LINK_PAIRS]
        low = np.minimum.accumulate(rows[:, 4])
        high = np.maximum.accumulate(rows[:, 7])
        count = max(1, int(np.searchsorted(high - low, LINK_TOKENS, side="right")))
        moved = rows[:count].copy()
        moved[:, :8] -= low[count - 1]
        yield slice(first, first + count), int(low[count - 1]), moved
        first += count


def _count_between(ascending: Ints, left: Ints, right: Ints) -> Ints:
    """[pairs] how many of the positions are in [left, right), in BETWEEN_BUCKETS buckets."""
    count = np.searchsorted(ascending, right) - np.searchsorted(ascending, left)
    clipped: Ints = np.clip(count, 0, BETWEEN_BUCKETS - 1).astype(np.int64)
    return clipped


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
                distance = span.first - person.last if step > 0 else person.first - span.last
                if distance > MAX_DISTANCE:
                    break
                if span.label in ("ORG", "ROLE"):
                    result.append((index, other))
                other += step
    result.sort()
    return result


@dataclass(slots=True)
class Frame:
    """One departure as one passage says it: spans are indices into a text's spans, the date has its offsets."""

    person: int
    organization: int
    score: float
    status: str
    roles: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    date: TimeSpan | None = None

    def renumbered(self, numbers: Sequence[int], *, distance: int) -> Frame:
        """The frame with each span's index replaced by its number in another list, and its date so far behind."""
        return Frame(
            numbers[self.person],
            numbers[self.organization],
            self.score,
            self.status,
            [numbers[role] for role in self.roles],
            [numbers[target] for target in self.joined],
            self.date and replace(self.date, start=self.date.start + distance, end=self.date.end + distance),
        )


def probabilities(values: Floats) -> Floats:
    """Logits to the probabilities of yes."""
    return (1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))).astype(np.float32)


def calibrated(logits: npt.NDArray[np.floating[Any]], *, temperature: float, bias: float) -> Doubles:
    """Log-odds to scores that rise with them: sigmoid(logits / temperature + bias)."""
    # In double precision, so that what differs in log-odds differs in score.
    log_odds = np.clip(logits.astype(np.float64) / temperature + bias, -700, 700)
    result: Doubles = 1.0 / (1.0 + np.exp(-log_odds))
    return result


def joint_log_odds(logits: npt.NDArray[np.floating[Any]], spans: npt.NDArray[np.floating[Any]]) -> Doubles:
    """Log-odds that a link and the spans that it needs are right: of sigmoid(logits) · spans.

    Args:
        logits: [pairs] of the link, given that its spans are right.
        spans: [pairs] probabilities that they are, above 0.
    """
    # In logarithms, since a sure link of sure spans is too near 1 for its probability to say how sure.
    both = np.log(spans.astype(np.float64)) - np.logaddexp(0.0, -logits.astype(np.float64))
    tiny = np.finfo(np.float64).tiny
    result: Doubles = both - np.log(np.maximum(-np.expm1(both), tiny))
    return result


def frames_from(
    spans: Sequence[Span],
    pairs: Sequence[tuple[int, int]],
    scores: Floats,
    *,
    threshold: float = 0.5,
    temperature: float = 1.0,
    bias: float = 0.0,
    min_score: float = 0.0,
) -> list[Frame]:
    """Assemble the frames that the pair scores assert.

    A person's role or new employer goes to that person's departure whose organisation it
    stands nearest to (for a new employer: the nearest one before it, as in a CV).

    Args:
        scores: [pairs, len(LINK_OUTPUTS)] logits.
        threshold: least probability of a departure, given its spans.
        temperature, bias: calibrate the frames' scores: how probably the link and both of its spans are right
            (`joint_log_odds`, `calibrated`). They change nothing else.
        min_score: least score of a frame.
    """
    if not len(pairs):
        return []
    likely = probabilities(scores[:, : len(LINKS)])
    status = scores[:, len(LINKS) :].argmax(axis=1)
    told = [
        row for row, (_, target) in enumerate(pairs) if spans[target].label == "ORG" and likely[row, 0] >= threshold
    ]
    sides = np.array([spans[pairs[row][0]].score * spans[pairs[row][1]].score for row in told])
    departed = calibrated(joint_log_odds(scores[told, 0], sides), temperature=temperature, bias=bias)
    by_person: dict[int, list[Frame]] = {}
    for row, score in zip(told, departed.tolist(), strict=True):
        if score >= min_score:
            person, organization = pairs[row]
            by_person.setdefault(person, []).append(Frame(person, organization, score, STATUSES[status[row]]))
    for row, (person, target) in enumerate(pairs):
        frames = by_person.get(person)
        if not frames:
            continue
        if spans[target].label == "ROLE" and likely[row, 1] >= ROLE_THRESHOLD:
            min(frames, key=lambda frame: _gap(spans[frame.organization], spans[target])).roles.append(target)
        if spans[target].label == "ORG" and likely[row, 2] >= JOINED_THRESHOLD:
            before = [f for f in frames if f.organization < target] or frames
            nearest = min(before, key=lambda frame: _gap(spans[frame.organization], spans[target]))
            if nearest.organization != target:
                nearest.joined.append(target)
    return in_order(frame for frames in by_person.values() for frame in frames)


def in_order(frames: Iterable[Frame]) -> list[Frame]:
    """The frames in the order of the text."""
    return sorted(frames, key=lambda frame: (min(frame.person, frame.organization), frame.person, frame.organization))


def _gap(a: Span, b: Span) -> int:
    return max(a.first, b.first) - min(a.last, b.last)
