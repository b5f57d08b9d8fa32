"""Frames to facts: one departure per person and organisation in an article."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence

from ie_model.clauses import clause_around, until_said
from ie_model.decoding import Span
from ie_model.document import Date, Departure, Evidence
from ie_model.leaving import LEAVING
from ie_model.lists import completed, surface_of
from ie_model.names import cluster, fullest_variant, normal_form
from ie_model.relations import STATUSES, Frame
from ie_model.script import model_view

#: What may stand between a role and the organisation that it is held in …
_HOLDS = frozenset({"", "的", " "})
#: … and between two roles that one person holds there.
_STACKED = frozenset({"", "兼", "、", "及", "和", "暨", "/", "與", "与", " 兼 ", " "})
#: Before an organisation to which somebody came, and one to which somebody came back.
_JOINING = re.compile("(?:加入|加盟|入职|转投|投奔|重返|创[办立建])了?[ ]?$")
_BACK = re.compile("(?:重返|重回|回到|回归|返回|重新加入|再次加入)了?[ ]?$")
#: A passage that is less sure than the surest by no more than this may be the evidence, if it is shorter: names that
#: stand a sentence apart are linked as surely as those beside the words that say so.
CLOSE = 0.1


def holder_of(text: str, spans: Sequence[Span], role: int) -> int | None:
    """Which organisation a role stands with, as indices into sorted spans: 星河科技首席财务官兼董事.

    None where it stands with none, as in 辞去首席财务官职务.
    """
    for index in range(role, 0, -1):
        before = spans[index - 1]
        between = text[before.end : spans[index].start]
        if before.label == "ORG":
            return index - 1 if between in _HOLDS else None
        if before.label != "ROLE" or between not in _STACKED:
            return None
    return None


def departures_of(
    text: str, spans: Sequence[Span], frames: Sequence[Frame], *, published: str | None = None
) -> tuple[Departure, ...]:
    """The facts of one article, in the order of their evidence: its frames, completed from its lists and merged."""
    facts = merged(text, spans, completed(text, spans, frames), published=published) if frames else {}
    return tuple(sorted(facts.values(), key=lambda departure: departure.evidence))


def merged(
    text: str, spans: Sequence[Span], frames: Sequence[Frame], *, published: str | None = None
) -> dict[tuple[int, int], Departure]:
    """Merge frames into facts, by the canonical mentions of their person and organisation.

    Mentions that `names.cluster` finds equal are one person or organisation. Status and evidence are those of the
    frames with a word of leaving, if there are any that are more than "former": the strongest status that one gives
    (stated, reported, former), and the shortest passage of those with this status that are as good as the surest
    (CLOSE). Roles and new employers are the union. The date is that of the surest frame which has one, those that
    decide first, by their status.

    Args:
        spans: in the order of the text.
    """
    canonical = cluster(text, spans)
    passages = [_passage(text, spans, frame) for frame in frames]
    says = [LEAVING.search(model_view(text[one.start : one.end])) is not None for one in passages]
    facts: dict[tuple[int, int], list[int]] = {}
    for number, frame in enumerate(frames):
        facts.setdefault((canonical[frame.person], canonical[frame.organization]), []).append(number)
    forms = _Forms(text, spans, canonical, heads={head for key in facts for head in key})
    roles: dict[tuple[int, int], dict[str, str]] = {key: {} for key in facts}
    for frame in frames:
        for role in frame.roles:
            # A role that stands with another organisation was given up there, if the person left that one too.
            holder = holder_of(text, spans, role)
            key = canonical[frame.person], canonical[frame.organization if holder is None else holder]
            if key in roles:
                surface = surface_of(text, spans, role)
                roles[key][normal_form(surface)] = surface
    result = {}
    for (person, organization), numbers in facts.items():
        group = [frames[number] for number in numbers]
        saying = {n for n in numbers if says[n] and frames[n].status != "former"}
        ordered = sorted(numbers, key=lambda n: (n not in saying, STATUSES.index(frames[n].status), -frames[n].score))
        strongest = frames[ordered[0]]
        name, left = surface_of(text, spans, person), forms.fullest(organization, strongest.organization)
        joined = {
            canonical[target]: surface_of(text, spans, target)
            for frame in group
            for target in frame.joined
            if canonical[target] != organization or _stands_after(_BACK, text, spans[target])
        }
        as_sure = [
            (passages[number], says[number], _stands_after(_JOINING, text, spans[frames[number].organization]))
            for number in numbers
            if (number in saying or not saying)
            and frames[number].status == strongest.status
            and frames[number].score >= strongest.score - CLOSE
        ]
        time = next((found for number in ordered if (found := frames[number].date)), None)
        result[person, organization] = Departure(
            person=name,
            organization=left,
            status=strongest.status,
            score=max(frame.score for frame in group),
            evidence=_best(as_sure),
            person_aliases=forms.but(person, name),
            organization_aliases=forms.but(organization, left),
            roles=tuple(roles[person, organization].values()),
            joined=tuple(joined.values()),
            date=Date(time.text, time.value(published=published)) if time else None,
            mentions=tuple(sorted({passages[number] for number in numbers})),
        )
    return result


def _stands_after(words: re.Pattern[str], text: str, span: Span) -> bool:
    """Whether these words stand right before a span."""
    return words.search(model_view(text[max(0, span.start - 6) : span.start])) is not None


class _Forms:
    """The forms of some clusters' names, in order of appearance; what is asked twice is worked out once.

    An organisation of a long text has many forms and many that leave it.
    """

    def __init__(self, text: str, spans: Sequence[Span], canonical: Sequence[int], *, heads: Collection[int]) -> None:
        self._text, self._spans = text, spans
        self._of: dict[int, dict[str, None]] = {head: {} for head in heads}
        for head, span in zip(canonical, spans, strict=True):
            if head in self._of:
                self._of[head].setdefault(text[span.start : span.end])
        self._fullest: dict[tuple[int, str], str] = {}
        self._but: dict[tuple[int, str], tuple[str, ...]] = {}

    def fullest(self, head: int, mention: int) -> str:
        """The fullest variant of a mention's name in its cluster."""
        key = head, surface_of(self._text, self._spans, mention)
        if key not in self._fullest:
            self._fullest[key] = fullest_variant(key[1], self._of[head])
        return self._fullest[key]

    def but(self, head: int, name: str) -> tuple[str, ...]:
        """A cluster's other forms."""
        key = head, name
        if key not in self._but:
            self._but[key] = tuple(form for form in self._of[head] if form != name)
        return self._but[key]


