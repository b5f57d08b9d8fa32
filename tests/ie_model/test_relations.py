from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model import relations
from ie_model.dates import TimeSpan
from ie_model.decoding import Span
from ie_model.relations import (
    BETWEEN_BUCKETS,
    CONTEXT,
    DISTANCE_BUCKETS,
    LINK_OUTPUTS,
    MAX_DISTANCE,
    PAIR_FIELDS,
    Frame,
    calibrated,
    candidate_pairs,
    distance_buckets,
    frames_from,
    joint_log_odds,
    link_groups,
    pair_matrix,
)
from ie_model.runtime.onnx import OnnxRuntime

YES, NO = 4.0, -4.0
SURE = float(1 / (1 + np.exp(-YES)))


def span(label: str, first: int, last: int) -> Span:
    return Span(label, first, last, first, last, 1.0)


def row(departed: float = NO, left_role: float = NO, joined: float = NO, status: str = "stated") -> list[float]:
    return [departed, left_role, joined, NO, *(2.0 * (status == name) for name in ("stated", "reported", "former"))]


def frames(spans: list[Span], rows: dict[tuple[int, int], list[float]], threshold: float = 0.5) -> list[Frame]:
    pairs = candidate_pairs(spans)
    assert set(rows) <= set(pairs)
    scores = np.array([rows.get(pair, row()) for pair in pairs], dtype=np.float32)
    return frames_from(spans, pairs, scores, threshold=threshold)


def test_a_person_is_paired_with_what_stands_near() -> None:
    spans = [
        span("ORG", 0, 2),
        span("PERSON", 2, 5),
        span("MONEY", 6, 8),
        span("PERSON", 9, 10),
        span("ROLE", 5 + MAX_DISTANCE, 7 + MAX_DISTANCE),
    ]
    assert candidate_pairs(spans) == [(1, 0), (1, 4), (3, 0), (3, 4)]
    far = [*spans[:4], span("ROLE", 6 + MAX_DISTANCE, 7 + MAX_DISTANCE)]
    assert candidate_pairs(far) == [(1, 0), (3, 0), (3, 4)]


def test_without_persons_there_are_no_pairs() -> None:
    assert candidate_pairs([span("ORG", 0, 2), span("ROLE", 2, 4)]) == []
    assert pair_matrix([], [], sentence_ends=np.array([9]), start=0, end=9).shape == (0, len(PAIR_FIELDS))


def test_features_of_a_pair() -> None:
    spans = [span("ROLE", 40, 44), span("PERSON", 50, 53), span("ORG", 56, 60)]
    pairs, ends = [(1, 0), (1, 2)], np.array([20, 47, 90])
    matrix = pair_matrix(spans, pairs, sentence_ends=ends, start=30, end=70)
    assert matrix.tolist() == [
        # gap 6: bucket 3 of the edges 1 2 4 8 …, odd because the person stands second
        [50, 53, 40, 44, 30, 40, 53, 70, 2 * 3 + 1, 1, 0, 0, 1],
        # gap 3: bucket 2
        [50, 53, 56, 60, 30, 50, 60, 70, 2 * 2, 0, 0, 0, 0],
    ]
    wide = pair_matrix(spans, [(1, 2)], sentence_ends=ends, start=0, end=500)
    assert wide[0, 4:8].tolist() == [50 - CONTEXT, 50, 60, 60 + CONTEXT]


def test_what_stands_between_is_counted() -> None:
    spans = [
        *(span("PERSON", 0, 2), span("ORG", 3, 5), span("PERSON", 6, 8), span("ORG", 9, 11)),
        *(span("ORG", i, i + 1) for i in range(20, 25)),
        span("ORG", 30, 32),
    ]
    last = len(spans) - 1
    ends = np.array([3, 9, 30, 40])  # a sentence may end right before either of the two
    matrix = pair_matrix(spans, [(0, 1), (0, 3), (2, 1), (0, last)], sentence_ends=ends, start=0, end=40)
    assert matrix[:, 10:].tolist() == [[0, 0, 1], [1, 1, 2], [0, 0, 0], [1, BETWEEN_BUCKETS - 1, 3]]


def test_distance_buckets() -> None:
    gaps = np.array([0, 1, 2, 3, 4, 95, 96, 10_000])
    first = np.ones(len(gaps), dtype=bool)
    assert distance_buckets(gaps, first).tolist() == [0, 2, 4, 4, 6, 14, 16, 16]
    assert distance_buckets(gaps, ~first).tolist() == [1, 3, 5, 5, 7, 15, 17, 17]
    assert DISTANCE_BUCKETS == 18


