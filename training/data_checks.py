"""Checks of labelled data: faults of spans, duplicates, texts on both sides of an evaluation.

Each takes the splits of all sources and yields what it finds; `training/debug_data.py`
reads them and tells it. `training/overlap.py` says when two texts are the same or nearly so.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ie_model.encoding import is_latin
from ie_model.scheme import LABELS
from ie_model.script import model_view
from training.data.example import Example, GoldSpan
from training.data.sources import ANNOTATED
from training.overlap import RUN, contained, fold, near_pairs, shared_runs

#: A surface has two labels often where its second has this many spans.
OFTEN = 3
#: The sets of this project: what a publisher decides elsewhere is ours to mend here.
OURS = (*ANNOTATED, "news-units")
_IN_ONE_FILE = "take these out of the file that is scored, or out of the one that is trained on"
#: check → severity, severity in the sets of this project, remedy or reason
CHECKS = {
    "unreadable": ("error", "error", "the message names the file and the line"),
    "unknown-label": ("error", "error", "map it in the source's reader; the labels are in ie_model/scheme.py"),
    "outside": ("error", "error", "offsets count code points of the text as given, end exclusive"),
    "overlap": ("error", "error", "spans are flat: keep one of the two"),
    "cuts-character": ("error", "error", "a span holds the whole of what is written as one character"),
    "departure-without-span": ("error", "error", "mark its person, organisations and roles as spans too"),
    "white-space": ("warning", "error", "trim the span"),
    "cuts-word": ("warning", "warning", "mark the whole word, unless a space was lost; its tokens get no loss"),
    "empty-text": ("warning", "error", "leave the text out"),
    "exact-overlap": ("warning", "error", _IN_ONE_FILE),
    "near-overlap": ("warning", "error", _IN_ONE_FILE),
    "shared-run": ("warning", "warning", "a quotation is harmless; leave a copied passage out of training"),
    "contradiction": ("warning", "error", "one text, one answer; across sources the guidelines differ"),
    "duplicate": ("info", "error", "counts more than once in training and in scores"),
    "near-duplicate": ("info", "info", "versions of one story; keep them in one split"),
    "two-labels": ("info", "info", "right where the context decides, otherwise settle it in the guidelines"),
}
SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True)
class Split:
    """The texts of one split of a source; `events` counts the departures of a set without spans."""

    source: str
    name: str
    examples: tuple[Example, ...]
    trains: bool
    events: int | None = None

    @property
    def title(self) -> str:
        return f"{self.source} {self.name}"

    @property
    def evaluated(self) -> bool:
        """The seeds serve both ends: each is evaluated by a model that trained on the others."""
        return not self.trains or self.source == "seeds"

    @cached_property
    def folded(self) -> tuple[str, ...]:
        return tuple(fold(example.text) for example in self.examples)

    def figures(self) -> dict[str, Any]:
        """How much it holds; None for what it does not mark."""
        counts = Counter(span.label for example in self.examples for span in example.spans)
        marked = {label for example in self.examples for label in example.complete} | counts.keys()
        departures = [len(e.departures) for e in self.examples if e.departures is not None]
        return {
            "source": self.source,
            "split": self.name,
            "use": "both" if self.trains and self.evaluated else "train" if self.trains else "evaluate",
            "texts": len(self.examples),
            "characters": sum(len(example.text) for example in self.examples),
            "labels": {label: counts[label] if label in marked else None for label in LABELS},
            "departures": sum(departures) if departures else self.events,
        }


@dataclass(frozen=True)
class Finding:
    """One kind of fault in one split."""

    severity: str
    check: str
    source: str
    split: str
    count: int
    what: str
    examples: tuple[str, ...]
    remedy: str


def findings_at(check: str, source: str, split: str, places: Sequence[str], what: str) -> Iterator[Finding]:
    """The finding, if there is anything to report."""
    if places:
        examples = tuple(place.encode("utf-8", "backslashreplace").decode() for place in places[:5])
        severity = CHECKS[check][source in OURS]
        yield Finding(severity, check, source, split, len(places), what, examples, CHECKS[check][2])


def _quote(example: Example, start: int = 0, end: int = 0) -> str:
    """The place with what stands around it."""
    text = example.text
    marked = f"{text[max(0, start - 12) : start]}⟦{text[start:end]}⟧{text[end : end + 12]}" if end else text[:40]
    return f"{example.id}: {' '.join(marked.splitlines())}"


def _cuts_character(text: str, at: int) -> bool:
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    halves = "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"
    tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return halves or tone or unicodedata.category(after)[0] == "M" or "\u200d" in (before, after)


def _cuts_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and all(is_latin(character) for character in model_view(text[at - 1 : at + 1]))


def span_faults(text: str, spans: Sequence[GoldSpan]) -> Iterator[tuple[str, GoldSpan]]:
    """The checks that a span fails, with the span."""
    last = 0
    for span in sorted(spans):
        if span.label not in LABELS:
            yield "unknown-label", span
        if not 0 <= span.start < span.end <= len(text):
            yield "outside", span
            continue
        if span.start < last:
            yield "overlap", span
        last = max(last, span.end)
        surface = text[span.start : span.end]
        if surface != surface.strip():
            yield "white-space", span
        borders = (span.start, span.end)
        if any(_cuts_character(text, at) for at in borders):
            yield "cuts-character", span
        elif any(_cuts_word(text, at) for at in borders):
            yield "cuts-word", span


def check_examples(splits: Sequence[Split]) -> Iterator[Finding]:
    """Faults that a text has by itself: of its spans, of its departures, nothing in it."""
    for split in splits:
        places: dict[str, list[str]] = defaultdict(list)
        for example in split.examples:
            if not example.text.strip():
                places["empty-text"].append(example.id)
            for fault, span in span_faults(example.text, example.spans):
                places[fault].append(f"{_quote(example, span.start, span.end)} {span.label}")
            for departure in example.departures or ():
                sides = (departure.person, departure.organization, *departure.roles, *departure.joined)
                places["departure-without-span"] += [
                    f"{_quote(example, side.start, side.end)} {side.label}"
                    for side in sides
                    if side not in example.spans
                ]
        for check, found in places.items():
            yield from findings_at(
                check, split.source, split.name, found, "texts" if check == "empty-text" else "spans"
            )


def check_surfaces(splits: Sequence[Split]) -> Iterator[Finding]:
    """Surfaces that a split marks with two labels, those with the most spans of the second first."""
    for split in splits:
        labels: dict[str, Counter[str]] = defaultdict(Counter)
        for example in split.examples:
            for span in example.spans:
                labels[example.text[span.start : span.end]][span.label] += 1
        often = [(s, c.most_common()) for s, c in labels.items() if len(c) > 1 and c.most_common()[1][1] >= OFTEN]
        often.sort(key=lambda item: -item[1][1][1])
        places = [f"{surface}: {', '.join(f'{label} {n}' for label, n in counts)}" for surface, counts in often]
        yield from findings_at("two-labels", split.source, split.name, places, "surfaces with two labels")


def _marks(example: Example, labels: frozenset[str]) -> set[tuple[int, int, str]]:
    """The spans of these labels, at their places in the folded text."""
    places = [0]
    for character in example.text:
        places.append(places[-1] + (not character.isspace()))
    return {(places[s.start], places[s.end], s.label) for s in example.spans if s.label in labels}


def check_duplicates(splits: Sequence[Split]) -> Iterator[Finding]:
    """Texts that stand more than once in a split, and those with other marks the second time."""
    first: dict[str, dict[int, Example]] = defaultdict(dict)  # text → split → the first that has it
    contradictions: dict[tuple[int, int], list[str]] = defaultdict(list)
    for number, split in enumerate(splits):
        repeated = []
        for example, text in zip(split.examples, split.folded, strict=True):
            if not text:
                continue
            for other, earlier in first[text].items():
                labels = example.complete & earlier.complete
                differing = _marks(example, labels) ^ _marks(earlier, labels)
                if differing:
                    marks = "; ".join(f"{text[start:end]} {label}" for start, end, label in sorted(differing)[:3])
                    contradictions[number, other].append(f"{example.id} and {earlier.id}: {marks}")
            if number in first[text]:
                repeated.append(_quote(example))
            first[text].setdefault(number, example)
        yield from findings_at("duplicate", split.source, split.name, repeated, "texts that stand above in the split")
    for (number, other), places in contradictions.items():
        split, what = splits[number], f"texts with other marks than in {splits[other].title}"
        yield from findings_at("contradiction", split.source, split.name, places, what)


def check_overlap(splits: Sequence[Split]) -> Iterator[Finding]:
    """Evaluated texts that a training split has too, exactly or nearly; near duplicates within a split."""
    distinct = [frozenset(split.folded) - {""} for split in splits]
    texts = sorted(frozenset().union(*distinct))
    partners: dict[str, set[str]] = defaultdict(set)
    for i, j in near_pairs(texts):
        partners[texts[i]].add(texts[j])
        partners[texts[j]].add(texts[i])
    inside = [{texts[i] for i in contained(texts, split.folded)} if split.trains else set() for split in splits]
    for split, own in zip(splits, distinct, strict=True):
        pairs = list(zip(split.examples, split.folded, strict=True))
        near = [_quote(example) for example, text in pairs if partners[text] & own]
        yield from findings_at(
            "near-duplicate", split.source, split.name, near, "texts with a near duplicate in the split"
        )
        for other, held, within in zip(splits, distinct, inside, strict=True):
            if other is split or not (split.evaluated and other.trains):
                continue
            what = f"of {len(pairs):,} texts stand {{}}in {other.title}"
            exact = [_quote(example) for example, text in pairs if text in held]
            yield from findings_at("exact-overlap", split.source, split.name, exact, what.format(""))
            near = [_quote(e) for e, t in pairs if t not in held and (t in within or partners[t] & held)]
            yield from findings_at(
                "near-overlap", split.source, split.name, near, what.format("nearly or within a text ")
            )


def check_runs(splits: Sequence[Split]) -> Iterator[Finding]:
    """Long runs that this project's evaluated texts share with texts that may train."""
    for split in splits:
        if not (split.evaluated and split.source in OURS):
            continue
        for other in splits:
            if other.trains:
                runs = shared_runs(other.folded, split.folded)
                places = [
                    f"{split.examples[target].id}, {other.examples[index].id}: {len(run)} characters, {run[:RUN]}…"
                    for index, target, run in sorted(runs, key=lambda item: -len(item[2]))
                    if other is not split or index < target
                ]
                what = f"pairs with {other.title} that share {RUN} characters or more"
                yield from findings_at("shared-run", split.source, split.name, places, what)


#: Every check of splits, in the order in which findings of one severity are told.
SPLIT_CHECKS: tuple[Callable[[Sequence[Split]], Iterator[Finding]], ...] = (
    check_examples,
    check_overlap,
    check_runs,
    check_duplicates,
    check_surfaces,
)
