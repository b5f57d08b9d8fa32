"""The same texts in the other script: how much is lost, how many answers stay the same.

OpenCC converts a character at a time or a phrase into one of equal length, so that the
marks hold for the converted text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.names import normal_form
from training.data.example import DataError, Example
from training.scoring import figures, span_counts, total

#: script of a set → OpenCC's configuration to the other one
CONVERSIONS = {"simplified": "s2t", "traditional": "t2s"}


@cache
def _converter(configuration: str) -> Any:
    from opencc import OpenCC

    return OpenCC(configuration)


def convert(text: str, *, script: str) -> str:
    """A text of the given script in the other one, of the same length."""
    converted: str = _converter(CONVERSIONS[script]).convert(text)
    if len(converted) != len(text):
        raise DataError(f"OpenCC changed the length of {text[:40]!r}: its marks no longer hold")
    return converted


def answers(document: Document) -> tuple[Any, ...]:
    """What a document says, whatever its script: places of spans, names of departures."""
    spans = tuple((entity.label, entity.start, entity.end) for entity in document.entities)
    departures = tuple(
        (
            normal_form(departure.person),
            normal_form(departure.organization),
            tuple(map(normal_form, departure.roles)),
            tuple(map(normal_form, departure.joined)),
            departure.status,
        )
        for departure in document.departures
    )
    return spans, departures


def script_gap(
    extractor: Extractor,
    examples: Sequence[Example],
    documents: Sequence[Document],
    *,
    script: str,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Figures of a set's texts in the other script, beside those of the texts as they are.

    Args:
        documents: the answers to the texts as they are.
        script: the texts' own, simplified or traditional.

    Returns:
        f1 and f1_converted with their figures, gap in F1, and `identical`: the share of
        documents with the same spans and departures in both scripts.
    """
    converted = [replace(example, text=convert(example.text, script=script)) for example in examples]
    others = list(extractor.pipe([example.text for example in converted]))

    def micro(of: Sequence[Example], answered: Sequence[Document]) -> dict[str, Any]:
        return figures([total(span_counts(e, d, labels).values()) for e, d in zip(of, answered, strict=True)])

    original, other = micro(examples, documents), micro(converted, others)
    same = sum(answers(a) == answers(b) for a, b in zip(documents, others, strict=True))
    return {
        "script": script,
        "conversion": CONVERSIONS[script],
        "documents": len(examples),
        "original": original,
        "converted": other,
        "gap": round(original["f1"] - other["f1"], 4),
        "identical": round(same / len(examples), 4) if examples else 1.0,
    }