def test_a_departure_with_its_role_and_new_employer() -> None:
    spans = [span("ORG", 0, 2), span("ROLE", 2, 4), span("PERSON", 4, 6), span("ORG", 8, 10)]
    rows = {(2, 0): row(YES, status="reported"), (2, 1): row(left_role=YES), (2, 3): row(joined=YES)}
    assert frames(spans, rows) == [Frame(2, 0, pytest.approx(SURE), "reported", roles=[1], joined=[3])]


def test_roles_and_employers_without_a_departure_are_dropped() -> None:
    spans = [span("ORG", 0, 2), span("ROLE", 2, 4), span("PERSON", 4, 6)]
    assert frames(spans, {(2, 0): row(joined=YES), (2, 1): row(left_role=YES)}) == []
    assert frames_from(spans, [], np.zeros((0, len(LINK_OUTPUTS)), dtype=np.float32)) == []


def test_the_threshold() -> None:
    spans = [span("ORG", 0, 2), span("PERSON", 4, 6)]
    rows = {(1, 0): row(0.0)}  # a probability of one half
    assert len(frames(spans, rows, threshold=0.5)) == 1
    assert frames(spans, rows, threshold=0.51) == []


def test_calibration_changes_scores_alone() -> None:
    spans = [span("ORG", 0, 2), span("ROLE", 2, 4), span("PERSON", 4, 6), span("ORG", 8, 10), span("ORG", 12, 14)]
    pairs = candidate_pairs(spans)
    rows = {(2, 0): row(0.5), (2, 1): row(left_role=YES), (2, 3): row(-0.5, joined=YES), (2, 4): row(YES)}
    scores = np.array([rows[pair] for pair in pairs], dtype=np.float32)
    plain = frames_from(spans, pairs, scores)
    low = frames_from(spans, pairs, scores, temperature=2.0, bias=-3.0)
    assert [frame.score for frame in plain] == pytest.approx([1 / (1 + np.exp(-0.5)), SURE])
    # Both far below the threshold, which is asked of the uncalibrated probability.
    assert [frame.score for frame in low] == pytest.approx([1 / (1 + np.exp(2.75)), 1 / (1 + np.exp(1.0))])
    assert [replace(frame, score=0.0) for frame in low] == [replace(frame, score=0.0) for frame in plain]


def test_the_least_score_is_asked_of_the_calibrated_one() -> None:
    spans = [span("ORG", 0, 2), span("PERSON", 4, 6)]
    scores = np.array([row(2.0)], dtype=np.float32)  # 0.88, and calibrated 0.5
    options = {"temperature": 2.0, "bias": -1.0}
    assert len(frames_from(spans, [(1, 0)], scores, min_score=0.5, **options)) == 1
    assert frames_from(spans, [(1, 0)], scores, min_score=0.51, **options) == []
    assert len(frames_from(spans, [(1, 0)], scores, min_score=0.51)) == 1


def test_calibrated_scores_rise_with_the_log_odds() -> None:
    logits = np.array([-30.0, -1.0, 0.0, 1.0, 20.0, 30.0], dtype=np.float32)
    for temperature, bias in ((1.0, 0.0), (5.0, -4.0), (5.0, 4.0)):
        scores = calibrated(logits, temperature=temperature, bias=bias)
        assert (np.diff(scores) > 0).all()
        assert ((scores > 0) & (scores < 1)).all()
    assert calibrated(np.array([-1e6, 1e6]), temperature=1.0, bias=0.0).tolist() == pytest.approx([0, 1])


def test_a_departure_is_as_sure_as_its_link_and_its_spans() -> None:
    spans = [replace(span("ORG", 0, 2), score=0.5), replace(span("PERSON", 4, 6), score=0.9)]
    scores = np.array([row(YES)], dtype=np.float32)
    (frame,) = frames_from(spans, [(1, 0)], scores)  # told, since the threshold is asked of the link alone
    assert frame.score == pytest.approx(SURE * 0.45)
    assert frames_from(spans, [(1, 0)], scores, min_score=0.46) == []


@given(logit=st.floats(-20, 20), first=st.floats(0.001, 1), second=st.floats(0.001, 1))
def test_joint_log_odds_are_those_of_the_product(logit: float, first: float, second: float) -> None:
    (found,) = joint_log_odds(np.array([logit]), np.array([first * second]))
    assert 1 / (1 + np.exp(-found)) == pytest.approx(first * second / (1 + np.exp(-logit)), rel=1e-6)


