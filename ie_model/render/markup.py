"""Text to HTML: escaped, exact, and with its invisible controls made visible."""

from __future__ import annotations

import re
import unicodedata
from html import escape

#: Characters that would act on what stands around them (bidirectional marks, overrides and
#: isolates), the control characters that HTML cannot hold or nobody can see, and halves of surrogate pairs.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: What HTML or UTF-8 has no way to write.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def text_html(text: str) -> str:
    """The text as HTML content; a parser gets the same characters back.

    A control character stands alone in an element that isolates it, with its name to be
    shown in its place: it is seen, and turns no other character around. Of the characters
    that HTML has no way to write, U+0000 and halves of surrogate pairs become U+FFFD.
    """
    shown = _CONTROLS.sub(_control, escape(text))
    # A parser would turn a bare carriage return into a line feed.
    return shown.replace("\r", "&#13;")


def text_plain(text: str) -> str:
    """The text escaped for an attribute or an SVG label, where no element can isolate a control."""
    return escape(_CONTROLS.sub(lambda match: f"[{_code(match[0])}]", text)).replace("\r", "&#13;")


def _control(match: re.Match[str]) -> str:
    character = match[0]
    name = unicodedata.name(character, "control character")
    kept = "\ufffd" if _UNWRITABLE.match(character) else _reference(character)
    return f'<bdi class="control" data-code="{_code(character)}" title="{_code(character)} {name}">{kept}</bdi>'


def _reference(character: str) -> str:
    # References to C1 controls are read as Windows-1252, so those stand as they are.
    return character if ord(character) < 0xA0 else f"&#{ord(character)};"


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
