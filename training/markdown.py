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
    low, high = (round(100 * edge) for edge in figures["f1_interval"])
    return f"{value} ({low}–{high})"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
