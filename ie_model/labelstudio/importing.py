"""Label Studio's tasks to documents: whose completion counts, and what it says.

What a completion left as the model had it comes back exactly, scores and all. What people
marked or changed has the score 1, its amounts and dates are read as the extractor reads them, and its
departures are merged to facts by the extractor's rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ie_model.date_values import date_value
from ie_model.decoding import Span
from ie_model.document import Date, Departure, Document, Entity, Money
from ie_model.facts import merged
from ie_model.labelstudio import errors
from ie_model.labelstudio.documents import check_meta, departure_from, money_from
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.offsets import Unit
from ie_model.labelstudio.reading import Fault, MarkedDeparture, Reading, Region, read_completion
from ie_model.labelstudio.tasks import Completion, Task, own_meta
from ie_model.money import Amounts
from ie_model.names import cluster
from ie_model.relations import Frame, in_order


class Choice(StrEnum):
    """Which of a task's completions counts."""

    latest = "latest"
    first = "first"
    predictions = "predictions"


@dataclass(frozen=True)
class Imported:
    """What tasks gave.

    Attributes:
        documents: of the tasks that have a completion without serious faults.
        faults: of the chosen completions; a task with a serious one gives no document.
        skipped: tasks whose annotators all skipped them.
        unannotated: tasks that nobody has completed.
    """

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
    skipped: int
    unannotated: int


def completions(
    task: Task, *, choice: Choice = Choice.latest, annotator: str | None = None, drafts: bool = False
) -> list[Completion]:
    """The completions of a task that may count, the chosen one first; skipped ones never count."""
    if choice is Choice.predictions:
        return sorted(task.predictions, key=lambda completion: completion.changed, reverse=True)
    found = [
        completion
        for completion in task.annotations
        if not completion.cancelled
        and (drafts or not completion.draft)
        and (annotator is None or annotator in completion.annotators)
    ]
    if choice is Choice.latest:  # stable: where the time is unknown, the file's last
        found = sorted(found, key=lambda completion: completion.changed)[::-1]
    return found


def import_tasks(
    tasks: Iterable[Task],
    interface: Interface | None = None,
    *,
    choice: Choice = Choice.latest,
    annotator: str | None = None,
    drafts: bool = False,
    unit: Unit | None = None,
) -> Imported:
    """The documents that annotators, or predictions, make of some tasks.

    Args:
        annotator: only this one's completions: e-mail, or number in Label Studio.
        drafts: whether what was never submitted counts too.
        unit: what offsets count; found out for each completion by default.

    Raises:
        InputError: nobody has annotated under this name.
    """
    interface = interface or Interface()
    known = list(tasks)
    documents: list[Document] = []
    faults: list[Fault] = []
    if annotator is not None:
        names = {name for task in known for completion in task.annotations for name in completion.annotators}
        if annotator not in names:
            raise errors.no_annotator(annotator, sorted(names) or ["(nobody)"])
    skipped = unannotated = 0
    for task in known:
        found = completions(task, choice=choice, annotator=annotator, drafts=drafts)
        if not found:
            own = [c for c in task.annotations if annotator is None or annotator in c.annotators]
            if choice is not Choice.predictions and any(completion.cancelled for completion in own):
                skipped += 1
            else:
                unannotated += 1
            continue
        reading = read_completion(task, found[0], interface, unit=unit)
        if choice is Choice.predictions:
            reading = replace(reading, faults=(*reading.faults, *_damage(task)))
        faults += reading.faults
        if reading.usable:
            documents.append(to_document(task, reading, predicted=choice is Choice.predictions))
    return Imported(tuple(documents), tuple(faults), skipped, unannotated)


def _damage(task: Task) -> Iterator[Fault]:
    """What is wrong with the departures that stand in a task's meta, since no regions could carry them."""
    try:
        check_meta(own_meta(task.meta), length=len(task.text))
    except ValueError as error:
        wrong = f"what this package wrote in its meta is damaged ({error})"
        yield Fault(task.name, None, wrong, "delete the meta, or export the article again")


