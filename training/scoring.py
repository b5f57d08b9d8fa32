"""Counts and figures: strict spans on characters, F1, and intervals over documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ie_model.document import Document
from training.data.example import Example


@dataclass(frozen=True)
class Counts:
    """True positives, predictions and gold items; counts of several texts add up."""

    right: int = 0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing is right."""
        total = self.predicted + self.gold
        return 2 * self.right / total if total else 0.0

    def to_dict(self) -> dict[str, float | int]:
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "right": self.right,
            "predicted": self.predicted,
            "gold": self.gold,
        }


def span_counts(example: Example, document: Document, labels: Iterable[str]) -> dict[str, Counts]:
    """Per label: a span is right if label, start and end are (strict, characters)."""
    result = {}
    for label in labels:
        gold = {(s.start, s.end) for s in example.spans if s.label == label}
        predicted = {(e.start, e.end) for e in document.entities if e.label == label}
        result[label] = Counts(len(gold & predicted), len(predicted), len(gold))
    return result


def total(counts: Iterable[Counts]) -> Counts:
    result = Counts()
    for item in counts:
        result += item
    return result


def bootstrap_interval(
    documents: Sequence[Counts],
    *,
    value: Callable[[Counts], float] = lambda c: c.f1,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of a figure over resampled documents (percentile bootstrap)."""
    if not documents:
        return 0.0, 0.0
    random = np.random.default_rng(seed)
    table = np.array([(c.right, c.predicted, c.gold) for c in documents])
    draws = table[random.integers(len(table), size=(rounds, len(table)))].sum(axis=1)
    values = sorted(value(Counts(*row)) for row in draws.tolist())
    return values[int(0.025 * rounds)], values[min(rounds - 1, int(0.975 * rounds))]


def figures(counts: Sequence[Counts]) -> dict[str, Any]:
    """Precision, recall and F1 of all documents together, and the F1's 95 % interval over them."""
    low, high = bootstrap_interval(counts)
    return {**total(counts).to_dict(), "f1_interval": [round(low, 4), round(high, 4)]}
