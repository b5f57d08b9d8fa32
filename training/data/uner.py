"""Universal NER, Chinese: traditional sentences of the UD treebanks GSD and PUD.

PER → PERSON, ORG → ORG; places (LOC) are left out. Marks PERSON and ORG completely; ROLE
and MONEY are not marked, so they are unknown. The files tag words; a sentence's characters,
spaces among them, come from its ``# text`` line. PUD is a benchmark only.

Licence: GSD CC BY-SA 4.0, PUD CC BY-SA 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from training.data.columns import check_tag, spans_of
from training.data.example import Example, GoldSpan
from training.data.files import faults_at, read_lines

MAPPING = {"PER": "PERSON", "ORG": "ORG"}
#: For a benchmark on the set's own labels.
OWN_LABELS = {label: label for label in ("LOC", "ORG", "PER")}
_TEXT = "# text = "


def read_uner_gsd(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of one split of GSD: train, dev or test."""
    return _read(root / "UNER_zh_gsd" / f"zh_gsd-ud-{split}.iob2", "uner-gsd", labels)


def read_uner_pud(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The sentences of PUD, which has a test split only."""
    return _read(root / "UNER_zh_pud" / f"zh_pud-ud-{split}.iob2", "uner-pud", labels)


def _read(path: Path, source: str, labels: Mapping[str, str]) -> list[Example]:
    examples: list[Example] = []
    sentence: _Sentence | None = None
    lines = read_lines(path)
    for number, line in enumerate([*lines, ""], 1):
        with faults_at(path, number, "a sentence of Universal NER"):
            if line.startswith("#"):
                if line.startswith(_TEXT):
                    if sentence is not None:
                        raise ValueError("a new '# text' before the empty line that ends the sentence")
                    sentence = _Sentence(line.removeprefix(_TEXT))
            elif line.strip():
                if sentence is None:
                    raise ValueError("a word before '# text'")
                sentence.add(line)
            elif sentence is not None:
                spans = sentence.spans(labels)
                identity = str(len(examples) + 1)
                examples.append(Example(identity, source, sentence.text, spans, frozenset(labels.values())))
                sentence = None
    return examples


class _Sentence:
    """A text, and its words and tags as they come in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: list[tuple[int, int]] = []
        self.tags: list[str] = []

    def add(self, line: str) -> None:
        cells = line.split("\t")
        if len(cells) != 5 or not cells[0].isdecimal():
            raise ValueError(f"five columns, the first a number, found {line!r}")
        word, tag = cells[1], cells[2]
        check_tag(tag, OWN_LABELS)
        start = self._next()
        if not word or not self.text.startswith(word, start):
            raise ValueError(
                f"the word {word!r} is not next in the text, which goes on with {self.text[start : start + 12]!r}"
            )
        self.places.append((start, start + len(word)))
        self.tags.append(tag)

    def _next(self) -> int:
        """Where the text goes on after the last word, spaces skipped."""
        end = self.places[-1][1] if self.places else 0
        return len(self.text) - len(self.text[end:].lstrip())

    def spans(self, labels: Mapping[str, str]) -> tuple[GoldSpan, ...]:
        if self._next() != len(self.text):
            raise ValueError(f"words for the rest of the text, {self.text[self._next() :]!r}")
        words = spans_of(self.tags, [1] * len(self.tags), labels)
        return tuple(GoldSpan(self.places[s.start][0], self.places[s.end - 1][1], s.label) for s in words)
