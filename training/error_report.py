"""What went wrong with the departures of a set: facts missed and invented, each with its sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ie_model.document import Departure, Document
from ie_model.windows import split_sentences
from training.data.example import Example
from training.fact_scoring import Fact, gold_facts, match_facts, parts_of


@dataclass(frozen=True)
class FactError:
    """One fault: `kind` is missed, invented or differs; `detail` says in what."""

    kind: str
    document: str
    person: str
    organization: str
    detail: str
    sentence: str


def sentences_around(text: str, start: int, end: int) -> str:
    """The sentences that hold the characters [start, end), on one line."""
    chosen = [(a, b) for a, b in split_sentences(text) if a < end and start < b]
    if not chosen:
        return ""
    return " ".join(text[chosen[0][0] : chosen[-1][1]].split())


def fact_errors(example: Example, document: Document) -> Iterator[FactError]:
    """The faults of one article, missed facts first."""
    facts = gold_facts(example)
    pairs = match_facts(facts, document.departures)
    found, matched = {fact for fact, _ in pairs}, {departure for _, departure in pairs}

    def fact_error(kind: str, fact: Fact, detail: str) -> FactError:
        start, end = fact.passages[0]
        return FactError(
            kind,
            example.id,
            "/".join(sorted(fact.persons)),
            "/".join(sorted(fact.organizations)),
            detail,
            sentences_around(example.text, start, end),
        )

    for index, fact in enumerate(facts):
        if index not in found:
            yield fact_error("missed", fact, fact.status)
    for index, departure in enumerate(document.departures):
        if index not in matched:
            yield FactError(
                "invented",
                example.id,
                departure.person,
                departure.organization,
                f"{departure.status}, score {departure.score:.2f}",
                sentences_around(example.text, departure.evidence.start, departure.evidence.end),
            )
    for fact_index, departure_index in pairs:
        detail = _difference(facts[fact_index], document.departures[departure_index], dates=example.dates)
        if detail:
            yield fact_error("differs", facts[fact_index], detail)


def _difference(fact: Fact, departure: Departure, *, dates: bool) -> str:
    """What a right pair says otherwise than the gold fact, in words; empty if nothing."""
    counts = parts_of(fact, departure, dates=dates)
    gold = {
        "role": "、".join(sorted(fact.roles)),
        "joined": "、".join("/".join(sorted(names)) for names in fact.joined),
        "date": "/".join(sorted(fact.dates)),
        "status": fact.status,
    }
    predicted = {
        "role": "、".join(departure.roles),
        "joined": "、".join(departure.joined),
        "date": departure.date.text if departure.date else "",
        "status": departure.status,
    }
    return "; ".join(
        f"{part} {predicted[part] or '(none)'}, should be {gold[part] or '(none)'}"
        for part, one in counts.items()
        if part in gold and not one.right == one.predicted == one.gold
    )


def as_markdown(title: str, examples: Sequence[Example], documents: Sequence[Document]) -> str:
    """A page of all faults of a set, by kind, for reading."""
    errors = [error for e, d in zip(examples, documents, strict=True) for error in fact_errors(e, d)]
    lines = [f"# {title}: departures", ""]
    for kind in ("missed", "invented", "differs"):
        chosen = [error for error in errors if error.kind == kind]
        lines += [f"## {kind} ({len(chosen)})", ""]
        for error in chosen:
            lines += [
                f"- **{_escape(error.person)} — {_escape(error.organization)}** ({_escape(error.detail)}; "
                f"{_escape(error.document)})",
                f"  {_escape(error.sentence)}",
            ]
        lines.append("")
    return "\n".join(lines)


def _escape(text: str) -> str:
    """Markdown's and HTML's signs, written as themselves."""
    for sign in "\\`*_[]<>#|":
        text = text.replace(sign, f"\\{sign}")
    return text
