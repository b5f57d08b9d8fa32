"""What Label Studio's files hold: tasks, the people's completions of them, the models' predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ie_model.errors import cannot_write
from ie_model.files import write_whole
from ie_model.labelstudio import errors
from ie_model.labelstudio.interface import RELATIONS, Interface
from ie_model.scheme import DATE

#: The key under which this package keeps what Label Studio has no field for.
META = "ie_model"


def own_meta(meta: object) -> Mapping[str, Any]:
    """What this package wrote in the meta of a task or a region."""
    own = meta.get(META) if isinstance(meta, dict) else None
    return own if isinstance(own, dict) else {}


@dataclass(frozen=True)
class Completion:
    """One result for a task: an annotation, a draft of one, or a prediction.

    Attributes:
        result: regions and relations, as in the file.
        annotators: by what its author is known: number, e-mail; a prediction's model version.
        changed: when it was last changed, as ISO text that sorts; empty where unknown.
        relations: False where the file's form has no relations (JSON-MIN), so that nothing is known of them.
    """

    id: str
    result: tuple[dict[str, Any], ...]
    annotators: tuple[str, ...] = ()
    changed: str = ""
    cancelled: bool = False
    draft: bool = False
    relations: bool = True


@dataclass(frozen=True)
class Task:
    """One text with what was marked in it.

    Attributes:
        number: Label Studio's; None before a server has seen the task.
        id: the document's own, from the task's data; the number where it has none.
        annotations: submitted ones and drafts, in the file's order, skipped ones too.
    """

    text: str
    number: str | None = None
    id: str | None = None
    published: str | None = None
    meta: Mapping[str, Any] | None = None
    annotations: tuple[Completion, ...] = ()
    predictions: tuple[Completion, ...] = ()

    @property
    def name(self) -> str:
        """For messages."""
        return self.number or self.id or "(new)"


def read_tasks(path: Path, interface: Interface | None = None) -> Iterator[Task]:
    """The tasks of an export, or of all .json files of a folder, by name.

    Args:
        interface: by default that of `find_interface`.

    Raises:
        InputError: a file is missing or holds something else than tasks.
    """
    interface = interface or find_interface(path)
    for file in _files(path):
        yield from parse_tasks(_load(file), interface, name=str(file))


def find_interface(path: Path) -> Interface:
    """How the tasks of a file or folder are to be read.

    That is what the labels.xml beside them says, which `pull` writes; or else what the tasks
    show: the labels that occur, and departures if one does.

    Raises:
        InputError: as `read_tasks`.
    """
    config = (path if path.is_dir() else path.parent) / CONFIG_NAME
    if config.is_file():
        return Interface.read(config)
    results: list[Any] = []
    data: list[Any] = []
    for file in _files(path):
        loaded = _load(file)
        rows = [row for row in (loaded if isinstance(loaded, list) else [loaded]) if isinstance(row, dict)]
        bare = [row for row in rows if "data" not in row]
        for row in (*(row for row in rows if "data" in row), *_from_min(bare, _shown_by_min(bare))):
            data.append(row["data"])
            for key in ("annotations", "drafts", "predictions"):
                results += [value.get("result") for value in _list(row.get(key)) if isinstance(value, dict)]
    items = [item for result in results if isinstance(result, list) for item in result if isinstance(item, dict)]
    return _shown(items, data)


def _shown(items: Sequence[dict[str, Any]], data: Sequence[Any]) -> Interface:
    """The interface that some results and tasks' data show."""
    plain = Interface()
    spans = [item for item in items if item.get("type") == "labels" and isinstance(item.get("value"), dict)]
    labels = {str(label) for item in spans for label in _list(item["value"].get("labels"))}
    ordered = [*(label for label in plain.marks if label in labels), *sorted(labels - set(plain.marks))]
    links = {str(label) for item in items if item.get("type") == "relation" for label in _list(item.get("labels"))}
    found = replace(plain, labels=tuple(ordered), departures=bool(links & set(RELATIONS)))
    if found.departures:
        found = replace(found, labels=tuple(label for label in ordered if label != DATE))
    keys = [row.keys() for row in data if isinstance(row, dict)]
    key = plain.text_key
    if keys and not any(key in row for row in keys):
        first = next(row for row in data if isinstance(row, dict))
        texts = {k for k, value in first.items() if isinstance(value, str)} - {"id", "published"}
        key = texts.pop() if len(texts) == 1 else key
    tags = [(item.get("from_name"), item.get("to_name")) for item in spans]
    label_tag, text_tag = tags[0] if tags else (plain.label_tag, plain.text_tag)
    return replace(found, label_tag=str(label_tag), text_tag=str(text_tag), text_key=key)


def _list(value: Any) -> list[Any]:
    """A list as it is, nothing in place of anything else: reading the tasks says what is wrong with it."""
    return value if isinstance(value, list) else []


def _shown_by_min(rows: Sequence[dict[str, Any]]) -> Interface:
    """Where JSON-MIN's rows keep their marks: under the name of the <Labels>, whatever that is."""
    for row in rows:
        for key, marks in row.items():
            if isinstance(marks, list) and any(isinstance(mark, dict) and "labels" in mark for mark in marks):
                return Interface(label_tag=key)
    return Interface()


