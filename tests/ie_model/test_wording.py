from __future__ import annotations

import pytest

from ie_model.wording import many


@pytest.mark.parametrize(
    ("count", "noun", "plural", "words"),
    [
        (0, "document", None, "0 documents"),
        (1, "document", None, "1 document"),
        (1_000, "new task", None, "1,000 new tasks"),
        (1, "entity", "entities", "1 entity"),
        (2, "entity", "entities", "2 entities"),
    ],
)
def test_a_count_and_its_noun(count: int, noun: str, plural: str | None, words: str) -> None:
    assert many(count, noun, plural) == words
