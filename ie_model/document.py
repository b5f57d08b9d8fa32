"""What users hold: a document with its entities and departures.

All classes are frozen. Offsets are code points into the text as given, end exclusive:
`document.text[entity.start:entity.end] == entity.text`, always.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Article:
    """A text to extract from, with what its document should carry.

    Attributes:
        text: the article, as it is.
        id: a name for the document, e.g. the file's.
        published: the article's ISO date, as exact as it is known: 2023, 2023-04, 2023-04-30.
    """

    text: str = field(repr=False)
    id: str | None = None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """The value of a MONEY span; amounts are exact decimals, written as strings.

    Attributes:
        amount: the amount, or the least of a range.
        amount_max: the most of a range; None where it is one amount.
        currency: its ISO 4217 code; None where the span does not say.
        approximate: whether the span's own words leave the amount open (数百万, 二十多万, 千万级); a hedge
            that stands before the span (约, 近) is no part of it.
    """

    amount: str
    amount_max: str | None
    currency: str | None
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One mention in the text.

    Attributes:
        label: PERSON, ORG, ROLE or MONEY; or one of the labels that a model of your own has.
        text: the surface, a slice of the document's text.
        start, end: code-point offsets, end exclusive.
        score: how probably label, start and end are right, 0 to 1, as far as the model is calibrated.
        value: what a MONEY span amounts to; None where it is not known.
    """

    label: str
    text: str
    start: int
    end: int
    score: float
    value: Money | None = None

    def to_dict(self) -> dict[str, Any]:
        """This entity in `Document.to_dict`; the score has four decimals."""
        value = None
        if self.value is not None:
            value = {
                "amount": self.value.amount,
                "amount_max": self.value.amount_max,
                "currency": self.value.currency,
                "approximate": self.value.approximate,
            }
        return {
            "label": self.label,
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "score": round(self.score, 4),
            "value": value,
        }


@dataclass(frozen=True)
class Date:
    """A departure's date.

    Attributes:
        text: as worded.
        value: as ISO 8601, as exact as the words are. None for words like 近期, and for relative ones (去年底, 3月)
            where the article has no `published`.
    """

    text: str
    value: str | None = None


@dataclass(frozen=True, order=True, slots=True)
class Evidence:
    """The passage that says so, as offsets into the document's text."""

    start: int
    end: int


@dataclass(frozen=True)
class Departure:
    """One fact: a person left an organisation.

    Attributes:
        person: the fullest form in the article.
        organization: the name with which the passage tells it, in its fullest form: 阿里巴巴 is 阿里巴巴集团 where
            the article has that, but 阿里 and 阿里达摩院 stay what they are.
        person_aliases: the person's other forms in the article.
        organization_aliases: every other name in the article that counts as the same organisation: short forms, and
            (leaving a unit is leaving its company) the company and its other units. `organization` says where the
            person worked.
        roles: what the person gave up.
        joined: what the person founded, joined or returned to afterwards.
        date: when, if the text says so.
        status: "stated", "reported" (hearsay or a plan) or "former": only 前, 原 or 曾 says that the person left. A
            present employer that the sentence names besides may still stand in `joined`.
        score: how probably person and organisation are right, 0 to 1, as far as the model is calibrated.
        evidence: the clauses around the mention that says so most surely, or a shorter one about as sure.
        mentions: the clauses around every passage that says so, in the order of the text; not in `to_dict`.
    """

    person: str
    organization: str
    status: str
    score: float
    evidence: Evidence
    person_aliases: tuple[str, ...] = ()
    organization_aliases: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    date: Date | None = None
    mentions: tuple[Evidence, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """This departure in `Document.to_dict`; the score has four decimals."""
        return {
            "person": self.person,
            "person_aliases": list(self.person_aliases),
            "organization": self.organization,
            "organization_aliases": list(self.organization_aliases),
            "roles": list(self.roles),
            "joined": list(self.joined),
            "date": {"text": self.date.text, "value": self.date.value} if self.date else None,
            "status": self.status,
            "score": round(self.score, 4),
            "evidence": {"start": self.evidence.start, "end": self.evidence.end},
        }


@dataclass(frozen=True)
class Document:
    """A text and what it says.

    Attributes:
        text: exactly as given.
        entities: sorted by position, never overlapping.
        departures: one per fact, in the order of their evidence.
        id: the name that the caller gave it, e.g. the file's.
        published: the article's ISO date, if the caller gave it.
    """

    text: str = field(repr=False)
    entities: tuple[Entity, ...] = ()
    departures: tuple[Departure, ...] = ()
    id: str | None = None
    published: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `ie-model extract --format jsonl` prints, a line each."""
        return {
            "id": self.id,
            "chars": len(self.text),
            "entities": [entity.to_dict() for entity in self.entities],
            "departures": [departure.to_dict() for departure in self.departures],
        }

    def to_html(self) -> str:
        """One self-contained HTML page: the article with its spans, and the departures."""
        from ie_model.render import render_page

        return render_page([self])

    def _repr_html_(self) -> str:
        from ie_model.render import render_fragment

        return render_fragment(self)
