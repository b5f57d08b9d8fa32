"""Lists of people and of organisations: what is said of one of a list is said of the others.

The link head scores each pair by itself, and reaches best to the nearest name. Where names stand in a list,
the text ties them together more closely than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from ie_model.clauses import clause_around
from ie_model.dates import TimeSpan
from ie_model.decoding import Span
from ie_model.relations import Frame, in_order

#: Between two names of a list.
_LISTED = frozenset({"、", "和", "及", "以及", "与", "與"})
#: Before a list of organisations: each was left for the next, and not all of them for the same new employer.
_IN_TURN = re.compile("先[后後]|[历歷]任|依次|相[继繼]|[辗輾][转轉]")
#: Between a list of people and one of as many organisations, each of which is one of theirs.
_EACH = re.compile(
    r"[^。；;\n]{0,10}分[别別]"
    r"(?:[从從自在]|[离離][开開]了?|[来來出]自|[任就供][职職][于於]|[担擔]?任[过過]?|[辞辭]去了?|卸任了?|服[务務][于於])"
)
#: Between an organisation and the person whom it stands before.
_HELD_BY = frozenset({"", "的"})


def completed(text: str, spans: Sequence[Span], frames: Sequence[Frame]) -> list[Frame]:
    """The frames, with what the lists in the text add to them, and without what they rule out.

    Args:
        spans: in the order of the text; frames have indices into them.
    """
    persons, organizations = (
        [group for group in lists_of(text, spans, label) if len(group) > 1] for label in ("PERSON", "ORG")
    )
    found = _with_whole_lists_left(text, spans, list(frames), organizations)
    found = _with_each_his_own(text, spans, found, persons, organizations)
    found = _with_whole_lists(found, persons)
    found = _without_others_employers(text, spans, found)
    return in_order(_with_shared_employers(text, spans, found, organizations))


def surface_of(text: str, spans: Sequence[Span], index: int) -> str:
    """The words of a span."""
    span = spans[index]
    return text[span.start : span.end]


def lists_of(text: str, spans: Sequence[Span], label: str) -> list[list[int]]:
    """The names of a label, those together that stand in one list: 甲、乙和丙."""
    lists: list[list[int]] = []
    for index, span in enumerate(spans):
        if span.label != label:
            continue
        last = lists[-1][-1] if lists else -2
        if last == index - 1 and text[spans[last].end : span.start].strip() in _LISTED:
            lists[-1].append(index)
        else:
            lists.append([index])
    return lists


def _with_whole_lists_left(
    text: str, spans: Sequence[Span], frames: list[Frame], organizations: Sequence[list[int]]
) -> list[Frame]:
    """他曾在星河、青木和蓝湾任职: who left one of a list left them all.

    Where each is said to have come after the other, the last may be where they are now.
    """
    result = list(frames)
    by_organization = _positions(frame.organization for frame in frames)
    for listed in organizations:
        by_person: dict[int, dict[int, Frame]] = {}
        for number in sorted(number for one in listed for number in by_organization.get(one, ())):
            by_person.setdefault(frames[number].person, {})[frames[number].organization] = frames[number]
        if not by_person:
            continue
        holder = _holder_after(text, spans, listed[-1])
        surely_left = listed[:-1] if _left_in_turn(text, spans, listed[0]) else listed
        for person, left in by_person.items():
            if holder not in {None, person}:
                continue
            like = min(left.values(), key=lambda frame: frame.score)
            others = [one for one in surely_left if one not in left and one not in like.joined]
            same = replace(like, date=_one_date(left.values()))
            result += [replace(same, organization=one, roles=[*like.roles], joined=[*like.joined]) for one in others]
    return result


def _positions(keys: Iterable[int]) -> dict[int, list[int]]:
    """At which places each key stands."""
    found: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        found.setdefault(key, []).append(place)
    return found


def _holder_after(text: str, spans: Sequence[Span], organization: int) -> int | None:
    """The person whose name stands behind an organisation, or behind a title held there: 青木总裁陈以宁."""
    for index in range(organization + 1, len(spans)):
        if text[spans[index - 1].end : spans[index].start] not in _HELD_BY or spans[index].label == "ORG":
            return None
        if spans[index].label == "PERSON":
            return index
    return None


def _left_in_turn(text: str, spans: Sequence[Span], organization: int) -> bool:
    """Whether the words before a list of organisations say that each was left for the next."""
    first = spans[organization]
    return bool(_IN_TURN.search(text[clause_around(text, first.start, first.end).start : first.start]))


def _with_each_his_own(
    text: str,
    spans: Sequence[Span],
    frames: list[Frame],
    persons: Sequence[list[int]],
    organizations: Sequence[list[int]],
) -> list[Frame]:
    """甲、乙分别从星河、青木离职: 甲 left 星河 and 乙 青木, and nobody of them anything else of these."""
    left = {group[0]: group for group in organizations}
    by_person = _positions(frame.person for frame in frames)
    gone: set[int] = set()
    added: list[Frame] = []
    for people in persons:
        firms = left.get(people[-1] + 1, [])
        if len(firms) != len(people) or not _EACH.fullmatch(text, spans[people[-1]].end, spans[firms[0]].start):
            continue
        numbers = [
            number for one in people for number in by_person.get(one, ()) if frames[number].organization in firms
        ]
        if not numbers:
            continue
        told = [frames[number] for number in numbers]
        gone.update(numbers)
        own = {(frame.person, frame.organization): frame for frame in told}
        least = replace(min(told, key=lambda frame: frame.score), date=None)
        employers = _listed_employers(told, organizations, len(people))
        for place, (person, firm) in enumerate(zip(people, firms, strict=True)):
            other = replace(least, person=person, organization=firm, roles=[], joined=[])
            frame = own.get((person, firm), other)
            if employers:
                joined = [target for target in frame.joined if target not in employers]
                frame = replace(frame, joined=[*joined, employers[place]])
            added.append(frame)
    return [frame for number, frame in enumerate(frames) if number not in gone] + added


def _listed_employers(frames: Sequence[Frame], organizations: Sequence[list[int]], count: int) -> list[int]:
    """The list of as many organisations from which these frames have new employers: 分别…离职，加入美团、京东."""
    targets = {target for frame in frames for target in frame.joined}
    return next((group for group in organizations if len(group) == count and targets & set(group)), [])


def _with_whole_lists(frames: list[Frame], persons: Sequence[list[int]]) -> list[Frame]:
    """甲、乙、丙先后离开星河: where the first and the last of a list left it, those between did."""
    by_person: dict[int, dict[int, Frame]] = {}
    for frame in frames:
        by_person.setdefault(frame.person, {})[frame.organization] = frame
    result = list(frames)
    for people in persons:
        first, *between, last = (by_person.get(person, {}) for person in people)
        for organization in first.keys() & last.keys():
            ends = first[organization], last[organization]
            like = replace(ends[0], score=min(frame.score for frame in ends), date=_one_date(ends))
            result += [
                replace(like, person=person, roles=[], joined=[*like.joined])
                for person, left in zip(people[1:-1], between, strict=True)
                if organization not in left
            ]
    return result


def _one_date(frames: Iterable[Frame]) -> TimeSpan | None:
    """The date of some departures, if all have the same."""
    dates = {frame.date for frame in frames}
    return dates.pop() if len(dates) == 1 else None


def _without_others_employers(text: str, spans: Sequence[Span], frames: list[Frame]) -> list[Frame]:
    """星河的甲来自青木，云栖的乙来自蓝湾: 云栖 is where 乙 went, and not 甲; 甲加入青木，乙创办蓝湾: each has one."""
    names = {surface_of(text, spans, person) for person in {frame.person for frame in frames}}
    subjects = {target: _subjects_before(text, spans, target) for frame in frames for target in frame.joined}

    def is_anothers(target: int, person: int) -> bool:
        own, after = surface_of(text, spans, person), target + 1
        if after < len(spans) and spans[after].label == "PERSON":
            holds = text[spans[target].end : spans[after].start] in _HELD_BY
            if holds and surface_of(text, spans, after) in names - {own}:
                return True
        told = subjects[target]
        return bool(told) and own not in told and told <= names

    return [
        replace(frame, joined=[target for target in frame.joined if not is_anothers(target, frame.person)])
        for frame in frames
    ]


def _subjects_before(text: str, spans: Sequence[Span], target: int) -> set[str]:
    """The persons named before an organisation in its clause."""
    clause = clause_around(text, spans[target].start, spans[target].end)
    before = takewhile(lambda index: spans[index].start >= clause.start, range(target - 1, -1, -1))
    return {surface_of(text, spans, index) for index in before if spans[index].label == "PERSON"}


def _with_shared_employers(
    text: str, spans: Sequence[Span], frames: list[Frame], organizations: Sequence[list[int]]
) -> list[Frame]:
    """在创办蓝湾之前，他在星河和青木任职: the new employer is that of all whom the list names.

    So it is where the titles before a name tell of several: 前星河总裁、前青木董事甲加入蓝湾. The link head binds a
    new employer to the nearest organisation alone. None of those that were left is one for the others.
    """
    result = list(frames)
    followers = {organization for group in organizations for organization in group[1:]}
    by_person = sorted(range(len(result)), key=lambda number: (result[number].person, result[number].organization))
    groups: list[list[int]] = []
    for number in by_person:
        person, organization = result[number].person, result[number].organization
        last = result[groups[-1][-1]] if groups else None
        listed = last and organization in followers and last.organization == organization - 1
        if last and last.person == person and (listed or _is_title_chain(text, spans[last.organization : person + 1])):
            groups[-1].append(number)
        else:
            groups.append([number])
    for group in groups:
        if len(group) < 2 or _left_in_turn(text, spans, result[group[0]].organization):
            continue
        left = {result[number].organization for number in group}
        joined = dict.fromkeys(target for number in group for target in result[number].joined if target not in left)
        for number in group:
            result[number] = replace(result[number], joined=list(joined))
    return result


def _is_title_chain(text: str, spans: Sequence[Span]) -> bool:
    """Whether an organisation, titles and further organisations stand before a name in one clause."""
    if len(spans) < 3 or any(span.label not in ("ORG", "ROLE") for span in spans[:-1]):
        return False
    return clause_around(text, spans[0].start, spans[0].end).end >= spans[-1].end