def _best(passages: Sequence[tuple[Evidence, bool, bool]]) -> Evidence:
    """The shortest of some passages; of those that have a word of leaving, if any has.

    Args:
        passages: each with whether it has such a word, and whether it tells how the person came to the organisation:
            甲离开星河，加入青木 is no evidence that 青木 was left, unless there is no other.
    """

    def rank(passage: tuple[Evidence, bool, bool]) -> tuple[bool, bool, int]:
        evidence, says, joins = passage
        return not says, joins, evidence.end - evidence.start

    return min(passages, key=rank)[0]


def _passage(text: str, spans: Sequence[Span], frame: Frame) -> Evidence:
    """The clauses in which a frame has its person and organisation, up to the one that says that they parted."""
    clauses = clause_around(text, *_extent(spans, frame))
    if frame.status == "former":  # a title or a CV says it, without a word of leaving
        return clauses
    following = bisect_left(spans, clauses.end, key=lambda span: span.start)
    near = (spans[index] for index in range(following, min(following + 8, len(spans))))
    others = (span.start for span in near if span.label == "PERSON")
    return until_said(text, clauses, LEAVING, until=next(others, len(text)))


def _extent(spans: Sequence[Span], frame: Frame) -> tuple[int, int]:
    a, b = spans[frame.person], spans[frame.organization]
    return min(a.start, b.start), max(a.end, b.end)
