"""Files with a character and its tag on each line, a blank line between sentences.

Reads BMES, BMEO, BIOES and BIO tags alike: a span begins at B or S (or at a tag of
another label) and goes on through M, I and E.
"""

from __future__ import annotations

from pathlib import Path

from training.data.example import DataError, Example, GoldSpan, expect_file

_POSITIONS = set("BIMES")


def read_columns(path: Path, *, source: str, mapping: dict[str, str], complete: frozenset[str]) -> list[Example]:
    """Read a column file; labels outside of `mapping` are left out."""
    examples: list[Example] = []
    characters: list[str] = []
    tags: list[str] = []

    def flush() -> None:
        if characters:
            text = "".join(characters)
            spans = spans_of(tags, [len(character) for character in characters], mapping)
            examples.append(Example(str(len(examples) + 1), source, text, spans, complete))
            characters.clear()
            tags.clear()

    for number, line in enumerate(expect_file(path).read_text(encoding="utf-8").split("\n"), 1):
        cells = line.split()
        if not cells:
            flush()
            continue
        if len(cells) == 1:  # the character itself is a space
            cells = [" ", cells[0]]
        if len(cells) != 2 or (cells[1] != "O" and (cells[1][0] not in _POSITIONS or cells[1][1:2] != "-")):
            raise DataError(f"{path}, line {number}: expected a character and its tag, found {line!r}")
        characters.append(cells[0])
        tags.append(cells[1])
    flush()
    return examples


def spans_of(tags: list[str], lengths: list[int], mapping: dict[str, str]) -> tuple[GoldSpan, ...]:
    """The spans of a tag sequence, its tokens being `lengths` characters long."""
    spans: list[GoldSpan] = []
    start, label, position = 0, "", 0
    for tag, length in zip([*tags, "O"], [*lengths, 0], strict=True):
        kind, _, name = tag.partition("-")
        if label and (kind in "OBS" or name != label):
            if label in mapping:
                spans.append(GoldSpan(start, position, mapping[label]))
            label = ""
        if kind != "O" and not label:
            start, label = position, name
        position += length
    return tuple(spans)
