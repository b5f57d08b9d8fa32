"""How honest the scores are, and what a least score keeps, as one self-contained SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

SIDE, LEFT, TOP, GAP_X, GAP_Y = 210, 56, 52, 62, 74
KINDS = ("spans", "departures")
PARTS = {"precision": "precision", "recall": "recall", "f1": "F1"}
Points = Sequence[tuple[float, float]]


def write_plot(report: dict[str, Any], path: Path) -> None:
    """Two rows, spans and departures: reliability on every set, then the curve of the last set over least scores."""
    sets = report["sets"]
    lines: list[str] = []
    for row, kind in enumerate(KINDS):
        y = TOP + row * (SIDE + GAP_Y)
        for column, (name, one) in enumerate(sets.items()):
            figures = one["spans"]["all"] if kind == "spans" else one["departures"]
            lines += _panel(_x(column), y, title=f"{kind}, {name}", below="score", beside="share right")
            lines.append(_line(_x(column), y, "even", [(0, 0), (1, 1)]))
            for when in ("before", "after"):
                points = [(one["score"], one["right"]) for one in figures[when]["bins"]]
                lines += _dotted(_x(column), y, when, points)
        name, one = list(sets.items())[-1]
        x = _x(len(sets))
        lines += _panel(x, y, title=f"{kind}, {name}", below="least score", beside="")
        for part in PARTS:
            # With nothing left there is no precision to draw.
            kept = [(at["min_score"], at[kind][part]) for at in one["curve"] if at[kind]["predicted"]]
            if kept:
                lines.append(_line(x, y, part, kept))
    width, height = _x(len(sets)) + SIDE + 36, TOP + 2 * SIDE + GAP_Y + 44
    title = "Reliability of the scores, and precision, recall and F1 over the least score"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}">\n'
        "<style>text{font:11px system-ui,sans-serif;fill:#444}.name{font-weight:600}.middle{text-anchor:middle}"
        ".end{text-anchor:end}polyline{fill:none;stroke-width:2}.frame{fill:none;stroke:#999}"
        ".even{stroke:#999;stroke-width:1;stroke-dasharray:4 3}.before{stroke:#e69f00}circle.before{fill:#e69f00}"
        ".after,.precision{stroke:#0072b2}circle.after{fill:#0072b2}.recall{stroke:#d55e00;stroke-dasharray:7 3}"
        ".f1{stroke:#009e73;stroke-dasharray:2 3}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n"
        + "\n".join([*_legend(len(sets), report["fitted_on"]), *lines])
        + "\n</svg>\n",
        encoding="utf-8",
    )


def _x(column: int) -> int:
    return LEFT + column * (SIDE + GAP_X)


def _legend(sets: int, fitted_on: str) -> Iterator[str]:
    """What each line is: calibration at the left, the curve's parts over its column."""
    entries = [(LEFT, "before", "before calibration"), (LEFT + 150, "after", f"after, fitted on {fitted_on}")]
    entries += [(_x(sets) + 88 * number, part, words) for number, (part, words) in enumerate(PARTS.items())]
    for x, kind, words in entries:
        yield f'<polyline class="{kind}" points="{x},14 {x + 20},14"/>'
        yield f'<text x="{x + 24}" y="18">{escape(words)}</text>'


def _panel(x: int, y: int, *, title: str, below: str, beside: str) -> Iterator[str]:
    """Frame, title and axes from 0 to 1."""
    yield f'<rect class="frame" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"/>'
    yield f'<text class="name" x="{x}" y="{y - 8}">{escape(title)}</text>'
    for step in (0, 0.5, 1):
        yield f'<text class="middle" x="{x + step * SIDE:.0f}" y="{y + SIDE + 15}">{step:g}</text>'
        yield f'<text class="end" x="{x - 5}" y="{y + (1 - step) * SIDE + 4:.0f}">{step:g}</text>'
    yield f'<text class="middle" x="{x + SIDE // 2}" y="{y + SIDE + 30}">{escape(below)}</text>'
    if beside:
        middle = f"{x - 34},{y + SIDE // 2}"
        yield f'<text class="middle" transform="translate({middle}) rotate(-90)">{escape(beside)}</text>'


def _at(x: int, y: int, point: tuple[float, float]) -> tuple[float, float]:
    return x + point[0] * SIDE, y + (1 - point[1]) * SIDE


def _line(x: int, y: int, kind: str, points: Points) -> str:
    places = " ".join(f"{across:.1f},{down:.1f}" for across, down in (_at(x, y, point) for point in points))
    return f'<polyline class="{kind}" points="{places}"/>'


def _dotted(x: int, y: int, kind: str, points: Points) -> Iterator[str]:
    """A line with a dot for every bin."""
    yield _line(x, y, kind, points)
    for across, down in (_at(x, y, point) for point in points):
        yield f'<circle class="{kind}" cx="{across:.1f}" cy="{down:.1f}" r="3"/>'
