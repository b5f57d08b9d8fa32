"""Tables and cells of the pages that are written from `results/`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def cell(figures: dict[str, Any] | None, *, interval: bool = True) -> str:
    """F1 in percent, with its interval."""
    if not figures:
        return ""
    value = f"{100 * figures['f1']:.1f}"
    if not interval:
        return value
    low, high = _edges(figures["f1_interval"])
    return f"{value} ({low}–{high})"


def percent_interval(share: float, interval: Sequence[float]) -> str:
    """A share and its interval, in whole percent, without the sign."""
    low, high = _edges(interval)
    return f"{100 * share:.0f} [{low}, {high}]"


def _edges(interval: Sequence[float]) -> tuple[int, int]:
    """An interval in whole percent."""
    low, high = interval
    return round(100 * low), round(100 * high)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
