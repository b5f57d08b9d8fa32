from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.decoding import Span
from ie_model.names import cluster, fullest_variant, normal_form, same_organization, same_person

PARTS = ("云", "栖", "星", "河", "科技", "集团", "有限公司", "智能", "Meta", "verse", "AI", "Labs", " ", "·", "李")
NAMES = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map(lambda parts: "".join(parts).strip() or "云")


@given(a=NAMES, b=NAMES)
def test_sameness_is_symmetric_and_reflexive(a: str, b: str) -> None:
    for same in (same_person, same_organization):
        assert same(a, a)
        assert same(a, b) == same(b, a)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("林知远", "林知遠", True),
        ("林知远", "知远", True),
        ("林知远", "林知", False),
        ("林知远", "远", False),
        ("林知", "知", False),
        ("Mustafa Suleyman", "Mustafa", True),
        ("Mustafa Suleyman", "suleyman", True),
        ("Mustafa Suleyman", "Must", False),
        ("Sam Altman", "Sam Bankman", False),
        ("拉里·佩奇", "佩奇", True),
        ("拉里·佩奇", "拉里", True),
        ("拉里·佩奇", "里", False),
        ("Ｓａｍ Altman", "SAM ALTMAN", True),
        ("陈若水", "林若水", False),
    ],
)
def test_persons(a: str, b: str, expected: bool) -> None:
    assert same_person(a, b) is expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("阿里", "阿里巴巴", True),
        ("阿裏", "阿里巴巴集团", True),
        ("阿里巴巴", "阿里巴巴达摩院", True),
        ("星河科技", "星河", True),
        ("星河科技", "星河科技集团有限公司", True),
        ("星河", "青木", False),
        ("河科技", "星河科技", False),
        ("云栖科技", "云栖智能", False),
        ("Meta", "Metaverse", False),
        ("Meta", "Meta AI", True),
        ("Meta", "Meta达摩院", True),
        ("OpenAI", "openai Inc.", True),
        ("星", "星河", False),
        ("公司", "公司", True),
    ],
)
def test_organizations(a: str, b: str, expected: bool) -> None:
    assert same_organization(a, b) is expected


def test_normal_form() -> None:
    assert normal_form("Ｏpen AI　研究院（離）") == "openai研究院(离)"


def test_the_fullest_variant_is_never_a_unit() -> None:
    names = ["星河", "星河科技", "星河科技集团", "星河研究院", "青木集团"]
    assert fullest_variant("星河", names) == "星河科技集团"
    assert fullest_variant("星河研究院", names) == "星河研究院"
    assert fullest_variant("云栖", names) == "云栖"


def clustered(text: str, *mentions: tuple[str, str]) -> list[tuple[str, str]]:
    """(mention, canonical form) of mentions that follow each other in the text."""
    spans, at = [], 0
    for surface, label in mentions:
        at = text.index(surface, at)
        spans.append(Span(label, at, at + len(surface), at, at + len(surface), 1.0))
        at += len(surface)
    heads = [spans[index] for index in cluster(text, spans)]
    return [(m[0], text[head.start : head.end]) for m, head in zip(mentions, heads, strict=True)]


def test_mentions_of_one_person_and_one_company() -> None:
    text = "知远说，星河的林知远离开了星河科技，林知远说。"
    mentions = (
        ("知远", "PERSON"),
        ("星河", "ORG"),
        ("林知远", "PERSON"),
        ("星河科技", "ORG"),
        ("林知远", "PERSON"),
    )
    assert [head for _, head in clustered(text, *mentions)] == ["林知远", "星河科技", "林知远", "星河科技", "林知远"]


def test_the_earliest_of_equal_mentions_is_canonical() -> None:
    spans = [Span("PERSON", at, at + 3, at, at + 3, 1.0) for at in (0, 4, 8)]
    assert cluster("林知远，林知遠，林知远。", spans) == [0, 0, 0]


def test_a_part_that_fits_two_persons_names_neither() -> None:
    text = "Sam Altman 和 Sam Bankman，Sam 说"
    found = clustered(text, ("Sam Altman", "PERSON"), ("Sam Bankman", "PERSON"), ("Sam", "PERSON"))
    assert found == [("Sam Altman", "Sam Altman"), ("Sam Bankman", "Sam Bankman"), ("Sam", "Sam")]


def test_a_part_of_one_person_in_several_forms() -> None:
    text = "Sam Altman、SAM ALTMAN，Sam 说"
    found = clustered(text, ("Sam Altman", "PERSON"), ("SAM ALTMAN", "PERSON"), ("Sam", "PERSON"))
    assert {head for _, head in found} == {"Sam Altman"}


@pytest.mark.parametrize("text", ["周以安（花名：钟煌）说", "周以安(钟煌)说", "周以安 （ 又名 钟煌）说"])
def test_a_name_and_its_bracketed_other_name(text: str) -> None:
    assert [head for _, head in clustered(text, ("周以安", "PERSON"), ("钟煌", "PERSON"))] == ["周以安"] * 2


@pytest.mark.parametrize("text", ["周以安（老板钟煌）说", "周以安、钟煌说", "周以安（钟煌的朋友）说"])
def test_other_brackets_do_not_name_the_same(text: str) -> None:
    assert [head for _, head in clustered(text, ("周以安", "PERSON"), ("钟煌", "PERSON"))] == ["周以安", "钟煌"]


def test_the_order_of_mentions_does_not_matter() -> None:
    names = ["云栖科技", "云栖智能"]
    for one, two in (names, names[::-1]):
        assert clustered(f"{one}和{two}", (one, "ORG"), (two, "ORG")) == [(one, one), (two, two)]


def test_roles_and_money_are_never_merged() -> None:
    text = "总裁，总裁，1元，1元"
    found = cluster(text, [Span("ROLE", a, a + 2, a, a + 2, 1.0) for a in (0, 3)])
    assert found == [0, 1]
    assert cluster("林 林", [Span("PERSON", 0, 1, 0, 1, 1.0), Span("ORG", 2, 3, 2, 3, 1.0)]) == [0, 1]