#: What `pull` calls the project's configuration in the folder of its tasks.
CONFIG_NAME = "labels.xml"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise errors.no_tasks_in(path)
        return files
    return [path]


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise errors.not_tasks(str(path), error.strerror or str(error)) from error
    except RecursionError as error:
        raise errors.not_tasks(str(path), "nested too deep") from error
    except ValueError as error:
        raise errors.not_tasks(str(path), f"not JSON ({error})") from error


def parse_tasks(rows: Any, interface: Interface, *, name: str = "tasks") -> Iterator[Task]:
    """Tasks from parsed JSON: a list of them, or one; full JSON or JSON-MIN.

    Raises:
        InputError: not tasks, or one without its text.
    """
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise errors.not_tasks(name, "not a list of tasks")
    full = [row for row in rows if "data" in row]
    if full and len(full) < len(rows):
        raise errors.not_tasks(name, "tasks with and without 'data' side by side")
    for index, row in enumerate(full or _from_min(rows, interface), 1):
        try:
            yield _task(row, interface)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            number = row.get("id", f"{index} (by position)")
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise errors.not_tasks(f"{name}, task {number}", reason) from error


#: What JSON-MIN's rows hold besides the task's data and the marks.
_MIN_KEYS = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})


def _from_min(rows: Sequence[dict[str, Any]], interface: Interface) -> Iterable[dict[str, Any]]:
    """JSON-MIN to full JSON: its rows are annotations, without relations and ids of regions."""
    own = {*_MIN_KEYS, interface.label_tag}
    tasks: dict[str, dict[str, Any]] = {}
    for position, row in enumerate(rows):
        task = tasks.setdefault(
            str(row.get("id", f"row {position + 1}")),
            # JSON-MIN's own id has taken the place of the data's.
            {"id": row.get("id"), "data": {k: v for k, v in row.items() if k not in own}, "annotations": []},
        )
        marks = row.get(interface.label_tag)
        if marks is None and row.get("annotation_id") is None:
            continue
        if not isinstance(marks, list | None):
            marks = [marks]
        result = [
            {
                "id": f"min-{index}",
                "type": "labels",
                "from_name": interface.label_tag,
                "to_name": interface.text_tag,
                "value": value,
            }
            for index, value in enumerate(marks or (), 1)
        ]
        task["annotations"].append(
            {
                "id": row.get("annotation_id"),
                "result": result,
                "completed_by": row.get("annotator"),
                "updated_at": row.get("updated_at"),
                "min": True,
            }
        )
    return tasks.values()


def _task(row: dict[str, Any], interface: Interface) -> Task:
    data = row["data"]
    if not isinstance(data, dict):
        raise ValueError(f"its 'data' is {data!r:.40}, not an object")
    if interface.text_key not in data:
        raise ValueError(f"no {interface.text_key!r} in its data; name the project's configuration with --config")
    text = data[interface.text_key]
    if not isinstance(text, str):
        raise ValueError(f"its {interface.text_key!r} is {text!r:.40}, not a text")
    number = None if row.get("id") is None else str(row["id"])
    meta = row.get("meta")
    return Task(
        text=text,
        number=number,
        id=str(data["id"]) if data.get("id") is not None else number,
        published=None if data.get("published") is None else str(data["published"]),
        meta=meta if isinstance(meta, dict) else None,
        annotations=(
            *(_completion(value) for value in _completions(row, "annotations")),
            *(_completion(value, draft=True) for value in _completions(row, "drafts")),
        ),
        predictions=tuple(_completion(value, model=True) for value in _completions(row, "predictions")),
    )


def _completions(row: dict[str, Any], key: str) -> list[Any]:
    found = row.get(key) or []
    if not isinstance(found, list):
        raise ValueError(f"its {key!r} is {found!r:.40}, not a list")
    return found


def _completion(value: Any, *, draft: bool = False, model: bool = False) -> Completion:
    if not isinstance(value, dict):
        raise ValueError("annotations without results; export with full annotations (JSON, or `label-studio pull`)")
    author = value.get("model_version") if model else value.get("completed_by", value.get("user"))
    names: list[Any] = [author]
    if isinstance(author, dict):
        names = [author.get("email"), author.get("id")]
    result = value.get("result", [])
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise ValueError(f"the result of annotation {value.get('id')} is not a list of regions")
    return Completion(
        id=str(value.get("id", "")),
        result=tuple(result),
        annotators=tuple(str(name) for name in names if name is not None),
        changed=str(value.get("updated_at") or value.get("created_at") or ""),
        cancelled=bool(value.get("was_cancelled")),
        draft=draft,
        relations=not value.get("min"),
    )


def dump(value: Any, path: Path) -> None:
    """Write JSON for people to read; UTF-8, with escapes only where a text holds half a surrogate pair.

    Raises:
        InputError: the path cannot be written.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        data = json.dumps(value, indent=1).encode()
    write(data + b"\n", path)


def write(data: bytes, path: Path) -> None:
    """Write a file, and the folders that it lacks; where that fails, what was there stays.

    Raises:
        InputError: the path cannot be written.
    """
    try:
        write_whole(path, data)
    except OSError as error:
        raise cannot_write(path, error.strerror or str(error)) from error
