"""Documents with their texts as JSON, exact: what `to_dict` leaves out is there too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money


def departure_from(value: Mapping[str, Any]) -> Departure:
    """A departure from its `asdict` or `to_dict`.

    Raises KeyError or TypeError where something is missing.
    """
    date = value["date"]
    return Departure(
        person=value["person"],
        organization=value["organization"],
        status=value["status"],
        score=float(value["score"]),
        evidence=Evidence(value["evidence"]["start"], value["evidence"]["end"]),
        person_aliases=tuple(value["person_aliases"]),
        organization_aliases=tuple(value["organization_aliases"]),
        roles=tuple(value["roles"]),
        joined=tuple(value["joined"]),
        date=None if date is None else Date(date["text"], date["value"]),
        mentions=tuple(Evidence(at["start"], at["end"]) for at in value.get("mentions", ())),
    )


def departure_to(departure: Departure) -> dict[str, Any]:
    """All fields of a departure, its score unrounded."""
    value = asdict(departure)
    return {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}


def money_from(value: Mapping[str, Any] | None) -> Money | None:
    return None if value is None else Money(value["amount"], value["amount_max"], value["currency"])


def document_from(row: Mapping[str, Any], text: str) -> Document:
    """A document from a line of `ie-model extract --format jsonl`, and its text.

    Raises KeyError, TypeError or ValueError where the line is not such a one, or not of this text.
    """
    entities = []
    for value in row["entities"]:
        start, end = value["start"], value["end"]
        if text[start:end] != value["text"]:
            raise ValueError(f"the text at {start}-{end} is {text[start:end]!r:.40}, not {value['text']!r:.40}")
        score = float(value["score"])
        entities.append(Entity(value["label"], value["text"], start, end, score, money_from(value["value"])))
    return Document(
        text=text,
        entities=tuple(entities),
        departures=tuple(departure_from(value) for value in row["departures"]),
        id=row.get("id"),
        published=row.get("published"),
    )


def document_to(document: Document) -> dict[str, Any]:
    """The line of `extract --format jsonl` with the text and the article's date; `document_from` reads it."""
    return {**document.to_dict(), "published": document.published, "text": document.text}
