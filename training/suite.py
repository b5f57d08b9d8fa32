"""Everything that the published model can be scored on without training: one run, one file.

Each set is scored on the labels that it marks completely, mapped to this project's
(`training/data/`); none of it is trained on. Sets that are not at hand are named, not fatal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ie_model.document import Document
from ie_model.extractor import Extractor
from training.baselines import BASELINES
from training.data.duee import read_duee
from training.data.duee_fin import read_duee_fin
from training.data.example import Example, NotAtHandError
from training.data.sources import SOURCES, read_source, scored_passages, set_name
from training.events import score_duee, score_duee_fin
from training.report import complete_labels, departure_figures, fingerprint, link_gold_spans, score, seqeval_f1
from training.script_gap import script_gap

#: (source, split) of what is scored, our own kind of text first. People's Daily is not among them:
#: nearly all of it stands in MSRA's train split, which trains the model.
SETS = (
    ("news-units", "dev"),
    ("news-units", "test"),
    ("authored-heldout", "test"),
    scored_passages(),
    ("cluener", "dev"),
    ("resume", "test"),
    ("msra", "test"),
    ("weibo", "test"),
    ("uner-gsd", "test"),
    ("uner-pud", "test"),
)
#: Sets that are also answered in the other script.
BOTH_SCRIPTS = (("news-units", "test"), ("cluener", "dev"), ("uner-gsd", "test"), ("uner-pud", "test"))
#: Tells a bar what is being read, or which share of it is done.
Advance = Callable[[str | None, float | None], None]


@dataclass
class Suite:
    """One run over all sets with one model."""

    extractor: Extractor
    data_root: Path
    advance: Advance

    def answer(self, texts: Sequence[str]) -> list[Document]:
        """The documents of a set's texts, with the bar moving along."""
        documents = []
        for number, document in enumerate(self.extractor.pipe(texts), 1):
            documents.append(document)
            self.advance(None, number / len(texts))
        return documents

    def sets(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        """(group, name, how to score it) of every set; scoring raises NotAtHandError where a set is not at hand."""
        for source, split in SETS:
            yield "sets", set_name(source, split), partial(self.score_set, source, split)
        yield "events", "duee dev", self.score_duee
        yield "events", "duee-fin dev, documents with a change", self.score_duee_fin

    def score_set(self, source: str, split: str) -> dict[str, Any]:
        """A set of spans, with its script gap and the baselines beside the model."""
        examples = read_source(source, data_root=self.data_root, split=split, purpose="evaluate")
        documents = self.answer([example.text for example in examples])
        report = describe(examples) | score(examples, documents)
        report["seqeval_f1"] = round(seqeval_f1(examples, documents), 4)
        if report["departures"]:
            report["departures_gold_spans"] = departure_figures(examples, link_gold_spans(self.extractor, examples))
        if (source, split) in BOTH_SCRIPTS:
            report["scripts"] = script_gap(
                self.extractor,
                examples,
                documents,
                script=SOURCES[source].script,
                labels=complete_labels(examples),
            )
        report["baselines"] = baseline_figures(examples)
        return report

    def score_duee(self) -> dict[str, Any]:
        texts = read_duee(self.data_root, "dev")
        documents = self.answer([text.text for text in texts])
        return {"fingerprint": fingerprint(texts), "documents": len(texts), **score_duee(texts, documents)}

    def score_duee_fin(self) -> dict[str, Any]:
        """One document in sixteen has a change of management; the others, half a million characters, are left out."""
        gold = [document for document in read_duee_fin(self.data_root, "dev") if document.changes]
        documents = self.answer([f"{document.headline}\n{document.text}" for document in gold])
        return {"fingerprint": fingerprint(gold), "documents": len(gold), **score_duee_fin(gold, documents)}


def describe(examples: Sequence[Example]) -> dict[str, Any]:
    """Which data this is."""
    return {"fingerprint": fingerprint(examples), "characters": sum(len(example.text) for example in examples)}


def baseline_figures(examples: Sequence[Example]) -> dict[str, Any]:
    """The figures of every baseline that answers for a label of the set and is installed."""
    result: dict[str, Any] = {}
    marked = complete_labels(examples)
    for baseline in BASELINES.values():
        # A rule for departures has its names from another baseline, which is scored on them.
        labels = [label for label in baseline.labels if label in marked and not baseline.departures]
        departures = baseline.departures and any(example.departures is not None for example in examples)
        if not (labels or departures):
            continue
        if not baseline.available():
            result[baseline.name] = {"not_installed": baseline.remedy()}
            continue
        documents = [baseline(example.text) for example in examples]
        report = score(examples, documents, labels=labels)
        result[baseline.name] = {"spans": report["spans"]} if labels else {}
        if departures:
            result[baseline.name]["departures"] = report["departures"]
    return result


def run_suite(extractor: Extractor, *, data_root: Path) -> dict[str, Any]:
    """Score everything that is at hand.

    Returns:
        `sets` and `events` by name, `not_found` with a line for each set that is not at
        hand, and the seconds that it took.
    """
    started = time.monotonic()
    report: dict[str, Any] = {"sets": {}, "events": {}, "not_found": []}
    with _progress() as advance:
        suite = Suite(extractor, data_root, advance)
        entries = list(suite.sets())
        for number, (group, name, score_it) in enumerate(entries, 1):
            advance(f"{name} ({number} of {len(entries)})", None)
            try:
                report[group][name] = score_it()
            except NotAtHandError as error:
                report["not_found"].append(f"{name}: {error}")
    report["seconds"] = round(time.monotonic() - started)
    return report


@contextmanager
def _progress() -> Iterator[Advance]:
    """A bar over the documents of the set that is being answered."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("reading", total=1.0)

        def advance(description: str | None, completed: float | None) -> None:
            if description is not None:
                progress.reset(task, total=1.0, description=description)
            if completed is not None:
                progress.update(task, completed=completed)

        yield advance
