"""When somebody left: which of the times that a text names, by the link head.

The times are found by their grammar (`ie_model.dates`); each is paired with the persons near it who depart, and
with the organisations that they depart from, and the head says whether it dates their parting.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import replace

from ie_model.arrays import Floats
from ie_model.dates import TimeSpan, find_dates
from ie_model.decoding import Span
from ie_model.encoding import Encoding
from ie_model.relations import DATE_COLUMN, MAX_DISTANCE, Frame, probabilities
from ie_model.scheme import DATE, LABELS

#: Which departures have dates: former titles stand beside dates of something else.
DATED = frozenset({"stated", "reported"})
#: One that no text means anything by (the first for private use).
_NO_CHARACTER = "\ue000"
#: Least probability that a time is that of a departure.
DATE_THRESHOLD = 0.5


def times_among(text: str, spans: Sequence[Span], encoding: Encoding) -> tuple[list[TimeSpan], list[Span]]:
    """The times of a text that are no part of a name, title or amount, and each as a span.

    Args:
        spans: in the order of the text.
    """
    times, places = [], []
    taken = [span for span in spans if span.label in LABELS]
    for found in find_dates(_without(text, taken)):
        time = replace(found, text=text[found.start : found.end])
        after = bisect_left(taken, time.end, key=lambda span: span.start)
        tokens = encoding.tokens_of(time.start, time.end)
        if tokens is None or (after and taken[after - 1].end > time.start):
            continue
        times.append(time)
        places.append(Span(DATE, *tokens, time.start, time.end, 1.0))
    return times, places


def _without(text: str, spans: Sequence[Span]) -> str:
    """The text with a character in place of each of the spans' that is in no word: 李晓明日前 is 日前, and no 明日."""
    pieces, last = [], 0
    for span in spans:
        pieces += [text[last : span.start], _NO_CHARACTER * (span.end - span.start)]
        last = span.end
    return "".join([*pieces, text[last:]])


def dating_pairs(spans: Sequence[Span], times: Sequence[Span], sides: Collection[int]) -> list[tuple[int, int]]:
    """Pairs within MAX_DISTANCE of a side of a departure and a time, as indices into the spans with the times behind.

    Args:
        sides: persons and organisations, as indices into the spans.
    """
    pairs = []
    for side in sorted(sides):
        span = spans[side]
        first = bisect_left(times, span.first - MAX_DISTANCE, key=lambda time: time.last)
        for index in range(first, len(times)):
            if times[index].first > span.last + MAX_DISTANCE:
                break
            pairs.append((side, len(spans) + index))
    return pairs


def sides_to_date(frames: Sequence[Frame]) -> set[int]:
    """The persons whose dates are to be asked for, and the organisations of those who left more than one."""
    of_person = _dated_by_person(frames)
    several = (number for numbers in of_person.values() if len(numbers) > 1 for number in numbers)
    return of_person.keys() | {frames[number].organization for number in several}


def with_dates(
    frames: Sequence[Frame],
    spans: Sequence[Span],
    times: Sequence[TimeSpan],
    pairs: Sequence[tuple[int, int]],
    scores: Floats,
) -> list[Frame]:
    """The frames, with the times that date them.

    Whether a time dates a departure is asked of the person. Of somebody who left several organisations it dates the
    departures from those that it goes with, or from the likeliest; of several times of a departure the likeliest
    counts.

    Args:
        times: of `times_among`.
        pairs: of `dating_pairs`.
        scores: [pairs, len(LINK_OUTPUTS)] logits.
    """
    of_person = _dated_by_person(frames)
    best: dict[int, tuple[float, TimeSpan]] = {}
    likely = probabilities(scores[:, DATE_COLUMN])
    known = dict(zip(pairs, likely.tolist(), strict=True))
    for (person, target), probability in known.items():
        if probability < DATE_THRESHOLD or person not in of_person:
            continue
        goes_with = {n: known.get((frames[n].organization, target), 0.0) for n in of_person[person]}
        likeliest = max(goes_with.values())
        for number, together in goes_with.items():
            if together < min(likeliest, DATE_THRESHOLD):
                continue
            if number not in best or probability > best[number][0]:
                best[number] = probability, times[target - len(spans)]
    return [replace(frame, date=best[number][1]) if number in best else frame for number, frame in enumerate(frames)]


def _dated_by_person(frames: Sequence[Frame]) -> dict[int, list[int]]:
    """The frames that can have dates, as indices, by person."""
    of_person: dict[int, list[int]] = {}
    for number, frame in enumerate(frames):
        if frame.status in DATED:
            of_person.setdefault(frame.person, []).append(number)
    return of_person
