"""Data sets in the form of the `datasets` library: examples to it and from it, and a user's own set by its name.

A set has either the columns text and spans (each with label, start and end in code points,
end exclusive), as `to_dataset` writes them, or tokens and ner_tags (or tags) with BIO,
BIOES or BMES tags, as names or as class labels. id, complete, departures, dates and unsure
are optional.

Tokens are joined without a space, as Chinese is written. Between two that touch with Latin
letters or digits stands a space (Sam, Altman), unless both are single characters: then the
set has a token for each character (G, P, T).

A set is named by its Hub id or a local folder of Parquet or JSON lines. Where its labels
are not ours, the name says what they are: ``owner/name#PER=PERSON,ORG=ORG``; labels that it
does not name are left out, and so are departures unless it names both PERSON and ORG.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ie_model.encoding import is_latin
from ie_model.scheme import LABELS
from training.data.columns import check_tag, spans_of
from training.data.example import DataError, Example, GoldDeparture, GoldSpan
from training.data.files import faults_in

if TYPE_CHECKING:
    from datasets import Dataset

#: What a source of this kind starts with where a recipe or a command names it.
PREFIX = "hub:"
_TAGS = ("ner_tags", "tags")
_EXPECTED = f"the columns text and spans, or tokens and {' or '.join(_TAGS)}"


def to_dataset(examples: Iterable[Example]) -> Dataset:
    """The examples as a data set; `from_dataset` has them back as they were."""
    from datasets import Dataset, Features, List, Value

    text, number = Value("string"), Value("int64")
    span = {"label": text, "start": number, "end": number}
    departure = {
        **{"person": span, "organization": span, "status": text},
        **{"roles": List(span), "joined": List(span), "date": span},
    }
    columns = {
        **{"id": text, "text": text, "spans": List(span), "complete": List(text)},
        **{"departures": List(departure), "dates": Value("bool"), "unsure": List({"start": number, "end": number})},
    }
    rows: dict[str, list[Any]] = {column: [] for column in columns}
    for example in examples:
        with faults_in(f"{example.source}, row {example.id}", "text that UTF-8 can hold"):
            example.text.encode()
        for column, value in _to_row(example).items():
            rows[column].append(value)
    return Dataset.from_dict(rows, features=Features(columns))


def _to_row(example: Example) -> dict[str, Any]:
    def place(span: GoldSpan) -> dict[str, Any]:
        return {"label": span.label, "start": span.start, "end": span.end}

    departures = None
    if example.departures is not None:
        departures = [
            {
                "person": place(departure.person),
                "organization": place(departure.organization),
                "status": departure.status,
                "roles": [place(span) for span in departure.roles],
                "joined": [place(span) for span in departure.joined],
                "date": departure.date and place(departure.date),
            }
            for departure in example.departures
        ]
    return {
        "id": example.id,
        "text": example.text,
        "spans": [place(span) for span in example.spans],
        "complete": sorted(example.complete),
        "departures": departures,
        "dates": example.dates,
        "unsure": [{"start": start, "end": end} for start, end in example.unsure],
    }


def from_dataset(
    dataset: Dataset,
    *,
    source: str,
    labels: Mapping[str, str] | None = None,
    complete: Collection[str] | None = None,
) -> list[Example]:
    """The rows of a data set as examples.

    Args:
        source: the name of the set, for the examples and for messages (rows count from 0).
        labels: the set's own label → ours; spans of the others are left out. Without it
            every label must be one of ours.
        complete: the labels of ours that the set marks completely. By default what its
            column of that name says, or else `labels`, its class labels, or the labels
            that occur.
    """
    columns = dataset.column_names
    tags = _tag_column(dataset)
    names: list[str] | None = None
    read: Callable[[Mapping[str, Any]], tuple[str, list[GoldSpan]]] = _text_row
    expected = "a text and its spans"
    if not {"text", "spans"} <= set(columns):
        if tags is None or "tokens" not in columns:
            raise DataError(f"{source}: expected {_EXPECTED}; found {', '.join(columns) or 'none'}")
        names = _class_names(dataset, tags)
        read, expected = partial(_token_row, column=tags, names=names), "tokens and a tag for each"
    rows: list[tuple[dict[str, Any], str, tuple[GoldSpan, ...]]] = []
    for number, row in enumerate(dataset):
        with faults_in(f"{source}, row {number}", expected):
            text, found = read(row)
            kept = tuple(sorted(_ours(span, labels) for span in found if labels is None or span.label in labels))
            rows.append((row, text, kept))
    if labels is not None and names is not None:
        _check_labels(labels, _own_labels(dataset), source)
    declared = frozenset(_declared(labels, names, rows) if complete is None else complete)
    examples = []
    for number, (row, text, spans) in enumerate(rows):
        with faults_in(f"{source}, row {number}", expected):
            said = None if complete is not None else row.get("complete")
            own = declared if said is None else frozenset(_kept(said, labels))
            identity = str(number) if row.get("id") is None else str(row["id"])
            departures = _departures(row.get("departures"), labels, text, spans)
            unsure = tuple((part["start"], part["end"]) for part in row.get("unsure") or ())
            examples.append(Example(identity, source, text, spans, own, departures, bool(row.get("dates")), unsure))
    return examples


def _kept(names: Iterable[str], labels: Mapping[str, str] | None) -> Iterable[str]:
    return names if labels is None else (labels[name] for name in names if name in labels)


def _declared(
    labels: Mapping[str, str] | None,
    names: Sequence[str] | None,
    rows: Sequence[tuple[dict[str, Any], str, tuple[GoldSpan, ...]]],
) -> set[str]:
    if labels is not None:
        return set(labels.values())
    if names is not None:
        return {name[2:] for name in names if name[2:] in LABELS}
    return {span.label for _, _, spans in rows for span in spans}


def _tag_column(dataset: Dataset) -> str | None:
    return next((column for column in _TAGS if column in dataset.column_names), None)


def _own_labels(dataset: Dataset) -> list[str]:
    """The labels of a set as it calls them: its class labels, or else those that occur or that it calls complete."""
    columns = dataset.column_names
    if {"text", "spans"} <= set(columns):
        found = [span["label"] for spans in dataset["spans"] for span in spans]
    else:
        tags = _tag_column(dataset) or ""
        names = _class_names(dataset, tags) or [tag for row in dataset[tags] for tag in row]
        found = [label for label in (tag.partition("-")[2] for tag in names) if label]
    said = dataset["complete"] if "complete" in columns else ()
    return list(dict.fromkeys([*found, *(label for complete in said for label in complete or ())]))


def _check_labels(labels: Iterable[str], own: Sequence[str], source: str) -> None:
    for label in labels:
        if label not in own:
            raise DataError(f"{source}: the set has no label {label!r}; it has {', '.join(own) or 'none'}")


def _class_names(dataset: Dataset, column: str) -> list[str] | None:
    """The names of class labels; None for a column of strings."""
    from datasets import ClassLabel

    feature = getattr(dataset.features[column], "feature", None)
    return list(feature.names) if isinstance(feature, ClassLabel) else None


def _named(tags: Sequence[int], names: Sequence[str]) -> list[str]:
    for tag in tags:
        if not 0 <= tag < len(names):
            raise ValueError(f"the tag {tag} is none of the {len(names)} class labels")
    return [names[tag] for tag in tags]


def _ours(span: GoldSpan, labels: Mapping[str, str] | None) -> GoldSpan:
    if labels is not None:
        return GoldSpan(span.start, span.end, labels[span.label])
    if span.label not in LABELS:
        remedy = "say which of them it is after the set's name, as in #PER=PERSON"
        raise ValueError(f"the label {span.label!r} is none of {', '.join(LABELS)}; {remedy}")
    return span


def _text_row(row: Mapping[str, Any]) -> tuple[str, list[GoldSpan]]:
    text, spans = row["text"], []
    if not isinstance(text, str):
        raise ValueError(f"the text is {text!r}")
    for value in row["spans"]:
        span = _place(value, text)
        surface = text[span.start : span.end]
        if value.get("text") not in (None, surface):
            raise ValueError(f"{value['text']!r} is not at {span.start}, there is {surface!r}")
        spans.append(span)
    return text, spans


def _token_row(row: Mapping[str, Any], column: str, names: Sequence[str] | None) -> tuple[str, list[GoldSpan]]:
    tokens = row["tokens"]
    tags = row[column] if names is None else _named(row[column], names)
    if len(tokens) != len(tags):
        raise ValueError(f"{len(tokens)} tokens, {len(tags)} tags")
    for tag in tags:
        if not isinstance(tag, str):
            raise ValueError(f"the tag {tag!r} is a number without a name; tags are strings or class labels")
        check_tag(tag, [tag[2:]] if tag[2:] else LABELS)
    text, places = join_tokens(tokens)
    own = {tag[2:]: tag[2:] for tag in tags if tag != "O"}
    words = spans_of(tags, [1] * len(tags), own)
    return text, [GoldSpan(places[s.start][0], places[s.end - 1][1], s.label) for s in words]


def join_tokens(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """The text of some tokens, and where each stands in it."""
    text, places, before = "", [], ""
    for token in tokens:
        if not token:
            raise ValueError("an empty token")
        words = len(before) > 1 or len(token) > 1
        if before and words and all(is_latin(c) or c in "0123456789" for c in (before[-1], token[0])):
            text += " "
        places.append((len(text), len(text) + len(token)))
        text, before = text + token, token
    return text, places


def _place(value: Mapping[str, Any], text: str) -> GoldSpan:
    span = GoldSpan(value["start"], value["end"], value["label"])
    if not (isinstance(span.start, int) and isinstance(span.end, int) and isinstance(span.label, str)):
        raise ValueError(f"a label, a start and an end, found {dict(value)}")
    if not 0 <= span.start < span.end <= len(text):
        place = f"the {span.label} span {span.start} to {span.end}"
        raise ValueError(f"{place} is outside of a text of {len(text)} characters")
    return span


def _departures(
    values: Sequence[Mapping[str, Any]] | None,
    labels: Mapping[str, str] | None,
    text: str,
    spans: Collection[GoldSpan],
) -> tuple[GoldDeparture, ...] | None:
    """The departures of a row; None where it has none marked, or the labels of their two sides are left out."""
    kept = set(LABELS if labels is None else labels.values())

    def place(value: Mapping[str, Any]) -> GoldSpan:
        span = _place(value, text)
        return GoldSpan(span.start, span.end, (labels or {}).get(span.label, span.label))

    if values is None or not {"PERSON", "ORG"} <= kept:
        return None
    departures = tuple(
        GoldDeparture(
            person=place(value["person"]),
            organization=place(value["organization"]),
            status=value["status"],
            roles=tuple(place(span) for span in value.get("roles") or ()),
            joined=tuple(place(span) for span in value.get("joined") or ()),
            date=place(value["date"]) if value.get("date") else None,
        )
        for value in values
    )
    for departure in departures:
        sides = [("person", "PERSON", departure.person), ("organization", "ORG", departure.organization)]
        sides += [("role", "ROLE", role) for role in departure.roles]
        sides += [("joined", "ORG", target) for target in departure.joined]
        for part, label, side in sides:
            # a role whose label is left out is told by its words alone
            if label in kept and (side.label != label or side not in spans):
                where = f"{side.label} at {side.start} to {side.end}"
                remedy = f"mark it as one, or name its label after the set's name (#THEIRS={label})"
                raise ValueError(f"the departure's {part}, {where}, is none of the {label} spans; {remedy}")
    return departures


def read_hub(name: str, *, split: str, labels: Mapping[str, str] | None = None) -> list[Example]:
    """The examples of one split of a set, by its Hub id or local folder; the set says which splits it has."""
    from datasets import load_dataset

    path, named = _parse(name)
    source, labels = f"{PREFIX}{path}", named if labels is None else labels
    with _loading(path):
        dataset = load_dataset(_located(path), split=split)
    examples = from_dataset(dataset, source=source, labels=labels)
    if labels is not None and not labels.keys() <= set(own := _own_labels(dataset)):
        for other in hub_splits(name):  # a rare label may be in another split only
            with suppress(DataError), _loading(path), faults_in(source, _EXPECTED):
                own += _own_labels(load_dataset(_located(path), split=other))
        _check_labels(labels, list(dict.fromkeys(own)), source)
    return examples


def hub_splits(name: str) -> list[str]:
    """The splits of a set."""
    from datasets import get_dataset_split_names

    path, _ = _parse(name)
    with _loading(path):
        return list(get_dataset_split_names(_located(path)))


def _located(path: str) -> str:
    """A local folder by its whole path: by a bare name such as json `datasets` would read another one."""
    return str(Path(path).absolute()) if Path(path).is_dir() else path


def _parse(name: str) -> tuple[str, dict[str, str] | None]:
    """A name, and what it says of the labels."""
    path, mark, said = name.removeprefix(PREFIX).partition("#")
    if not path.strip():
        raise DataError(f"{name}: expected a Hub id or a local folder after {PREFIX}")
    if not mark:
        return path, None
    pairs = (part.partition("=")[::2] for part in said.split(","))
    labels = {theirs.strip(): ours.strip() for theirs, ours in pairs}
    for label, ours in labels.items():
        if not label or ours not in LABELS:
            raise DataError(f"{name}: expected #THEIRS=OURS,… with {', '.join(LABELS)} as ours")
    return path, labels


@contextmanager
def _loading(path: str) -> Iterator[None]:
    from datasets.exceptions import DatasetsError

    try:
        yield
    except (OSError, ValueError, LookupError, RuntimeError, StopIteration, DatasetsError) as error:
        told = [" ".join(str(each).split()) for each in (error, error.__cause__) if each is not None]
        detail = ": ".join(filter(None, told)) or "it has no rows"  # StopIteration says nothing
        remedy = "expected a Hub id, or a local folder of Parquet or JSON lines"
        raise DataError(f"{path}: the data set cannot be loaded ({detail}); {remedy}") from error
