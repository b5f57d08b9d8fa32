"""Label Studio's exports as training data, with whatever labels their project has.

A source is named ``label-studio:PATH``, a file or a folder of full JSON or JSON-MIN; with
``#annotator=NAME`` only that annotator's completions count. Of a task the latest completion
that was not skipped counts. The labels are those of the labels.xml beside the files, which
`ie-model label-studio pull` writes, or else those that occur; all are marked completely.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ie_model.errors import InputError
from ie_model.labelstudio.importing import completions
from ie_model.labelstudio.reading import Reading, Region, read_completion
from ie_model.labelstudio.tasks import CONFIG_NAME, Task, find_interface, read_tasks
from training.data.example import DataError, Example, GoldDeparture, GoldSpan, NotAtHandError

#: What a source of this kind starts with where a recipe or a command names it.
PREFIX = "label-studio:"


def read_label_studio(path: Path, *, source: str, annotator: str | None = None) -> Iterator[Example]:
    """The examples of an export, in its order.

    Raises:
        DataError: not an export, or a fault in a completion that counts; the message names
            task and region.
        NotAtHandError: there is no such file or folder.
    """
    if not path.exists():
        raise NotAtHandError(f"{path}: no such file or folder")
    try:
        interface = find_interface(path)
        for task in read_tasks(path, interface):
            found = completions(task, annotator=annotator)
            if not found:
                continue
            reading = read_completion(task, found[0], interface)
            for fault in reading.faults:
                if fault.serious:
                    raise DataError(f"{path}: {fault}; `ie-model label-studio check` lists all faults")
            yield _example(task, reading, source, interface.labels)
    except InputError as error:
        raise DataError(str(error)) from error


def _example(task: Task, reading: Reading, source: str, labels: tuple[str, ...]) -> Example:
    def gold(region: Region) -> GoldSpan:
        return GoldSpan(region.start, region.end, region.label)

    departures = None
    if reading.departures is not None:
        departures = tuple(
            GoldDeparture(
                person=gold(marked.person),
                organization=gold(marked.organization),
                status=marked.status,
                roles=tuple(gold(region) for region in marked.roles),
                joined=tuple(gold(region) for region in marked.joined),
                date=gold(marked.date) if marked.date else None,
            )
            for marked in reading.departures
        )
    return Example(
        id=task.id or task.name,
        source=source,
        text=task.text,
        spans=tuple(gold(region) for region in reading.regions),
        complete=frozenset(labels),
        departures=departures,
        dates=departures is not None,
    )


def read_named(name: str) -> list[Example]:
    """The examples of a source by its name."""
    path, annotator = _parse(name)
    examples = list(read_label_studio(path, source=name, annotator=annotator))
    if not examples:
        raise DataError(f"{name}: no task has been annotated{f' by {annotator}' if annotator else ''} yet")
    return examples


def labels_of(name: str) -> tuple[str, ...]:
    """The labels of a source by its name."""
    path, _ = _parse(name)
    if not path.exists():
        raise NotAtHandError(f"{path}: no such file or folder")
    try:
        return find_interface(path).labels
    except InputError as error:
        raise DataError(str(error)) from error


def files_of(name: str) -> list[Path]:
    """The files that a source is read from."""
    path, _ = _parse(name)
    if path.is_dir():
        return sorted([*path.glob("*.json"), *path.glob("*.xml")])
    beside = path.parent / CONFIG_NAME
    return [path, *([beside] if beside.is_file() else [])]


def _parse(name: str) -> tuple[Path, str | None]:
    path, mark, said = name.removeprefix(PREFIX).partition("#")
    key, _, annotator = said.partition("=")
    if not path or (mark and (key != "annotator" or not annotator)):
        raise DataError(f"{name}: expected {PREFIX}PATH or {PREFIX}PATH#annotator=NAME")
    return Path(path), annotator or None
