"""Scores on sets of events: DuEE 1.0 departures and DuEE-Fin changes of management.

These sets give arguments, not spans, and cut them otherwise than this project's
guidelines do, so a name is compared with an argument by rule.

**A name is right** when `names.same_person` or `names.same_organization` equates it with the
argument, or when, in normal form, it stands in the argument: an organisation's anywhere
(南京银行(601009.SH)), a person's up to the argument's end, a bracket, a separator or an
honorific, because titles come first (蔚来软件发展（中国）副总裁庄莉: 庄莉 is right, 庄 is not). An
organisation is right, too, when the argument stands in its name. A departure answers with
all its names for a person or an organisation.

**What counts.** An item counts once a text, however many events repeat it. An argument
that names several persons (监事张宛东、高天) is as many items as persons predicted that match
it, at least one. An argument that names nobody is no item, since the guidelines mark no
such mention (两名员工, 汇丰集团行政总裁, 东家; for an organisation also a title, 英国首相);
`nameless` counts them. Where an event leaves a side open, or has such an argument there,
nobody knows whether a prediction is right on that side: one that matches the event's other
side is then not counted, neither on the open side nor as a pair. A gold pair needs both.

**The headline** is taken over every text, and leaves out predictions of status `former`.
DuEE marks one event per trigger word (辞职, 解雇 …), so a former title (前阿里巴巴副总裁) is
no event and finding it is no fault; but a departure that is found in a text without events
is a fault, because the two types are marked completely and most texts of a user are such.
Beside it stand `with_former`, all predictions, and `event_texts`, over the texts with an
event only: how precise the names are once it is known that somebody left.

DuEE files a member who quits a team or a firm as 退出, apart from its departures, and somebody
suspended as 停职. Both types are noisy neighbours, so the headline leaves them out: a departure
of a person whom such an event names is neither right nor wrong. `close_as_faults` has the
headline's figures where each of these counts as a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ie_model.document import Departure, Document
from ie_model.encoding import is_latin
from ie_model.names import normal_form, same_organization, same_person
from ie_model.script import model_view
from training.data.duee import Argument, DuEEText
from training.data.duee_fin import DuEEFinDocument, ManagementChange
from training.scoring import Counts, figures

#: How a person's argument ends that names nobody: a Chinese title stands before the name.
_NAMELESS_PERSON = re.compile(
    "(?:员工|人员|高管|高层|高官|官员|军官|领导|主管|董事|监事|总监|监督|督导|主席|总裁|总经理|副总|经理|董秘|秘书|董事长"
    "|社长|首席.{1,3}官|c[a-z]o|vp|负责人|代表|创始人|合伙人|发言人|经纪人|主持人|制作人|测评人|主人|老人|工人|[\\d名几两]人"
    "|书记|校长|院长|局长|行长|部长|市长|县长|区长|园长|机长|防长|财长|外长|会长|所长|大臣|大使|特使|首相|外相|总理|总统|总督"
    "|议长|主帅|洋帅|教练|教头|队长|球员|悍将|功臣|天才|巨头|明星|小花|演员|学生|教师|老师|幼师|医生|护士|律师|记者|编辑"
    "|飞行员|审判员|工程师|设计师|分析师|魔术师|女警|警察|男子|女子|女孩|姑娘|小伙子?|夫妻|夫妇|弟弟|劳动者|消费者|[他她们])$"
)
_NAMELESS_ORGANIZATION = re.compile(
    "(?:[一某该]|上市|用人|三甲)*(?:公司|单位|企业|国企|东家|医院|学院|学校|幼儿园|酒吧|球队|俱乐部|领导|董事会|监事会|股东大会"
    "|集团|控股|科技|股份|银行|基金)"
)
_HONORIFIC = re.compile("(?:先生|女士|小姐|同志)$")
_SEVERAL, _POSTS = re.compile("[、,&及和与兼/]"), re.compile("[、,/兼]")
#: What may follow a name inside an argument.
_AFTER_NAME = re.compile(r"$|[\s()（）、,;:&/·•・‧⋅.\-—和及与兼]|先生|女士|小姐|同志|博士|教授|老师")
#: Kinds of change by which somebody leaves a post.
LEAVING = frozenset(
    ["辞职", "辞任", "辞去", "辞呈", "离职", "主动离职", "被动离职", "离任", "卸任", "退任", "退休", "退出", "去职"]
).union(["解聘", "解雇", "开除", "免去", "免职", "罢免", "不再担任", "不再任职"])
#: Before the name of a post these make another post of it: 副总经理 is not 总经理.
_OTHER_POST = re.compile("(?:副|非|独立|执行|常务|联席|名誉|代|代理|助理)$")


_DEATHS = frozenset(("去世", "离世", "逝世"))


@dataclass(frozen=True)
class Event:
    """A gold event and its named arguments; a side without any is open.

    What is close by (an appointment, a transfer) is no departure and no item. Departures
    of its persons are not counted, but for those from its organizations.
    """

    persons: tuple[str, ...]
    organizations: tuple[str, ...]
    titles: tuple[str, ...] = ()
    is_departure: bool = True


def score_duee(texts: Sequence[DuEEText], documents: Sequence[Document]) -> dict[str, Any]:
    """Figures of `person` (who left), `organization` (from where) and `pair` (both, of one event).

    Args:
        documents: the model's documents of the same texts, in the same order.
    """
    parts = ("person", "organization", "pair")
    departures, events, nameless = [], [], 0
    for text in texts:
        found = []
        for departure in text.departures:
            persons, organizations = _named(departure.persons), _named(departure.organizations)
            nameless += len(departure.persons) - len(persons) + len(departure.organizations) - len(organizations)
            found.append(Event(persons, organizations))
        departures.append(found)
        events.append([*found, *(Event(_named(one.persons), (), is_departure=False) for one in text.close)])
    report = _report(events, documents, parts)
    return {**report, "close_as_faults": _headline(departures, documents, parts), "nameless": nameless}


def _named(arguments: Iterable[Argument]) -> tuple[str, ...]:
    """The arguments that name somebody or an organisation."""
    return tuple(one.text for one in arguments if not (_is_title(one.text) or _is_generic(one.text)))


def score_duee_fin(documents_gold: Sequence[DuEEFinDocument], documents: Sequence[Document]) -> dict[str, Any]:
    """Figures of `person` (who left), `pair` (person and company) and `role` (person and post).

    A change is a departure when one of its kinds is in `LEAVING`, unless the person takes
    another post and no other company is named: whoever stays has not left. Deaths are
    none either. Of the persons of other changes nobody knows what they left before, so a
    departure of theirs is not counted, unless it is from the company that appoints them.
    A post is right when the longer of the two ends in the shorter (公司副总经理, 副总经理),
    unless the difference makes it another post (副总经理, 总经理).

    Args:
        documents: the model's documents of headline + newline + text, in the same order.
    """
    events = [[_event(c) for c in gold.changes if not _DEATHS & set(c.kinds)] for gold in documents_gold]
    return _report(events, documents, ("person", "pair", "role"))


def _event(change: ManagementChange) -> Event:
    stays = bool(change.new_titles) and not change.new_companies
    if LEAVING.isdisjoint(change.kinds) or stays:
        moves = bool(change.titles or change.new_companies)
        appointing = change.new_companies if moves else change.companies
        return Event(change.persons, appointing, is_departure=False)
    posts = (post for title in change.titles for post in _POSTS.split(normal_form(title)))
    return Event(change.persons, change.companies, tuple(filter(None, posts)))


# --- comparing names with arguments ------------------------------------------------------


def _is_title(argument: str) -> bool:
    return bool(_NAMELESS_PERSON.search(_HONORIFIC.sub("", normal_form(argument))))


def _is_generic(organization: str) -> bool:
    return bool(_NAMELESS_ORGANIZATION.fullmatch(normal_form(organization)))


def _is_person(departure: Departure, arguments: Iterable[str]) -> bool:
    names = (departure.person, *departure.person_aliases)
    return any(_stands_in(name, one) or same_person(name, one) for one in arguments for name in names)


def _is_organization(departure: Departure, arguments: Iterable[str]) -> bool:
    names = [n for n in (departure.organization, *departure.organization_aliases) if not _is_generic(n)]
    return any(
        _stands_in(name, one, anywhere=True) or normal_form(one) in normal_form(name) or same_organization(name, one)
        for one in arguments
        for name in names
    )


def _stands_in(name: str, argument: str, *, anywhere: bool = False) -> bool:
    """Whether the argument holds the name, with an end after it unless it may stand anywhere."""
    short, long = normal_form(name), model_view(argument).lower()
    for match in re.finditer(r"\s*".join(map(re.escape, short)), long):
        before, after = long[: match.start()][-1:], long[match.end() :]
        if (is_latin(before) and is_latin(short[0])) or (is_latin(short[-1]) and is_latin(after[:1])):
            continue  # within a word
        ends = _AFTER_NAME.match(after) or is_latin(short[-1]) != is_latin(after[:1])
        if (len(short) > 1 and (anywhere or ends)) or _HONORIFIC.match(after):
            return True
    return False


def _is_post(role: str, title: str) -> bool:
    short, long = sorted((normal_form(role), title), key=len)
    return long.endswith(short) and not _OTHER_POST.search(long[: len(long) - len(short)])


# --- counting ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Item:
    """What can be found in a text, or what was found: sides that do not matter are empty."""

    persons: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    post: str = ""

    def has(self, departure: Departure, role: str) -> bool:
        return (
            (not self.persons or _is_person(departure, self.persons))
            and (not self.organizations or _is_organization(departure, self.organizations))
            and (not self.post or _is_post(role, self.post))
        )

    def takes(self, departure: Departure, role: str, so_far: Collection[str]) -> bool:
        """Whether it has this, and is not taken, or names another person than those so far."""
        free = not so_far or (departure.person not in so_far and any(map(_SEVERAL.search, self.persons)))
        return free and self.has(departure, role)


def _items(events: Sequence[Event], part: str) -> list[_Item]:
    """The distinct gold items of a text."""
    persons = _merged((e.persons for e in events if e.is_departure), same_person)
    organizations = _merged((e.organizations for e in events if e.is_departure), same_organization)
    if part == "person":
        return [_Item(persons=names) for names in dict.fromkeys(persons.values())]
    if part == "organization":
        return [_Item(organizations=names) for names in dict.fromkeys(organizations.values())]
    items: dict[_Item, None] = {}
    for event in events:
        for one in event.persons if event.is_departure else ():
            if part == "pair":
                items.update(dict.fromkeys(_Item(persons[one], organizations[o]) for o in event.organizations))
            else:
                items.update(dict.fromkeys(_Item(persons[one], post=title) for title in event.titles))
    return list(items)


def _merged(sides: Iterable[tuple[str, ...]], same: Callable[[str, str], bool]) -> dict[str, tuple[str, ...]]:
    """Every argument to all arguments of the text that name the same."""
    groups: list[list[str]] = []
    for argument in sorted({argument for side in sides for argument in side}, key=lambda a: (-len(a), a)):
        form = normal_form(argument)
        group = next((g for g in groups if any(form in normal_form(o) or same(argument, o) for o in g)), None)
        if group is None:
            groups.append(group := [])
        group.append(argument)
    return {argument: tuple(group) for group in groups for argument in group}


def _predictions(departures: Sequence[Departure], part: str) -> list[tuple[list[Departure], str]]:
    """The distinct predicted items of a text: the departures that say it, and the role if it is one."""
    groups: dict[tuple[str, ...], list[Departure]] = {}
    for departure in departures:
        person, organization = departure.person, departure.organization
        keys: dict[str, list[tuple[str, ...]]] = {
            "person": [(person, "")],
            "organization": [(organization, "")],
            "pair": [(person, organization, "")],
            "role": [(person, normal_form(role)) for role in departure.roles],
        }
        for key in keys[part]:
            groups.setdefault(key, []).append(departure)
    return [(group, key[-1]) for key, group in groups.items()]


def _is_unknown(departure: Departure, events: Sequence[Event], part: str) -> bool:
    """Whether an event accounts for the prediction but cannot say whether it is right."""
    for event in events:
        person = _is_person(departure, event.persons)
        organization = _is_organization(departure, event.organizations)
        if not event.is_departure:
            unknown = person and not organization
        elif part == "role":
            unknown = person and not event.titles
        else:
            on_person = part != "organization" and organization and not event.persons
            unknown = on_person or (part != "person" and person and not event.organizations)
        if unknown:
            return True
    return False


def _counts(events: Sequence[Event], departures: Sequence[Departure], part: str) -> Counts:
    items = _items(events, part)
    found: list[list[str]] = [[] for _ in items]
    wrong = 0
    for group, role in _predictions(departures, part):
        taker = next((f for i, f in zip(items, found, strict=True) if any(i.takes(d, role, f) for d in group)), None)
        if taker is not None:
            taker.append(group[0].person)
        elif not any(_is_unknown(departure, events, part) for departure in group):
            wrong += 1
    right = sum(map(len, found))
    return Counts(right, right + wrong, sum(max(1, len(persons)) for persons in found))


def _report(events: Sequence[Sequence[Event]], documents: Sequence[Document], parts: Sequence[str]) -> dict[str, Any]:
    """The headline's parts, and the two secondary figures."""
    if len(events) != len(documents):
        raise ValueError(f"{len(events)} texts but {len(documents)} documents")
    eventful = [i for i, found in enumerate(events) if any(event.is_departure for event in found)]
    return {
        "documents": len(events),
        "documents_with_events": len(eventful),
        **_headline(events, documents, parts),
        "with_former": _headline(events, documents, parts, former=True),
        "event_texts": _headline([events[i] for i in eventful], [documents[i] for i in eventful], parts),
    }


def _headline(
    events: Sequence[Sequence[Event]], documents: Sequence[Document], parts: Sequence[str], *, former: bool = False
) -> dict[str, Any]:
    """The figures by part, without predictions of status `former` unless they are asked for."""
    found = [[d for d in document.departures if former or d.status != "former"] for document in documents]
    texts = list(zip(events, found, strict=True))
    return {part: figures([_counts(gold, told, part) for gold, told in texts]) for part in parts}
