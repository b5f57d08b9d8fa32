"""What the model card and README say about the model's faults, from `results/` alone."""

from __future__ import annotations

import math
from typing import Any

#: A least score for whoever wants few departures and right ones.
SURE = 0.9


def invented(zero_shot: dict[str, Any], hard_negatives: dict[str, Any]) -> str:
    """In how many texts without a departure one is told, where these texts are from."""
    news, passages = (zero_shot["sets"][name]["negatives"] for name in ("news-units test", "paragraphs dev"))
    untrained, seen = (hard_negatives[name]["raw_text"] for name in ("untrained", "authored"))
    low, high = (round(100 * edge) for edge in passages["share_interval"])
    return (
        f"It invents departures: in {news['invented']} of {news['texts']} texts of news-units test that have none;\n"
        f"  in {untrained['invented']} of {untrained['texts']} pieces that use the words of departures while nobody\n"
        "  leaves (moves within a firm, denials; not trained on, though 60 of them helped to choose it), and in\n"
        f"  {100 * seen['share']:.0f} % of {seen['texts']:,} such pieces that it was trained on; and in\n"
        f"  {passages['invented']} of {passages['texts']} passages of other news and tech writing, "
        f"{100 * passages['share']:.0f} % (95 % interval {low} to {high}),\n"
        "  which were marked because an earlier model told a departure there."
    )


def missed(zero_shot: dict[str, Any]) -> str:
    """How many of the departures are found, and how many of those found are right."""
    news, passages = (zero_shot["sets"][name] for name in ("news-units test", "paragraphs dev"))
    one, other = (which["departures"]["pair"] for which in (news, passages))
    return (
        f"It misses departures: on news-units test it finds {100 * one['recall']:.0f} % of {one['gold']}, and\n"
        f"  {100 * one['precision']:.0f} % of what it tells is right; of the {other['gold']} in "
        f"{passages['documents']} passages of other news and tech\n"
        f"  writing it finds {100 * other['recall']:.0f} %, and {100 * other['precision']:.0f} % is right. "
        "What it misses are mostly earlier employers,\n"
        "  told in passing or a sentence away from the name."
    )


def honesty(calibration: dict[str, Any]) -> str:
    """Whether the scores are too high or too low on a set that had no part in the calibration."""
    test = calibration["sets"]["news-units test"]
    spans, departures = (kind["after"] for kind in (test["spans"]["all"], test["departures"]))
    sure = next(at["departures"] for at in test["curve"] if at["min_score"] == SURE)
    *others, last = calibration["departures_fitted_on"]
    fitted_on = f"{', '.join(others)} and {last}" if others else last
    return (
        f"Scores of spans are calibrated on {calibration['fitted_on']}, those of departures on\n"
        f"  {fitted_on}. On other text they may be off:\n"
        f"  on news-units test the scores of spans are {_verdict(spans)}, those of departures\n"
        f"  {_verdict(departures)}.\n"
        f"  With `min_score={SURE:g}` {100 * sure['precision']:.0f} % of the departures are right, and "
        f"{100 * sure['recall']:.0f} % of all are found."
    )


def _verdict(scores: dict[str, Any]) -> str:
    """What the mean score says of the share that is right; what chance alone may explain is about right.

    That is two standard errors of the share, were every score honest.
    """
    mean, right = scores["mean_score"], scores["right"]
    by_chance = 2 * math.sqrt(mean * (1 - mean) / scores["items"])
    word = "about right" if abs(mean - right) <= by_chance else "too high" if mean > right else "too low"
    return f"{word} ({mean:.2f} on average, {100 * right:.0f} % right)"
