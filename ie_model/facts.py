"""Frames to facts: one departure per person and organisation in an article."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ie_model.dates import date_value
from ie_model.decoding import Span
from ie_model.departure_dates import DepartureDates
from ie_model.document import Date, Departure, Evidence
from ie_model.names import cluster, fullest_variant, normal_form
from ie_model.relations import STATUSES, Frame

#: What may stand between a role and the organisation that it is held in …
_HOLDS = frozenset({"", "的", " "})
#: … and between two roles that one person holds there.
_STACKED = frozenset({"", "兼", "、", "及", "和", "暨", "/", "與", "与", " 兼 ", " "})
#: A clause ends after these.
_CLAUSE_END = re.compile(r"[。！？!?；;，,\n\r…]")


def clause_around(text: str, start: int, end: int) -> Evidence:
    """The clauses that hold the characters [start, end), without white space at the edges."""
    before = [match.end() for match in _CLAUSE_END.finditer(text, max(0, start - 400), start)]
    after = _CLAUSE_END.search(text, end, end + 400)
    first = before[-1] if before else max(0, start - 400)
    last = after.start() if after else min(len(text), end + 400)
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return Evidence(first, last)


def holders_of(text: str, spans: Sequence[Span]) -> dict[int, int]:
    """Which organisation each role stands with, as indices into sorted spans: 星河科技首席财务官兼董事.

    Roles that stand with none, as in 辞去首席财务官职务, are left out.
    """
    holders: dict[int, int] = {}
    for index in range(1, len(spans)):
        span, before = spans[index], spans[index - 1]
        if span.label != "ROLE":
            continue
        between = text[before.end : span.start]
        if before.label == "ORG" and between in _HOLDS:
            holders[index] = index - 1
        elif before.label == "ROLE" and index - 1 in holders and between in _STACKED:
            holders[index] = holders[index - 1]
    return holders


def departures_of(
    text: str, spans: Sequence[Span], frames: Sequence[Frame], *, published: str | None = None
) -> tuple[Departure, ...]:
    """Merge the frames of one article into facts, in the order of their first frame.

    Mentions that `names.cluster` finds equal are one person or organisation. The status
    is the strongest that a frame gives (stated, reported, former), the evidence that of the
    surest frame with this status; roles and new employers are the union. The date is
    that of the surest frame which has one, those of the strongest status first.
    """
    if not frames:
        return ()
    canonical = cluster(text, spans)
    dates = DepartureDates(
        text,
        persons=[(span.start, span.end) for span in spans if span.label == "PERSON"],
        organizations=[(span.start, span.end) for span in spans if span.label == "ORG"],
    )
    surfaces = [text[span.start : span.end] for span in spans]
    facts: dict[tuple[int, int], list[Frame]] = {}
    for frame in frames:
        key = (canonical[frame.person], canonical[frame.organization])
        facts.setdefault(key, []).append(frame)

    holders = holders_of(text, spans)
    forms: dict[int, dict[str, None]] = {}  # of each cluster, in order of appearance
    for head, surface in zip(canonical, surfaces, strict=True):
        forms.setdefault(head, {})[surface] = None
    result = []
    for (person, organization), group in facts.items():
        ordered = sorted(group, key=lambda frame: (STATUSES.index(frame.status), -frame.score))
        strongest = ordered[0]
        left = fullest_variant(surfaces[strongest.organization], forms[organization])
        roles = {
            normal_form(surfaces[role]): surfaces[role]
            for frame in group
            for role in frame.roles
            # A role that stands with another organisation was not given up here.
            if canonical[holders.get(role, frame.organization)] == organization
        }
        joined = {
            canonical[target]: surfaces[target]
            for frame in group
            for target in frame.joined
            if canonical[target] != organization
        }
        result.append(
            Departure(
                person=surfaces[person],
                organization=left,
                status=strongest.status,
                score=max(frame.score for frame in group),
                evidence=_passage(text, spans, strongest),
                person_aliases=tuple(form for form in forms[person] if form != surfaces[person]),
                organization_aliases=tuple(form for form in forms[organization] if form != left),
                roles=tuple(roles.values()),
                joined=tuple(joined.values()),
                date=_date(dates, spans, ordered, published),
                mentions=tuple(sorted({_passage(text, spans, frame) for frame in group})),
            )
        )
    return tuple(result)


def _passage(text: str, spans: Sequence[Span], frame: Frame) -> Evidence:
    """The clauses in which a frame has its person and organisation."""
    a, b = spans[frame.person], spans[frame.organization]
    return clause_around(text, min(a.start, b.start), max(a.end, b.end))


def _date(dates: DepartureDates, spans: Sequence[Span], frames: Sequence[Frame], published: str | None) -> Date | None:
    """The date of the first of the frames that the text dates."""
    for frame in frames:
        person, organization = spans[frame.person], spans[frame.organization]
        found = dates.of(person=(person.start, person.end), organization=(organization.start, organization.end))
        if found is not None:
            return Date(found.text, date_value(found.text, published=published, coming=found.coming))
    return None
