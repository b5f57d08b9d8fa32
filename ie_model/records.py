"""Records of JSON: what one must hold, and what is said of one that does not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ie_model import errors

#: What every line of the output holds; a field to keep may not bear these names.
OUTPUT_FIELDS = ("id", "chars", "entities", "departures")
#: Levels of a field to keep: more are too many for the stack of a process that sends it to another.
MOST_LEVELS = 200


@dataclass(frozen=True)
class Fields:
    """Where a record has its parts.

    Attributes:
        text, id, published: the names of the record's fields.
        keep: further fields that go to the output as they are; Parquet's bytes as base64.
    """

    text: str = "text"
    id: str = "id"
    published: str = "published"
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.keep:
            if name in OUTPUT_FIELDS:
                raise errors.InputError(
                    f"--keep {name}: every output line has a field of this name already; rename the input's field"
                )

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields that are read at all."""
        return tuple(dict.fromkeys((self.text, self.id, self.published, *self.keep)))


@dataclass(frozen=True)
class Place:
    """Where a record stands in the input: `unit` is "line", "row" or, for a whole file, ""."""

    file: str
    unit: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.number}" if self.unit else self.file

    def to_dict(self) -> dict[str, Any]:
        return {"file": self.file, self.unit: self.number} if self.unit else {"file": self.file}


@dataclass(frozen=True)
class Record:
    """A text to extract from."""

    place: Place
    id: str
    text: str
    published: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        """Of the text and, about, of what is kept."""
        return len(self.text) + sum(json_size(value) for value in self.kept.values())


@dataclass(frozen=True)
class BadRecord:
    """A record that gives no document, and why; a line of the errors file."""

    place: Place
    reason: str
    id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {**self.place.to_dict(), "id": self.id, "reason": self.reason}


def parse_object(line: str) -> dict[str, Any]:
    """The JSON object of a line, with null for NaN and the infinities; ValueError says what else there is."""
    try:
        value = parse_json(line)
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {errors.first_line(error)}") from None
    if not isinstance(value, dict):
        raise ValueError(f"not a JSON object, but {type(value).__name__}")
    return value


def parse_json(text: str) -> Any:
    """JSON, with null for NaN and the infinities: no JSON, but Python's own writer makes them."""
    return json.loads(text, parse_constant=lambda _: None, parse_float=_finite)


def json_size(value: Any) -> int:
    """Characters of a JSON value as it is written, about; however deep it is nested."""
    size = 0
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, Mapping):
            size += sum(map(len, item))
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        else:
            size += 8
    return size


def _is_deep(value: Any) -> bool:
    """Whether a JSON value is nested in more levels than MOST_LEVELS."""
    level = [value]
    for _ in range(MOST_LEVELS):
        if not level:
            return False
        within = [
            one.values() if isinstance(one, Mapping) else one for one in level if isinstance(one, Mapping | list)
        ]
        level = [item for items in within for item in items]
    return bool(level)


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def check_record(value: Mapping[str, Any], place: Place, fields: Fields) -> Record | BadRecord:
    """The record that a mapping holds.

    A record without an id is named after its place, e.g. `news.jsonl:17`. Whole numbers are ids too, and
    become strings (1.0, which pandas makes of 1 where another record has none, is 1). Of a time stamp, `published`
    takes the date.
    """
    from ie_model.arguments import check_date

    name = value.get(fields.id)
    if name is None or name == "" or (isinstance(name, float) and math.isnan(name)):
        name = str(place)
    elif is_whole(name):
        name = str(int(name))
    elif not isinstance(name, str):
        return BadRecord(place, f"field {fields.id!r} is {_kind(name)}, not a string or a whole number")
    text = value.get(fields.text)
    if fields.text not in value:
        return BadRecord(place, f"no field {fields.text!r}; the record has {_names(value)}", name)
    if not isinstance(text, str):
        return BadRecord(place, f"field {fields.text!r} is {_kind(text)}, not a string", name)
    given = value.get(fields.published)
    if not isinstance(given, str | date | None):
        reason = f'field {fields.published!r} is {_kind(given)}, not a string; write a date as "2023-04-30"'
        return BadRecord(place, reason, name)
    try:
        published = _date(given)
        if published is not None:
            check_date(published)
    except errors.InputError as error:
        return BadRecord(place, str(error), name)
    kept = {key: value.get(key) for key in fields.keep}
    if deep := [key for key, one in kept.items() if _is_deep(one)]:
        reason = f"field {deep[0]!r} is nested in more than {MOST_LEVELS} levels; flatten it, or do not --keep it"
        return BadRecord(place, reason, name)
    return Record(place, name, text, published, kept)


def is_whole(value: object) -> bool:
    """Whether a value of JSON is a whole number, 1.0 included."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and value.is_integer()
    )


def _date(value: str | date | None) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    stamp = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ]\d\d.*", value)
    return stamp[1] if stamp else value


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _names(value: Mapping[str, Any]) -> str:
    """The record's own field names, cut to what a line can show."""
    names = [repr(name)[:40] for name in list(value)[:8]]
    return ", ".join(names) + (" …" if len(value) > 8 else "") if names else "no field at all"
