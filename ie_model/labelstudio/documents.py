"""Documents with their texts as JSON, exact: what `to_dict` leaves out is there too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import pairwise
from types import NoneType
from typing import Any, TypeVar

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money
from ie_model.errors import bad_span
from ie_model.relations import STATUSES

T = TypeVar("T")


#: What the values of JSON are called in messages.
_KINDS: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}


def is_finite(value: object) -> bool:
    """Whether this is a number that JSON has; Python reads NaN and the infinities too."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def _field(value: Any, key: str, *kinds: type) -> Any:
    """A field of a JSON object; ValueError where it is missing or of another kind."""
    if not isinstance(value, dict):
        raise ValueError(f"{_shown(value)} is not an object")
    if key not in value:
        raise ValueError(f"no {key!r}")
    found = value[key]
    accepted = (*kinds, int) if float in kinds else kinds  # 1.0 may be written as 1
    if not isinstance(found, accepted) or (isinstance(found, bool) and bool not in kinds):
        raise ValueError(f"{key!r} is {_shown(found)}, not {' or '.join(_KINDS[kind] for kind in kinds)}")
    return found


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value!r:.40}"


def _score(value: Any) -> float:
    score = _field(value, "score", float)
    if not is_finite(score):
        raise ValueError(f"'score' is {_shown(score)}, which JSON does not have")
    return float(score)


def _strings(value: Any, key: str) -> tuple[str, ...]:
    found = _field(value, key, list)
    if not all(isinstance(item, str) for item in found):
        raise ValueError(f"{key!r} is {_shown(found)}, not a list of strings")
    return tuple(found)


def _passage(value: Any, length: int) -> Evidence:
    start, end = _field(value, "start", int), _field(value, "end", int)
    if not 0 <= start <= end <= length:
        raise ValueError(f"the passage {start}-{end} is no place in the text (length {length})")
    return Evidence(start, end)


def _each(value: Any, key: str, read: Callable[[Any], T]) -> tuple[T, ...]:
    """The items of a list, read; ValueError with the number of the first one that cannot be."""
    items = []
    for number, item in enumerate(_field(value, key, list), 1):
        try:
            items.append(read(item))
        except ValueError as error:
            raise ValueError(f"{key}, {number}: {error}") from None
    return tuple(items)


def departure_from(value: Any, *, length: int) -> Departure:
    """A departure from its `departure_to` or `to_dict`, and the length of its text.

    Raises ValueError where it is not such a one.
    """
    date = _field(value, "date", dict, NoneType)
    status = _field(value, "status", str)
    if status not in STATUSES:
        raise ValueError(f"'status' is {_shown(status)}, not one of {', '.join(STATUSES)}")
    return Departure(
        person=_field(value, "person", str),
        organization=_field(value, "organization", str),
        status=status,
        score=_score(value),
        evidence=_passage(_field(value, "evidence", dict), length),
        person_aliases=_strings(value, "person_aliases"),
        organization_aliases=_strings(value, "organization_aliases"),
        roles=_strings(value, "roles"),
        joined=_strings(value, "joined"),
        date=None if date is None else Date(_field(date, "text", str), _field(date, "value", str, NoneType)),
        mentions=_each({"mentions": [], **value}, "mentions", lambda item: _passage(item, length)),
    )


def departure_to(departure: Departure) -> dict[str, Any]:
    """All fields of a departure, its score unrounded."""
    value = asdict(departure)
    return {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}


def money_from(value: Any) -> Money | None:
    """An amount from its `asdict`. Raises ValueError where it is not such a one."""
    if value is None:
        return None
    return Money(
        _field(value, "amount", str),
        _field(value, "amount_max", str, NoneType),
        _field(value, "currency", str, NoneType),
        _field({"approximate": False, **value}, "approximate", bool),
    )


def check_meta(meta: Mapping[str, Any], *, length: int) -> None:
    """ValueError unless what this package wrote beside a region or a task of a text can be read."""
    if isinstance(amount := meta.get("amount"), dict):
        money_from(_field(amount, "value", dict, NoneType))

    def check(record: Any) -> None:
        _field(record, "index", int)
        departure_from(_field(record, "fact", dict), length=length)

    if meta.get("departures") is not None:
        _each(meta, "departures", check)


def document_from(row: Mapping[str, Any], text: str) -> Document:
    """A document from a line of `ie-model extract --format jsonl`, and its text.

    Raises ValueError or InputError where the line is not such a one, or not of this text.
    """

    def entity(value: Any) -> Entity:
        label, words = _field(value, "label", str), _field(value, "text", str)
        start, end = _field(value, "start", int), _field(value, "end", int)
        if not 0 <= start < end <= len(text):
            raise bad_span(label, start, end, len(text))
        if text[start:end] != words:
            raise ValueError(f"the text at {start}-{end} is {text[start:end]!r:.40}, not {words!r:.40}")
        return Entity(label, words, start, end, _score(value), money_from(_field(value, "value", dict, NoneType)))

    entities = _each(row, "entities", entity)
    for before, after in pairwise(entities):
        if after.start < before.end:
            raise ValueError(
                f"the spans {before.start}-{before.end} and {after.start}-{after.end} overlap, or are out of order"
            )
    return Document(
        text=text,
        entities=entities,
        departures=_each(row, "departures", lambda value: departure_from(value, length=len(text))),
        id=row.get("id"),
        published=row.get("published"),
    )


def document_to(document: Document) -> dict[str, Any]:
    """The line of `extract --format jsonl` with the text and the article's date; `document_from` reads it."""
    return {**document.to_dict(), "published": document.published, "text": document.text}
