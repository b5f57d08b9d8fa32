"""This project's seed articles, from Label Studio's JSON.

Marks all four labels and the departures completely. DATE regions are left out of the
spans; they are kept as the departures' dates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ie_model.relations import STATUSES
from ie_model.scheme import LABELS
from training.data.example import DataError, Example, GoldDeparture, GoldSpan, NotAtHandError


def read_seeds(folder: Path) -> list[Example]:
    """The articles of a folder of Label Studio files, by name."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise NotAtHandError(f"{folder}: no Label Studio .json files here")
    return [example for file in files for example in read_label_studio(file)]


def read_label_studio(path: Path) -> Iterator[Example]:
    """The tasks of one full-JSON export; the first annotation that was not cancelled counts."""
    try:
        tasks = [(task, task.get("annotations", [])) for task in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: {error}; expected a Label Studio full JSON export") from error
    for task, passes in tasks:
        kept = [annotation for annotation in passes if not annotation.get("was_cancelled")]
        if kept:
            try:
                example = _example(path, task, kept[0]["result"])
            except (KeyError, IndexError, TypeError) as error:
                raise DataError(f"{path}: task {task.get('id')}: not an annotation of ours ({error!r})") from error
            yield example


def _example(path: Path, task: dict[str, Any], result: list[dict[str, Any]]) -> Example:
    text = task["data"]["text"]
    name = str(task["data"].get("id", task["id"]))
    regions: dict[str, GoldSpan] = {}
    for region in result:
        if region["type"] != "labels":
            continue
        value = region["value"]
        span = GoldSpan(value["start"], value["end"], value["labels"][0])
        if text[span.start : span.end] != value["text"]:
            raise DataError(
                f"{path}: task {name}, region {region['id']}: the text at {span.start}-{span.end} is "
                f"{text[span.start : span.end]!r}, not {value['text']!r}"
            )
        regions[region["id"]] = span
    return Example(
        id=name,
        source="seeds",
        text=text,
        spans=tuple(sorted(span for span in regions.values() if span.label in LABELS)),
        departures=tuple(_departures(path, regions, [r for r in result if r["type"] == "relation"])),
        dates=True,
    )


def _departures(path: Path, regions: dict[str, GoldSpan], relations: list[dict[str, Any]]) -> Iterator[GoldDeparture]:
    """Group the relations to frames; d1, d2 … tell the departures of one PERSON apart."""
    frames: dict[tuple[str, str], dict[str, Any]] = {}
    for relation in relations:
        labels = relation["labels"]
        group = next((label for label in labels if label[0] == "d" and label[1:].isdigit()), "d1")
        frame = frames.setdefault((relation["from_id"], group), {"left_role": [], "joined": [], "left_on": []})
        target = regions[relation["to_id"]]
        if labels[0] == "departed_from":
            frame["organization"] = target
            frame["status"] = next((label for label in labels if label in STATUSES), None)
        elif labels[0] in frame:
            frame[labels[0]].append(target)
        else:
            raise DataError(f"{path}: unknown relation {labels}")
    for (person, _), frame in frames.items():
        if frame.get("status") is None:
            raise DataError(f"{path}: region {person} has relations but no departed_from with a status")
        yield GoldDeparture(
            person=regions[person],
            organization=frame["organization"],
            status=frame["status"],
            roles=tuple(frame["left_role"]),
            joined=tuple(frame["joined"]),
            date=frame["left_on"][0] if frame["left_on"] else None,
        )
