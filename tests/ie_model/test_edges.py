"""Spans with half a pair of brackets, or with a dot, a symbol or nothing but these at an edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.decoding import Span
from ie_model.edges import well_formed
from ie_model.encoding import TextEncoder


def mended(marked: str, encoder: TextEncoder) -> str:
    """The text with its spans as [LABEL surface], before and after."""
    text, spans = "", []
    for part in marked.replace("]", "[").split("["):
        label, separator, surface = part.partition("|")
        if separator:
            spans.append((label, len(text), len(text) + len(surface)))
        text += surface if separator else part
    encoding = encoder(text)
    given = [Span(label, *(encoding.tokens_of(start, end) or (0, 0)), start, end, 0.9) for label, start, end in spans]
    result, at = "", 0
    for span in well_formed(given, text, encoding):
        assert encoding.tokens_of(span.start, span.end) == (span.first, span.last)
        result += text[at : span.start] + f"[{span.label}|{text[span.start : span.end]}]"
        at = span.end
    return result + text[at:]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[ORG|星河]（[ORG|中国）]宣布", "[ORG|星河（中国）]宣布"),
        ("[ORG|星河（中国]）宣布", "[ORG|星河（中国）]宣布"),
        ("[ORG|星河]（[ORG|中国]）宣布", "[ORG|星河]（[ORG|中国]）宣布"),
        ("[ORG|星河(中国)科技]宣布", "[ORG|星河(中国)科技]宣布"),
        ("[ORG|星河（云栖]宣布", "[ORG|星河]（云栖宣布"),
        ("(星河 / [ROLE|内容)总裁]宣布", "(星河 / 内容)[ROLE|总裁]宣布"),
        ("「[ORG|星河」]宣布", "「[ORG|星河]」宣布"),
        ("[ORG|《星河]宣布", "《[ORG|星河]宣布"),
        ("[PERSON|林知远]（[ORG|中国）]宣布", "[PERSON|林知远]（[ORG|中国]）宣布"),
        ("[PERSON|林知·][ORG|星河公司]宣布", "[ORG|林知·星河公司]宣布"),
        ("[PERSON|萨姆][PERSON|·奥特曼]宣布", "[PERSON|萨姆·奥特曼]宣布"),
        ("[ROLE|总裁·][PERSON|萨姆·奥特曼]宣布", "[ROLE|总裁]·[PERSON|萨姆·奥特曼]宣布"),
        ("[ORG|星河（][ORG|）]宣布", "[ORG|星河（）]宣布"),
        ("《[book|星河》]和[book|《云栖]", "《[book|星河》]和[book|《云栖]"),
        ("[PERSON|O’Neil]宣布", "[PERSON|O’Neil]宣布"),
        ("<[PERSON|strong]>[PERSON|林知远]</strong>离职", "<strong>[PERSON|林知远]</strong>离职"),
        ("[PERSON|林知远&nbsp;]宣布", "[PERSON|林知远]&nbsp;宣布"),
        ("从[ORG|&ldquo;星河]离开", "从&ldquo;[ORG|星河]离开"),
        ("从[ORG|&nbsp]离开", "从&nbsp离开"),
        ("从[ORG|AT&T]离开", "从[ORG|AT&T]离开"),
        ("星河（[ORG|9988.HK]）宣布", "星河（9988.HK）宣布"),
        ("[ORG|星河（NASDAQ: XLKJ）]宣布", "[ORG|星河]（NASDAQ: XLKJ）宣布"),
        ("[ORG|星河](2330)[ORG|云栖]", "[ORG|星河](2330)[ORG|云栖]"),
        ("[PERSON|林国华]（「[PERSON|林先生]」）辞任", "[PERSON|林国华]（「[PERSON|林]先生」）辞任"),
        ("[PERSON|林国华]和[PERSON|章鱼小姐]离开", "[PERSON|林国华]和[PERSON|章鱼小姐]离开"),
        ("营收3亿（[MONEY|新台币]，下同）", "营收3亿（新台币，下同）"),
        ("[PERSON|张三👋]离开", "[PERSON|张三]👋离开"),
        ("[ORG|🚀 星河]宣布", "🚀 [ORG|星河]宣布"),
        ("副总裁离职[ORG|🎉🎉]", "副总裁离职🎉🎉"),
        ("加入[ORG|➡️]星河", "加入➡️星河"),
        ("[ORG|㈱星河™]宣布", "[ORG|㈱星河™]宣布"),
        ("<b>[PERSON|林知远<]/b>", "<b>[PERSON|林知远]</b>"),
        ("[book|🎉]", "[book|🎉]"),
    ],
)
def test_halves(before: str, after: str, text_encoder: TextEncoder) -> None:
    assert mended(before, text_encoder) == after


@given(data=st.data())
def test_spans_stay_sorted_flat_and_whole(data: st.DataObject, text_encoder: TextEncoder) -> None:
    parts = data.draw(st.lists(st.text("星河林·（）(」", min_size=1, max_size=5), min_size=1, max_size=6))
    chosen = data.draw(st.lists(st.booleans(), min_size=len(parts), max_size=len(parts)))
    text = "".join(parts)
    encoding, spans, at = text_encoder(text), [], 0
    for part, choose in zip(parts, chosen, strict=True):
        tokens = encoding.tokens_of(at, at + len(part))
        if choose and tokens:
            spans.append(Span("ORG", *tokens, at, at + len(part), 0.9))
        at += len(part)
    found = well_formed(spans, text, encoding)
    at = 0
    for span in found:
        assert at <= span.start < span.end <= len(text)
        assert encoding.tokens_of(span.start, span.end) == (span.first, span.last)
        at = span.end
