"""Sentences of a text, and overlapping windows over its tokens.

No text is ever truncated: sentences tile the whole text, windows cover every token, and
each token is *owned* by the one window in which it stands farthest from an edge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ie_model.arrays import Ints

#: A sentence ends after these, with the closing quotes and brackets that follow them.
SENTENCE_STOP = re.compile(r"(?:[。！？!?；;…]+[”’」』）)\"]*|\r\n|[\n\r\u2028\u2029])")


@dataclass(frozen=True)
class Window:
    """Token positions [start, end) to run through the encoder; [first, last) it owns."""

    start: int
    end: int
    first: int
    last: int


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Sentence boundaries that tile the text: [(0, a), (a, b), …, (y, len(text))]."""
    ends = [match.end() for match in SENTENCE_STOP.finditer(text)]
    if text and (not ends or ends[-1] < len(text)):
        ends.append(len(text))
    return list(zip([0, *ends], ends, strict=False))


def plan_windows(sentence_ends: Ints, *, size: int, overlap: int) -> list[Window]:
    """Cover tokens 0 … sentence_ends[-1] by windows of at most `size` tokens.

    A window ends at a sentence boundary where one lies in its second half, else where it
    is full; the next one starts `overlap` tokens before that end, and the two share the
    overlap half and half.

    Args:
        sentence_ends: ascending token positions, the last one being the token count.
        size: tokens that the encoder takes at once, special tokens not counted.
        overlap: tokens of context that neighbouring windows share; less than size / 2.
    """
    if not 0 <= overlap < size / 2:
        raise ValueError(f"overlap must be at least 0 and less than half of size {size}, not {overlap}")
    total = int(sentence_ends[-1]) if len(sentence_ends) else 0
    windows: list[Window] = []
    start = first = 0
    while first < total:
        end = min(start + size, total)
        if end < total:
            boundary = int(np.searchsorted(sentence_ends, end, side="right")) - 1
            if boundary >= 0 and sentence_ends[boundary] > start + size // 2:
                end = int(sentence_ends[boundary])
        next_start = end - overlap
        last = total if end == total else end - overlap // 2
        windows.append(Window(start, end, first, last))
        start, first = next_start, last
    return windows
