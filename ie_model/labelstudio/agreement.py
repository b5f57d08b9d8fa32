"""How far the annotators of the same tasks agree: strict F1 of spans, and of departures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ie_model.labelstudio.importing import completions
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.reading import Reading, read_completion
from ie_model.labelstudio.tasks import Task


@dataclass
class _Counts:
    both: int = 0
    first: int = 0
    second: int = 0

    def add(self, a: set[Any], b: set[Any]) -> None:
        self.both += len(a & b)
        self.first += len(a)
        self.second += len(b)

    def to_dict(self) -> dict[str, Any]:
        total = self.first + self.second
        return {"f1": round(2 * self.both / total, 4) if total else None, "both": self.both, "marked": total}


@dataclass
class _Pair:
    tasks: int = 0
    spans: dict[str, _Counts] = field(default_factory=dict)
    departures: _Counts = field(default_factory=_Counts)


def agreement_report(tasks: Iterable[Task], interface: Interface | None = None) -> dict[str, Any]:
    """For each pair of annotators: their common tasks, F1 by label, over all spans, and of the departures.

    A span agrees if label and both edges do; a departure if its two regions and its status
    do. Each annotator's latest completion counts. F1 is None where neither marked anything.
    """
    interface = interface or Interface()
    pairs: dict[tuple[str, str], _Pair] = {}
    for task in tasks:
        latest: dict[str, Reading] = {}
        for completion in completions(task):
            name = completion.annotators[0] if completion.annotators else f"annotation {completion.id}"
            if name not in latest:
                latest[name] = read_completion(task, completion, interface)
        for first, second in combinations(sorted(latest), 2):
            pair = pairs.setdefault((first, second), _Pair())
            pair.tasks += 1
            one, two = latest[first], latest[second]
            for label in interface.labels:
                counts = pair.spans.setdefault(label, _Counts())
                counts.add(_spans(one, label), _spans(two, label))
            pair.departures.add(_departures(one), _departures(two))
    return {
        "pairs": [
            {
                "annotators": list(names),
                "tasks": pair.tasks,
                "spans": {
                    **{label: counts.to_dict() for label, counts in pair.spans.items()},
                    "all": _sum(pair.spans.values()).to_dict(),
                },
                "departures": pair.departures.to_dict(),
            }
            for names, pair in sorted(pairs.items())
        ]
    }


def _spans(reading: Reading, label: str) -> set[Any]:
    return {region.place for region in reading.regions if region.label == label}


def _departures(reading: Reading) -> set[Any]:
    return {(d.person.place, d.organization.place, d.status) for d in reading.departures or ()}


def _sum(all_counts: Iterable[_Counts]) -> _Counts:
    total = _Counts()
    for counts in all_counts:
        total.both += counts.both
        total.first += counts.first
        total.second += counts.second
    return total
