"""How honest scores are: expected calibration error, Brier score, log loss, reliability bins.

A score is honest if, of the items that have it, that share is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from ie_model.arrays import Doubles
from ie_model.relations import calibrated

#: Bins hold equally many items: this many bins, fewer where a bin would hold fewer than MIN_BIN items.
BINS = 10
MIN_BIN = 10
#: Scores are kept this far from 0 and 1 where their logarithm is taken.
_EDGE = 1e-7
#: Temperatures and biases that are searched; where the data say nothing, the edge is the answer.
TEMPERATURES = (0.2, 10.0)
BIASES = (-6.0, 6.0)


@dataclass(frozen=True)
class Scored:
    """Items with their scores, and whether each is right: [items] both."""

    scores: Doubles
    right: Doubles

    @classmethod
    def of(cls, items: Sequence[tuple[float, bool]]) -> Scored:
        table = np.array(items, dtype=np.float64).reshape(-1, 2)
        return cls(table[:, 0], table[:, 1])

    def __len__(self) -> int:
        return len(self.scores)


def bins_of(scored: Scored) -> list[tuple[int, float, float]]:
    """(items, mean score, share that is right) of each bin; bins of equally many items, by score."""
    count = max(1, min(BINS, len(scored) // MIN_BIN))
    order = np.argsort(scored.scores)
    # Where a bin ends between items of one score, it must not matter which of them stand first.
    _, same = np.unique(scored.scores, return_inverse=True)
    right = (np.bincount(same, weights=scored.right) / np.bincount(same))[same]
    return [
        (len(part), float(scored.scores[part].mean()), float(right[part].mean()))
        for part in np.array_split(order, count)
        if len(part)
    ]


def expected_calibration_error(scored: Scored) -> float:
    """Mean distance between a bin's score and the share of it that is right, weighted by items."""
    return sum(items * abs(score - right) for items, score, right in bins_of(scored)) / max(1, len(scored))


def brier(scored: Scored) -> float:
    """Mean squared distance between a score and 1 or 0."""
    return float(((scored.scores - scored.right) ** 2).mean()) if len(scored) else 0.0


def log_loss(scored: Scored) -> float:
    """Mean negative logarithm of the probability that the scores give to what is the case."""
    if not len(scored):
        return 0.0
    kept = np.clip(scored.scores, _EDGE, 1 - _EDGE)
    return float(-(scored.right * np.log(kept) + (1 - scored.right) * np.log(1 - kept)).mean())


def error_by_chance(scored: Scored, *, rounds: int = 500, seed: int = 0) -> tuple[float, float]:
    """Calibration error that these very scores would show on so few items if they were honest.

    Returns:
        its mean, and what it stays below in 95 % of the draws.
    """
    random = np.random.default_rng(seed)
    draws = [
        expected_calibration_error(Scored(scored.scores, (random.random(len(scored)) < scored.scores).astype(float)))
        for _ in range(rounds)
    ]
    return float(np.mean(draws)), float(np.quantile(draws, 0.95))


def reliability(scored: Scored) -> dict[str, Any]:
    """All figures of some items, and their bins."""
    mean, high = error_by_chance(scored)
    return {
        "items": len(scored),
        "right": round(float(scored.right.mean()), 4) if len(scored) else 0.0,
        "mean_score": round(float(scored.scores.mean()), 4) if len(scored) else 0.0,
        "ece": round(expected_calibration_error(scored), 4),
        "ece_by_chance": [round(mean, 4), round(high, 4)],
        "brier": round(brier(scored), 4),
        "log_loss": round(log_loss(scored), 4),
        "bins": [
            {"items": items, "score": round(score, 4), "right": round(right, 4)}
            for items, score, right in bins_of(scored)
        ],
    }


def fit_temperature(loss: Callable[[float], float]) -> float:
    """The temperature of least loss, to three digits; searched on its logarithm."""
    bounds = tuple(math.log(temperature) for temperature in TEMPERATURES)
    found = minimize_scalar(lambda at: loss(math.exp(at)), bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return round(math.exp(found.x), 3)


def fit_log_odds(scored: Scored) -> tuple[float, float]:
    """Temperature and bias that make scores honest: sigmoid(log-odds / temperature + bias).

    They minimise the log loss, with Platt's targets in place of 0 and 1: as if one more item of
    either kind had been seen, so that few items, all right or all wrong, give no certainty. The
    temperature is above 0, so the order of the scores stays.

    Returns:
        temperature and bias; 1 and 0, which change nothing, if there are no items.
    """
    if not len(scored):
        return 1.0, 0.0
    positive = float(scored.right.sum())
    yes, no = (positive + 1) / (positive + 2), 1 / (len(scored) - positive + 2)
    targets = np.where(scored.right > 0, yes, no)
    logits = log_odds(scored.scores)

    def loss(at: Doubles) -> float:
        return log_loss(Scored(calibrated(logits, temperature=math.exp(at[0]), bias=at[1]), targets))

    # The temperature on its logarithm.
    bounds = [[math.log(temperature) for temperature in TEMPERATURES], BIASES]
    found = minimize(loss, x0=[0.0, 0.0], bounds=bounds, method="Nelder-Mead").x
    return round(math.exp(found[0]), 3), round(float(found[1]), 3)


def log_odds(scores: Doubles) -> Doubles:
    """[items] of scores, which are kept away from 0 and 1."""
    kept = np.clip(scores, _EDGE, 1 - _EDGE)
    result: Doubles = np.log(kept / (1 - kept))
    return result
