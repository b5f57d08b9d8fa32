from __future__ import annotations

import pytest

from ie_model.document import Departure, Document, Entity, Evidence
from ie_model.extractor import Extractor
from training.data.example import Example, GoldSpan
from training.script_gap import answers, convert, script_gap

TEXT = "林知远离开后，头发花白的陈若水卸任首席财务官。"


def test_conversion_keeps_the_length_and_picks_the_character_by_the_word() -> None:
    converted = convert(TEXT, script="simplified")
    assert converted == "林知遠離開後，頭髮花白的陳若水卸任首席財務官。"
    assert convert(converted, script="traditional") == TEXT


def departure(person: str, organization: str) -> Departure:
    return Departure(person, organization, "stated", 0.5, Evidence(0, 1))


def test_answers_are_compared_by_place_and_by_name_in_either_script() -> None:
    one = Document(TEXT, (Entity("PERSON", "林知远", 0, 3, 0.9),), (departure("林知远", "云栖"),))
    two = Document(TEXT, (Entity("PERSON", "林知遠", 0, 3, 0.2),), (departure("林知遠", "雲棲"),))
    assert answers(one) == answers(two)
    moved = Document(TEXT, (Entity("PERSON", "知远", 1, 3, 0.9),), (departure("林知远", "云栖"),))
    assert answers(one) != answers(moved)


def test_the_gap_of_a_set(extractor: Extractor) -> None:
    example = Example("1", "test", TEXT, (GoldSpan(0, 3, "PERSON"),))
    documents = [extractor(TEXT)]
    gap = script_gap(extractor, [example], documents, script="simplified", labels=["PERSON"])
    assert gap["documents"] == 1
    assert gap["original"]["gold"] == gap["converted"]["gold"] == 1
    assert gap["gap"] == pytest.approx(gap["original"]["f1"] - gap["converted"]["f1"])
    assert gap["identical"] in (0.0, 1.0)
