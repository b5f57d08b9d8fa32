"""DuEE 1.0: short news texts with events, of which two types are departures.

组织关系-辞/离职 (a person leaves) and 组织关系-解雇 (a person is dismissed): who, from where,
when. 离职者 and 被解雇人员 → persons, 原所属组织 and 解雇方 → organizations, 时间 → dates. The two
types are marked completely; names that no event needs are not marked, so the set gives no
PERSON or ORG spans.

Two types are noisy neighbours of these, 组织关系-退出 (shows, teams, companies) and
组织关系-停职: they stand apart (`DuEEText.close`), since a member who quits a team has left it,
though not as this set files it. A third, 裁员, names no persons. All other types are left out.

A person's argument often holds the title and the company too. Arguments are handed on as
the publisher has them.

Licence: non-commercial research (the LIC2021 participant agreement). Evaluation only: no
published weights may have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.files import check_place, faults_at, read_json_lines

_EXPECTED = "a text of DuEE"
#: event type → role → field of DuEEDeparture
_TYPES = {
    "组织关系-辞/离职": {"离职者": "persons", "原所属组织": "organizations", "时间": "dates"},
    "组织关系-解雇": {"被解雇人员": "persons", "解雇方": "organizations", "时间": "dates"},
}
_CLOSE_TYPES = {
    "组织关系-退出": {"退出方": "persons", "原所属组织": "organizations", "时间": "dates"},
    "组织关系-停职": {"停职人员": "persons", "所属组织": "organizations", "时间": "dates"},
}


@dataclass(frozen=True, order=True)
class Argument:
    """An argument of an event and where it starts in the text."""

    text: str
    start: int


@dataclass(frozen=True)
class DuEEDeparture:
    """One departure event; each of its sides may be empty, or name several."""

    type: str
    trigger: Argument
    persons: tuple[Argument, ...] = ()
    organizations: tuple[Argument, ...] = ()
    dates: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class DuEEText:
    """A text and its departures, none for most, and what it has of the two types close by."""

    id: str
    text: str
    departures: tuple[DuEEDeparture, ...]
    close: tuple[DuEEDeparture, ...] = ()


def read_duee(root: Path, split: str) -> list[DuEEText]:
    """Every text of one split: train or dev."""
    path = root / "DuEE1.0" / f"duee_{split}.json"
    texts = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            departures, close = (
                tuple(
                    _departure(row["text"], event, types[event["event_type"]])
                    for event in row["event_list"]
                    if event["event_type"] in types
                )
                for types in (_TYPES, _CLOSE_TYPES)
            )
            texts.append(DuEEText(row["id"], row["text"], departures, close))
    return texts


def _departure(text: str, event: dict[str, Any], fields: dict[str, str]) -> DuEEDeparture:
    sides: dict[str, list[Argument]] = {"persons": [], "organizations": [], "dates": []}
    for argument in event["arguments"]:
        if argument["role"] not in fields:
            raise ValueError(f"the role {argument['role']!r} is none of {', '.join(fields)}")
        place = Argument(argument["argument"], argument["argument_start_index"])
        check_place(text, place.text, place.start)
        sides[fields[argument["role"]]].append(place)
    trigger = Argument(event["trigger"], event["trigger_start_index"])
    check_place(text, trigger.text, trigger.start)
    return DuEEDeparture(event["event_type"], trigger, **{name: tuple(found) for name, found in sides.items()})
