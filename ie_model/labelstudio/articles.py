"""What a user names on the command line, as documents to send: texts, or documents found before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ie_model import errors
from ie_model.arguments import check_date, check_input
from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.inputs import JSON_LINES, PARQUET, check_encoding, find_texts, read_file, read_texts
from ie_model.labelstudio.documents import document_from
from ie_model.labelstudio.exporting import model_version
from ie_model.records import BadRecord, Fields, Place, check_record, parse_object

#: How the names of files of documents end, a JSON object a line.
DOCUMENTS = (".jsonl", ".ndjson")
#: The byte order mark that some programs begin a UTF-8 file with.
_MARK = "\ufeff"


@dataclass(frozen=True)
class Prepared:
    """A document, and whose finds are in it; None where nobody has looked for any."""

    document: Document
    version: str | None


def read_articles(
    paths: Sequence[str],
    *,
    model: Path | None = None,
    predict: bool = True,
    published: str | None = None,
    encoding: str = "utf-8",
    min_score: float = 0.0,
    texts: Path | None = None,
) -> Iterator[Prepared | errors.InputError]:
    """The articles of some paths in order, or the error that an input met.

    Texts (files, folders of .txt files, "-") are read by the model. A .jsonl or .ndjson file holds
    documents with "text", or such as `ie-model extract --format jsonl` prints: then their
    texts are in the folder `texts`, by their ids. Lines with "entities" are taken as they
    are, other lines are read by the model. A line's id and date are what they are in `ie-model batch`, but
    one without an id has none.

    Args:
        predict: whether the model looks at texts at all.

    Raises:
        ModelError, InputError: the model cannot be loaded, an option makes no sense, a file has records of another
            form.
    """
    check_encoding(encoding)
    for path in paths:
        if path.lower().endswith((*JSON_LINES, *PARQUET)) and not path.lower().endswith(DOCUMENTS):
            raise errors.InputError(f"{path}: packed records cannot be sent; write them as a .jsonl file first")
    if published is not None:
        check_date(published)
    extractor = Extractor.load(model, min_score=min_score) if predict else None
    version = model_version(model) if predict else None

    def article(text: str, name: str | None, date: str | None) -> Prepared:
        check_input(text, date)
        if extractor is None:
            return Prepared(Document(text, id=name, published=date), None)
        return Prepared(extractor(text, id=name, published=date), version)

    def listed(line: str, place: Place) -> Prepared:
        row = _with_text(parse_object(line), texts, encoding)
        record = check_record(row, place, Fields())
        if isinstance(record, BadRecord):
            raise errors.InputError(record.reason)
        name = None if row.get("id") in (None, "") else record.id
        date = record.published or published
        if "entities" not in row:
            return article(record.text, name, date)
        return Prepared(replace(document_from(row, record.text), id=name, published=date), Path(place.file).stem)

    named = find_texts(paths)
    for path in paths:
        if not path.lower().endswith(DOCUMENTS):
            for item in read_texts([path], encoding=encoding, found=named):
                yield item if isinstance(item, errors.InputError) else article(item[1], item[0], published)
            continue
        for found in read_texts([path], encoding="utf-8", found=named):
            if isinstance(found, errors.InputError):
                yield found
                continue
            for number, line in enumerate(found[1].removeprefix(_MARK).split("\n"), 1):
                if not line.strip():
                    continue
                try:
                    yield listed(line, Place(path, "line", number))
                except ValueError as error:
                    yield errors.InputError(
                        f"{path}, line {number}: {error}; expected a document with its text, as "
                        "`ie-model label-studio import` writes it"
                    )
                except errors.InputError as error:
                    yield errors.InputError(f"{path}, line {number}: {error}")


def _with_text(row: dict[str, Any], texts: Path | None, encoding: str) -> dict[str, Any]:
    """The row with its text, from the folder of texts where it has none itself."""
    if row.get("text") is not None:
        return row
    if texts is None or not isinstance(row.get("id"), str):
        raise ValueError("no 'text' (name the folder of the texts with --texts)")
    path = texts / row["id"]
    if not path.resolve().is_relative_to(texts.resolve()):
        raise ValueError(f"the id {row['id']!r:.60} names a file outside of {texts}")
    if not path.is_file():
        raise ValueError(f"no file {path}")
    found = read_file(path, encoding)
    if isinstance(found, errors.InputError):
        raise found
    return {**row, "text": found[1]}
