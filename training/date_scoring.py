"""Score the rule that dates a departure: which time expression, given the gold departures.

    python -m training.date_scoring

Spans and departures are the gold ones, so that only the choice of the time is scored; it is
right if it is the annotated characters. The rule was written while the seeds and
`news.jsonl` were looked at. The held-out pieces came after its first version; its misses in them
had been seen once when the last forms (上季度末, 判决次日 …) were added from `news.jsonl`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ie_model.dates import TimeSpan
from ie_model.departure_dates import DATED, DepartureDates
from training.data.example import Example, GoldDeparture
from training.data.sources import ANNOTATED, read_source
from training.report import fingerprint, write_results
from training.scoring import Counts, figures

RESULTS = Path("results/dates.json")


def chosen_dates(example: Example) -> Iterator[tuple[GoldDeparture, TimeSpan | None]]:
    """Every gold departure of a text with the time that the rule finds for it."""
    persons, organizations = (
        [(span.start, span.end) for span in example.spans if span.label == label] for label in ("PERSON", "ORG")
    )
    dates = DepartureDates(example.text, persons=persons, organizations=organizations)
    for gold in example.departures or ():
        person, organization = ((span.start, span.end) for span in (gold.person, gold.organization))
        yield gold, dates.of(person=person, organization=organization) if gold.status in DATED else None


def date_counts(example: Example) -> Counts:
    """How many of a text's departures have the right date."""
    pairs = list(chosen_dates(example))
    right = sum(
        found is not None and gold.date is not None and (found.start, found.end) == (gold.date.start, gold.date.end)
        for gold, found in pairs
    )
    return Counts(right, sum(found is not None for _, found in pairs), sum(gold.date is not None for gold, _ in pairs))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Score the rule that dates a departure.")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {}
    for name in ANNOTATED:
        examples = [e for e in read_source(name, data_root=Path(), purpose="evaluate") if e.departures]
        one = figures([date_counts(example) for example in examples])
        report[name] = {"texts": len(examples), "fingerprint": fingerprint(examples), **one}
        print(f"{name}: precision {one['precision']:.3f}, recall {one['recall']:.3f}, F1 {one['f1']:.3f}")
    write_results(options.output, command="python -m training.date_scoring", report={"sets": report})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
