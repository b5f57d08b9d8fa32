"""Evaluate: the published model on everything at hand, a model on one set, or a recipe by
leaving each seed article out.

    python -m training.evaluate --all
    python -m training.evaluate --data news-units --split dev --errors build/errors.md
    python -m training.evaluate --recipe training/recipes/base.yaml --leave-one-out

Everything is scored from raw text, after windows, script conversion and decoding.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from ie_model.scheme import LABELS
from training.command import argument_parser, reported
from training.data.sources import has_splits, read_source
from training.error_report import as_markdown
from training.fact_scoring import PARTS
from training.leave_one_out import leave_one_out, provenance
from training.recipe import DATA_ROOT, Recipe
from training.report import (
    check_writable,
    command_of,
    departure_figures,
    fingerprint,
    link_gold_spans,
    score,
    seqeval_f1,
    weights_fingerprint,
    write_results,
)
from training.suite import run_suite

ZERO_SHOT = Path("results/zero_shot.json")
LEAVE_ONE_OUT = Path("results/leave_one_out.json")


def print_report(title: str, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A line for each (name, report): F1 of every label, and of the departures' parts."""
    found = [label for _, report in rows for label in report.get("spans", {}) if label not in (*LABELS, "micro")]
    columns = [("spans", label) for label in (*LABELS, *dict.fromkeys(found), "micro")]
    columns += [("departures", part) for part in PARTS]
    columns = [(g, c) for g, c in columns if any(c in report.get(g, {}) for _, report in rows)]
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for _, name in columns:
        table.add_column(name, justify="right")
    for name, report in rows:
        cells = [report.get(group, {}).get(column) for group, column in columns]
        table.add_row(name, *("" if cell is None else f"{100 * cell['f1']:.1f}" for cell in cells))
    Console(width=max(120, Console().width)).print(table)


def evaluate_all(options: argparse.Namespace, command: str) -> None:
    """The published model, or `--model`, on every set that is at hand."""
    folder = ModelFolder.open(options.model, runtime=options.runtime)
    extractor = Extractor.load(options.model, runtime=options.runtime)
    report = run_suite(extractor, data_root=Path(options.data_root))
    rows: list[tuple[str, dict[str, Any]]] = []
    for name, one in report["sets"].items():
        rows.append((name, one))
        rows += [(f"  {baseline}", figures) for baseline, figures in one["baselines"].items()]
        if "departures_gold_spans" in one:
            rows.append(("  gold spans given", {"departures": one["departures_gold_spans"]}))
    print_report("Strict F1", rows)
    for line in report["not_found"]:
        print(f"not found: {line}")
    report = {"model": weights_fingerprint(folder.path), **report}
    write_results(options.output, command=command, report=report)
    print(f"{len(rows)} rows in {report['seconds']} s; figures in {options.output}")


def evaluate_set(options: argparse.Namespace, command: str) -> None:
    """One model on one split of one set; a benchmark's model on the set's own labels."""
    folder = ModelFolder.open(options.model, runtime=options.runtime)
    extractor = Extractor.load(options.model, runtime=options.runtime)
    examples = read_source(
        options.data,
        data_root=Path(options.data_root),
        split=options.split,
        purpose="evaluate",
        own_labels=folder.settings.benchmark is not None,
    )
    documents = [extractor(e.text, id=e.id) for e in track(examples, transient=True)]
    split = options.split if has_splits(options.data) else None
    title = f"{options.data} {split}" if split else options.data
    report = {"split": split, "fingerprint": fingerprint(examples), **score(examples, documents)}
    report["seqeval_f1"] = round(seqeval_f1(examples, documents), 4)
    rows = [("all", report)]
    if report["departures"]:
        report["departures_gold_spans"] = departure_figures(examples, link_gold_spans(extractor, examples))
        rows.append(("gold spans given", {"departures": report["departures_gold_spans"]}))
    print_report(f"{title}, strict F1", rows)
    _write_errors(options.errors, title, examples, documents)
    if options.output:
        report = {"model": weights_fingerprint(folder.path), **report}
        write_results(options.output, command=command, report=report)


def evaluate_recipe(options: argparse.Namespace, command: str) -> None:
    """A recipe on the seed articles, leaving each one out."""
    recipe = Recipe.read(options.recipe)
    if options.data_root is not None:
        recipe = replace(recipe, data_root=options.data_root)
    folds = leave_one_out(recipe)
    report = folds.report()
    rows = [*report["articles"].items(), ("all", report)]
    print_report(
        "Leave one article out, strict F1",
        [*rows, ("gold spans given", {"departures": report["departures_gold_spans"]})],
    )
    _write_errors(options.errors, "seeds, leave one out", folds.examples, folds.documents)
    write_results(options.output, command=command, report={**provenance(recipe), **report})


def _write_errors(path: Path | None, title: str, examples: Sequence[Any], documents: Sequence[Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_markdown(title, examples, documents), encoding="utf-8")
        print(f"missed and invented departures, with their sentences: {path}")


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Score spans and departures from raw text.")
    parser.add_argument("--all", action="store_true", help="the model on every set that is at hand; no training")
    parser.add_argument("--leave-one-out", action="store_true", help="the seed articles, each by a model without it")
    parser.add_argument("--recipe", type=Path, help="with --leave-one-out: how to train each model")
    parser.add_argument("--model", type=Path, help="a model folder; the packaged model by default")
    parser.add_argument("--runtime", default="onnx", choices=("onnx", "torch"), help="what runs the model")
    parser.add_argument("--data", default="news-units", help="a source, see training/data/sources.py")
    parser.add_argument("--split", default="dev", help="of the source")
    parser.add_argument("--data-root", help=f"folder of the publishers' files; the recipe's, or {DATA_ROOT}")
    parser.add_argument("--output", type=Path, help="write the figures here, as JSON")
    parser.add_argument("--errors", type=Path, help="write missed and invented departures here, as Markdown")
    options = parser.parse_args(arguments)
    if options.leave_one_out and options.recipe is None:
        parser.error("--leave-one-out needs --recipe")
    if options.recipe is not None and not options.leave_one_out:
        parser.error("--recipe needs --leave-one-out, which trains by it; name a trained model with --model")
    if options.all and options.leave_one_out:
        parser.error("--all needs no training, --leave-one-out does: one of them at a time")
    if options.all and options.errors:
        parser.error("--errors is for one set, or for --leave-one-out: name a set with --data instead of --all")
    whole = options.all or options.leave_one_out
    for name in ("model", "runtime", "data", "split") if options.leave_one_out else ("data", "split"):
        if whole and getattr(options, name) != parser.get_default(name):
            parser.error(f"--{name} has no effect with {'--all' if options.all else '--leave-one-out'}; leave it out")
    if options.output is None and whole:
        options.output = ZERO_SHOT if options.all else LEAVE_ONE_OUT
    told = () if whole else ("data", "split") if has_splits(options.data) else ("data",)
    command = command_of("training.evaluate", options, parser, always=told)
    for path in (options.output, options.errors):
        if path is not None:
            check_writable(path)
    if options.leave_one_out:
        evaluate_recipe(options, command)
        return 0
    options.data_root = options.data_root or DATA_ROOT
    if options.all:
        evaluate_all(options, command)
    else:
        evaluate_set(options, command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
