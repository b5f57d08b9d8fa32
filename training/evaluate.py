"""Evaluate: a model on a set, or a recipe on the seed articles by leaving each one out.

    python -m training.evaluate --recipe training/recipes/base.yaml --leave-one-out
    python -m training.evaluate --data news-units --split dev

Everything is scored from raw text, after windows, script conversion and decoding.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ie_model.document import Document
from ie_model.errors import IEModelError
from ie_model.extractor import Extractor
from ie_model.model_folder import CONFIG, SAFETENSORS, ModelFolder
from ie_model.scheme import LABELS
from training.data.example import DataError, Example
from training.data.sources import read_source
from training.finetune import finetune
from training.recipe import Recipe, RecipeError
from training.scoring import Counts, bootstrap_interval, departure_counts, span_counts, total

PARTS = ("pair", "role", "joined", "status", "frame")


def score(examples: Sequence[Example], documents: Sequence[Document]) -> dict[str, Any]:
    """All figures of a set, with 95 % bootstrap intervals over its documents.

    Only the labels that the set marks completely are scored.
    """
    labels = [label for label in LABELS if all(label in example.complete for example in examples)]
    spans = [span_counts(e, d, labels) for e, d in zip(examples, documents, strict=True)]
    report: dict[str, Any] = {"documents": len(examples), "spans": {}, "departures": {}}
    for label in (*labels, "micro"):
        column = [total(c.values()) if label == "micro" else c[label] for c in spans]
        report["spans"][label] = _figures(column)
    if any(example.departures is not None for example in examples):
        links = [departure_counts(e, d) for e, d in zip(examples, documents, strict=True)]
        for part in PARTS:
            report["departures"][part] = _figures([c[part] for c in links])
    return report


def _figures(counts: Sequence[Counts]) -> dict[str, Any]:
    low, high = bootstrap_interval(counts)
    return {**total(counts).to_dict(), "f1_interval": [round(low, 4), round(high, 4)]}


def leave_one_out(recipe: Recipe) -> tuple[list[Example], list[Document]]:
    """Documents of the seed articles, each by a model that has not seen it.

    The leading stages that do not use the seeds are the same for every article and run
    once; the others run once for each article, without it.
    """
    config = Path(recipe.encoder) / CONFIG
    if config.is_file() and "ie_model" in json.loads(config.read_text(encoding="utf-8")):
        raise RecipeError(
            f"{recipe.encoder} is a fine-tuned model, which may have seen the articles; "
            "name an encoder that was only pretrained"
        )
    shared = next((i for i, s in enumerate(recipe.stages) if "seeds" in s.sources), len(recipe.stages))
    start = None
    if shared:
        start = finetune(recipe, stages=range(shared), resume=True)
    examples = read_source("seeds", data_root=Path(recipe.data_root))
    documents = []
    for example in examples:
        fold = replace(recipe, output=str(Path(recipe.output) / "leave-one-out" / example.id))
        model = finetune(
            fold, leave_out=example.id, stages=range(shared, len(recipe.stages)), start=start, resume=True
        )
        documents.append(Extractor.load(model, runtime="torch")(example.text, id=example.id))
    return examples, documents


def fingerprint(examples: Sequence[Example]) -> str:
    """A short hash of the texts and spans of a set."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr((example.text, example.spans, example.departures)).encode())
    return digest.hexdigest()[:16]


def weights_fingerprint(folder: Path) -> str:
    """A short hash of a model's weights, which says whose figures these are."""
    return hashlib.sha256((folder / SAFETENSORS).read_bytes()).hexdigest()[:16]


def print_report(title: str, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A line for each (name, report): F1 of every label, and of the departures' parts."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = [("spans", label) for label in (*LABELS, "micro")] + [("departures", part) for part in PARTS]
    for _, name in columns:
        table.add_column(name, justify="right")
    for name, report in rows:
        cells = [report[group].get(column) for group, column in columns]
        table.add_row(name, *("" if cell is None else f"{100 * cell['f1']:.1f}" for cell in cells))
    console = Console(width=max(110, Console().width))
    console.print(table)


def write_results(path: Path, *, command: str, examples: Sequence[Example], report: dict[str, Any]) -> None:
    packages = ("ie-model", "torch", "transformers", "tokenizers", "onnxruntime", "numpy")
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "command": command,
        "data": {"documents": len(examples), "fingerprint": fingerprint(examples)},
        "versions": {name: version(name) for name in packages},
        **report,
    }
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Score spans and departures from raw text.")
    parser.add_argument("--recipe", type=Path, help="with --leave-one-out: how to train each model")
    parser.add_argument("--leave-one-out", action="store_true", help="the seed articles, each by a model without it")
    parser.add_argument("--model", type=Path, help="a model folder; the packaged model by default")
    parser.add_argument("--runtime", default="onnx", choices=("onnx", "torch"))
    parser.add_argument("--data", default="news-units", help="a source, see training/data/sources.py")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--data-root", default="../shared/data")
    parser.add_argument("--output", type=Path, help="write the figures here, as JSON")
    options = parser.parse_args(arguments)
    try:
        if options.leave_one_out:
            if options.recipe is None:
                parser.error("--leave-one-out needs --recipe")
            recipe = replace(Recipe.read(options.recipe), data_root=options.data_root)
            examples, documents = leave_one_out(recipe)
            articles = {e.id: score([e], [d]) for e, d in zip(examples, documents, strict=True)}
            report = score(examples, documents)
            print_report("Leave one article out, strict F1", [*articles.items(), ("all", report)])
            command = f"python -m training.evaluate --recipe {options.recipe} --leave-one-out"
            output = options.output or Path("results/leave_one_out.json")
            write_results(output, command=command, examples=examples, report={**report, "articles": articles})
        else:
            examples = read_source(
                options.data, data_root=Path(options.data_root), split=options.split, purpose="evaluate"
            )
            extractor = Extractor.load(options.model, runtime=options.runtime)
            model = ModelFolder.open(options.model, runtime=options.runtime).path
            documents = [extractor(e.text, id=e.id) for e in track(examples, transient=True)]
            report = score(examples, documents)
            print_report(f"{options.data} {options.split}, strict F1", [("all", report)])
            command = f"python -m training.evaluate --data {options.data} --split {options.split}"
            if options.output:
                report = {"model": weights_fingerprint(model), **report}
                write_results(options.output, command=command, examples=examples, report=report)
    except (RecipeError, DataError, IEModelError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
