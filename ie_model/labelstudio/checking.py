"""Every fault of some tasks: what `ie-model label-studio check` reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.offsets import Unit
from ie_model.labelstudio.reading import Fault, read_completion
from ie_model.labelstudio.tasks import Task


def check_tasks(
    tasks: Iterable[Task], interface: Interface | None = None, *, unit: Unit | None = None
) -> Iterator[Fault]:
    """The faults of all completions that count: submitted, and not skipped; and of the tasks as a set."""
    interface = interface or Interface()
    seen: dict[str, str] = {}
    for task in tasks:
        if not task.text.strip():
            yield Fault(task.name, None, "its text is empty", "delete the task")
        elif task.text in seen:
            wrong = f"its text is that of task {seen[task.text]}"
            yield Fault(task.name, None, wrong, "delete one of them, or it counts twice in training", serious=False)
        seen.setdefault(task.text, task.name)
        for completion in task.annotations:
            if completion.cancelled or completion.draft:
                continue
            for fault in read_completion(task, completion, interface, unit=unit).faults:
                yield fault if completion.id == "" else _of(fault, completion.id)


def _of(fault: Fault, completion: str) -> Fault:
    return Fault(f"{fault.task}, annotation {completion}", fault.region, fault.wrong, fault.remedy, fault.serious)
