from __future__ import annotations

import dataclasses
from dataclasses import FrozenInstanceError

import pytest

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money

TEXT = "3月，林知远离开星河，获1.13亿美元。"
DOCUMENT = Document(
    text=TEXT,
    entities=(
        Entity("PERSON", "林知远", 3, 6, 0.987654),
        Entity("MONEY", "1.13亿美元", 12, 19, 0.5, Money("113000000", None, "USD")),
    ),
    departures=(
        Departure(
            person="林知远",
            organization="星河",
            status="stated",
            score=0.123456,
            evidence=Evidence(3, 10),
            person_aliases=("知远",),
            roles=("总裁", "CEO"),
            joined=("云栖",),
            date=Date("3月", "2023-03"),
        ),
        Departure("周以安", "青木", "former", 1.0, Evidence(0, 2)),
    ),
    id="a.txt",
    published="2023-04-30",
)


def test_the_dictionary_of_a_document() -> None:
    assert DOCUMENT.to_dict() == {
        "id": "a.txt",
        "chars": 20,
        "entities": [
            {"label": "PERSON", "text": "林知远", "start": 3, "end": 6, "score": 0.9877, "value": None},
            {
                "label": "MONEY",
                "text": "1.13亿美元",
                "start": 12,
                "end": 19,
                "score": 0.5,
                "value": {"amount": "113000000", "amount_max": None, "currency": "USD", "approximate": False},
            },
        ],
        "departures": [
            {
                "person": "林知远",
                "person_aliases": ["知远"],
                "organization": "星河",
                "organization_aliases": [],
                "roles": ["总裁", "CEO"],
                "joined": ["云栖"],
                "date": {"text": "3月", "value": "2023-03"},
                "status": "stated",
                "score": 0.1235,
                "evidence": {"start": 3, "end": 10},
            },
            {
                "person": "周以安",
                "person_aliases": [],
                "organization": "青木",
                "organization_aliases": [],
                "roles": [],
                "joined": [],
                "date": None,
                "status": "former",
                "score": 1.0,
                "evidence": {"start": 0, "end": 2},
            },
        ],
    }


@pytest.mark.parametrize("value", [DOCUMENT, *DOCUMENT.entities, *DOCUMENT.departures, Date("3月"), Evidence(0, 1)])
def test_everything_is_frozen_and_hashable(value: object) -> None:
    field = dataclasses.fields(value)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, field, "x")
    hash(value)


def test_the_text_is_left_out_of_the_repr() -> None:
    assert TEXT not in repr(DOCUMENT)
    assert "a.txt" in repr(DOCUMENT)


def test_notebooks_show_the_fragment_and_files_the_page() -> None:
    assert DOCUMENT.to_html().startswith("<!doctype html>")
    assert DOCUMENT._repr_html_().startswith('<div class="ie-model">')
    assert "<article>" in DOCUMENT._repr_html_()
