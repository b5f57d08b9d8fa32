"""A long text in sections, so that memory does not grow with its length.

An article is one section. A book has many, which tile it; each is read with a margin of its
neighbours, so that nothing is cut off from its context, nor a departure from its person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ie_model.encoding import is_latin
from ie_model.windows import SENTENCE_STOP

#: Characters of a text that are worked on at once.
SECTION_CHARACTERS = 16384
#: Characters of a neighbouring section that are read too; persons and organisations that are paired
#: stand nearer to each other than that.
SECTION_MARGIN = 1024


@dataclass(frozen=True)
class Section:
    """Characters [start, end) of a text to work on; [first, last) are the section's own."""

    start: int
    end: int
    first: int
    last: int


def plan_sections(text: str) -> Iterator[Section]:
    """Tile a text by sections that end where sentences do, as far as they do."""
    first = 0
    while True:
        last = _cut(text, first + SECTION_CHARACTERS // 2, first + SECTION_CHARACTERS)
        start = _cut(text, first - 2 * SECTION_MARGIN, first - SECTION_MARGIN) if first else 0
        yield Section(start, _word_end(text, last + SECTION_MARGIN), first, last)
        if last == len(text):
            return
        first = last


def _cut(text: str, low: int, high: int) -> int:
    """The last end of a sentence in (low, high]; without one, the end of the word at `high`."""
    if high >= len(text):
        return len(text)
    ends = [match.end() for match in SENTENCE_STOP.finditer(text, max(0, low), high)]
    return ends[-1] if ends else _word_end(text, high)


def _word_end(text: str, position: int) -> int:
    """The first place from here on that is not inside a Latin word."""
    while 0 < position < len(text) and is_latin(text[position - 1]) and is_latin(text[position]):
        position += 1
    return min(position, len(text))
