"""Scores of departures as facts of an article: pairs, what is said of each, whole frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ie_model.decoding import Span
from ie_model.document import Departure, Document
from ie_model.names import cluster, normal_form, same_organization, same_person
from ie_model.relations import STATUSES
from training.data.example import Example, GoldDeparture
from training.scoring import Counts

#: What is scored: the pair, then given a right pair its parts, then everything at once.
PARTS = ("pair", "role", "joined", "date", "status", "frame")


@dataclass(frozen=True)
class Fact:
    """A gold departure of an article: the names of its two sides, and what is said of it.

    Attributes:
        dates: its dates as worded, in normal form; empty where the text gives none.
        passages: [start, end) of the person's and organisation's mentions, one pair for
            each passage that says so.
    """

    persons: frozenset[str]
    organizations: frozenset[str]
    status: str
    roles: frozenset[str]
    joined: tuple[frozenset[str], ...]
    dates: frozenset[str]
    passages: tuple[tuple[int, int], ...]


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
            dates=frozenset(normal_form(example.text[d.date.start : d.date.end]) for d in group if d.date),
            passages=tuple(
                (min(d.person.start, d.organization.start), max(d.person.end, d.organization.end)) for d in group
            ),
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
    """Counts of an article's facts, by PARTS.

    `pair` counts facts. Given a right pair, `role`, `joined` and `date` count what is
    named, and `status` counts pairs, so that its precision and recall are the accuracy.
    `frame` counts facts of which everything is right, the date where the source marks dates.
    """
    facts = gold_facts(example)
    pairs = match_facts(facts, document.departures)
    counts = dict.fromkeys(PARTS, Counts())
    for fact_index, departure_index in pairs:
        one = parts_of(facts[fact_index], document.departures[departure_index], dates=example.dates)
        for part, found in one.items():
            counts[part] += found
    counts["pair"] = Counts(len(pairs), len(document.departures), len(facts))
    counts["frame"] = Counts(counts["frame"].right, len(document.departures), len(facts))
    return counts


def parts_of(fact: Fact, departure: Departure, *, dates: bool) -> dict[str, Counts]:
    """The counts of one right pair."""
    roles = {normal_form(name) for name in departure.roles}
    joined = _matched_employers(departure.joined, fact.joined)
    date = {normal_form(departure.date.text)} if departure.date else set()
    counts = {
        "role": Counts(len(roles & fact.roles), len(roles), len(fact.roles)),
        "joined": Counts(joined, len(departure.joined), len(fact.joined)),
        "status": Counts(int(departure.status == fact.status), 1, 1),
    }
    if dates:  # a fact has one date; several wordings of it are all right
        counts["date"] = Counts(len(date & fact.dates), len(date), min(1, len(fact.dates)))
    whole = all(part.right == part.predicted == part.gold for part in counts.values())
    return {**counts, "frame": Counts(right=int(whole))}


def _matched_employers(told: Sequence[str], gold: Sequence[frozenset[str]]) -> int:
    """How many of the new employers that are told are one of the gold ones, each of which counts once."""
    free = list(gold)
    rest = []
    for name in told:  # those of the same name first, so that a unit does not take its company's place
        exact = next((names for names in free if normal_form(name) in names), None)
        if exact is None:
            rest.append(name)
        else:
            free.remove(exact)
    for name in rest:
        like = next((names for names in free if any(same_organization(name, other) for other in names)), None)
        if like is not None:
            free.remove(like)
    return len(gold) - len(free)
