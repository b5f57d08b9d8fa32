"""Positions in a text: Python's code points, and the units that Label Studios have counted in.

Label Studio 1.23 counts as Python does, on its server and in the browser: an emoji is one,
CRLF is two. Older front ends counted UTF-16 units (an emoji is two), and some took CRLF for
one; exports of theirs are still about.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from itertools import accumulate


class Unit(StrEnum):
    """What an offset counts."""

    code_points = "code-points"
    utf_16 = "utf-16"
    code_points_lf = "code-points-lf"
    utf_16_lf = "utf-16-lf"


class OffsetMap:
    """Converts offsets of one text; both directions, any order."""

    def __init__(self, text: str, unit: Unit) -> None:
        self._length = len(text)
        self._positions: list[int] | None = None  # of every code point, and of the end
        wide = unit in (Unit.utf_16, Unit.utf_16_lf)
        joined = unit in (Unit.code_points_lf, Unit.utf_16_lf)
        if (wide and any(character > "\uffff" for character in text)) or (joined and "\r\n" in text):
            widths = [2 if wide and character > "\uffff" else 1 for character in text]
            if joined:
                at = text.find("\r\n")
                while at >= 0:
                    widths[at] = 0
                    at = text.find("\r\n", at + 2)
            self._positions = list(accumulate(widths, initial=0))

    def outward(self, offset: int) -> int:
        """A code-point offset in the unit."""
        return offset if self._positions is None else self._positions[offset]

    def inward(self, offset: int) -> int | None:
        """An offset in the unit as code points; None outside of the text or inside a character."""
        if self._positions is None:
            return offset if 0 <= offset <= self._length else None
        at = bisect_left(self._positions, offset)
        return at if at < len(self._positions) and self._positions[at] == offset else None


_LINE_ENDS = re.compile(r"(?:\\n|[\r\n])+")


def same_surface(found: str, recorded: str) -> bool:
    r"""Whether a region's recorded text is what the article has there.

    The browser writes each line-end character of a hand-made region as a backslash and an n.
    """
    return found == recorded or _LINE_ENDS.sub("\n", found) == _LINE_ENDS.sub("\n", recorded)


def guess_unit(text: str, regions: Iterable[tuple[int, int, str]]) -> Unit:
    """The unit in which all regions (start, end, text) fit; code points if none or several do."""
    marked = list(regions)
    for unit in Unit:
        table = OffsetMap(text, unit)
        for start, end, recorded in marked:
            first, last = table.inward(start), table.inward(end)
            if first is None or last is None or not same_surface(text[first:last], recorded):
                break
        else:
            return unit
    return Unit.code_points


def splits_character(text: str, offset: int) -> bool:
    """Whether what a reader sees as one character lies on both sides of the offset.

    Combining marks, variation selectors and joiners belong to what stands before them.
    """
    if not 0 < offset < len(text):
        return False
    return (
        unicodedata.combining(text[offset]) > 0 or text[offset] in "\u200d\ufe0e\ufe0f" or text[offset - 1] == "\u200d"
    )
