"""What a user names on the command line, as documents to send: texts, or documents found before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ie_model import errors
from ie_model.document import Document
from ie_model.extractor import Extractor, check_input
from ie_model.inputs import read_texts
from ie_model.labelstudio.documents import document_from
from ie_model.labelstudio.exporting import model_version

#: Files of documents, a JSON object a line.
DOCUMENTS = ".jsonl"


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

    Texts (files, folders of .txt files, "-") are read by the model. A .jsonl file holds
    documents with "text", or such as `ie-model extract --format jsonl` prints: then their
    texts are in the folder `texts`, by their ids. Lines with "entities" are taken as they
    are, other lines are read by the model.

    Args:
        predict: whether the model looks at texts at all.

    Raises:
        ModelError, InputError: the model cannot be loaded, an option makes no sense.
    """
    extractor = Extractor.load(model, min_score=min_score) if predict else None
    version = model_version(model) if predict else None

    def article(text: str, name: str | None, date: str | None) -> Prepared:
        check_input(text, date)
        if extractor is None:
            return Prepared(Document(text, id=name, published=date), None)
        return Prepared(extractor(text, id=name, published=date), version)

    for path in paths:
        if Path(path).suffix != DOCUMENTS:
            for item in read_texts([path], encoding=encoding):
                yield item if isinstance(item, errors.InputError) else article(item[1], item[0], published)
            continue
        for found in read_texts([path], encoding="utf-8"):
            if isinstance(found, errors.InputError):
                yield found
                continue
            for number, line in enumerate(found[1].split("\n"), 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                    text = _text_of(row, texts, encoding)
                    date = row.get("published") or published
                    if "entities" in row:
                        yield Prepared(replace(document_from(row, text), published=date), Path(path).stem)
                    else:
                        yield article(text, row.get("id"), date)
                except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
                    reason = f"no {error}" if isinstance(error, KeyError) else str(error)
                    yield errors.InputError(
                        f"{path}, line {number}: {reason}; expected a document with its text, as "
                        "`ie-model label-studio import` writes it"
                    )
                except errors.InputError as error:
                    yield errors.InputError(f"{path}, line {number}: {error}")


def _text_of(row: dict[str, object], texts: Path | None, encoding: str) -> str:
    text = row.get("text")
    if isinstance(text, str):
        return text
    if texts is None or not isinstance(row.get("id"), str):
        raise ValueError("no 'text' (name the folder of the texts with --texts)")
    path = texts / str(row["id"])
    if not path.is_file():
        raise ValueError(f"no file {path}")
    return path.read_bytes().decode(encoding)
