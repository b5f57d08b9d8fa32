"""What the model sees of a text: one script, one width, the same length.

The model is trained on simplified characters and half-width forms. `model_view` converts
for the model's eyes only; offsets stay valid in the text as given because every mapping
is one code point to one code point (OpenCC's character dictionary, and Unicode's
full-width block). The surface that users get is always a slice of their own text.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

#: Full-width forms U+FF01 to U+FF5E stand 0xFEE0 above their ASCII counterparts.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
#: Lone surrogates cannot be encoded for the tokenizer.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


def _character_dictionary(name: str) -> dict[int, int]:
    """OpenCC's character dictionary: code point → its first (preferred) counterpart.

    Counterparts outside the Basic Multilingual Plane are left out: fonts, corpora and so
    the vocabulary lack them, and the original character serves the model as well.
    """
    table: dict[int, int] = {}
    dictionary = resources.files("opencc") / "dictionary" / name
    for line in dictionary.read_text(encoding="utf-8").splitlines():
        source, _, targets = line.partition("\t")
        target = targets.split(" ")[0]
        if len(source) == len(target) == 1 and ord(target) <= 0xFFFF:
            table[ord(source)] = ord(target)
    return table


@cache
def _view_table() -> dict[int, int]:
    return _character_dictionary("TSCharacters.txt") | _FULL_WIDTH | _SURROGATES


@cache
def _simplified_table() -> dict[int, int]:
    return _character_dictionary("TSCharacters.txt")


@cache
def _traditional_table() -> dict[int, int]:
    return _character_dictionary("STCharacters.txt")


def model_view(text: str) -> str:
    """The text as the model sees it: simplified, half-width, of the same length."""
    view = text.translate(_view_table())
    assert len(view) == len(text), "a script conversion changed the length of the text"
    return view


def to_simplified(text: str) -> str:
    """Traditional to simplified characters, one to one; everything else is left alone."""
    return text.translate(_simplified_table())


def to_traditional(text: str) -> str:
    """Simplified to traditional characters, one to one (the commonest counterpart).

    To test that answers do not depend on the script; not a converter for readers,
    because 后/後, 里/裏 and the like need their context.
    """
    return text.translate(_traditional_table())


def is_traditional(text: str) -> bool:
    """Whether the text is written in traditional characters.

    It is when more characters are traditional-only than simplified-only.
    """
    traditional, simplified = _telling()
    return sum(map(traditional.__contains__, text)) > sum(map(simplified.__contains__, text))


@cache
def _telling() -> tuple[frozenset[str], frozenset[str]]:
    """The characters that are traditional only, and those that are simplified only."""
    traditional = frozenset(chr(code) for code, other in _simplified_table().items() if other != code)
    simplified = frozenset(chr(code) for code, other in _traditional_table().items() if other != code)
    return traditional, simplified - traditional
