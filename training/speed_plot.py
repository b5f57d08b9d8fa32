"""The speed benchmark as a bar chart: one self-contained SVG, no plotting library."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

BAR, GAP, LABELS, WIDTH = 20, 8, 330, 760


def write_plot(report: dict[str, Any], path: Path) -> None:
    """A bar for each contender on the first set, the fastest first, with its ratio to the reference."""
    name, one = next(iter(report["sets"].items()))
    rows = sorted(one["contenders"].items(), key=lambda item: -item[1]["median"])
    longest = rows[0][1]["median"]
    scale = (WIDTH - LABELS - 130) / longest
    lines = []
    for number, (contender, row) in enumerate(rows):
        top = 34 + number * (BAR + GAP)
        kind = "ours" if contender.startswith("ie-model") else "other"
        length = row["median"] * scale
        ratio = f" · {row['ratio']:.1f}×" if "ratio" in row else ""
        lines += [
            f'<text class="label" x="{LABELS - 8}" y="{top + 14}">{escape(contender)}</text>',
            f'<rect class="{kind}" x="{LABELS}" y="{top}" width="{length:.1f}" height="{BAR}"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{top + 14}">{row["median"]:,}{ratio}</text>',
        ]
    height = 40 + len(rows) * (BAR + GAP)
    title = f"Characters per second on the {name}, {report['machine']['threads']} cores"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}">\n'
        "<style>text{font:12px system-ui,sans-serif;fill:#444}.label{text-anchor:end}"
        ".title{font-weight:600;font-size:14px}.ours{fill:#0072b2}.other{fill:#999}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n"
        f'<text class="title" x="8" y="20">{escape(title)}</text>\n' + "\n".join(lines) + "\n</svg>\n",
        encoding="utf-8",
    )
