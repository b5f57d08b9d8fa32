"""More names from few texts: each variant of an example names other people and firms.

A name is replaced at every mention in the text by one name of the same label, drawn from
the names of the training sources, so that what the sentence says stays what it says. A
name that is a part of another of the text, or holds one (阿里, 阿里巴巴), stays as it is: its
short form could not be made for the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.data.example import Example, GoldDeparture, GoldSpan

#: What is replaced. A role belongs to its domain, and an amount to its context.
LABELS = ("PERSON", "ORG")

Names = Mapping[str, Sequence[str]]


def harvest(examples: Iterable[Example]) -> dict[str, list[str]]:
    """The distinct names of each label, sorted; names over several lines are left out."""
    found: dict[str, set[str]] = {label: set() for label in LABELS}
    for example in examples:
        for span in example.spans:
            surface = example.text[span.start : span.end]
            if span.label in found and "\n" not in surface:
                found[span.label].add(surface)
    return {label: sorted(names) for label, names in found.items()}


def substitute(example: Example, names: Names, *, share: float, random: np.random.Generator) -> Example:
    """A variant of the example in which about `share` of its names are others.

    Latin names are replaced by Latin ones and Chinese by Chinese, since what stands around them
    (spaces, brackets) goes with the script. A text with unsure places stays as it is: a name may be unmarked there.
    """
    if example.unsure or _dates_in_names(example):
        return example
    surfaces = {label: [] for label in LABELS}  # type: dict[str, list[str]]
    for span in example.spans:
        surface = example.text[span.start : span.end]
        if span.label in surfaces and surface not in surfaces[span.label]:
            surfaces[span.label].append(surface)
    every = [surface for group in surfaces.values() for surface in group]
    new: dict[tuple[str, str], str] = {}
    for label, group in surfaces.items():
        for surface in group:
            alone = not any(surface != other and (surface in other or other in surface) for other in every)
            pool = names.get(label, ())
            if alone and len(pool) and random.random() < share:
                drawn = pool[int(random.integers(len(pool)))]
                if drawn.isascii() == surface.isascii() and drawn not in every:
                    new[label, surface] = drawn
    return _rewrite(example, new) if new else example


def _dates_in_names(example: Example) -> bool:
    """Whether the words for a date run over a span (特朗普上任前): no new name fits both."""
    dates = [d.date for d in example.departures or () if d.date is not None]
    return any(date.start < span.end and span.start < date.end for date in dates for span in example.spans)


def _rewrite(example: Example, new: Mapping[tuple[str, str], str]) -> Example:
    """The example with these names replaced and all offsets moved."""
    dates = {d.date for d in example.departures or () if d.date is not None}
    pieces: list[str] = []
    moved: dict[GoldSpan, GoldSpan] = {}
    last = length = 0
    # Dates overlap nothing here, but are no spans of the example: they are moved along.
    for span in sorted({*example.spans, *dates}):
        surface = example.text[span.start : span.end]
        before = example.text[last : span.start]
        chosen = new.get((span.label, surface), surface)
        pieces += [before, chosen]
        start = length + len(before)
        length = start + len(chosen)
        moved[span] = GoldSpan(start, length, span.label)
        last = span.end
    departures = None
    if example.departures is not None:
        departures = tuple(_moved(departure, moved) for departure in example.departures)
    return replace(
        example,
        text="".join([*pieces, example.text[last:]]),
        spans=tuple(moved[span] for span in example.spans),
        departures=departures,
    )


def _moved(departure: GoldDeparture, moved: Mapping[GoldSpan, GoldSpan]) -> GoldDeparture:
    return replace(
        departure,
        person=moved[departure.person],
        organization=moved[departure.organization],
        roles=tuple(moved[role] for role in departure.roles),
        joined=tuple(moved[target] for target in departure.joined),
        date=moved[departure.date] if departure.date is not None else None,
    )
