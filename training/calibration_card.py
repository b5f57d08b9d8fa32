"""The card's tables on scores, from `results/calibration.json`."""

from __future__ import annotations

from typing import Any

from training.markdown import table

#: Least scores that the card shows; the results have more.
SHOWN = (0.0, 0.3, 0.5, 0.7, 0.9)
_PARTS = {"precision": "precision", "recall": "recall", "f1": "F1"}


def fitted_sentence(report: dict[str, Any]) -> str:
    """What was fitted, and on what."""
    fitted = report["fitted"]
    return (
        f"Fitted on {report['fitted_on']}: tag logits are divided by {fitted['temperature']:g}. Fitted on\n"
        f"{' and '.join(report['departures_fitted_on'])}: a departure's log-odds are divided by "
        f"{fitted['link_temperature']:g}; to these {fitted['link_bias']:g} is added."
    )


def reliability_table(report: dict[str, Any]) -> str:
    """Calibration error and Brier score before and after, of all spans, each label and departures."""
    rows = []
    for name, one in report["sets"].items():
        kinds = {("all spans" if label == "all" else label): pair for label, pair in one["spans"].items()}
        for kind, pair in {**kinds, "departures": one["departures"]}.items():
            before, after = pair["before"], pair["after"]
            mean, high = after["ece_by_chance"]
            rows.append(
                (
                    name,
                    kind,
                    f"{after['items']:,}",
                    f"{100 * after['right']:.1f}",
                    f"{100 * before['mean_score']:.1f} → {100 * after['mean_score']:.1f}",
                    f"{100 * before['ece']:.1f} → {100 * after['ece']:.1f}",
                    f"{100 * mean:.1f} (< {100 * high:.1f})",
                    f"{before['brier']:.3f} → {after['brier']:.3f}",
                )
            )
    return table(("set", "", "found", "right", "mean score", "calibration error", "by chance", "Brier"), rows)


def curve_table(report: dict[str, Any]) -> str:
    """Precision, recall and F1 of spans and departures at some least scores."""
    rows = []
    for name, one in report["sets"].items():
        for at in one["curve"]:
            if at["min_score"] in SHOWN:
                cells = [_figure(at[kind], part) for kind in ("spans", "departures") for part in _PARTS]
                rows.append((name, f"{at['min_score']:g}", *cells))
    header = ("set", "min_score", *(f"{kind} {part}" for kind in ("spans", "departures") for part in _PARTS.values()))
    return table(header, rows)


def _figure(counts: dict[str, Any], part: str) -> str:
    """In percent; a dash for the precision of nothing."""
    return "–" if part == "precision" and not counts["predicted"] else f"{100 * counts[part]:.1f}"
