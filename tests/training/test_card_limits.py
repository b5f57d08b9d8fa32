from __future__ import annotations

from typing import Any

from training.card_limits import invented, missed, overconfident


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
        "authored-heldout": {"raw_text": {"texts": 6, "invented": 3, "share": 0.5}},
        "authored": {"raw_text": {"texts": 1000, "invented": 70, "share": 0.07}},
    }
    words = invented(ZERO_SHOT, hard)
    assert said(
        words, "in 1 of 20 texts", "in 3 of 6 pieces", "7 % of 1,000 such", "2 of 10 passages", "20 [10, 40] %"
    )


def test_what_is_missed() -> None:
    words = missed(ZERO_SHOT)
    assert said(words, "finds 25 % of 40", "50 % of what it tells", "the 50 in 30 passages")
    assert said(words, "finds 40 %, and 80 % is right")


def test_how_sure_the_scores_are() -> None:
    curve = [
        {"min_score": least, "departures": {"precision": 0.5 + least / 2, "recall": 1 - least}} for least in (0.5, 0.9)
    ]
    test = {"departures": {"after": {"mean_score": 0.913, "right": 0.8}}, "curve": curve}
    report = {"fitted_on": "A", "departures_fitted_on": ["A", "B", "C"], "sets": {"news-units test": test}}
    words = overconfident(report)
    assert said(words, "calibrated on A, those of departures on A, B and C", "0.91 on average, and 80 %")
    assert said(words, "0.9` 95 %", "10 %")
