"""The article with its spans marked, and the pieces of it that departures rest on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ie_model.document import Departure, Document, Entity, Money
from ie_model.render.markup import text_html, text_plain


def article_html(document: Document, *, prefix: str) -> str:
    """The text with a <mark> for each entity and a <span> for each piece of evidence.

    Marks are never split. A piece of evidence carries the positions of all departures that rest
    on it, and the piece that begins one has the id that `anchor` gives, for links to it.

    Args:
        prefix: begins the ids, and keeps those of several documents on one page apart.
    """
    evidence = _Cover(document.departures)
    pieces: list[str] = []
    last = 0
    for number, entity in enumerate(document.entities):
        pieces += _plain(document.text, last, entity.start, evidence, prefix)
        inner = "".join(_plain(document.text, entity.start, entity.end, evidence, prefix))
        # One stop of the tabulator for the article; arrow keys go from mark to mark.
        stop = "0" if number == 0 else "-1"
        pieces.append(
            f'<mark data-label="{text_plain(entity.label)}" data-score="{entity.score:.4f}"'
            f' title="{text_plain(describe(entity))}" tabindex="{stop}">{inner}</mark>'
        )
        last = entity.end
    pieces += _plain(document.text, last, len(document.text), evidence, prefix)
    return f"<article>{''.join(pieces)}</article>"


def anchor(departure: Departure, *, prefix: str) -> str:
    """The id of the piece of the article at which a departure's evidence begins."""
    return f"{prefix}-at-{departure.evidence.start}"


def describe(entity: Entity) -> str:
    """What hovering over a span shows: type, score and value."""
    words = f"{entity.label} {entity.score:.2f}"
    return words if entity.value is None else f"{words} · {money_words(entity.value)}"


def money_words(value: Money) -> str:
    """An amount for people: 113000000 USD, 800000–2000000 CNY, ≈ 10000000."""
    amount = value.amount if value.amount_max is None else f"{value.amount}–{value.amount_max}"
    return " ".join(filter(None, ("≈" if value.approximate else "", amount, value.currency)))


class _Cover:
    """Which departures' evidence covers each stretch of a text."""

    def __init__(self, departures: Sequence[Departure]) -> None:
        opens: dict[int, list[int]] = {}
        closes: dict[int, list[int]] = {}
        for number, departure in enumerate(departures):
            opens.setdefault(departure.evidence.start, []).append(number)
            closes.setdefault(departure.evidence.end, []).append(number)
        self._cuts = sorted({*opens, *closes})
        self._covering: list[tuple[int, ...]] = []
        self.begins = frozenset(opens)
        current: set[int] = set()
        for cut in self._cuts:
            current.difference_update(closes.get(cut, ()))
            current.update(opens.get(cut, ()))
            self._covering.append(tuple(sorted(current)))

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """[start, end) cut where the cover changes: (start, end, positions of the departures)."""
        at = bisect_right(self._cuts, start) - 1
        while start < end:
            stop = min(self._cuts[at + 1], end) if at + 1 < len(self._cuts) else end
            yield start, stop, self._covering[at] if at >= 0 else ()
            start, at = stop, at + 1


def _plain(text: str, start: int, end: int, evidence: _Cover, prefix: str) -> Iterator[str]:
    for first, last, covering in evidence.stretches(start, end):
        content = text_html(text[first:last])
        if covering:
            numbers = " ".join(map(str, covering))
            identity = f' id="{prefix}-at-{first}"' if first in evidence.begins else ""
            content = f'<span class="evidence" data-evidence="{numbers}"{identity}>{content}</span>'
        yield content
