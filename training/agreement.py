"""Agreement between two annotation passes: strict span F1 per label, relation F1.

    python -m training.agreement annotations/passes/a annotations/passes/b --output annotations/agreement.json
    python -m training.agreement annotations/authored annotations/authored/second-pass
    python -m training.agreement annotations/paragraphs annotations/paragraphs/second-pass

A pass is a folder of Label Studio exports, of authored JSON lines, or of paragraphs' marks. The second may hold a
part of the first's texts only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ie_model.scheme import LABELS
from training.command import argument_parser, reported
from training.data.authored import read_authored
from training.data.example import DataError, Example, GoldSpan
from training.data.paragraphs import MARKS, marked_examples
from training.data.seeds import read_seeds
from training.scoring import Counts

Relation = tuple[str, GoldSpan, GoldSpan]


def relations_of(example: Example) -> set[Relation]:
    """(relation, PERSON, target) of every departure; its status is a relation of its own."""
    result: set[Relation] = set()
    for departure in example.departures or ():
        result.add(("departed_from", departure.person, departure.organization))
        result.add((f"status:{departure.status}", departure.person, departure.organization))
        result |= {("left_role", departure.person, role) for role in departure.roles}
        result |= {("joined", departure.person, target) for target in departure.joined}
        if departure.date is not None:
            result.add(("left_on", departure.person, departure.date))
    return result


def agreement(first: Sequence[Example], second: Sequence[Example]) -> dict[str, Any]:
    """F1 of the second pass against the first (symmetric), over all articles."""
    by_id = {example.id: example for example in first}
    if unknown := [example.id for example in second if example.id not in by_id]:
        raise DataError(f"the first pass lacks {len(unknown)} texts of the second: {', '.join(unknown[:5])} …")
    spans: dict[str, Counts] = {label: Counts() for label in LABELS}
    relations: dict[str, Counts] = {}
    for b in second:
        a = by_id[b.id]
        for label in LABELS:
            one = {s for s in a.spans if s.label == label}
            two = {s for s in b.spans if s.label == label}
            spans[label] += Counts(len(one & two), len(two), len(one))
        left, right = relations_of(a), relations_of(b)
        for name in sorted({kind.split(":")[0] for kind, _, _ in left | right}):
            one_r = {r for r in left if r[0].split(":")[0] == name}
            two_r = {r for r in right if r[0].split(":")[0] == name}
            relations[name] = relations.get(name, Counts()) + Counts(len(one_r & two_r), len(two_r), len(one_r))
    all_spans, all_relations = sum(spans.values(), Counts()), sum(relations.values(), Counts())
    return {
        "articles": len(second),
        "spans": {name: counts.to_dict() for name, counts in {**spans, "micro": all_spans}.items()},
        "relations": {name: counts.to_dict() for name, counts in {**relations, "micro": all_relations}.items()},
    }


def read_pass(folder: Path) -> list[Example]:
    if (folder / MARKS.name).is_file():
        return marked_examples(folder / MARKS.name)
    return read_authored(folder) if any(folder.glob("*.jsonl")) else read_seeds(folder)


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Agreement between two folders of Label Studio annotations.")
    parser.add_argument("first", type=Path, help="folder of the one pass's exports")
    parser.add_argument("second", type=Path, help="folder of the other's")
    parser.add_argument("--output", type=Path, help="file to write the figures to")
    options = parser.parse_args(arguments)
    report = agreement(read_pass(options.first), read_pass(options.second))
    for part in ("spans", "relations"):
        for name, figures in report[part].items():
            print(f"{part:10} {name:14} F1 {figures['f1']:.3f}  ({figures['right']} of {figures['gold']})")
    if options.output:
        command = f"python -m training.agreement {options.first} {options.second} --output {options.output}"
        options.output.write_text(json.dumps({"command": command, **report}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
