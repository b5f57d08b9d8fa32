"""What a user would otherwise reach for, in the model's form so that it is scored like the model.

jieba         PERSON and ORG from jieba's part-of-speech tags, on the text as it is
jieba-view    the same on `model_view` of the text: jieba knows simplified characters only
jionlp        MONEY from JioNLP's extractor
nearest-name  departures from trigger words and the names nearest to them, on jieba-view's names

The rules are what an engineer writes in an hour, tuned on news-units train and on nothing
else. Their packages are the extra `baselines`; they are imported when a baseline first runs.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ie_model.decoding import Span
from ie_model.document import Document, Entity
from ie_model.facts import departures_of
from ie_model.relations import Frame
from ie_model.script import model_view
from ie_model.windows import split_sentences
from training.data.example import Example
from training.errors import TrainingError


class BaselineError(TrainingError):
    """A baseline lacks a package; the message names the remedy."""


def packages_missing(*packages: str) -> tuple[str, ...]:
    """Those that are not installed."""
    return tuple(package for package in packages if find_spec(package) is None)


@dataclass(frozen=True)
class Baseline:
    """A rule or library that answers some of what the model answers.

    Attributes:
        labels: those that it answers for; the others are not to be scored.
        departures: whether it finds departures.
        packages: what it imports, beyond the package's own dependencies.
    """

    name: str
    labels: tuple[str, ...]
    departures: bool
    packages: tuple[str, ...]
    extract: Callable[[str], Document]

    def missing(self) -> tuple[str, ...]:
        return packages_missing(*self.packages)

    def available(self) -> bool:
        return not self.missing()

    def remedy(self) -> str:
        """What is missing and how to get it; empty if nothing is."""
        if not self.missing():
            return ""
        return f"baseline {self.name} needs {', '.join(self.missing())}: pip install 'ie-model[baselines]'"

    def __call__(self, text: str) -> Document:
        if not self.available():
            raise BaselineError(self.remedy())
        return self.extract(text)


def _document(text: str, spans: Sequence[Span], frames: Sequence[Frame] = ()) -> Document:
    entities = tuple(Entity(s.label, text[s.start : s.end], s.start, s.end, s.score) for s in spans)
    return Document(text=text, entities=entities, departures=departures_of(text, spans, frames))


def _span(label: str, start: int, end: int) -> Span:
    """A span without tokens: its characters stand for them."""
    return Span(label, start, end, start, end, 1.0)


# --- jieba -------------------------------------------------------------------------------

_PERSON_TAGS = {"nr", "nrfg", "nrt"}
#: Tags that a company's own name gets, before a word such as 公司.
_NAME_TAGS = _PERSON_TAGS | {"ns", "nz", "nt", "eng", "j"}
_ORG_TAIL = re.compile(
    "公司|集团|科技|银行|大学|资本|基金|证券|汽车|股份|控股|传媒|学院|研究院|实验室|法院|政府|委员会|投资|创投"
    "|医药|生物|智能|网络|技术|电子"
)
_DOTS = frozenset("·•・‧．")


@cache
def _tagger() -> Any:
    jieba = import_module("jieba")
    jieba.setLogLevel(60)  # it reports every start on stderr
    return import_module("jieba.posseg")


def jieba_names(text: str, *, view: bool = False) -> list[Span]:
    """PERSON and ORG by jieba's tags.

    PERSON: nr, nrfg and nrt tokens; neighbours are one name (弗里德 + 曼), also across the
    dot of a foreign name, whatever the tag of the part after it; single characters are
    left out. ORG: nt tokens with the place names before them (印度 + 财政部), and name
    tokens closed by words such as 集团 and 公司; that comes first where both would hold.

    Args:
        view: tag the simplified, half-width form; it has the same offsets.
    """
    tokens, at = [], 0
    for word, tag in _tagger().cut(model_view(text) if view else text):
        tokens.append((at, at + len(word), word, tag))
        at += len(word)
    spans = [_span("ORG", *place) for place in _organizations(tokens)]
    taken = {offset for span in spans for offset in range(span.start, span.end)}
    persons = [p for p in _persons(tokens) if p[1] - p[0] > 1 and taken.isdisjoint(range(*p))]
    return sorted([*spans, *(_span("PERSON", *place) for place in persons)], key=lambda span: span.start)


_Token = tuple[int, int, str, str]


def _organizations(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    low = 0  # tokens before this one are used
    for index, (_, _, word, tag) in enumerate(tokens):
        closes = index > low and _ORG_TAIL.fullmatch(word) and tokens[index - 1][3] in _NAME_TAGS
        if index < low or not (tag == "nt" or closes):
            continue
        before = _NAME_TAGS if closes and tag != "nt" else {"ns", "nt"}
        first, last = index, index + 1
        while first > low and tokens[first - 1][3] in before:
            first -= 1
        while last < len(tokens) and (tokens[last][3] == "nt" or _ORG_TAIL.fullmatch(tokens[last][2])):
            last += 1
        yield tokens[first][0], tokens[last - 1][1]
        low = last


def _persons(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    index = 0
    while index < len(tokens):
        first = index
        if tokens[index][3] in _PERSON_TAGS:
            while index + 1 < len(tokens):
                if tokens[index + 1][3] in _PERSON_TAGS:
                    index += 1
                elif tokens[index + 1][2] in _DOTS and index + 2 < len(tokens):
                    index += 2
                else:
                    break
            yield tokens[first][0], tokens[index][1]
        index += 1


# --- JioNLP ------------------------------------------------------------------------------

#: Hedges, white space and punctuation that the extractor takes into an amount, and a unit
#: of the amount before (… 美元，5000万元).
_NUMERALS = r"\d零〇一二两三四五六七八九十百千万亿数几"
_BEFORE_AMOUNT = re.compile(rf"(?:[^{_NUMERALS}]*,)?[\s,约近达到超过高于低只仅有合逾至]*")
_AFTER_AMOUNT = " \r\n,不等以上下左右"
#: What it takes for an amount: 三元 (of 三元组), or no more than a number.
_NO_AMOUNT = re.compile(r"[一二三四几]个?元|[\d.\-—]*")
_RANGE = re.compile(r"\s*[-~—－至到]\s*")
_RANGE_START = re.compile(r"[\d.,]*\d\s*[万亿]?\s*[-~—－至到]\s*$")


@cache
def _money_extractor() -> Callable[..., list[dict[str, Any]]]:
    with contextlib.redirect_stdout(io.StringIO()):  # importing it prints a greeting
        return import_module("jionlp").ner.extract_money  # type: ignore[no-any-return]


def jionlp_money(text: str) -> list[Span]:
    """MONEY by JioNLP, hedges cut off and the two ends of a range joined, as the guidelines have it."""
    view = model_view(text)
    spans: list[Span] = []
    for found in _money_extractor()(view, with_parsing=False):
        start, end = found["offset"]
        if opening := _BEFORE_AMOUNT.match(view, start, end):
            start = opening.end()
        end = start + len(view[start:end].rstrip(_AFTER_AMOUNT))
        if _NO_AMOUNT.fullmatch(view, start, end):
            continue
        if spans and _RANGE.fullmatch(view, spans[-1].end, start):
            start = spans.pop().start
        elif opening := _RANGE_START.search(view, max(0, start - 16), start):
            start = opening.start()
        spans.append(_span("MONEY", start, end))
    return spans


# --- trigger words and the nearest names -------------------------------------------------

_LEAVE = re.compile(
    "离职|辞职|辞任|卸任|离任|辞去|辞呈|请辞|离开|告别|出走|退任|卸下|解雇|解聘|开除|罢免|免去|免职|退休|跳槽"
    "|下台|离队|不再担任|不再任职|裁掉|被炒|去职|引咎|下课"
)
_JOIN = re.compile("加入|加盟|创办|创立|创建|成立|入职|担任|出任|就任|转投|跳槽到|创始人")
#: The sentence says that the person stays, or denies it.
_STAYS = re.compile("仍担任|仍任|仍保留|继续担任|否认")
_HEDGE = re.compile("被曝|被爆|据悉|传|或将|拟|爆料|知情人")
#: Directly before an organisation, or not far before it.
_FORMER = re.compile(r"(?:前任?|原)\s?$")
_ONCE = re.compile(r"曾[^，,。；;]{0,15}$")
#: Directly after an organisation: 雅虎前高管, not 前往 or 原因.
_FORMER_POST = re.compile(r"\s?的?(?:前|原)(?![往来瞻沿台端后期所日景因创])")
#: Characters at most: from a trigger to its object, from 加入 to the new employer, and
#: from the organisation of a former title to the name that bears it.
_OBJECT, _NEW_EMPLOYER, _TITLE = 3, 15, 40


def nearest_frames(text: str, spans: Sequence[Span]) -> list[Frame]:
    """Departures by trigger words, from spans that someone else found.

    A trigger takes the nearest PERSON of its sentence and, of its ORGs, one that follows
    as its object, else the last before it, else the nearest; where the sentence has none,
    the last one before it. 前 or 原 at an ORG takes the next PERSON, 曾 the last. Status is
    `reported` after a hedge in the sentence, `former` for 前, 原 and 曾, else `stated`.
    Roles are those between the two names or beside one; joined is what follows 加入 and
    the like in the sentence.
    """
    view = model_view(text)
    every = [[i for i, s in enumerate(spans) if s.label == label] for label in ("PERSON", "ORG", "ROLE")]
    frames: list[Frame] = []
    for start, end in split_sentences(view):
        persons, orgs, roles = ([i for i in kind if start <= spans[i].start and spans[i].end <= end] for kind in every)
        joined = {
            next((i for i in orgs if 0 <= spans[i].start - match.end() <= _NEW_EMPLOYER), None)
            for match in _JOIN.finditer(view, start, end)
        }
        left = [i for i in orgs if i not in joined]
        who = persons or [i for i in every[0] if spans[i].end <= start][-1:]
        where = left or [i for i in every[1] if spans[i].end <= start][-1:]
        found: list[tuple[int, int, str]] = []
        for match in _LEAVE.finditer(view, start, end):
            at = match.span()
            inside = any(spans[i].start < at[1] and at[0] < spans[i].end for i in (*persons, *orgs, *roles))
            if inside or not who or not where or _STAYS.search(view, start, end):
                continue
            status = "reported" if _HEDGE.search(view, start, at[0]) else "stated"
            found.append((_nearest(spans, who, at), _left(spans, where, at), status))
        for org in orgs:
            person = _former_holder(view, spans, org, who, start)
            if person is not None:
                found.append((person, org, "former"))
        for person, org, status in found:
            low = min(spans[person].start, spans[org].start)
            high = max(spans[person].end, spans[org].end)
            held = [r for r in roles if low - 1 <= spans[r].start <= high + 1]
            new = [i for i in orgs if i in joined and i != org]
            frames.append(Frame(person, org, 1.0, status, roles=held, joined=new))
    return frames


def _nearest(spans: Sequence[Span], among: Sequence[int], at: tuple[int, int]) -> int:
    return min(among, key=lambda i: max(spans[i].start - at[1], at[0] - spans[i].end))


def _left(spans: Sequence[Span], among: Sequence[int], at: tuple[int, int]) -> int:
    """The organisation that a trigger at these characters speaks of."""
    objects = [i for i in among if 0 <= spans[i].start - at[1] <= _OBJECT]
    before = [i for i in among if spans[i].end <= at[0]]
    return objects[0] if objects else before[-1] if before else _nearest(spans, among, at)


def _former_holder(view: str, spans: Sequence[Span], org: int, persons: Sequence[int], start: int) -> int | None:
    """The person to whom a former title at this organisation belongs, if it is one."""
    place = spans[org]
    if _ONCE.search(view[start : place.start]):
        return next((i for i in reversed(persons) if spans[i].end <= place.start), None)
    holder = next((i for i in persons if 0 <= spans[i].start - place.end <= _TITLE), None)
    if holder is None or re.search("[，,;；]", view[place.end : spans[holder].start]):
        return None
    is_former = _FORMER.search(view[start : place.start]) or _FORMER_POST.match(view, place.end)
    return holder if is_former else None


def nearest_names(text: str, spans: Sequence[Span] | None = None) -> Document:
    """Departures by `nearest_frames`, on jieba's names or on the given spans."""
    spans = jieba_names(text, view=True) if spans is None else spans
    return _document(text, spans, nearest_frames(text, spans))


def gold_spans(example: Example) -> list[Span]:
    """An example's spans in the form that `nearest_names` takes: the rule without errors in the names."""
    return [_span(span.label, span.start, span.end) for span in example.spans]


_NAMES = ("PERSON", "ORG")
BASELINES = {
    baseline.name: baseline
    for baseline in (
        Baseline("jieba", _NAMES, False, ("jieba",), lambda t: _document(t, jieba_names(t))),
        Baseline("jieba-view", _NAMES, False, ("jieba",), lambda t: _document(t, jieba_names(t, view=True))),
        Baseline("jionlp", ("MONEY",), False, ("jionlp",), lambda t: _document(t, jionlp_money(t))),
        Baseline("nearest-name", _NAMES, True, ("jieba",), nearest_names),
    )
}
