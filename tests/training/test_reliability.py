"""Figures of honesty on hand-made cases, and fits that find what made the scores dishonest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.relations import calibrated
from training.reliability import (
    TEMPERATURES,
    Scored,
    bins_of,
    brier,
    error_by_chance,
    expected_calibration_error,
    fit_log_odds,
    fit_temperature,
    log_loss,
    log_odds,
    reliability,
)


def items(*groups: tuple[float, int, int]) -> Scored:
    """(score, right, wrong) of each group."""
    return Scored.of([(s, k < right) for s, right, wrong in groups for k in range(right + wrong)])


def test_honest_scores_have_no_error() -> None:
    assert expected_calibration_error(items((0.25, 5, 15), (0.75, 15, 5))) == pytest.approx(0)


def test_the_order_of_items_does_not_matter() -> None:
    scored = items((0.25, 5, 15), (0.5, 4, 9), (0.75, 15, 5))
    error = expected_calibration_error(scored)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(scored))
        assert expected_calibration_error(Scored(scored.scores[order], scored.right[order])) == pytest.approx(error)


def test_the_error_is_weighted_by_items() -> None:
    # Four bins of ten. Ten items are 0.3 too sure; thirty are honest.
    assert expected_calibration_error(items((0.5, 5, 5), (0.7, 7, 3), (0.8, 8, 2), (0.9, 6, 4))) == pytest.approx(
        0.3 * 10 / 40
    )


def test_too_sure_and_too_unsure_do_not_cancel_out() -> None:
    scored = items((0.9, 5, 5), (0.1, 5, 5))
    assert scored.scores.mean() == pytest.approx(scored.right.mean())
    assert expected_calibration_error(scored) == pytest.approx(0.4)


def test_bins_hold_equally_many_items_and_at_least_ten() -> None:
    random = np.random.default_rng(0)

    def sizes(count: int) -> list[int]:
        scores = random.random(count)
        return [size for size, _, _ in bins_of(Scored(scores, np.zeros(count)))]

    assert sizes(1000) == [100] * 10
    assert sizes(56) == [12, 11, 11, 11, 11]
    assert sizes(19) == [19]
    assert sizes(1) == [1]
    assert sizes(0) == []
    means = [score for _, score, _ in bins_of(Scored(random.random(200), np.zeros(200)))]
    assert means == sorted(means)


def test_brier_and_log_loss() -> None:
    scored = items((0.8, 1, 1))
    assert brier(scored) == pytest.approx((0.2**2 + 0.8**2) / 2)
    assert log_loss(scored) == pytest.approx(-(np.log(0.8) + np.log(0.2)) / 2)
    assert np.isfinite(log_loss(items((1.0, 1, 1), (0.0, 1, 1))))


def test_what_chance_alone_does() -> None:
    few, many = (items((0.3, 3 * n, 7 * n), (0.8, 8 * n, 2 * n)) for n in (2, 200))
    mean, high = error_by_chance(few)
    assert 0 < mean < high
    assert error_by_chance(many)[0] < mean / 3
    assert error_by_chance(few) == (mean, high)
    assert error_by_chance(items((1.0, 0, 20))) == (0, 0), "scores of 1 leave nothing to chance"


def test_the_report_of_nothing() -> None:
    report = reliability(Scored.of([]))
    assert (report["items"], report["ece"], report["brier"], report["bins"]) == (0, 0, 0, [])


def test_a_temperature_is_recovered() -> None:
    """Tags are drawn from the softmax of logits, which are then shown three times too large."""
    random = np.random.default_rng(0)
    logits = 2 * random.standard_normal((4000, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    drawn = (random.random((4000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)

    def loss(temperature: float) -> float:
        shown = 3 * logits / temperature
        every = np.log(np.exp(shown).sum(axis=1))
        return float((every - shown[np.arange(4000), drawn]).mean())

    assert fit_temperature(loss) == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (2.5, -1.0), (0.6, 1.5)])
def test_temperature_and_bias_are_recovered(temperature: float, bias: float) -> None:
    random = np.random.default_rng(1)
    raw = 3 * random.standard_normal(20_000)
    honest = calibrated(raw, temperature=temperature, bias=bias)
    shown = Scored(calibrated(raw, temperature=1.0, bias=0.0), (random.random(len(raw)) < honest).astype(float))
    found = fit_log_odds(shown)
    assert found == (pytest.approx(temperature, rel=0.08), pytest.approx(bias, abs=0.1))
    after = Scored(calibrated(log_odds(shown.scores), temperature=found[0], bias=found[1]), shown.right)
    assert expected_calibration_error(after) < 0.015
    if temperature != 1:
        assert expected_calibration_error(after) < expected_calibration_error(shown) / 3


def test_no_items_change_nothing() -> None:
    assert fit_log_odds(Scored.of([])) == (1.0, 0.0)


def test_few_items_give_no_certainty() -> None:
    for right, wrong in ((8, 0), (0, 8)):
        scored = items((0.7, right, wrong), (0.9, right, wrong))
        temperature, bias = fit_log_odds(scored)
        after = calibrated(log_odds(scored.scores), temperature=temperature, bias=bias)
        assert ((after > 0.02) & (after < 0.98)).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 40))
def test_what_is_fitted_keeps_the_order(seed: int, count: int) -> None:
    """Even where the surer items are the wrong ones."""
    random = np.random.default_rng(seed)
    scores = np.sort(random.random(count))
    temperature, bias = fit_log_odds(Scored(scores, (random.random(count) > scores).astype(float)))
    assert TEMPERATURES[0] * 0.99 <= temperature <= TEMPERATURES[1] * 1.01
    after = calibrated(log_odds(scores), temperature=temperature, bias=bias)
    assert (np.diff(after) >= 0).all()
