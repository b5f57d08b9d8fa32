"""Documents to Label Studio's tasks, the model's finds as their predictions.

Regions carry the entities, relations the departures. What Label Studio has no field for
(amounts, evidence, aliases, dates' values) stands under `ie_model` in the regions' meta,
which its browser keeps; a departure's record stands with its PERSON, and names the regions that it
was made from, so that a corrected one is never taken for the model's.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from heapq import nsmallest
from pathlib import Path
from typing import Any

from ie_model import __version__
from ie_model.dates import find_dates
from ie_model.document import Departure, Document, Entity, Evidence
from ie_model.labelstudio import errors
from ie_model.labelstudio.documents import departure_to
from ie_model.labelstudio.interface import NUMBERS, Interface, Link, draw
from ie_model.labelstudio.offsets import OffsetMap, Unit
from ie_model.labelstudio.tasks import META
from ie_model.model_folder import CONFIG, ONNX_FILES, packaged_folder
from ie_model.scheme import DATE


def model_version(path: Path | None = None) -> str:
    """What predictions are signed with: the package's version and the weights' fingerprint."""
    folder = path if path is not None else packaged_folder()
    digest = sha256()
    for name in (CONFIG, *ONNX_FILES):
        if (folder / name).is_file():
            digest.update((folder / name).read_bytes())
    return f"ie-model {__version__} {digest.hexdigest()[:8]}"


def least_score(document: Document) -> float | None:
    """How sure the model is of its least sure span or departure; None where it found nothing."""
    scores = [entity.score for entity in document.entities]
    scores += [departure.score for departure in document.departures]
    return min(scores, default=None)


def by_uncertainty(documents: Iterable[Document]) -> list[Document]:
    """The least sure documents first; those in which nothing was found last, in their order."""

    def key(document: Document) -> float:
        score = least_score(document)
        return 2.0 if score is None else score

    return sorted(documents, key=key)


def to_task(
    document: Document,
    *,
    interface: Interface | None = None,
    version: str | None = None,
    unit: Unit = Unit.code_points,
) -> dict[str, Any]:
    """A task that Label Studio imports.

    Args:
        version: signs the prediction; without it the task has none.
        unit: what its offsets count; Label Studio 1.23 counts code points.

    Raises:
        InputError: the interface lacks a label of the document's.
    """
    interface = interface or Interface()
    data: dict[str, Any] = {interface.text_key: document.text}
    if document.id is not None:
        data["id"] = document.id
    if document.published is not None:
        data["published"] = document.published
    task: dict[str, Any] = {"data": data}
    if version is None:
        return task
    result, unplaced = _result(document, interface, unit)
    prediction: dict[str, Any] = {"model_version": version, "result": result}
    if (score := least_score(document)) is not None:
        prediction["score"] = score
    task["predictions"] = [prediction]
    if unplaced:
        task["meta"] = {META: {"departures": unplaced}}
    return task


def to_result(document: Document, *, interface: Interface, unit: Unit = Unit.code_points) -> list[dict[str, Any]]:
    """The regions and relations alone, as a connected model answers."""
    return _result(document, interface, unit)[0]


@dataclass
class _Mark:
    """A region in the making."""

    id: str
    label: str
    start: int
    end: int
    text: str
    score: float | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> list[Any]:
        return [self.start, self.end, self.label]


def _result(document: Document, interface: Interface, unit: Unit) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Regions and relations, and the records of the departures that no regions could carry."""
    if unknown := sorted({entity.label for entity in document.entities} - set(interface.labels)):
        raise errors.unknown_labels(unknown, interface.labels)
    marks = [_entity_mark(index, entity) for index, entity in enumerate(document.entities, 1)]
    relations: list[dict[str, Any]] = []
    unplaced: list[dict[str, Any]] = []
    if interface.departures:
        placed = _Placement(document, marks)
        unplaced = placed.unplaced
        relations = draw(placed.links())
        marks = placed.marks
    elif document.departures:
        unplaced = [{"index": i, "fact": departure_to(d)} for i, d in enumerate(document.departures)]
    table = OffsetMap(document.text, unit)
    result = []
    for mark in marks:
        start, end = table.outward(mark.start), table.outward(mark.end)
        region = interface.region(id=mark.id, label=mark.label, start=start, end=end, text=mark.text)
        if mark.score is not None:
            region["score"] = mark.score
        if mark.meta:
            region["meta"] = {META: mark.meta}
        result.append(region)
    return result + relations, unplaced


def _entity_mark(index: int, entity: Entity) -> _Mark:
    mark = _Mark(f"s{index}", entity.label, entity.start, entity.end, entity.text, entity.score)
    if entity.label == "MONEY" or entity.value is not None:
        mark.meta["amount"] = {"text": entity.text, "value": None if entity.value is None else asdict(entity.value)}
    return mark


@dataclass(frozen=True)
class _Placed:
    """A departure and the marks that carry it."""

    status: str
    person: _Mark
    organization: _Mark
    roles: tuple[_Mark, ...]
    joined: tuple[_Mark, ...]
    date: _Mark | None

    def targets(self) -> Iterator[tuple[str, _Mark]]:
        yield "departed_from", self.organization
        yield from (("left_role", mark) for mark in self.roles)
        yield from (("joined", mark) for mark in self.joined)
        if self.date is not None:
            yield "left_on", self.date


