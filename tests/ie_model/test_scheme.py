from __future__ import annotations

import pytest

from ie_model.scheme import LABELS, TagScheme


def test_tags_and_their_order() -> None:
    scheme = TagScheme(("A", "B"))
    assert scheme.tags == ("O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B")
    assert TagScheme.from_tags(list(scheme.tags)) == scheme


def test_tags_of_another_scheme_are_refused() -> None:
    with pytest.raises(ValueError, match="BIOES"):
        TagScheme.from_tags(["O", "B-PERSON", "I-PERSON"])


def test_span_tags() -> None:
    scheme = TagScheme()
    names = [scheme.tags[tag] for tag in scheme.span_tags("ORG", 4)]
    assert names == ["B-ORG", "I-ORG", "I-ORG", "E-ORG"]
    assert [scheme.tags[tag] for tag in scheme.span_tags("MONEY", 1)] == ["S-MONEY"]
    assert LABELS == ("PERSON", "ORG", "ROLE", "MONEY")


def test_what_may_follow_what() -> None:
    scheme = TagScheme()
    may = {(scheme.tags[a], scheme.tags[b]) for a, b in zip(*scheme.follows.nonzero(), strict=True)}
    assert {("O", "B-ORG"), ("B-ORG", "E-ORG"), ("E-ORG", "B-ORG"), ("S-ORG", "S-ORG"), ("E-ORG", "O")} <= may
    assert not {("O", "I-ORG"), ("B-ORG", "O"), ("B-ORG", "E-ROLE"), ("B-ORG", "S-ORG"), ("I-ORG", "B-ORG")} & may


def test_within_a_word_no_span_starts_or_ends() -> None:
    scheme = TagScheme()
    may = {(scheme.tags[a], scheme.tags[b]) for a, b in zip(*scheme.follows_within_word.nonzero(), strict=True)}
    assert ("O", "O") in may
    assert ("B-ORG", "I-ORG") in may
    assert all(a[0] in "BI" and b[0] in "IE" for a, b in may - {("O", "O")})