def to_document(task: Task, reading: Reading, *, predicted: bool = False) -> Document:
    """The document that a reading without serious faults makes.

    Args:
        predicted: whether it is a prediction: then departures that no regions could carry count too.
    """
    regions = reading.regions
    departures = _departures(task, regions, reading.departures or ())
    if predicted:
        departures += _facts(own_meta(task.meta).get("departures") or (), task)
    if all(index is not None for index, _ in departures):
        departures.sort(key=lambda item: item[0] or 0)
    else:
        departures.sort(key=lambda item: (item[1].evidence.start, item[1].evidence.end))
    return Document(
        text=task.text,
        entities=_entities(task.text, regions),
        departures=tuple(departure for _, departure in departures),
        id=task.id,
        published=task.published,
    )


def _entities(text: str, regions: Sequence[Region]) -> tuple[Entity, ...]:
    amounts = Amounts(text)
    entities = []
    for region in regions:
        surface = text[region.start : region.end]
        amount = region.meta.get("amount")
        value: Money | None = None
        if isinstance(amount, dict) and amount.get("text") == surface:
            value = money_from(amount["value"])
        elif region.label == "MONEY":
            value = amounts.value(region.start, region.end)
        score = 1.0 if region.score is None else region.score
        entities.append(Entity(region.label, surface, region.start, region.end, score, value))
    return tuple(entities)


def _record(marked: MarkedDeparture) -> dict[str, Any] | None:
    """The model's record of a departure, if its regions and relations are still what the model drew."""
    kinds = [
        ("person", marked.person),
        ("departed_from", marked.organization),
        *(("left_role", region) for region in marked.roles),
        *(("joined", region) for region in marked.joined),
        *([("left_on", marked.date)] if marked.date else []),
    ]
    drawn = sorted([kind, region.id, *region.place] for kind, region in kinds)
    for record in marked.person.meta.get("departures") or ():
        if record.get("regions") == drawn and record["fact"]["status"] == marked.status:
            return dict(record)
    return None


def _facts(records: Iterable[dict[str, Any]], task: Task) -> list[tuple[int | None, Departure]]:
    """The model's departures from its records, with the places that they had in its document."""
    return [(record["index"], departure_from(record["fact"], length=len(task.text))) for record in records]


def _departures(
    task: Task, regions: Sequence[Region], marked: Sequence[MarkedDeparture]
) -> list[tuple[int | None, Departure]]:
    """Facts with the places that they had in the model's document; None for those that people made."""
    if not marked:
        return []
    text = task.text
    spans = [Span(r.label, i, i + 1, r.start, r.end, 1.0) for i, r in enumerate(regions)]
    index_of = {region.id: index for index, region in enumerate(regions)}
    canonical = cluster(text, spans)
    facts: dict[tuple[int, int], list[MarkedDeparture]] = {}
    for departure in marked:
        key = canonical[index_of[departure.person.id]], canonical[index_of[departure.organization.id]]
        facts.setdefault(key, []).append(departure)
    kept: list[tuple[int | None, Departure]] = []
    changed: dict[tuple[int, int], list[MarkedDeparture]] = {}
    for key, group in facts.items():
        records = [_record(departure) for departure in group]
        if all(record is not None for record in records):
            kept += _facts([record for record in records if record], task)
        else:
            changed[key] = group
    frames = [
        Frame(
            person=index_of[departure.person.id],
            organization=index_of[departure.organization.id],
            score=1.0,
            status=departure.status,
            roles=[index_of[region.id] for region in departure.roles],
            joined=[index_of[region.id] for region in departure.joined],
        )
        for group in changed.values()
        for departure in group
    ]
    # Merged, but not completed from lists: what people marked is what they meant.
    made = merged(text, spans, in_order(frames), published=task.published)
    return kept + [(None, _dated(fact, changed[key], task)) for key, fact in made.items()]


def _dated(departure: Departure, group: Sequence[MarkedDeparture], task: Task) -> Departure:
    """The fact with the date that annotators gave it, or none: theirs decides, not the rule's."""
    region = next((marked.date for marked in group if marked.date is not None), None)
    date = None
    if region is not None:
        words = task.text[region.start : region.end]
        date = Date(words, date_value(words, published=task.published))
    return replace(departure, date=date)
