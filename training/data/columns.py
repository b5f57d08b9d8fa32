"""Files with a character and its tag on each line, a blank line between sentences.

Reads BMES, BMEO, BIOES and BIO tags alike: a span begins at B or S (or at a tag of
another label, or after O) and goes on through M, I and E.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from training.data.example import Example, GoldSpan
from training.data.files import faults_at, read_lines

_POSITIONS = set("BIMES")


def split_cells(line: str) -> tuple[str, str]:
    """The character and the tag of a line; the character may be a space."""
    cells = line.split()
    if len(cells) == 1 and line[0].isspace():
        cells = [line[0], cells[0]]
    if len(cells) != 2 or len(cells[0]) != 1:
        raise ValueError(f"found {line!r}")
    return cells[0], cells[1]


def check_tag(tag: str, own_labels: Collection[str]) -> None:
    """ValueError unless a tag is O or a position and one of the set's own labels."""
    position, dash, label = tag.partition("-")
    if tag != "O" and not (dash and position in _POSITIONS and label in own_labels):
        raise ValueError(f"the tag {tag!r} is neither O nor a position and one of {', '.join(own_labels)}")


def read_columns(
    path: Path,
    *,
    source: str,
    labels: Mapping[str, str],
    own_labels: Collection[str],
    cells: Callable[[str], tuple[str, str]] = split_cells,
) -> list[Example]:
    """Read a column file.

    Args:
        labels: the set's own label → ours; spans of the others are left out, and the
            labels that are kept count as marked completely.
        own_labels: every label that the file may hold.
        cells: splits a line into its character and its tag; ValueError where it cannot.
    """
    complete = frozenset(labels.values())
    examples: list[Example] = []
    characters: list[str] = []
    tags: list[str] = []

    def flush() -> None:
        if characters:
            text = "".join(characters)
            spans = spans_of(tags, [len(character) for character in characters], labels)
            examples.append(Example(str(len(examples) + 1), source, text, spans, complete))
            characters.clear()
            tags.clear()

    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            flush()
            continue
        with faults_at(path, number, "a character and its tag"):
            character, tag = cells(line)
            check_tag(tag, own_labels)
        characters.append(character)
        tags.append(tag)
    flush()
    return examples


def spans_of(tags: list[str], lengths: list[int], labels: Mapping[str, str]) -> tuple[GoldSpan, ...]:
    """The spans of a tag sequence, its tokens being `lengths` characters long."""
    spans: list[GoldSpan] = []
    start, label, position = 0, "", 0
    for tag, length in zip([*tags, "O"], [*lengths, 0], strict=True):
        kind, _, name = tag.partition("-")
        if label and (kind in "OBS" or name != label):
            if label in labels:
                spans.append(GoldSpan(start, position, labels[label]))
            label = ""
        if kind != "O" and not label:
            start, label = position, name
        position += length
    return tuple(spans)
