"""The figures of one set, and how they are kept: JSON with what is needed to repeat them."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ie_model.document import Document
from ie_model.errors import cannot_write
from ie_model.extractor import Extractor
from ie_model.model_folder import SAFETENSORS
from ie_model.scheme import TagScheme
from training.data.example import Example
from training.fact_scoring import PARTS, departure_counts
from training.scoring import Counts, bootstrap_interval, figures, span_counts, total

#: Options that a command for repeating a result leaves out: where data and models are, and what is written where.
_OWN = ("data_root", "folder", "output", "errors", "write")
#: Whose versions a result names.
PACKAGES = ("ie-model", "torch", "transformers", "tokenizers", "onnxruntime", "numpy", "seqeval")


def score(
    examples: Sequence[Example], documents: Sequence[Document], *, labels: Sequence[str] | None = None
) -> dict[str, Any]:
    """All figures of a set, with 95 % bootstrap intervals over its documents.

    Args:
        labels: those that are scored; by default all that the set marks completely.
    """
    marked = complete_labels(examples)
    labels = [label for label in marked if labels is None or label in labels]
    spans = [span_counts(e, d, labels) for e, d in zip(examples, documents, strict=True)]
    report: dict[str, Any] = {"documents": len(examples), "spans": {}, "departures": {}}
    for label in labels:
        report["spans"][label] = figures([counts[label] for counts in spans])
    report["spans"]["micro"] = figures([total(counts.values()) for counts in spans])
    if any(example.departures is not None for example in examples):
        report["departures"] = departure_figures(examples, documents)
    if any(example.departures == () for example in examples):
        report["negatives"] = negative_figures(examples, documents)
    return report


def complete_labels(examples: Sequence[Example]) -> list[str]:
    """The labels that every example of a set marks completely, in one order."""
    common = frozenset.intersection(*(example.complete for example in examples)) if examples else frozenset[str]()
    known = [label for label in TagScheme().labels if label in common]
    return [*known, *sorted(common.difference(known))]


def departure_figures(examples: Sequence[Example], documents: Sequence[Document]) -> dict[str, Any]:
    """The figures of departures by part; dates only where the set marks them."""
    counts = [departure_counts(e, d) for e, d in zip(examples, documents, strict=True)]
    parts = [part for part in PARTS if part != "date" or any(example.dates for example in examples)]
    return {part: figures([c[part] for c in counts]) for part in parts}


def negative_figures(examples: Sequence[Example], documents: Sequence[Document]) -> dict[str, Any]:
    """Of the texts that tell of no departure: how many, and the share in which one is invented."""
    counts = [
        Counts(right=int(bool(document.departures)), predicted=1)
        for example, document in zip(examples, documents, strict=True)
        if example.departures == ()
    ]
    invented = total(counts)
    interval = bootstrap_interval(counts, value=lambda c: c.precision)
    return {
        "texts": len(counts),
        "invented": invented.right,
        "share": round(invented.precision, 4),
        "share_interval": [round(edge, 4) for edge in interval],
    }


def link_gold_spans(extractor: Extractor, examples: Sequence[Example]) -> list[Document]:
    """Documents whose spans are the gold ones: what is wrong in them is the links' fault.

    Spans of labels that the model has not are left out.
    """
    return [
        extractor.link(
            example.text,
            [(span.label, span.start, span.end) for span in example.spans if span.label in extractor.labels],
            id=example.id,
        )
        for example in examples
    ]


def seqeval_f1(examples: Sequence[Example], documents: Sequence[Document]) -> float:
    """seqeval's micro F1 in strict mode, scheme IOBES, over the characters' tags.

    A character is a token here, so that every span of either side can be written down,
    and the figure equals the character-span scorer's. On a model's tokens it would not: a
    span that starts or ends inside a token has no tags of its own.
    """
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOBES

    scheme = TagScheme(tuple(complete_labels(examples)))
    gold, predicted = [], []
    for example, document in zip(examples, documents, strict=True):
        size = len(example.text)
        gold.append(character_tags(scheme, size, [(s.label, s.start, s.end) for s in example.spans]))
        predicted.append(character_tags(scheme, size, [(e.label, e.start, e.end) for e in document.entities]))
    return float(f1_score(gold, predicted, mode="strict", scheme=IOBES, average="micro", zero_division=0))


def character_tags(scheme: TagScheme, size: int, spans: Sequence[tuple[str, int, int]]) -> list[str]:
    """[size] the BIOES tag of every character; spans of labels outside the scheme are left out."""
    tags = ["O"] * size
    for label, start, end in spans:
        if label in scheme.labels:
            tags[start:end] = [scheme.tags[tag] for tag in scheme.span_tags(label, end - start)]
    return tags


def fingerprint(examples: Sequence[Any]) -> str:
    """A short hash of a set's texts and marks."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(_in_order(example)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _in_order(value: Any) -> Any:
    """A value with its dataclasses as lists, and its sets sorted: their order is another in every process."""
    if is_dataclass(value):
        marks = [field.name for field in fields(value) if field.metadata.get("fingerprint", True)]
        return [_in_order(getattr(value, name)) for name in marks]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple | list):
        return [_in_order(one) for one in value]
    return value


def weights_fingerprint(folder: Path) -> str:
    """A short hash of a model's weights, which says whose figures these are."""
    return hashlib.sha256((folder / SAFETENSORS).read_bytes()).hexdigest()[:16]


def check_writable(path: Path) -> None:
    """See before the work whether its results can be written; the file stays as it is.

    Raises:
        InputError: they cannot.
    """
    new = not os.path.lexists(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if new:
            path.unlink()
    except OSError as error:
        raise cannot_write(path, error.strerror or str(error)) from error


def command_of(
    module: str, options: argparse.Namespace, parser: argparse.ArgumentParser, *, always: Sequence[str] = ()
) -> str:
    """The command that repeats a result: its options that are not the defaults.

    Left out are `_OWN`, which are each user's own.

    Args:
        always: options that are told although they are the defaults.
    """
    words = [f"python -m {module}"]
    for name, value in vars(options).items():
        if name in always or (name not in _OWN and value != parser.get_default(name)):
            words.append(f"--{name.replace('_', '-')}")
            if value is not True:
                words += [shlex.quote(str(one)) for one in (value if isinstance(value, list) else [value])]
    return " ".join(words)


def write_results(path: Path, *, command: str, report: dict[str, Any]) -> None:
    """Write figures with the command that repeats them and the versions they were made with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"command": command, "versions": {name: version(name) for name in PACKAGES}, **report}
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
