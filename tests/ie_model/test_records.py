from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from ie_model.errors import InputError
from ie_model.records import MOST_LEVELS, BadRecord, Fields, Place, Record, check_record, json_size

PLACE = Place("a.jsonl", "line", 7)


def check(value: dict[str, Any], **fields: Any) -> Record | BadRecord:
    return check_record(value, PLACE, Fields(**fields))


def test_a_record_with_everything() -> None:
    found = check(
        {"id": "x", "text": "林知远", "published": "2023-04-30", "url": [1], "other": 2}, keep=("url", "gone")
    )
    assert found == Record(PLACE, "x", "林知远", "2023-04-30", {"url": [1], "gone": None})


def test_fields_have_the_names_that_the_user_gives() -> None:
    found = check({"key": 5, "body": "t", "day": "2023"}, text="body", id="key", published="day")
    assert found == Record(PLACE, "5", "t", "2023")


@pytest.mark.parametrize("value", [{}, {"id": None}, {"id": ""}, {"id": float("nan")}])
def test_a_record_without_an_id_is_named_after_its_place(value: dict[str, Any]) -> None:
    found = check({"text": "t", **value})
    assert isinstance(found, Record)
    assert found.id == "a.jsonl:7"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2023-04-30T08:00:00Z", "2023-04-30"),
        ("2023-04-30 08:00", "2023-04-30"),
        (datetime(2023, 4, 30, 8), "2023-04-30"),
        (date(2023, 4, 30), "2023-04-30"),
        ("2023-04", "2023-04"),
        ("", None),
        (None, None),
    ],
)
def test_dates(given: object, expected: str | None) -> None:
    found = check({"text": "t", "published": given})
    assert isinstance(found, Record)
    assert found.published == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({}, "no field 'text'; the record has no field at all"),
        ({"body": "t", "n": 1}, "no field 'text'; the record has 'body', 'n'"),
        ({"text": None}, "field 'text' is null, not a string"),
        ({"text": 5}, "field 'text' is int, not a string"),
        ({"text": "t", "id": True}, "field 'id' is bool, not a string or a whole number"),
        ({"text": "t", "id": 1.5}, "field 'id' is float, not a string or a whole number"),
        ({"text": "t", "published": "April"}, "published date 'April' is not an ISO date; write it as 2023-04-30"),
        (
            {"text": "t", "published": 2023},
            "field 'published' is int, not a string; write a date as \"2023-04-30\"",
        ),
        ({"text": "t", "published": "2023-02-30T00:00"}, "published date '2023-02-30' is not an ISO date"),
    ],
)
def test_bad_records_say_why(value: dict[str, Any], reason: str) -> None:
    found = check(value)
    assert isinstance(found, BadRecord)
    assert found.reason.startswith(reason)


def test_whole_numbers_are_ids() -> None:
    for given, expected in ((5, "5"), (1.0, "1"), (-3.0, "-3")):
        found = check({"text": "t", "id": given})
        assert isinstance(found, Record)
        assert found.id == expected


def test_what_is_kept_has_so_many_levels() -> None:
    deep: list[Any] = []
    for _ in range(MOST_LEVELS - 1):
        deep = [deep]
    assert isinstance(check({"text": "t", "k": deep}, keep=("k",)), Record)
    found = check({"text": "t", "k": {"a": deep}, "id": "x"}, keep=("k",))
    assert isinstance(found, BadRecord)
    assert found.id == "x"
    assert found.reason == "field 'k' is nested in more than 200 levels; flatten it, or do not --keep it"
    assert isinstance(check({"text": "t", "k": {"a": deep}}), Record), "what is not kept does not matter"


def test_a_bad_record_keeps_its_id_and_place() -> None:
    found = check({"id": 9})
    assert isinstance(found, BadRecord)
    assert {**found.to_dict(), "reason": ""} == {"file": "a.jsonl", "line": 7, "id": "9", "reason": ""}
    assert BadRecord(Place("a.txt"), "r").to_dict() == {"file": "a.txt", "id": None, "reason": "r"}


def test_a_kept_field_cannot_take_the_place_of_the_output() -> None:
    with pytest.raises(InputError, match="--keep entities: every output line has a field of this name already"):
        Fields(keep=("url", "entities"))


def test_the_size_of_a_value_is_about_that_of_its_json() -> None:
    assert json_size({"ab": ["xyz", 1, None, {"c": "d"}]}) == 2 + 3 + 8 + 8 + 1 + 1
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert json_size(deep) == 1
