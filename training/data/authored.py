"""The project's own pieces of news: typed with their marks, kept as JSON lines.

A piece is typed as it is read, one block per piece, an empty line between blocks::

    # hans stated, 官宣离任
    > {远舟科技|ORG o1}{首席财务官|ROLE r1}{梁以宁|PERSON p1}昨日正式离任。
    departed_from p1 o1 stated
    left_role p1 r1

The ``#`` line names the script (hans or hant) and says what the piece is for. Lines that
start with ``> `` are its text, marked as in `training/data/markup.py`; several make several
lines. The rest are relations. Marks all four labels and the departures completely.

    python -m training.data.authored notes/*.txt                        # check
    python -m training.data.authored notes/*.txt --output FILE.jsonl    # and compile
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ie_model.scheme import DATE
from training.command import argument_parser, reported
from training.data.example import Example, NotAtHandError
from training.data.files import write_json_lines
from training.data.markup import MarkedSpan, MarkupError, Notes, compile_notes, missed_mentions, strip_marks
from training.data.news_units import read_rows

SCRIPTS = ("hans", "hant")
#: source → the file of a folder that no model is trained on.
HELD_OUT = {"authored-heldout": "heldout.jsonl", "authored-contrasts": "contrasts.jsonl"}
_EXPECTED = "an authored piece"


@dataclass(frozen=True)
class Piece:
    """One authored text with its marks, and where it was typed."""

    script: str
    purpose: str
    text: str
    notes: Notes
    line: int


def parse_pieces(content: str) -> Iterator[Piece]:
    """The pieces of a notes file; MarkupError with the line of the piece for the first fault."""
    line = 1
    for block in re.split(r"\n[ \t]*\n", content):
        rows = block.split("\n")
        filled = [row for row in rows if row.strip()]
        if filled:
            at = line + rows.index(filled[0])
            try:
                yield _piece(filled, at)
            except MarkupError as error:
                raise MarkupError(f"piece at line {at}: {error}") from error
        line += len(rows) + 1


def _piece(rows: list[str], line: int) -> Piece:
    head = rows[0].removeprefix("#").split(maxsplit=1)
    if not rows[0].startswith("#") or not head or head[0] not in SCRIPTS:
        raise MarkupError(f"expected '# hans …' or '# hant …', found {rows[0]!r}")
    quotes = [row.removeprefix(">").removeprefix(" ") for row in rows if row.startswith(">")]
    if not quotes:
        raise MarkupError("no line of text; text lines start with '> '")
    text = "\n".join(strip_marks(quote)[0] for quote in quotes)
    notes = compile_notes(text, "\n".join(rows))
    return Piece(head[0], head[1] if len(head) > 1 else "", text, notes, line)


def to_row(piece: Piece) -> dict[str, Any]:
    """The piece as a line of JSON: spans, and departures with offsets, DATE spans apart."""

    def place(span: MarkedSpan) -> list[int]:
        return [span.start, span.end]

    departures: dict[tuple[MarkedSpan, MarkedSpan | None], dict[str, Any]] = {}
    for kind, person, target, status, owner in piece.notes.relations:
        frame = departures.setdefault(
            (person, owner),
            {"person": place(person), "organization": None, "roles": [], "joined": [], "date": None, "status": None},
        )
        if kind == "departed_from":
            frame["organization"], frame["status"] = place(target), status
        elif kind == "left_role":
            frame["roles"].append(place(target))
        elif kind == "joined":
            frame["joined"].append(place(target))
        else:
            frame["date"] = place(target)
    return {
        "id": sha256(piece.text.encode()).hexdigest()[:10],
        "script": piece.script,
        "purpose": piece.purpose,
        "text": piece.text,
        "spans": [
            {"label": span.label, "start": span.start, "end": span.end, "text": span.text}
            for span in sorted(piece.notes.spans, key=lambda span: span.start)
            if span.label != DATE
        ],
        "departures": list(departures.values()),
    }


def authored_files(folder: Path) -> list[Path]:
    """The files of the pieces that models are trained on."""
    return [path for path in sorted(folder.glob("*.jsonl")) if path.name not in HELD_OUT.values()]


def read_authored(folder: Path) -> list[Example]:
    """The pieces of every JSON lines file in a folder, in order, but not the held-out ones."""
    paths = authored_files(folder)
    examples = [example for path in paths for _, example in read_rows(path, source="authored", expected=_EXPECTED)]
    if not examples:
        raise NotAtHandError(f"{folder}: no authored .jsonl files here")
    return examples


def read_held_out(folder: Path, source: str) -> list[Example]:
    """The pieces of a folder that models are scored on and never trained on, of one source of `HELD_OUT`."""
    rows = read_rows(folder / HELD_OUT[source], source=source, expected=_EXPECTED)
    return [example for _, example in rows]


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Check authored pieces and compile them to JSON lines.")
    parser.add_argument("notes", type=Path, nargs="+", help="files of authored pieces")
    parser.add_argument("--output", type=Path, help="JSON lines file to write; without it, only check")
    options = parser.parse_args(arguments)
    rows: dict[str, dict[str, Any]] = {}
    faults = 0
    for path in options.notes:
        try:
            for piece in parse_pieces(path.read_text(encoding="utf-8")):
                for span, at in missed_mentions(piece.text, piece.notes):
                    print(f"{path}, piece at line {piece.line}: unmarked {span.label} {span.text} at {at}")
                row = to_row(piece)
                if row["id"] in rows:
                    print(f"{path}, piece at line {piece.line}: the same text stands above", file=sys.stderr)
                    faults += 1
                rows[row["id"]] = row
        except MarkupError as error:
            print(f"{path}: {error}", file=sys.stderr)
            faults += 1
    departures = [departure for row in rows.values() for departure in row["departures"]]
    labels = [span["label"] for row in rows.values() for span in row["spans"]]
    per_label = ", ".join(f"{label} {labels.count(label)}" for label in sorted(set(labels)))
    traditional = sum(row["script"] == "hant" for row in rows.values())
    print(f"{len(rows)} pieces ({traditional} hant), {len(labels)} spans ({per_label}), {len(departures)} departures")
    if faults:
        return 2
    if options.output:
        write_json_lines(options.output, rows.values())
    return 0


if __name__ == "__main__":
    sys.exit(main())
