"""DuEE-Fin: financial news and announcements with events, of which one type is read.

高管变动 (a change of management): 高管姓名 → persons, 任职公司 → companies, 高管职位 → titles,
变动类型 → kinds (辞职, 聘任 …: it tells departures from appointments), 变动后职位 and
变动后公司名称 → new_titles and new_companies, 事件时间 and 披露日期 → dates. All other event
types are left out. The type is marked completely, a document at a time: arguments have no
offsets, so the set gives no spans.

Licence: non-commercial research (inferred: the LIC2021 participant agreement). Evaluation
only: no published weights may have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.data.example import DataError
from training.data.files import faults_at, read_json_lines

_EXPECTED = "a document of DuEE-Fin"
_TYPE = "高管变动"
#: The publisher's train file is at hand in part only: documents whose events share arguments.
_FILES = {"train": "duee_fin_train_part_shared_args.jsonl", "dev": "duee_fin_dev.json"}
#: role → field of ManagementChange
_ROLES = {
    "高管姓名": "persons",
    "任职公司": "companies",
    "高管职位": "titles",
    "变动类型": "kinds",
    "变动后职位": "new_titles",
    "变动后公司名称": "new_companies",
    "事件时间": "dates",
    "披露日期": "dates",
}


@dataclass(frozen=True)
class ManagementChange:
    """One change of management; each of its sides may be empty, or name several."""

    persons: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    new_titles: tuple[str, ...] = ()
    new_companies: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


@dataclass(frozen=True)
class DuEEFinDocument:
    """A document, its headline, and its changes of management, none for most."""

    id: str
    headline: str
    text: str
    changes: tuple[ManagementChange, ...]


def read_duee_fin(root: Path, split: str) -> list[DuEEFinDocument]:
    """The documents of one split, train (in part) or dev."""
    if split not in _FILES:
        raise DataError(f"duee-fin has the splits {', '.join(_FILES)}, not {split!r}")
    path = root / "DuEE-Fin" / _FILES[split]
    documents: list[DuEEFinDocument] = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            headline, text = row["title"], row["text"]
            events = row.get("event_list", [])  # the publisher leaves an empty list out
            changes = tuple(_change(f"{headline}\n{text}", event) for event in events if event["event_type"] == _TYPE)
            documents.append(DuEEFinDocument(row["id"], headline, text, changes))
    return documents


def _change(content: str, event: dict[str, Any]) -> ManagementChange:
    sides: dict[str, list[str]] = {}
    for argument in event["arguments"]:
        role, value = argument["role"], argument["argument"]
        if role not in _ROLES:
            raise ValueError(f"the role {role!r} is none of {', '.join(_ROLES)}")
        if not value or value not in content:
            raise ValueError(f"the {role} {value!r} is neither in the headline nor in the text")
        sides.setdefault(_ROLES[role], []).append(value)
    return ManagementChange(**{name: tuple(values) for name, values in sides.items()})
