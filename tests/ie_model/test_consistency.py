"""A name is told alike wherever it stands in an article."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.consistency import MOST_AGAINST, article_spans, consistent
from ie_model.decoding import Span, decode
from ie_model.encoding import TextEncoder
from ie_model.scheme import TagScheme

SCHEME = TagScheme()


def marked(
    text: str, encoder: TextEncoder, *marks: tuple[str, int, int], faint: float | None = None, strength: float = 9.0
) -> list[tuple[str, str, int]]:
    """What is found where the tags say these (label, start, end), and O elsewhere.

    Args:
        faint: by how much O leads over PERSON and ORG where nothing is marked; None for no chance at all.
    """
    encoding = encoder(text)
    logits = np.zeros((len(encoding), len(SCHEME)), dtype=np.float32)
    logits[:, 0] = strength
    if faint is not None:
        logits[:, 1:9] = strength - faint
    for label, start, end in marks:
        tokens = encoding.tokens_of(start, end)
        assert tokens is not None
        for token, tag in zip(range(*tokens), SCHEME.span_tags(label, tokens[1] - tokens[0]), strict=True):
            logits[token] = 0
            logits[token, tag] = strength
    (spans,) = article_spans([(text, logits, encoding)], SCHEME)
    return [(span.label, text[span.start : span.end], span.start) for span in spans]


def test_a_name_with_two_labels_gets_the_likelier_one(text_encoder: TextEncoder) -> None:
    text = "林知远宣布。林知远加入。林知远离开。"
    marks = [("PERSON", 0, 3), ("PERSON", 6, 9), ("ORG", 12, 15)]
    assert [label for label, _, _ in marked(text, text_encoder, *marks)] == ["PERSON"] * 3


def test_a_missed_mention_is_found_where_the_tags_allow_it(text_encoder: TextEncoder) -> None:
    text = "星河科技宣布，星河科技加入星河科技。"
    assert marked(text, text_encoder, ("ORG", 0, 4), faint=MOST_AGAINST - 0.5) == [
        ("ORG", "星河科技", 0),
        ("ORG", "星河科技", 7),
        ("ORG", "星河科技", 13),
    ]
    assert marked(text, text_encoder, ("ORG", 0, 4), faint=MOST_AGAINST + 0.5) == [("ORG", "星河科技", 0)]
    assert marked(text, text_encoder, ("ORG", 0, 4)) == [("ORG", "星河科技", 0)]


@pytest.mark.parametrize(
    ("name", "part"), [("萨姆·奥特曼", "奥特曼"), ("Sam Altman", "Altman"), ("萨姆・奥特曼", "萨姆")]
)
def test_a_part_of_a_persons_name_is_the_person(name: str, part: str, text_encoder: TextEncoder) -> None:
    text = f"{name} 离开，{name} 加入，{part} 宣布，{part} 加入。"
    again = len(name) + 4
    third = text.index(part, again + len(name))
    whole = [(0, len(name)), (again, again + len(name))]
    marks = [("ORG", third, third + len(part))]
    found = marked(text, text_encoder, *(("PERSON", *place) for place in whole), *marks, faint=1.0)
    assert found[2:] == [("PERSON", part, third), ("PERSON", part, text.rindex(part))]
    found = marked(text, text_encoder, *(("ORG", *place) for place in whole), faint=1.0)
    assert len(found) == 2, "a word of a firm's name is not the firm"


def test_a_name_that_was_hardly_found_is_no_evidence(text_encoder: TextEncoder) -> None:
    text = "星河科技宣布，星河科技加入。"
    assert len(marked(text, text_encoder, ("ORG", 0, 4), faint=0.1, strength=2.0)) == 1
    assert len(marked(text, text_encoder, ("ORG", 0, 4), faint=0.1, strength=9.0)) == 2


def test_the_longest_name_is_added_first(text_encoder: TextEncoder) -> None:
    text = "星河宣布，星河科技宣布，星河科技加入。"
    found = marked(text, text_encoder, ("ORG", 0, 2), ("ORG", 5, 9), faint=1.0)
    assert found[-1] == ("ORG", "星河科技", 12)


@pytest.mark.parametrize("text", ["36氪宣布，获得136氪。", "Boson宣布，Bosons 加入。", "林宣布，林知远加入。"])
def test_no_name_is_found_inside_a_number_a_word_or_from_one_character(text: str, text_encoder: TextEncoder) -> None:
    name = text[: text.index("宣布")]
    assert marked(text, text_encoder, ("ORG", 0, len(name)), faint=0.5) == [("ORG", name, 0)]


def test_spans_that_were_found_stay(text_encoder: TextEncoder) -> None:
    text = "星河科技宣布，“星河科技技术”获得融资。"
    marks = [("ORG", 0, 4), ("ROLE", 9, 13)]
    assert marked(text, text_encoder, *marks, faint=0.5) == [("ORG", "星河科技", 0), ("ROLE", "河科技技", 9)]


def test_a_role_does_not_begin_with_an_organisation(text_encoder: TextEncoder) -> None:
    text = "星河科技宣布，星河科技副总裁林知远离开。"
    marks = [("ORG", 0, 4), ("ROLE", 7, 14), ("PERSON", 14, 17)]
    assert marked(text, text_encoder, *marks) == [
        ("ORG", "星河科技", 0),
        ("ORG", "星河科技", 7),
        ("ROLE", "副总裁", 11),
        ("PERSON", "林知远", 14),
    ]


def test_the_longest_organisation_is_cut_off_a_role(text_encoder: TextEncoder) -> None:
    text = "星河宣布，星河科技宣布，星河科技副总裁离开。"
    marks = [("ORG", 0, 2), ("ORG", 5, 9), ("ROLE", 12, 19)]
    assert [name for _, name, _ in marked(text, text_encoder, *marks)] == ["星河", "星河科技", "星河科技", "副总裁"]


def test_roles_and_amounts_are_not_carried_over(text_encoder: TextEncoder) -> None:
    text = "技术副总裁宣布，年薪80万元。技术副总裁不等，80万元。"
    marks = [("ROLE", 0, 5), ("MONEY", 10, 14)]
    assert len(marked(text, text_encoder, *marks, faint=0.5)) == 2


def test_changed_spans_have_the_score_of_their_evidence(text_encoder: TextEncoder) -> None:
    text = "星河科技宣布，星河科技加入。"
    encoding = text_encoder(text)
    logits = np.zeros((len(encoding), len(SCHEME)), dtype=np.float32)
    logits[np.arange(4), SCHEME.span_tags("ORG", 4)] = 9.0
    first = Span("ORG", 0, 4, 0, 4, 0.9)
    added = consistent([first], text, logits, encoding, SCHEME)[1]
    assert (added.start, added.score) == (7, pytest.approx(0.9))


def test_a_model_of_other_labels_is_left_alone(text_encoder: TextEncoder) -> None:
    scheme = TagScheme(("company",))
    encoding = text_encoder("星河科技宣布，星河科技加入。")
    logits = np.zeros((len(encoding), len(scheme)), dtype=np.float32)
    span = Span("company", 0, 4, 0, 4, 0.9)
    assert consistent([span], "星河科技宣布，星河科技加入。", logits, encoding, scheme) == [span]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_result_is_sorted_flat_and_on_tokens(data: st.DataObject, text_encoder: TextEncoder) -> None:
    words = st.sampled_from(["星河", "星河科技", "林知远", "副总裁", "OpenAI", "80", "宣布", "，", "。", " "])
    text = "".join(data.draw(st.lists(words, min_size=1, max_size=12)))
    encoding = text_encoder(text)
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    logits = 4 * random.standard_normal((len(encoding), len(SCHEME))).astype(np.float32)
    (before,) = decode([(logits, encoding)], SCHEME)
    (after,) = article_spans([(text, logits, encoding)], SCHEME)
    (warm,) = article_spans([(text, logits, encoding)], SCHEME, temperature=2.0)
    assert [(s.label, s.start, s.end) for s in warm] == [(s.label, s.start, s.end) for s in after]
    assert all(a.end <= b.start for a, b in pairwise(after))
    written = {"PERSON": str.isalnum, "ORG": str.isalnum, "MONEY": str.isdigit}  # what such a span holds at least
    names = [s for s in before if s.label in written and any(map(written[s.label], text[s.start : s.end]))]
    assert {(s.start, s.end) for s in names} <= {(s.start, s.end) for s in after}
    for span in after:
        assert encoding.tokens_of(span.start, span.end) == (span.first, span.last)
        assert 0 <= span.score <= 1
        assert text[span.start : span.end].strip()
    labels: dict[str, set[str]] = {}
    for span in after:
        if span.label in ("PERSON", "ORG") and span.end - span.start > 1:
            labels.setdefault(text[span.start : span.end], set()).add(span.label)
    cut = {text[s.start : s.end] for s in after} - {text[s.start : s.end] for s in before}
    assert all(len(found) == 1 for name, found in labels.items() if name not in cut)
