"""Who moved between which organisations, drawn as SVG: left, person and date, joined.

Three columns: the organisations that people left, the people, and where they went. Positions
come from the order of the departures alone, so the same document gives the same drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from ie_model.document import Departure
from ie_model.render.article import anchor
from ie_model.render.markup import text_plain
from ie_model.render.table import Row

#: A drawing with more people than this is no longer small: the surest are drawn.
MOST_MOVES = 60
_ROW, _PAD = 30, 18
_LEFT, _PERSON, _JOINED, _WIDTH = 210, 400, 590, 800
#: Labels are cut to this many em, so that columns never run into each other.
_ORGANISATION_EM, _PERSON_EM = 12.5, 9.0


@dataclass
class _Node:
    """An organisation in one of the outer columns, and the rows that meet in it."""

    name: str
    key: str
    rows: list[int] = field(default_factory=list)
    y: float = 0.0


def graph_svg(rows: Sequence[Row], *, title: str) -> str:
    """The graph of some departures in a scrolling region; nothing where there are none.

    Every person links to the row's passage in the article and shares its key, so that the
    page's script can highlight one with the other.
    """
    if not rows:
        return ""
    shown = sorted(sorted(rows, key=lambda row: -row.departure.score)[:MOST_MOVES], key=rows.index)
    order = {name: at for at, name in enumerate(dict.fromkeys(row.departure.organization for row in shown))}
    shown.sort(key=lambda row: order[row.departure.organization])
    ys = [_PAD + _ROW * (at + 0.5) for at in range(len(shown))]
    left = _column([(row.departure.organization,) for row in shown], ys, letter="a")
    joined = _column([row.departure.joined for row in shown], ys, letter="b")
    height = max([ys[-1], *(node.y for node in joined)]) + _ROW / 2 + _PAD
    left_of = {node.name: node for node in left}
    joined_of = {node.name: node for node in joined}
    parts = [_heading()]
    for row, y in zip(shown, ys, strict=True):
        parts.append(_move(row, y, left_of, joined_of))
    parts += [_organisation(node, _LEFT, "end") for node in left]
    parts += [_organisation(node, _JOINED, "start") for node in joined]
    note = "" if len(shown) == len(rows) else f'<p class="note">The {len(shown)} surest of {len(rows)} are drawn.</p>'
    return (
        f'<div class="scroll" role="group" aria-label="{text_plain(title)}" tabindex="0">'
        f'<svg class="moves" role="group" aria-label="{text_plain(title)}" viewBox="0 0 {_WIDTH} {height:.0f}"'
        f' width="{_WIDTH}" height="{height:.0f}">{"".join(parts)}</svg></div>{note}'
    )


def _column(names: Sequence[Sequence[str]], ys: Sequence[float], *, letter: str) -> list[_Node]:
    """One node a name, near the middle of its rows, at least a row's height apart."""
    nodes: dict[str, _Node] = {}
    for at, those in enumerate(names):
        for name in those:
            nodes.setdefault(name, _Node(name, f"{letter}{len(nodes)}")).rows.append(at)
    for node in nodes.values():
        node.y = sum(ys[at] for at in node.rows) / len(node.rows)
    ordered = sorted(nodes.values(), key=lambda node: node.y)
    lowest = _PAD + _ROW / 2
    for node in ordered:
        node.y = max(node.y, lowest)
        lowest = node.y + _ROW * 0.8
    # What was pushed below the last row moves back up as far as there is room.
    highest = max(ys[-1], _PAD + _ROW * (0.5 + 0.8 * (len(ordered) - 1))) if ordered else 0.0
    for node in reversed(ordered):
        node.y = min(node.y, highest)
        highest = node.y - _ROW * 0.8
    return ordered


def _heading() -> str:
    columns = ((_LEFT, "end", "left"), (_PERSON, "middle", "who, when"), (_JOINED, "start", "for"))
    return "".join(
        f'<text class="heading" x="{x}" y="14" text-anchor="{side}">{label}</text>' for x, side, label in columns
    )


def _move(row: Row, y: float, left_of: dict[str, _Node], joined_of: dict[str, _Node]) -> str:
    """A person, the line from the organisation left, and the arrows to those joined."""
    departure = row.departure
    name, when = _cut(departure.person, _PERSON_EM), _when(departure)
    half = round((_em(name) * 14 + (_em(when) * 12 + 7 if when else 0)) / 2 + 12)
    left, joined = left_of[departure.organization], [joined_of[name] for name in dict.fromkeys(departure.joined)]
    lines = [_curve(_LEFT + 8, left.y, _PERSON - half, y, "from")]
    for end in (node.y for node in joined):
        lines.append(_curve(_PERSON + half, y, _JOINED - 14, end, "to"))
        lines.append(f'<path class="arrow" d="M{_JOINED - 15} {end - 4:.1f}l9 4l-9 4z"/>')
    date = f'<tspan class="date" dx="7">{text_plain(when)}</tspan>' if when else ""
    spoken = f"{departure.person}: {departure.organization} → {'、'.join(departure.joined) or '?'}"
    label = text_plain(f"{spoken}, {when}" if when else spoken)
    return (
        f'<g class="move {text_plain(departure.status)}" data-key="{row.key}" data-score="{departure.score:.4f}"'
        f' data-nodes="{" ".join(node.key for node in (left, *joined))}">{"".join(lines)}'
        f'<a href="#{anchor(departure, prefix=row.prefix)}" aria-label="{label}"><title>{label}</title>'
        f'<rect class="target" x="{_PERSON - half}" y="{y - _ROW / 2 + 2:.1f}"'
        f' width="{2 * half}" height="{_ROW - 4}" rx="6"/>'
        f'<text class="person" x="{_PERSON}" y="{y + 5:.1f}" text-anchor="middle">'
        f"{text_plain(name)}{date}</text></a></g>"
    )


def _when(departure: Departure) -> str:
    if departure.date is None:
        return ""
    return departure.date.value or _cut(departure.date.text, 5.0)


def _curve(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    middle = (x1 + x2) / 2
    return f'<path class="edge {name}" d="M{x1} {y1:.1f}C{middle:.0f} {y1:.1f} {middle:.0f} {y2:.1f} {x2} {y2:.1f}"/>'


def _organisation(node: _Node, x: int, side: str) -> str:
    return (
        f'<text class="organization" data-node="{node.key}" x="{x}" y="{node.y + 5:.1f}" text-anchor="{side}">'
        f"<title>{text_plain(node.name)}</title>{text_plain(_cut(node.name, _ORGANISATION_EM))}</text>"
    )


def _em(text: str) -> float:
    """About how wide a label is; a wide character takes one em, another 0.6."""
    return sum(1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.6 for character in text)


def _cut(text: str, em: float) -> str:
    """The text cut to a width, with an ellipsis."""
    if _em(text) <= em:
        return text
    kept = text[: int(em / 0.6)]
    while _em(kept) > em:
        kept = kept[:-1]
    return kept + "…"
