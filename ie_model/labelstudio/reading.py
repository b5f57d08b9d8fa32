"""One completion's regions and relations, and every fault in them.

The one reading of Label Studio's results: `check` reports its faults, `import` and
training take what it read where there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ie_model.labelstudio.documents import check_meta, is_finite
from ie_model.labelstudio.interface import NUMBERS, RELATIONS, Interface
from ie_model.labelstudio.offsets import OffsetMap, Unit, guess_unit, same_surface, splits_character
from ie_model.labelstudio.tasks import Completion, Task, own_meta
from ie_model.relations import STATUSES


@dataclass(frozen=True)
class Fault:
    """Something in a task that cannot be right.

    Attributes:
        region: id of the region, or those of a relation's two sides; None for the task itself.
        serious: False where the task can be used all the same.
    """

    task: str
    region: str | None
    wrong: str
    remedy: str
    serious: bool = True

    def __str__(self) -> str:
        place = f"task {self.task}" + (f", region {self.region}" if self.region else "")
        return f"{place}: {self.wrong}; {self.remedy}"


@dataclass(frozen=True)
class Region:
    """A marked span: code points, end exclusive.

    Attributes:
        score: the model's, where it marked this; None for people's.
        meta: what this package wrote beside it.
    """

    id: str
    label: str
    start: int
    end: int
    score: float | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, int, str]:
        return self.start, self.end, self.label


@dataclass(frozen=True)
class MarkedDeparture:
    """One departure as its relations say it."""

    person: Region
    organization: Region
    status: str
    roles: tuple[Region, ...] = ()
    joined: tuple[Region, ...] = ()
    date: Region | None = None


@dataclass(frozen=True)
class Reading:
    """What a completion says.

    Attributes:
        regions: the spans in order of position; flat, unless a fault says otherwise. DATE regions that
            serve departures are not among them.
        departures: None where nothing is known of them: JSON-MIN, or other labels.
    """

    regions: tuple[Region, ...]
    departures: tuple[MarkedDeparture, ...] | None
    faults: tuple[Fault, ...]

    @property
    def usable(self) -> bool:
        return not any(fault.serious for fault in self.faults)


def read_completion(task: Task, completion: Completion, interface: Interface, *, unit: Unit | None = None) -> Reading:
    """Read one result against its text.

    Args:
        unit: what the offsets count; by default the first unit in which all regions fit.
    """
    reader = _Reader(task, interface)
    regions = reader.regions(completion.result, unit)
    departures = None
    if interface.departures and completion.relations:
        departures = reader.departures(completion.result, {region.id: region for region in regions})
    elif completion.relations:
        reader.other_relations(completion.result)
    else:
        reader.fault(None, "JSON-MIN leaves relations out", "export the project as JSON to keep departures", False)
    ordered = sorted(regions, key=lambda region: region.place)
    reader.overlaps(ordered)
    spans = tuple(region for region in ordered if region.label in interface.labels)
    return Reading(spans, departures, tuple(reader.faults))


class _Reader:
    """Reads one result; collects faults."""

    def __init__(self, task: Task, interface: Interface) -> None:
        self._task, self._text, self._interface = task, task.text, interface
        self.faults: list[Fault] = []

    def fault(self, region: object, wrong: str, remedy: str, serious: bool = True) -> None:
        self.faults.append(Fault(self._task.name, None if region is None else str(region), wrong, remedy, serious))

    def regions(self, result: Sequence[Mapping[str, Any]], unit: Unit | None) -> list[Region]:
        ours = []
        for item in result:
            if item.get("type") == "relation":
                continue
            value = item.get("value")
            if item.get("from_name") not in (None, self._interface.label_tag) or not isinstance(value, dict):
                self.fault(item.get("id"), "not a labelled span of the text", "it is left out", False)
            elif self._well_formed(item, value):
                ours.append((item, value))
        if unit is None:
            recorded = [(v["start"], v["end"], v["text"]) for _, v in ours if isinstance(v.get("text"), str)]
            unit = guess_unit(self._text, recorded)
            if unit is not Unit.code_points:
                self.fault(None, f"offsets fit the text only as {unit}", "they were converted", False)
        table = OffsetMap(self._text, unit)
        regions, seen = [], set()
        for item, value in ours:
            region = self._region(item, value, table)
            if region is None:
                continue
            if region.id in seen:
                self.fault(region.id, "two regions have this id", "delete one of them and mark it anew")
                continue
            seen.add(region.id)
            regions.append(region)
        return regions

    def _well_formed(self, item: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
        offsets = value.get("start"), value.get("end")
        if not isinstance(item.get("id", ""), str | int) or "id" not in item:
            self.fault(None, f"a region without an id: {dict(value)!r:.80}", "export full JSON again")
        elif not all(type(offset) is int for offset in offsets):
            self.fault(item["id"], f"offsets {offsets[0]!r} and {offsets[1]!r} are not whole numbers", "mark it anew")
        elif not (isinstance(value.get("labels"), list) and value["labels"]):
            self.fault(item["id"], "a region without a label", "give it one, or delete it")
        else:
            return True
        return False

    def _region(self, item: Mapping[str, Any], value: Mapping[str, Any], table: OffsetMap) -> Region | None:
        id, labels, recorded = str(item["id"]), value["labels"], value.get("text")
        start, end = table.inward(value["start"]), table.inward(value["end"])
        if start is None or end is None or not start < end:
            self.fault(id, f"offsets {value['start']}-{value['end']} are no place in the text", "mark it anew")
            return None
        if len(labels) > 1:
            self.fault(id, f"several labels ({', '.join(map(str, labels))})", "keep one of them")
            return None
        if labels[0] not in self._interface.marks:
            known = ", ".join(self._interface.marks)
            self.fault(id, f"the label {labels[0]} is none of {known}", "relabel it, or name the configuration")
            return None
        found = self._text[start:end]
        if isinstance(recorded, str) and not same_surface(found, recorded):
            self.fault(
                id,
                f"the text at {start}-{end} is {found!r:.60}, not {recorded!r:.60}",
                "was the text changed after it was marked? Mark it anew, or say what offsets count (--offsets)",
            )
            return None
        if found != found.strip():
            self.fault(id, f"white space at the edge of {found!r:.60}", "draw it tighter", bool(not found.strip()))
        if splits_character(self._text, start) or splits_character(self._text, end):
            self.fault(id, f"{found!r:.60} begins or ends inside a character", "draw it wider", False)
        own = own_meta(item.get("meta"))
        try:
            check_meta(own, length=len(self._text))
        except ValueError as error:
            self.fault(id, f"what this package wrote in its meta is damaged ({error})", "mark it anew")
            return None
        score = item.get("score")
        if isinstance(score, int | float) and not is_finite(score):
            self.fault(id, f"its score is {score!r:.40}, no number that JSON has", "give it another, or none")
            return None
        return Region(
            id=id,
            label=labels[0],
            start=start,
            end=end,
            score=float(score) if isinstance(score, int | float) else None,
            meta=own,
        )

    def overlaps(self, ordered: Sequence[Region]) -> None:
        last: Region | None = None
        for region in ordered:
            if last is not None and region.start < last.end:
                self.fault(
                    region.id,
                    f"{self._text[region.start : region.end]!r:.40} overlaps "
                    f"{self._text[last.start : last.end]!r:.40} (region {last.id})",
                    "spans are flat: delete one of them",
                )
            if last is None or region.end > last.end:
                last = region

    def other_relations(self, result: Sequence[Mapping[str, Any]]) -> None:
        if count := sum(item.get("type") == "relation" for item in result):
            self.fault(None, f"{count} relations of labels without departures", "only the spans are read", False)

    def departures(
        self, result: Sequence[Mapping[str, Any]], regions: Mapping[str, Region]
    ) -> tuple[MarkedDeparture, ...]:
        """Group the relations by PERSON and number."""
        frames: dict[tuple[str, str], _Frame] = {}
        unnumbered: list[tuple[Region, Region]] = []
        for kind, person, target, labels in self._relations(result, regions):
            numbers = [label for label in labels if label in NUMBERS]
            if not numbers:
                unnumbered.append((person, target))
            for number in numbers or NUMBERS[:1]:
                frame = frames.setdefault((person.id, number), _Frame(person))
                if kind != "departed_from":
                    frame.targets.setdefault(kind, []).append(target)
                elif frame.organization is None and len(numbers) < 2:
                    frame.organization, frame.status = target, self._status(person, target, labels)
                else:
                    self.fault(
                        f"{person.id} → {target.id}",
                        f"several departures of {self._surface(person)} are not told apart",
                        f"number their relations {NUMBERS[0]}, {NUMBERS[1]} …, each departed_from with its own",
                    )
        several = {id for id, number in frames if number != NUMBERS[0]}
        for person, target in unnumbered:
            if person.id in several:
                name = f"{person.id} → {target.id}"
                self.fault(name, f"a relation without a number is read as {NUMBERS[0]}", "number it", False)
        return tuple(self._assembled(frames.values()))

    def _relations(
        self, result: Sequence[Mapping[str, Any]], regions: Mapping[str, Region]
    ) -> Iterator[tuple[str, Region, Region, list[str]]]:
        seen: set[tuple[str, ...]] = set()
        for item in result:
            if item.get("type") != "relation":
                continue
            ends = [str(item.get("from_id")), str(item.get("to_id"))]
            name = " → ".join(ends)
            if tuple(ends) in seen:
                wrong = "a second relation between these regions, which Label Studio's browser would drop"
                self.fault(name, wrong, "join their labels, or draw one from the other end", False)
            seen.add(tuple(ends))
            if item.get("direction") == "left":
                ends.reverse()
            if lost := [end for end in ends if end not in regions]:
                self.fault(name, f"a relation of {' and '.join(lost)}, which is no usable region", "delete it")
                continue
            given = item.get("labels") or []
            if not isinstance(given, list):
                self.fault(name, f"a relation's labels are {given!r:.40}, not a list", "draw it anew")
                continue
            labels = [str(label) for label in given]
            kinds = [label for label in labels if label in RELATIONS]
            if other := [label for label in labels if label not in (*RELATIONS, *STATUSES, *NUMBERS)]:
                self.fault(name, f"unknown relation {', '.join(other)}", f"use {', '.join(RELATIONS)}")
            elif len(kinds) != 1:
                found = ", ".join(labels) or "nothing"
                self.fault(name, f"a relation says {found}", f"give it one of {', '.join(RELATIONS)}")
            else:
                person, target = regions[ends[0]], regions[ends[1]]
                if person.label != "PERSON" or target.label != RELATIONS[kinds[0]]:
                    self.fault(
                        name,
                        f"{kinds[0]} goes from a PERSON to {RELATIONS[kinds[0]]}, not from {person.label} "
                        f"to {target.label}",
                        "draw it the other way, or between other regions",
                    )
                else:
                    yield kinds[0], person, target, labels

    def _status(self, person: Region, target: Region, labels: Sequence[str]) -> str | None:
        found = [label for label in labels if label in STATUSES]
        if len(found) == 1:
            return found[0]
        said = " and ".join(found) or "no status"
        self.fault(
            f"{person.id} → {target.id}",
            f"the departure of {self._surface(person)} from {self._surface(target)} has {said}",
            f"give the relation one of {', '.join(STATUSES)}",
        )
        return None

    def _assembled(self, frames: Iterable[_Frame]) -> Iterator[MarkedDeparture]:
        for frame in frames:
            if frame.organization is None:
                kinds = ", ".join(frame.targets)
                self.fault(
                    frame.person.id,
                    f"{self._surface(frame.person)} has {kinds} but no departed_from of the same number",
                    "draw the departed_from, or give the relations its number",
                )
            elif frame.status is not None:
                dates = frame.targets.get("left_on", [])
                if len(dates) > 1:
                    self.fault(frame.person.id, "several dates of one departure", "keep the one that the text gives")
                yield MarkedDeparture(
                    person=frame.person,
                    organization=frame.organization,
                    status=frame.status,
                    roles=tuple(frame.targets.get("left_role", ())),
                    joined=tuple(frame.targets.get("joined", ())),
                    date=dates[0] if dates else None,
                )

    def _surface(self, region: Region) -> str:
        return self._text[region.start : region.end]


@dataclass
class _Frame:
    person: Region
    organization: Region | None = None
    status: str | None = None
    targets: dict[str, list[Region]] = field(default_factory=dict)
