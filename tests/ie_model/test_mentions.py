"""Spans kept as numbers."""

from __future__ import annotations

import tracemalloc

import pytest

from ie_model.decoding import Span
from ie_model.mentions import Mentions

SPANS = [
    Span("PERSON", 0, 0, 3, 6, 0.1),
    Span("ORG", 0, 0, 6, 70_000, 1 / 3),
    Span("PERSON", 0, 0, 80_000, 80_001, 1.0),
]


def test_what_goes_in_comes_out() -> None:
    mentions = Mentions(SPANS)
    assert list(mentions) == SPANS
    assert [mentions[index] for index in (0, 1, -1)] == SPANS
    assert mentions[1:] == SPANS[1:]
    assert (len(mentions), mentions.end) == (3, 80_001)
    assert (len(Mentions()), Mentions().end, list(Mentions())) == (0, 0, [])
    with pytest.raises(IndexError):
        mentions[3]


def test_tokens_are_forgotten() -> None:
    assert Mentions([Span("ORG", 4, 5, 3, 6, 1.0)])[0] == Span("ORG", 0, 0, 3, 6, 1.0)


def test_a_span_more_costs_little() -> None:
    mentions = Mentions()
    tracemalloc.start()
    try:
        for at in range(0, 100_000, 2):
            mentions.append(Span("ORG", 0, 1, at, at + 1, 0.5))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50_000 * 24
