"""Reading notes: what an annotator types while reading, compiled to a Label Studio task.

A notes file quotes the article in reading order and marks the spans inside the quotes, so
that every offset is found by its surroundings and checked against the article::

    > 這是{賈揚清|PERSON p1}離開{阿裏|ORG o1}後公開表示
    departed_from p1 o1 stated
    left_role p1 r1

A line that starts with ``>`` is a verbatim quote; ``{surface|LABEL id}`` marks a span (the
id is needed only where a relation names it). The other lines are relations. Where one
PERSON mention starts several departures, its other relations end with the organisation
that they belong to (``left_role p1 r1 o1``). ``#`` starts a comment.

    python -m training.data.markup seeds/000_….txt notes/000.txt --output annotations/passes/a
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ie_model.labelstudio.interface import RELATIONS, Interface, Link, draw
from ie_model.relations import STATUSES
from ie_model.scheme import DATE
from training.command import argument_parser, reported
from training.errors import TrainingError

#: What a span may be marked as.
MARKS = Interface().marks
_MARK = re.compile(r"\{([^{}|]+)\|([A-Z]+)(?: +([A-Za-z]\w*))?\}")


class MarkupError(TrainingError):
    """A fault in a notes file; the message names the line and what was expected."""


@dataclass(frozen=True)
class MarkedSpan:
    """One marked span: code-point offsets into the article, end exclusive."""

    label: str
    start: int
    end: int
    text: str
    name: str | None = None


@dataclass
class Notes:
    """The spans and relations of one article, as compiled from its notes."""

    spans: list[MarkedSpan] = field(default_factory=list)
    #: (relation, person span, target span, status or None, the departure's ORG or None)
    relations: list[tuple[str, MarkedSpan, MarkedSpan, str | None, MarkedSpan | None]] = field(default_factory=list)


def strip_marks(line: str) -> tuple[str, list[tuple[str, int, int, str | None]]]:
    """The quote without marks, and its spans as (label, start, end, name) within it."""
    plain, spans, last = "", [], 0
    for match in _MARK.finditer(line):
        plain += line[last : match.start()]
        start = len(plain)
        plain += match[1]
        spans.append((match[2], start, len(plain), match[3]))
        last = match.end()
    return plain + line[last:], spans


def _longest_prefix(quote: str, text: str, cursor: int) -> str:
    low, high = 0, len(quote)
    while low < high:
        middle = (low + high + 1) // 2
        if text.find(quote[:middle], cursor) >= 0:
            low = middle
        else:
            high = middle - 1
    return quote[:low]


def compile_notes(text: str, notes: str) -> Notes:
    """Resolve a notes file against its article.

    Raises MarkupError with the line number: a quote that is not in the article after the
    previous quote, an unknown label, a relation between spans of the wrong labels.
    """
    result = Notes()
    named: dict[str, MarkedSpan] = {}
    pending: list[tuple[int, list[str]]] = []
    cursor = 0
    for number, raw in enumerate(notes.splitlines(), 1):
        line = raw.rstrip("\r\n")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith(">"):
            quote, spans = strip_marks(line[2:] if line.startswith("> ") else line[1:])
            if "{" in quote or "}" in quote:
                raise MarkupError(f"line {number}: broken mark in {quote!r}; write {{surface|LABEL id}}")
            at = text.find(quote, cursor)
            if at < 0:
                found = _longest_prefix(quote, text, cursor)
                where = text.find(found, cursor) + len(found)
                raise MarkupError(
                    f"line {number}: quote not found after offset {cursor}; it matches up to "
                    f"{found[-20:]!r}, then the article has {text[where : where + 15]!r} where the "
                    f"quote has {quote[len(found) : len(found) + 15]!r}"
                )
            for label, start, end, name in spans:
                if label not in MARKS:
                    raise MarkupError(f"line {number}: label {label} is none of {', '.join(MARKS)}")
                span = MarkedSpan(label, at + start, at + end, text[at + start : at + end], name)
                result.spans.append(span)
                if name:
                    if name in named:
                        raise MarkupError(f"line {number}: id {name} is used twice")
                    named[name] = span
            cursor = at + (spans[-1][2] if spans else 0)
        else:
            pending.append((number, line.split("#")[0].split()))
    for number, words in pending:
        result.relations.append(_relation(number, words, named))
    _check_frames(result)
    return result


def _relation(
    number: int, words: list[str], named: dict[str, MarkedSpan]
) -> tuple[str, MarkedSpan, MarkedSpan, str | None, MarkedSpan | None]:
    kind = words[0]
    if kind not in RELATIONS or len(words) < 3:
        raise MarkupError(f"line {number}: expected '{'/'.join(RELATIONS)} PERSON-ID TARGET-ID …', got {words}")
    for name in words[1:3]:
        if name not in named:
            raise MarkupError(f"line {number}: no span has the id {name}")
    person, target = named[words[1]], named[words[2]]
    if person.label != "PERSON" or target.label != RELATIONS[kind]:
        raise MarkupError(
            f"line {number}: {kind} goes from a PERSON to a {RELATIONS[kind]}, not {person.label} to {target.label}"
        )
    if kind == "departed_from":
        if len(words) != 4 or words[3] not in STATUSES:
            raise MarkupError(f"line {number}: departed_from ends with one of {', '.join(STATUSES)}")
        return kind, person, target, words[3], target
    owner = None
    if len(words) > 3:
        if words[3] not in named:
            raise MarkupError(f"line {number}: no span has the id {words[3]}")
        owner = named[words[3]]
    return kind, person, target, None, owner


def _check_frames(notes: Notes) -> None:
    """Every left_role, joined, left_on belongs to exactly one departure of its PERSON."""
    departures: dict[MarkedSpan, list[MarkedSpan]] = {}
    for kind, person, target, _, _ in notes.relations:
        if kind == "departed_from":
            departures.setdefault(person, []).append(target)
    for index, (kind, person, target, status, owner) in enumerate(notes.relations):
        if kind == "departed_from":
            continue
        organizations = departures.get(person, [])
        if not organizations:
            raise MarkupError(f"{kind} of {person.text} ({person.name}): this mention has no departed_from")
        departed = owner
        if departed is None:
            if len(organizations) > 1:
                raise MarkupError(
                    f"{kind} of {person.text} ({person.name}): several departures start here; "
                    "name the organisation's id at the end of the line"
                )
            departed = organizations[0]
        if departed not in organizations:
            raise MarkupError(f"{kind} of {person.text}: {departed.text} is not an organisation that it departed from")
        notes.relations[index] = (kind, person, target, status, departed)
    previous: MarkedSpan | None = None
    for span in sorted(notes.spans, key=lambda span: (span.start, span.end)):
        if previous is not None and span.start < previous.end:
            raise MarkupError(f"{span.text!r} at {span.start} overlaps {previous.text!r} at {previous.start}")
        if span.text != span.text.strip():
            raise MarkupError(f"{span.text!r} at {span.start} has white space at its edge")
        previous = span


def to_task(*, article: str, text: str, notes: Notes, task_id: int, annotator: str) -> dict[str, Any]:
    """One Label Studio task with one annotation (full JSON export format)."""
    ordered = sorted(notes.spans, key=lambda span: span.start)
    ids = {span: f"{article[:3]}-{index:04d}" for index, span in enumerate(ordered, 1)}
    counts: dict[MarkedSpan, list[MarkedSpan]] = {}
    for kind, person, target, _, _ in notes.relations:
        if kind == "departed_from":
            counts.setdefault(person, []).append(target)
    interface = Interface()
    result: list[dict[str, Any]] = [
        interface.region(id=ids[span], label=span.label, start=span.start, end=span.end, text=span.text)
        for span in ordered
    ]
    links = [
        Link(ids[person], kind, ids[target], counts[person].index(owner or target) + 1, status)
        for kind, person, target, status, owner in notes.relations
    ]
    result += draw(links)
    return {
        "id": task_id,
        "data": {"id": article, "text": text},
        "annotations": [
            {"id": task_id, "completed_by": {"email": annotator}, "was_cancelled": False, "result": result}
        ],
    }


def missed_mentions(text: str, notes: Notes) -> Iterator[tuple[MarkedSpan, int]]:
    """Occurrences of a marked name that no span covers: usually a missed mention."""
    covered = [False] * len(text)
    for span in notes.spans:
        covered[span.start : span.end] = [True] * (span.end - span.start)
    for surface, span in {span.text: span for span in notes.spans if span.label != DATE}.items():
        at = text.find(surface)
        while at >= 0:
            if not any(covered[at : at + len(surface)]):
                yield span, at
            at = text.find(surface, at + 1)


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Check reading notes and compile them to a Label Studio task.")
    parser.add_argument("article", type=Path, help="the text, as UTF-8")
    parser.add_argument("notes", type=Path, help="the notes on it")
    parser.add_argument("--annotator", default="a", help="whose annotation it is in Label Studio")
    parser.add_argument("--output", type=Path, help="folder for the Label Studio JSON; without it, only check")
    options = parser.parse_args(arguments)
    text = options.article.read_bytes().decode("utf-8")
    try:
        notes = compile_notes(text, options.notes.read_text(encoding="utf-8"))
    except MarkupError as error:
        raise MarkupError(f"{options.notes}: {error}") from error
    for span, at in missed_mentions(text, notes):
        context = text[max(0, at - 10) : at + len(span.text) + 10].replace("\n", "⏎")
        print(f"unmarked: {span.label} {span.text} at {at}: …{context}…")
    departures = sum(kind == "departed_from" for kind, *_ in notes.relations)
    print(f"{len(notes.spans)} spans, {departures} departures, {len(notes.relations)} relations")
    if options.output:
        article = options.article.stem
        task = to_task(
            article=article, text=text, notes=notes, task_id=int(article[:3]) + 1, annotator=options.annotator
        )
        options.output.mkdir(parents=True, exist_ok=True)
        target = options.output / f"{article}.json"
        target.write_text(json.dumps([task], ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