#: Mentions of a name that are looked at first.
_NEAREST = 16


class _Placement:
    """Finds the mentions that each departure is drawn between: those nearest its evidence."""

    def __init__(self, document: Document, marks: Sequence[_Mark]) -> None:
        self._text = document.text
        self._dates = [(span.start, span.end) for span in find_dates(document.text)] if document.departures else []
        self.marks = sorted(marks, key=_start)
        self._named: dict[tuple[str, str], list[_Mark]] = {}
        for mark in self.marks:
            self._named.setdefault((mark.label, mark.text), []).append(mark)
        self.placed: dict[str, list[_Placed]] = {}
        self.unplaced: list[dict[str, Any]] = []
        for index, departure in enumerate(document.departures):
            found = self._find(departure)
            record: dict[str, Any] = {"index": index, "fact": departure_to(departure)}
            if found is None:
                self.unplaced.append(record)
                continue
            self.placed.setdefault(found.person.id, []).append(found)
            regions = [("person", found.person), *found.targets()]
            record["regions"] = sorted([kind, mark.id, *mark.place] for kind, mark in regions)
            found.person.meta.setdefault("departures", []).append(record)

    def links(self) -> list[Link]:
        """What is drawn, the departures of each person numbered in their order."""
        return [
            Link(found.person.id, kind, mark.id, number, found.status if kind == "departed_from" else None)
            for of_person in self.placed.values()
            for number, found in enumerate(of_person, 1)
            for kind, mark in found.targets()
        ]

    def _find(self, departure: Departure) -> _Placed | None:
        persons = self._mentions("PERSON", (departure.person, *departure.person_aliases))
        organizations = self._mentions("ORG", (departure.organization, *departure.organization_aliases))
        at = departure.evidence
        # A book has thousands of mentions: all pairs of them are only looked at where the nearest are taken.
        near, close = (
            nsmallest(_NEAREST, group, key=lambda mark: _away(mark, at.start, at.end))
            for group in (persons, organizations)
        )
        found = self._nearest_pair(near, close, at) or self._nearest_pair(persons, organizations, at)
        if found is None:
            return None
        person, organization = found
        return _Placed(
            status=departure.status,
            person=person,
            organization=organization,
            roles=self._nearest("ROLE", departure.roles, person),
            joined=self._nearest("ORG", departure.joined, person),
            date=self._date_mark(departure.date.text, at.start, at.end) if departure.date else None,
        )

    def _nearest_pair(
        self, persons: Sequence[_Mark], organizations: Sequence[_Mark], at: Evidence
    ) -> tuple[_Mark, _Mark] | None:
        """The mentions nearest to a passage, then to each other, between which a departure can still be drawn."""
        pairs = [
            (_away(a, at.start, at.end) + _away(b, at.start, at.end), abs(a.start - b.start), a.start, a, b)
            for a in persons
            for b in organizations
            if len(self.placed.get(a.id, ())) < len(NUMBERS)
            and all(other.organization is not b for other in self.placed.get(a.id, ()))
        ]
        return min(pairs, key=lambda pair: pair[:3])[3:] if pairs else None

    def _mentions(self, label: str, names: Sequence[str]) -> list[_Mark]:
        return sorted((m for name in dict.fromkeys(names) for m in self._named.get((label, name), ())), key=_start)

    def _nearest(self, label: str, names: Sequence[str], person: _Mark) -> tuple[_Mark, ...]:
        """Of each name that is marked at all, the mention nearest to a person."""
        marked = [self._named[label, name] for name in names if (label, name) in self._named]
        return tuple(min(group, key=lambda m: _away(m, person.start, person.end)) for group in marked)

    def _date_mark(self, words: str, start: int, end: int) -> _Mark | None:
        """The DATE region of these words nearest to the passage; None where none can stand flat."""
        same = self._named.get((DATE, words), [])
        places = [place for place in self._dates if self._text[place[0] : place[1]] == words]
        free = [
            _Mark(f"t{first}", DATE, first, last, words)
            for first, last in places or _occurrences(self._text, words)
            if self._is_free(first, last)
        ]
        best = min([*same, *free], key=lambda mark: _away(mark, start, end), default=None)
        if best is not None and best not in same:
            insort(self.marks, best, key=_start)
            self._named.setdefault((DATE, words), []).append(best)
        return best

    def _is_free(self, start: int, end: int) -> bool:
        """Whether a mark can stand here beside the others, which are flat."""
        following = bisect_left(self.marks, end, key=_start)
        return not following or self.marks[following - 1].end <= start


def _start(mark: _Mark) -> int:
    return mark.start


def _away(mark: _Mark, start: int, end: int) -> int:
    """Characters between a mark and a passage."""
    return max(0, start - mark.end, mark.start - end)


def _occurrences(text: str, words: str) -> Iterator[tuple[int, int]]:
    at = text.find(words) if words else -1
    while at >= 0:
        yield at, at + len(words)
        at = text.find(words, at + len(words))