def test_joint_log_odds_of_sure_spans_are_those_of_the_link() -> None:
    logits = np.array([-800.0, -30.0, 0.0, 25.0, 800.0])
    found = joint_log_odds(logits, np.ones(5))
    assert found[:4] == pytest.approx(logits[:4])
    assert np.isfinite(found).all()
    assert found[4] > 600


def test_each_relation_takes_its_own_label_only() -> None:
    spans = [span("ORG", 0, 2), span("ROLE", 2, 4), span("PERSON", 4, 6)]
    (frame,) = frames(spans, {(2, 0): row(YES, left_role=YES), (2, 1): row(YES, joined=YES)})
    assert (frame.organization, frame.roles, frame.joined) == (0, [], [])


def test_a_role_goes_to_the_nearest_departure() -> None:
    spans = [span("PERSON", 0, 2), span("ORG", 3, 5), span("ROLE", 5, 7), span("ORG", 20, 22), span("ROLE", 22, 24)]
    rows = {(0, 1): row(YES), (0, 2): row(left_role=YES), (0, 3): row(YES), (0, 4): row(left_role=YES)}
    assert [(f.organization, f.roles) for f in frames(spans, rows)] == [(1, [2]), (3, [4])]


def test_in_a_cv_each_employer_is_joined_after_the_one_before() -> None:
    spans = [span("PERSON", 0, 2), span("ORG", 5, 7), span("ORG", 15, 17), span("ORG", 25, 27)]
    rows = {(0, 1): row(YES), (0, 2): row(YES, joined=YES), (0, 3): row(joined=YES)}
    assert [(f.organization, f.joined) for f in frames(spans, rows)] == [(1, [2]), (2, [3])]


def test_nobody_joins_what_they_leave() -> None:
    spans = [span("PERSON", 0, 2), span("ORG", 5, 7)]
    (frame,) = frames(spans, {(0, 1): row(YES, joined=YES)})
    assert frame.joined == []


def test_departures_are_told_apart_by_person_and_come_in_order() -> None:
    spans = [span("PERSON", 0, 2), span("ORG", 3, 5), span("PERSON", 6, 8), span("ORG", 9, 11)]
    rows = {(0, 1): row(YES), (2, 3): row(YES, status="former"), (0, 3): row(joined=YES)}
    found = frames(spans, rows)
    assert [(f.person, f.organization, f.status, f.joined) for f in found] == [
        (0, 1, "stated", [3]),
        (2, 3, "former", []),
    ]


@pytest.mark.parametrize(("most_pairs", "most_tokens"), [(1, 1), (3, 40), (1000, 60), (1000, 100_000)])
def test_pairs_in_groups_score_as_all_at_once(
    model_dir: Path, random: np.random.Generator, monkeypatch: pytest.MonkeyPatch, most_pairs: int, most_tokens: int
) -> None:
    tokens = 400
    spans = [
        Span(("PERSON", "ORG", "ROLE")[at // 8 % 3], at, at + 3, at, at + 3, 1.0) for at in range(0, tokens - 3, 8)
    ]
    spans.append(Span("ORG", tokens - 2, tokens, tokens - 2, tokens, 1.0))  # nothing stands behind it
    pairs = candidate_pairs(spans)
    matrix = pair_matrix(spans, pairs, sentence_ends=np.arange(20, tokens, 20), start=0, end=tokens)
    hidden = random.normal(size=(tokens, 32)).astype(np.float32)
    runtime = OnnxRuntime(model_dir, threads=1)
    expected = runtime.link(hidden, matrix)
    monkeypatch.setattr(relations, "LINK_PAIRS", most_pairs)
    monkeypatch.setattr(relations, "LINK_TOKENS", most_tokens)
    done = 0
    for rows, first, moved in link_groups(matrix):
        assert rows.start == done
        assert rows.stop - rows.start == len(moved) <= most_pairs
        stretch = hidden[first : first + int(moved[:, 7].max())]
        assert len(moved) == 1 or len(stretch) <= most_tokens
        np.testing.assert_allclose(runtime.link(stretch, moved), expected[rows], rtol=1e-4, atol=1e-4)
        done = rows.stop
    assert done == len(matrix) > 100
    assert list(link_groups(matrix[:0])) == []


def test_a_frame_with_the_numbers_and_offsets_of_the_whole_text() -> None:
    frame = Frame(0, 2, 0.9, "stated", roles=[1], joined=[3], date=TimeSpan(4, 9, "2023年"))
    moved = frame.renumbered([5, 6, 7, 8], distance=100)
    assert moved == Frame(5, 7, 0.9, "stated", roles=[6], joined=[8], date=TimeSpan(104, 109, "2023年"))
    assert replace(frame, date=None).renumbered([5, 6, 7, 8], distance=100).date is None
