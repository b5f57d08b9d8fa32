"""Text to token ids, and back: the character offsets of every token."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from ie_model import errors
from ie_model.arrays import Bools, Ints
from ie_model.script import model_view
from ie_model.windows import split_sentences

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@dataclass(frozen=True)
class Encoding:
    """The tokens of one text.

    Attributes:
        ids: [tokens] vocabulary ids.
        offsets: [tokens, 2] code-point offsets into the text as given, end exclusive.
        within_word: [tokens] whether the token continues a Latin word, so that no span
            may start at it.
        sentence_ends: [sentences] token positions after which a sentence ends, ascending.
    """

    ids: Ints
    offsets: Ints
    within_word: Bools
    sentence_ends: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def tokens_of(self, start: int, end: int) -> tuple[int, int] | None:
        """The tokens [first, last) that a character span covers; None if it covers none."""
        first = int(np.searchsorted(self.offsets[:, 1], start, side="right"))
        last = int(np.searchsorted(self.offsets[:, 0], end, side="left"))
        return (first, last) if first < last else None

    def whole_tokens(self, start: int, end: int) -> tuple[int, int] | None:
        """The same, where the span starts and ends with these tokens and cuts no Latin word; else None."""
        tokens = self.tokens_of(start, end)
        if tokens is None:
            return None
        first, last = tokens
        exact = self.offsets[first, 0] == start and self.offsets[last - 1, 1] == end
        cut = self.within_word[first] or (last < len(self) and self.within_word[last])
        return tokens if exact and not cut else None


#: The radicals, where the Han part of Unicode begins.
_FIRST_HAN = 0x2E80


@cache
def is_latin(character: str) -> bool:
    """Letters of Latin script, and the marks that combine with them."""
    if character.isascii():
        return character.isalpha()
    if unicodedata.category(character)[0] == "M":
        return ord(character) < 0x0370
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")


class TextEncoder:
    """Encodes texts with a tokenizer.json; immutable, safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        # A text that spells out [MASK] means these characters, not the special token.
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        missing = [token for token in SPECIAL_TOKENS if tokenizer.token_to_id(token) is None]
        if missing:
            raise ValueError(f"the tokenizer lacks the special tokens {', '.join(missing)}")
        self.pad_id: int = tokenizer.token_to_id("[PAD]") or 0
        self.cls_id: int = tokenizer.token_to_id("[CLS]") or 0
        self.sep_id: int = tokenizer.token_to_id("[SEP]") or 0

    @classmethod
    def from_file(cls, path: Path) -> TextEncoder:
        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as error:  # the tokenizers library raises bare Exception
            raise errors.broken_model_file(path, errors.first_line(error)) from error

    def __call__(self, text: str) -> Encoding:
        """Encode a text of any length, without special tokens."""
        view = model_view(text)
        sentences = split_sentences(view)
        pieces = self._tokenizer.encode_batch([view[start:end] for start, end in sentences], add_special_tokens=False)
        counts = np.array([len(piece) for piece in pieces], dtype=np.int64)
        ids = np.array([i for piece in pieces for i in piece.ids], dtype=np.int64)
        offsets = np.array([offset for piece in pieces for offset in piece.offsets], dtype=np.int64).reshape(-1, 2)
        offsets += np.repeat(np.array([start for start, _ in sentences], dtype=np.int64), counts)[:, None]
        ends: Ints = np.unique(np.cumsum(counts))
        return Encoding(
            ids=ids,
            offsets=offsets,
            within_word=_within_word(view, offsets),
            sentence_ends=ends[ends > 0],
        )


def _within_word(view: str, offsets: Ints) -> Bools:
    """[tokens] whether a token goes on where the one before it ends, both in Latin letters."""
    within = np.zeros(len(offsets), dtype=np.bool_)
    codes = np.frombuffer(view.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    starts = offsets[1:, 0]
    # Nearly all characters of Chinese text are Han: the second test settles these.
    for index in (np.flatnonzero((starts == offsets[:-1, 1]) & (codes[starts] < _FIRST_HAN)) + 1).tolist():
        start = int(offsets[index, 0])
        within[index] = is_latin(view[start - 1]) and is_latin(view[start])
    return within
