"""Which mentions of an article name one person or one organisation, found by reading.

`annotations/names/` has a file for each source: a line for an article, with the clusters
of mentions that are written in more than one way. Every other form is a name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ie_model.names import normal_form
from training.data.example import DataError, Example
from training.data.files import check_place, faults_at, read_json_lines

NAMES = Path("annotations") / "names"
#: What has names; other spans are in no cluster.
NAMED = ("PERSON", "ORG")
_EXPECTED = "an article's clusters of names"


@dataclass(frozen=True)
class NamedExample:
    """An article and, for every span, the number of its cluster; None for a ROLE or MONEY."""

    example: Example
    clusters: tuple[int | None, ...]


def read_names(path: Path, examples: list[Example]) -> list[NamedExample]:
    """The articles of a file, in its order.

    Raises:
        DataError: an article is not among the examples, a mention is no span of it or is
            in two clusters.
    """
    known = {example.id: example for example in examples}
    result = []
    for number, row in read_json_lines(path, _EXPECTED):
        with faults_at(path, number, _EXPECTED):
            if row["id"] not in known:
                raise DataError(f"no article {row['id']}")
            result.append(_named(known[row["id"]], row["clusters"]))
    return result


def _named(example: Example, clusters: list[dict[str, Any]]) -> NamedExample:
    place = {(span.label, span.start, span.end): index for index, span in enumerate(example.spans)}
    numbers: list[int | None] = [None] * len(example.spans)
    for number, cluster in enumerate(clusters):
        for mention in cluster["mentions"]:
            check_place(example.text, mention["text"], mention["start"])
            index = place.get((cluster["label"], mention["start"], mention["end"]))
            if index is None or numbers[index] is not None:
                raise DataError(f"{mention['text']} at {mention['start']} is no span, or in two clusters")
            numbers[index] = number
    forms: dict[tuple[str, str], int] = {}
    for index, span in enumerate(example.spans):
        if span.label in NAMED and numbers[index] is None:
            form = span.label, normal_form(example.text[span.start : span.end])
            numbers[index] = forms.setdefault(form, len(clusters) + len(forms))
    return NamedExample(example, tuple(numbers))
