"""Scores: strict spans, and departures as facts of an article."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ie_model.decoding import Span
from ie_model.document import Departure, Document
from ie_model.names import cluster, normal_form, same_organization, same_person
from ie_model.relations import STATUSES
from training.data.example import Example, GoldDeparture


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


@dataclass(frozen=True)
class Fact:
    """A gold departure of an article: the names of its two sides, and what is said of it."""

    persons: frozenset[str]
    organizations: frozenset[str]
    status: str
    roles: frozenset[str]
    joined: tuple[frozenset[str], ...]
    start: int


def gold_facts(example: Example) -> list[Fact]:
    """The departures of an article, merged by `names.cluster` over the gold spans.

    The status of a fact is the strongest that its passages give.
    """
    spans = [Span(s.label, i, i + 1, s.start, s.end, 1.0) for i, s in enumerate(example.spans)]
    canonical = cluster(example.text, spans)
    place = {(span.start, span.end): index for index, span in enumerate(example.spans)}

    def head(span: object) -> int:
        return canonical[place[(span.start, span.end)]]  # type: ignore[attr-defined]

    def names(index: int) -> frozenset[str]:
        return frozenset(
            normal_form(example.text[span.start : span.end])
            for i, span in enumerate(example.spans)
            if canonical[i] == index
        )

    groups: dict[tuple[int, int], list[GoldDeparture]] = {}
    for departure in example.departures or ():
        groups.setdefault((head(departure.person), head(departure.organization)), []).append(departure)
    return [
        Fact(
            persons=names(person),
            organizations=names(organization),
            status=min((d.status for d in group), key=STATUSES.index),
            roles=frozenset(normal_form(example.text[r.start : r.end]) for d in group for r in d.roles),
            joined=tuple(names(i) for i in {head(target) for d in group for target in d.joined}),
            start=min(d.person.start for d in group),
        )
        for (person, organization), group in groups.items()
    ]


def matches(departure: Departure, fact: Fact) -> bool:
    """The guidelines' alias rule: any name that the article equates, a unit for its company."""
    persons = {normal_form(name) for name in (departure.person, *departure.person_aliases)}
    if not persons & fact.persons and not any(same_person(departure.person, name) for name in fact.persons):
        return False
    organizations = {normal_form(name) for name in (departure.organization, *departure.organization_aliases)}
    return bool(organizations & fact.organizations) or any(
        same_organization(departure.organization, name) for name in fact.organizations
    )


def match_facts(facts: Sequence[Fact], departures: Sequence[Departure]) -> list[tuple[int, int]]:
    """One-to-one pairs (fact, departure) that match, in order of the facts."""
    free = list(range(len(departures)))
    result = []
    for index, fact in enumerate(facts):
        found = next((at for at in free if matches(departures[at], fact)), None)
        if found is not None:
            free.remove(found)
            result.append((index, found))
    return result


def departure_counts(example: Example, document: Document) -> dict[str, Counts]:
    """Pair facts, and given a right pair the roles, new employers and status.

    `role` and `joined` count names; `status` counts right pairs, so that its precision
    and recall are both the accuracy; `frame` counts pairs of which everything is right.
    """
    facts = gold_facts(example)
    pairs = match_facts(facts, document.departures)
    role = joined = status = Counts()
    whole = 0
    for fact_index, departure_index in pairs:
        fact, departure = facts[fact_index], document.departures[departure_index]
        roles = {normal_form(name) for name in departure.roles}
        role += Counts(len(roles & fact.roles), len(roles), len(fact.roles))
        right_joined = sum(
            any(
                normal_form(name) in names or any(same_organization(name, other) for other in names)
                for names in fact.joined
            )
            for name in departure.joined
        )
        right_joined = min(right_joined, len(fact.joined))
        joined += Counts(right_joined, len(departure.joined), len(fact.joined))
        same_status = int(departure.status == fact.status)
        status += Counts(same_status, 1, 1)
        whole += bool(
            same_status and roles == fact.roles and right_joined == len(fact.joined) == len(departure.joined)
        )
    return {
        "pair": Counts(len(pairs), len(document.departures), len(facts)),
        "role": role,
        "joined": joined,
        "status": status,
        "frame": Counts(whole, len(document.departures), len(facts)),
    }


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
