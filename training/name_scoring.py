"""Score which mentions are taken for one name: pairs of mentions, against clusters found by reading.

    python -m training.name_scoring

A pair of mentions of one label in one article is right if both sides have it in one cluster.
`forms` counts each way of writing a name once: pairs of equal strings, which nobody gets
wrong, are left out. The spans are the gold ones, so that only the names are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from ie_model.decoding import Span
from ie_model.names import cluster, normal_form
from training.command import argument_parser, reported
from training.data.example import Example
from training.data.names import NAMED, NAMES, NamedExample, read_names
from training.data.sources import read_source
from training.report import fingerprint, write_results
from training.scoring import Counts, figures

RESULTS = Path("results/names.json")
SETS = ("seeds", "authored", "authored-heldout")
#: Gives every span the number of its cluster.
Clusterer = Callable[[Example], Sequence[int]]


def by_names(example: Example) -> Sequence[int]:
    """What the package does."""
    spans = [Span(s.label, i, i + 1, s.start, s.end, 1.0) for i, s in enumerate(example.spans)]
    return cluster(example.text, spans)


def by_equal_forms(example: Example) -> Sequence[int]:
    """A baseline: equal strings are one name, once script, width, case and spaces are set aside."""
    forms: dict[str, int] = {}
    return [forms.setdefault(normal_form(example.text[s.start : s.end]), i) for i, s in enumerate(example.spans)]


def by_containment(example: Example) -> Sequence[int]:
    """A baseline: so is a name that is a part of another one of its label."""
    surfaces = [normal_form(example.text[span.start : span.end]) for span in example.spans]
    heads = list(range(len(surfaces)))
    for a, b in combinations(range(len(surfaces)), 2):
        same = example.spans[a].label == example.spans[b].label
        if same and (surfaces[a] in surfaces[b] or surfaces[b] in surfaces[a]):
            heads = [heads[a] if head == heads[b] else head for head in heads]
    return heads


CLUSTERERS: dict[str, Clusterer] = {
    "names": by_names,
    "equal-forms": by_equal_forms,
    "containment": by_containment,
}


def pair_counts(named: NamedExample, clusters: Sequence[int], label: str, *, forms: bool) -> Counts:
    """Pairs of an article's mentions of one label; each form once where `forms` says so."""
    text = named.example.text
    indices = [index for index, span in enumerate(named.example.spans) if span.label == label]
    if forms:
        surfaces = [(normal_form(text[s.start : s.end]), named.clusters[i]) for i, s in enumerate(named.example.spans)]
        indices = [index for index in indices if surfaces.index(surfaces[index]) == index]
    gold = {pair for pair in combinations(indices, 2) if named.clusters[pair[0]] == named.clusters[pair[1]]}
    found = {pair for pair in combinations(indices, 2) if clusters[pair[0]] == clusters[pair[1]]}
    return Counts(len(gold & found), len(found), len(gold))


def score_names(named: Sequence[NamedExample], clusterer: Clusterer) -> dict[str, Any]:
    """Pairwise figures by label and for both, with intervals over articles."""
    report: dict[str, Any] = {}
    answers = [clusterer(one.example) for one in named]
    for unit in ("forms", "mentions"):
        counts = {
            label: [pair_counts(one, a, label, forms=unit == "forms") for one, a in zip(named, answers, strict=True)]
            for label in NAMED
        }
        report[unit] = {label: figures(each) for label, each in counts.items()}
        report[unit]["all"] = figures([a + b for a, b in zip(*counts.values(), strict=True)])
    return report


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Score which mentions are taken for one name.")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file to write the figures to")
    parser.add_argument("--errors", action="store_true", help="print the pairs of forms that are wrong")
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {"sets": {}}
    for name in SETS:
        examples = read_source(name, data_root=Path(), purpose="evaluate")
        named = read_names(NAMES / f"{name}.jsonl", examples)
        one: dict[str, Any] = {"articles": len(named), "fingerprint": fingerprint(named)}
        for clusterer, answer in CLUSTERERS.items():
            one[clusterer] = score_names(named, answer)
            forms = one[clusterer]["forms"]["all"]
            print(f"{name}, {clusterer}: pairs of forms F1 {forms['f1']:.3f} {forms['f1_interval']}")
        report["sets"][name] = one
        if options.errors:
            _print_errors(named)
    write_results(options.output, command="python -m training.name_scoring", report=report)
    return 0


def _print_errors(named: Sequence[NamedExample]) -> None:
    for one in named:
        answer, spans = by_names(one.example), one.example.spans
        wrong = {
            (one.clusters[a] == one.clusters[b], *(one.example.text[spans[i].start : spans[i].end] for i in (a, b)))
            for a, b in combinations(range(len(spans)), 2)
            if spans[a].label == spans[b].label and spans[a].label in NAMED
            and (one.clusters[a] == one.clusters[b]) != (answer[a] == answer[b])
        }  # fmt: skip
        for same, a, b in sorted(wrong):
            print(f"  {one.example.id} {'missed' if same else 'merged'}: {a} | {b}")


if __name__ == "__main__":
    raise SystemExit(main())
