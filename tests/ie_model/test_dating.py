"""Which times are asked about whom, and what comes of the link head's answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.dates import TimeSpan
from ie_model.dating import DATE_THRESHOLD, dating_pairs, sides_to_date, times_among, with_dates
from ie_model.decoding import Span
from ie_model.encoding import TextEncoder
from ie_model.relations import LINK_OUTPUTS, LINKS, MAX_DISTANCE, Frame
from ie_model.scheme import DATE

TEXT = "2019年，林知远离开星河，2021年3月又从青木离职。"


def span(label: str, surface: str, text: str = TEXT) -> Span:
    """A span whose tokens are its characters."""
    start = text.index(surface)
    end = start + len(surface)
    return Span(label, start, end, start, end, 1.0)


SPANS = [span("PERSON", "林知远"), span("ORG", "星河"), span("ORG", "青木")]
PLACES = [span(DATE, "2019年"), span(DATE, "2021年3月")]
TIMES = [TimeSpan(place.start, place.end, TEXT[place.start : place.end]) for place in PLACES]


def answers(*probabilities: float) -> np.ndarray:
    """[pairs, outputs] scores of pairs whose `left_on` has these probabilities."""
    scores = np.zeros((len(probabilities), len(LINK_OUTPUTS)), dtype=np.float32)
    odds = np.array(probabilities)
    scores[:, LINKS.index("left_on")] = np.log(odds / (1 - odds))
    return scores


def test_times_that_are_part_of_a_span_are_none(text_encoder: TextEncoder) -> None:
    text = "3月，林知远从2023年3月基金离开。昨日消息。"
    whole = span("ORG", "2023年3月基金", text)
    times, places = times_among(text, [span("PERSON", "林知远", text), whole], text_encoder(text))
    assert [time.text for time in times] == ["3月", "昨日"]
    offsets = text_encoder(text).offsets
    for time, place in zip(times, places, strict=True):
        assert (place.label, place.start, place.end) == (DATE, time.start, time.end)
        assert (offsets[place.first, 0], offsets[place.last - 1, 1]) == (time.start, time.end)


def test_a_time_is_told_from_the_name_before_it(text_encoder: TextEncoder) -> None:
    text = "李晓明日前离职，张明年底退休。"
    spans = [span("PERSON", "李晓明", text), span("PERSON", "张明", text)]
    times, _ = times_among(text, spans, text_encoder(text))
    assert [time.text for time in times] == ["日前", "年底"]


def test_a_time_dates_the_departure_from_the_organisation_that_it_goes_with() -> None:
    frames = [Frame(0, 1, 0.9, "stated"), Frame(0, 2, 0.9, "stated")]
    pairs = dating_pairs(SPANS, PLACES, {0, 1, 2})
    assert pairs == [(0, 3), (0, 4), (1, 3), (1, 4), (2, 3), (2, 4)]
    first, second = with_dates(frames, SPANS, TIMES, pairs, answers(0.9, 0.8, 0.6, 0.3, 0.2, 0.4))
    assert (first.date, second.date) == (TIMES[0], TIMES[1])
    first, second = with_dates(frames, SPANS, TIMES, pairs, answers(0.9, 0.8, 0.2, 0.4, 0.6, 0.3))
    assert (first.date, second.date) == (TIMES[1], TIMES[0])
    first, second = with_dates(frames, SPANS, TIMES, pairs, answers(0.9, 0.2, 0.6, 0.3, 0.7, 0.4))
    assert (first.date, second.date) == (TIMES[0], TIMES[0])  # both left then
    assert all(frame.date is None for frame in frames)  # what is given stays as it is


def test_organisations_are_asked_about_only_where_a_person_left_several() -> None:
    one, other = Frame(0, 1, 0.9, "stated"), Frame(0, 2, 0.9, "reported")
    assert sides_to_date([one]) == {0}
    assert sides_to_date([one, other]) == {0, 1, 2}
    assert sides_to_date([one, replace(other, status="former")]) == {0}
    assert sides_to_date([replace(one, status="former")]) == set()


def test_the_likeliest_of_several_times_counts() -> None:
    (frame,) = with_dates([Frame(0, 1, 0.9, "stated")], SPANS, TIMES, [(0, 3), (0, 4)], answers(0.7, 0.8))
    assert frame.date == TIMES[1]


@pytest.mark.parametrize(("probability", "found"), [(DATE_THRESHOLD - 0.01, False), (DATE_THRESHOLD + 0.01, True)])
def test_no_time_may_be_likely_enough(probability: float, found: bool) -> None:
    (frame,) = with_dates([Frame(0, 1, 0.9, "reported")], SPANS, TIMES, [(0, 3)], answers(probability))
    assert (frame.date is not None) == found


def test_a_former_title_has_no_date() -> None:
    frames = [Frame(0, 1, 0.9, "former"), Frame(0, 2, 0.9, "stated")]
    former, stated = with_dates(frames, SPANS, TIMES, [(0, 3), (0, 4)], answers(0.9, 0.8))
    assert former.date is None
    assert stated.date == TIMES[0]


@given(
    persons=st.lists(st.integers(0, 900), min_size=1, max_size=6, unique=True),
    times=st.lists(st.integers(0, 900), max_size=12, unique=True),
)
def test_all_times_within_reach_are_asked_about_and_no_others(persons: list[int], times: list[int]) -> None:
    spans = [Span("PERSON", at, at + 3, at, at + 3, 1.0) for at in sorted(persons)]
    places = [Span(DATE, at, at + 2, at, at + 2, 1.0) for at in sorted(times)]
    near = [
        (number, len(spans) + index)
        for number, person in enumerate(spans)
        for index, place in enumerate(places)
        if max(person.first, place.first) - min(person.last, place.last) <= MAX_DISTANCE
    ]
    assert dating_pairs(spans, places, range(len(spans))) == near
