"""The clauses of a text around what is found in it."""

from __future__ import annotations

import re

from ie_model.document import Evidence
from ie_model.script import model_view

#: A clause ends after these, and the quotation marks and brackets that close with it; the comma of 1,000 ends none.
_CLAUSE_END = re.compile(r"(?:[。！？!?；;，\n\r…丨｜|]|\.{3,}|(?<![0-9]),|,(?![0-9]))[”’」』）)]*")
#: What is printed before a sentence: 【人事】, 〔記者…報導〕, （中央社…電）, and the end of a bracket.
_HEADING = re.compile(
    r"(?:\s*(?:[【〔［][^】〕］\n]{0,40}[】〕］]|[（(][^（()）\n]{0,40}(?:[报報][道导導]|[讯訊电電])[）)])"
    r"|[^（()【〔［\n]{0,20}[）)】〕］])+"
)
_SENTENCE_END = re.compile(r"[。！？!?;\n\r]|\.{3,}")
#: How far a clause is looked for.
_REACH = 400


def clause_around(text: str, start: int, end: int) -> Evidence:
    """The clauses that hold the characters [start, end), without white space and headings at the edges."""
    before = [match.end() for match in _CLAUSE_END.finditer(text, max(0, start - _REACH), start)]
    after = _CLAUSE_END.search(text, end, end + _REACH)
    first = before[-1] if before else max(0, start - _REACH)
    last = after.start() if after else min(len(text), end + _REACH)
    if heading := _HEADING.match(text, first, start):
        first = heading.end()
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return Evidence(first, last)


def until_said(text: str, passage: Evidence, says: re.Pattern[str], *, until: int) -> Evidence:
    """The passage, or where it lacks the words that say so, with the clauses of its sentence up to those.

    Args:
        says: what the words are, in the model's view.
        until: where the next subject is named: words behind it are of that.
    """
    view = model_view(text[passage.start : passage.end + _REACH])
    inner = passage.end - passage.start
    if says.search(view, 0, inner):
        return passage
    stop = _SENTENCE_END.search(view, inner)
    last = stop.start() if stop else len(view)
    word = says.search(view, inner, min(last, until - passage.start))
    if word is None:
        return passage
    after = _CLAUSE_END.search(view, word.end(), last)
    return Evidence(passage.start, passage.start + (after.start() if after else last))
