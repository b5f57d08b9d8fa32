from __future__ import annotations

from typing import Any

import pytest

from training.card_limits import honesty, invented, missed


def _set(*, texts: int, told: int, gold: int, right: int, predicted: int) -> dict[str, Any]:
    pair = {"precision": right / predicted, "recall": right / gold, "gold": gold}
    share = told / texts
    negatives = {"texts": texts, "invented": told, "share": share, "share_interval": [share / 2, 2 * share]}
    return {"documents": 3 * texts, "negatives": negatives, "departures": {"pair": pair}}


ZERO_SHOT = {
    "sets": {
        "news-units test": _set(texts=20, told=1, gold=40, right=10, predicted=20),
        "paragraphs dev": _set(texts=10, told=2, gold=50, right=20, predicted=25),
    }
}


def said(words: str, *parts: str) -> bool:
    """Whether all of these stand in some words, wherever their lines break."""
    line = " ".join(words.split())
    return all(part in line for part in parts)


def test_what_is_invented() -> None:
    hard = {
        "untrained": {"raw_text": {"texts": 6, "invented": 3, "share": 0.5}},
        "authored": {"raw_text": {"texts": 1000, "invented": 70, "share": 0.07}},
    }
    words = invented(ZERO_SHOT, hard)
    assert said(
        words,
        "in 1 of 20 texts",
        "in 3 of 6 pieces",
        "7 % of 1,000 such",
        "2 of 10 passages",
        "20 % (95 % interval 10 to 40)",
    )


def test_what_is_missed() -> None:
    words = missed(ZERO_SHOT)
    assert said(words, "finds 25 % of 40", "50 % of what it tells", "the 50 in 30 passages")
    assert said(words, "finds 40 %, and 80 % is right")


def calibrated(*, spans: tuple[float, float, int], departures: tuple[float, float, int]) -> dict[str, Any]:
    """A report by (mean score, share right, items) of both kinds."""
    curve = [
        {"min_score": least, "departures": {"precision": 0.5 + least / 2, "recall": 1 - least}} for least in (0.5, 0.9)
    ]
    kinds = [{"after": dict(zip(("mean_score", "right", "items"), one, strict=True))} for one in (spans, departures)]
    test = {"spans": {"all": kinds[0]}, "departures": kinds[1], "curve": curve}
    return {"fitted_on": "A", "departures_fitted_on": ["A", "B", "C"], "sets": {"news-units test": test}}


def test_how_honest_the_scores_are() -> None:
    words = honesty(calibrated(spans=(0.9, 0.8, 1000), departures=(0.913, 0.8, 100)))
    assert said(words, "calibrated on A, those of departures on A, B and C")
    assert said(words, "0.9` 95 % of the departures are right, and 10 % of all")


@pytest.mark.parametrize(
    ("mean", "right", "items", "verdict"),
    [
        (0.914, 0.888, 1967, "too high (0.91 on average, 89 % right)"),
        (0.888, 0.914, 1967, "too low (0.89 on average, 91 % right)"),
        (0.857, 0.866, 104, "about right (0.86 on average, 87 % right)"),
        (0.914, 0.888, 104, "about right (0.91 on average, 89 % right)"),  # so few items show no such difference
        (0.913, 0.8, 104, "too high (0.91 on average, 80 % right)"),
        (1.0, 1.0, 9, "about right (1.00 on average, 100 % right)"),
    ],
)
def test_scores_are_called_what_the_figures_say(mean: float, right: float, items: int, verdict: str) -> None:
    """Spans and departures each by their own figures, so that no sentence about another model's stays behind."""
    other = (0.5, 0.5, 100)
    words = honesty(calibrated(spans=(mean, right, items), departures=other))
    assert said(words, f"scores of spans are {verdict}, those of departures about right (0.50 on average, 50 % right)")
    words = honesty(calibrated(spans=other, departures=(mean, right, items)))
    assert said(words, f"about right (0.50 on average, 50 % right), those of departures {verdict}.")
