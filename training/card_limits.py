"""What the model card and README say about the model's faults, from `results/` alone."""

from __future__ import annotations

from typing import Any

from training.markdown import percent_interval

#: A least score for whoever wants few departures and right ones.
SURE = 0.9


def invented(zero_shot: dict[str, Any], hard_negatives: dict[str, Any]) -> str:
    """In how many texts without a departure one is told, where these texts are from."""
    news, passages = (zero_shot["sets"][name]["negatives"] for name in ("news-units test", "paragraphs dev"))
    held_out, seen = (hard_negatives[name]["raw_text"] for name in ("authored-heldout", "authored"))
    share = percent_interval(passages["share"], passages["share_interval"])
    return (
        f"It invents departures: in {news['invented']} of {news['texts']} texts of news-units test that have none;\n"
        f"  in {held_out['invented']} of {held_out['texts']} pieces that use the words of departures while nobody\n"
        "  leaves (moves within a firm, denials; the model was chosen by them, not trained on them), and in\n"
        f"  {100 * seen['share']:.0f} % of {seen['texts']:,} such pieces that it was trained on; and in\n"
        f"  {passages['invented']} of {passages['texts']} passages of other news and tech writing, {share} %, which\n"
        "  were marked because an earlier model told a departure there."
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


def overconfident(calibration: dict[str, Any]) -> str:
    """What departures are scored on a set that had no part in the calibration, and how many are right."""
    test = calibration["sets"]["news-units test"]
    after = test["departures"]["after"]
    sure = next(at["departures"] for at in test["curve"] if at["min_score"] == SURE)
    *others, last = calibration["departures_fitted_on"]
    return (
        f"Scores of spans are calibrated on {calibration['fitted_on']}, those of departures on\n"
        f"  {', '.join(others)} and {last}. On other text they may say more than\n"
        f"  is so: on news-units test departures have {after['mean_score']:.2f} on average, and "
        f"{100 * after['right']:.0f} % of them are right.\n"
        f"  With `min_score={SURE:g}` {100 * sure['precision']:.0f} % are right, and {100 * sure['recall']:.0f} % "
        "of all departures are found."
    )
