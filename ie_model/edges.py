"""Where no span begins or ends: inside one half of a pair of brackets, at the dot within a foreign name, at an emoji.

Tags are chosen token by token, and a pair of brackets lies further apart than they look. In the annotated texts fewer
than one span in ten thousand has a bracket without its other half, and none is without a letter or digit. Labels of
other data sets are left alone: many of CLUENER's titles have a 》 and no 《.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from ie_model.decoding import Span
from ie_model.encoding import Encoding
from ie_model.scheme import LABELS

#: Closing brackets with what opens them. Quotation marks are not among them: ’ is an apostrophe too.
_OPENS = {"）": "（", ")": "(", "】": "【", "]": "[", "》": "《", "」": "「", "』": "『"}
_CLOSES = {opening: closing for closing, opening in _OPENS.items()}
#: What stands between the parts of a foreign name.
_DOTS = "·・•"
#: Marks that stand at no edge: dots, the edges of HTML's tags, and what makes a character an emoji.
_MARKS = frozenset(_DOTS + "<>" + "\ufe0e\ufe0f\u20e3")
#: What no name holds any of: a tag or a character reference of HTML, where a page was not stripped of them, and a
#: share's symbol in brackets: (9988.HK), (NASDAQ: XLKJ), (2330).
_NO_NAME = re.compile(
    r"</?[A-Za-z][^<>\n]{0,200}>|&(?:nbsp|amp|lt|gt|quot|[lr][ds]quo|hellip|mdash|middot|#[0-9]{1,6});?"
    r"|[(（]\s?(?:[A-Z0-9]{1,6}[.-](?:HK|SH|SZ|BJ|US|TWO?|N|O|L|T|KS)|[0-9]{4,6}"
    r"|(?:NASDAQ|NYSE|HKEX|SEHK|TWSE|SSE|SZSE|[纳納]斯[达達]克|[纽紐]交所|港交所)\s?[:：]\s?[A-Z0-9.]{1,8})\s?[)）]"
)
#: Forms of address, which are no part of a name.
_ADDRESSES = ("先生", "女士", "小姐")
#: What an amount is written with.
_NUMERALS = re.compile(
    r"[0-9０-９零〇○一二三四五六七八九十百千万萬亿億兆两兩几幾数數半廿卅壹贰貳叁參肆伍陆陸柒捌玖拾佰仟]"
)
#: Unicode's other symbols, modifiers of symbols and invisible format characters: emoji, arrows, skin tones, joiners.
_SYMBOLS = frozenset({"So", "Sk", "Cf"})
#: Symbols that may belong to a name: ㈱, ㊣ and the like, and those of trade marks.
_NAME_SYMBOLS = frozenset({*map(chr, range(0x3200, 0x3400)), "©", "®", "™"})


def well_formed(spans: Sequence[Span], text: str, encoding: Encoding) -> list[Span]:
    """The spans of a text, those with half a pair of brackets, a dot or a symbol at an edge mended.

    亚马逊 + 中国） after （ is 亚马逊（中国）, and 麦克唐纳· + 道格拉斯公司 is one name. What has a closing bracket
    alone is what stands behind it, if anything does; an opening bracket alone is closed where the next character
    does that, and is left out otherwise. 张三👋 is 张三, and 林先生 is 林 where a 林国华 is named too. No name at
    all are an emoji alone, a tag of HTML, the symbol of a share, and a currency without an amount.

    Args:
        spans: sorted and flat, as `decode` gives them.

    Returns:
        sorted and flat again; a span that cannot begin and end at whole tokens stays as it was.
    """
    names: list[Span] = []
    for span in spans:
        if names and _goes_on(names[-1], span, text):
            before = names[-1]
            names[-1] = replace(span, first=before.first, start=before.start, score=min(before.score, span.score))
        else:
            names.append(span)
    result: list[Span] = []
    markup = [match.span() for match in _NO_NAME.finditer(text)] if names else []
    addressed = _addressed(names, text)
    for name in names:
        whole = _outside(name, markup, encoding) if markup else name
        if whole is None:
            continue
        span = _trimmed(whole, text, encoding)
        surface = text[span.start : span.end]
        if span.label == "PERSON" and surface in addressed:
            span = _cut(span, span.start, span.end - 2, encoding) or span
        if span.label in LABELS and not any(map(str.isalnum, surface)):
            continue
        if span.label == "MONEY" and not _NUMERALS.search(surface):
            continue
        if not result or result[-1].end <= span.start:  # else it was the bracket that closed the one before
            result.append(span)
    return result


def _goes_on(before: Span, span: Span, text: str) -> bool:
    """Whether two spans are halves of one name."""
    if span.label not in LABELS:
        return False
    if before.end == span.start:
        dot = text[before.end - 1] in _DOTS or text[span.start] in _DOTS
        return dot and before.label in ("PERSON", span.label)
    opening, last = text[before.end : span.start], text[span.end - 1]
    return (
        before.label == span.label and opening == _OPENS.get(last) and _half(text[span.start : span.end]) is not None
    )


def _half(surface: str) -> int | None:
    """Where a bracket without its other half stands: the last closing one, else the first opening one."""
    closing, opening = None, []
    for place, character in enumerate(surface):
        if character in _CLOSES:
            opening.append(place)
        elif character in _OPENS:
            if opening and surface[opening[-1]] == _OPENS[character]:
                opening.pop()
            else:
                closing = place
    return closing if closing is not None else (opening[0] if opening else None)


def _outside(span: Span, markup: Sequence[tuple[int, int]], encoding: Encoding) -> Span | None:
    """The part of a span before or behind what no name holds, None where it is within that.

    Args:
        markup: [start, end) of each piece of that, in order.
    """
    if span.label not in LABELS:
        return span
    start, end = span.start, span.end
    for first, last in reversed(markup[: bisect_right(markup, (end, 0))]):
        if last <= start:
            break
        if first <= start:
            start = last
        elif start < first < end:
            end = first
    if (start, end) == (span.start, span.end):
        return span
    return _cut(span, start, end, encoding)


def _cut(span: Span, start: int, end: int, encoding: Encoding) -> Span | None:
    """A span with other edges, None where these are not those of tokens."""
    tokens = encoding.whole_tokens(start, end) if start < end else None
    return replace(span, first=tokens[0], last=tokens[1], start=start, end=end) if tokens else None


def _addressed(spans: Sequence[Span], text: str) -> set[str]:
    """The names with a form of address that without it begin another: 林先生 beside 林国华, and not 章鱼小姐."""
    persons = {text[span.start : span.end] for span in spans if span.label == "PERSON"}
    addressed = {name for name in persons if name.endswith(_ADDRESSES)}
    beginnings = {name[:size] for name in persons - addressed for size in range(1, len(name))}
    return {name for name in addressed if name[:-2] in beginnings}


def _trimmed(span: Span, text: str, encoding: Encoding) -> Span:
    if span.label not in LABELS:
        return span
    start, end = span.start, span.end
    half = _half(text[start:end])
    if half is not None:
        place = start + half
        if text[place] in _OPENS:
            start, end = (place + 1, end) if place + 1 < end else (start, place)
        elif place > start and text[end : end + 1] == _CLOSES[text[place]]:
            end += 1
        else:
            start, end = (start, place) if place > start else (place + 1, end)
    while start < end and _is_no_edge(text[start]):
        start += 1
    while start < end and _is_no_edge(text[end - 1]):
        end -= 1
    if (start, end) == (span.start, span.end):
        return span
    return _cut(span, start, end, encoding) or span


def _is_no_edge(character: str) -> bool:
    """Whether no name begins or ends with this character."""
    if character in _MARKS or character.isspace():
        return True
    return unicodedata.category(character) in _SYMBOLS and character not in _NAME_SYMBOLS
