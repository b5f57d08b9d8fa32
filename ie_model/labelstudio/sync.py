"""Push articles with predictions to a project; pull what people made of them.

Both may be repeated, and be interrupted: what is there already is left as it is.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ie_model.errors import cannot_write
from ie_model.labelstudio import errors
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.server import FIRST_WAIT, PassingError, Project, Server, batches
from ie_model.labelstudio.tasks import CONFIG_NAME, dump

#: Tasks that are sent at once.
BATCH = 50
#: What a pulled file keeps of a task.
_KEPT = (
    "id",
    "inner_id",
    "project",
    "data",
    "meta",
    "annotations",
    "drafts",
    "predictions",
    "created_at",
    "updated_at",
)

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Pushed:
    """What a push did, by the documents' names.

    Attributes:
        conflicts: not pushed: the project has another text of this name, which people have annotated already.
    """

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pulled:
    """What a pull did, by the tasks' numbers.

    Attributes:
        untouched: tasks that nobody has completed.
        gone: files of tasks that the project no longer has; they are left where they are.
    """

    written: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    untouched: int = 0
    gone: tuple[int, ...] = ()


def open_project(server: Server, name: str, interface: Interface | None) -> tuple[Project, Interface]:
    """The project of this title or number, made if there is none of this title.

    Args:
        interface: for a new project (this package's labels by default). One that exists keeps
            its configuration, and this must be like it where given.

    Raises:
        ServerError: as the server says.
        InputError: the project's configuration has other labels, or no text with labels.
    """
    project = server.project(name)
    if project is None:
        wanted = interface or Interface()
        return server.create_project(name, wanted.to_xml()), wanted
    found = Interface.from_xml(project.config, name=f"project {project.number}")
    if interface is not None and (missing := sorted(set(interface.marks) - set(found.marks))):
        raise errors.unknown_labels(missing, found.marks)
    return project, found


@dataclass
class _Plan:
    """What is to be done about some tasks, seen against those that a project has."""

    create: list[dict[str, Any]] = field(default_factory=list)
    change: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)  # (there, wanted)
    unchanged: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)


def push(
    server: Server,
    project: Project,
    tasks: Sequence[dict[str, Any]],
    interface: Interface,
    progress: Progress = _silent,
) -> Pushed:
    """Make the project have these tasks and predictions; new ones are made in their order.

    A task is known by its text, or else by its data's id if it has that alone. A prediction of another model
    version is added, one of the same version replaced where it differs. Annotations are never touched: a text
    that was changed since somebody annotated it is a conflict.

    Raises:
        InputError: a text holds half a surrogate pair.
        ServerError: the server refuses, or fails again and again.
    """
    for task in tasks:
        _check_text(task["data"][interface.text_key], _name(task))
    first: _Plan | None = None
    for attempt in range(server.retries + 1):
        try:
            plan = _plan(server.tasks(project, whole=True), tasks, interface)
            first = first or plan
            _carry_out(server, project, plan, progress)
            break
        except PassingError:  # see what arrived, and send the rest
            if attempt == server.retries:
                raise
            time.sleep(FIRST_WAIT * 2**attempt)
    assert first is not None
    if versions := [task["predictions"][0]["model_version"] for task in tasks if task.get("predictions")]:
        server.show_predictions_of(project, versions[-1])
    return Pushed(
        created=tuple(_name(task) for task in first.create),
        updated=tuple(_name(wanted) for _, wanted in first.change),
        unchanged=tuple(first.unchanged),
        conflicts=tuple(first.conflicts),
    )


def _carry_out(server: Server, project: Project, plan: _Plan, progress: Progress) -> None:
    done = len(plan.unchanged) + len(plan.conflicts)
    total = done + len(plan.create) + len(plan.change)
    progress(done, total)
    for there, wanted in plan.change:
        _change(server, there, wanted)
        done += 1
        progress(done, total)
    for batch in batches(plan.create, BATCH):
        server.create_tasks(project, batch)
        done += len(batch)
        progress(done, total)


def _name(task: dict[str, Any]) -> str:
    return str(task["data"].get("id") or "(no name)")


def _check_text(text: str, name: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise errors.lone_surrogate(name, error.start) from error


def _plan(there: Sequence[dict[str, Any]], tasks: Sequence[dict[str, Any]], interface: Interface) -> _Plan:
    by_text = {task["data"].get(interface.text_key): task for task in there}
    wanted_texts = {wanted["data"][interface.text_key]: wanted for wanted in tasks}
    by_id = _by_own_id(task for task in there if task["data"].get(interface.text_key) not in wanted_texts)
    own = _by_own_id(wanted_texts.values())
    plan = _Plan()
    seen: set[str] = set()
    for wanted in tasks:
        text = wanted["data"][interface.text_key]
        if text in seen:  # a text is one task, however often it is named
            plan.unchanged.append(_name(wanted))
            continue
        seen.add(text)
        found = by_text.get(text)
        if found is None and (name := str(wanted["data"].get("id"))) in own:
            found = by_id.get(name)
            if found is not None and any(
                found.get(key) for key in ("total_annotations", "cancelled_annotations", "drafts")
            ):
                plan.conflicts.append(_name(wanted))
                continue
        if found is None:
            plan.create.append(wanted)
        elif _same(found, wanted):
            plan.unchanged.append(_name(wanted))
        else:
            plan.change.append((found, wanted))
    return plan


def _by_own_id(tasks: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The tasks by their ids; those that share one are not known by it."""
    named = [(str(task["data"]["id"]), task) for task in tasks if task["data"].get("id") is not None]
    count = Counter(name for name, _ in named)
    return {name: task for name, task in named if count[name] == 1}


def _predictions_of(task: dict[str, Any], version: str) -> list[dict[str, Any]]:
    return [p for p in task.get("predictions") or () if isinstance(p, dict) and p.get("model_version") == version]


def _same(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if any(there["data"].get(key) != value for key, value in wanted["data"].items()):
        return False
    return all(
        [p["result"] for p in _predictions_of(there, prediction["model_version"])] == [prediction["result"]]
        for prediction in wanted.get("predictions") or ()
    )


def _change(server: Server, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    if any(there["data"].get(key) != value for key, value in wanted["data"].items()):
        server.update_task(there["id"], {**there["data"], **wanted["data"]})
    for prediction in wanted.get("predictions") or ():
        own = _predictions_of(there, prediction["model_version"])
        if [p["result"] for p in own] == [prediction["result"]]:
            continue
        server.create_prediction(there["id"], prediction)
        for old in own:
            server.delete_prediction(old["id"])


def pull(server: Server, project: Project, folder: Path, progress: Progress = _silent) -> Pulled:
    """Write each completed task to a file of its own, and the configuration as labels.xml.

    A file is `NUMBER.json`, in the form of a full JSON export. Only tasks that were changed since
    their file was written are fetched.

    Raises:
        ServerError, InputError: as `push`, or a file that cannot be written.
    """
    config = folder / CONFIG_NAME
    _refuse_other_project(folder, project)
    if not config.is_file() or config.read_bytes() != project.config.encode("utf-8"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            config.write_text(project.config, encoding="utf-8")
        except OSError as error:
            raise cannot_write(config, error.strerror or str(error)) from error
    tasks = server.tasks(project, whole=False)
    written, unchanged, untouched = [], [], 0
    for index, task in enumerate(tasks, 1):
        number = task["id"]
        path = folder / f"{number}.json"
        completed = bool(task.get("total_annotations") or task.get("cancelled_annotations"))
        if not completed and not path.is_file():
            untouched += 1
        elif _stamp(path) == task.get("updated_at"):
            unchanged.append(number)
        else:
            whole = server.task(number)
            kept = {key: whole[key] for key in _KEPT if key in whole}
            # The list's stamp: what changes after it will be seen next time.
            dump([{**kept, "updated_at": task.get("updated_at")}], path)
            written.append(number)
        progress(index, len(tasks))
    numbers = {task["id"] for task in tasks}
    files = [int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()]
    gone = tuple(sorted(number for number in files if number not in numbers))
    return Pulled(tuple(written), tuple(unchanged), untouched, gone)


def _refuse_other_project(folder: Path, project: Project) -> None:
    """InputError where the folder holds tasks of another project: its files would be written over."""
    for path in folder.glob("*.json"):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))[0].get("project")
        except (OSError, ValueError, LookupError, AttributeError, TypeError):
            continue
        if isinstance(held, int) and held != project.number:
            raise errors.other_project(folder, held, project.number)


def _stamp(path: Path) -> str | None:
    """When the server had last changed the task of a pulled file; None if that is not known."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))[0].get("updated_at")
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return None
    return value if isinstance(value, str) else None
