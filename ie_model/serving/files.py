"""Documents as files for download: one entry for each format that the server can write."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ie_model.document import Document
from ie_model.exports import write_csv, write_jsonl
from ie_model.render import render_page


@dataclass(frozen=True)
class FileFormat:
    """How documents become a file.

    Attributes:
        media_type: of the response.
        name: that the file is saved under.
        write: documents to the file's content.
    """

    media_type: str
    name: str
    write: Callable[[Sequence[Document]], str]


def _jsonl(documents: Sequence[Document]) -> str:
    file = io.StringIO()
    write_jsonl(documents, file)
    return file.getvalue()


def _csv(documents: Sequence[Document]) -> str:
    file = io.StringIO(newline="")
    file.write("\ufeff")  # lets spreadsheets see that it is UTF-8
    write_csv(documents, file)
    return file.getvalue()


def file_formats(label_studio: Callable[[Sequence[Document]], str] | None = None) -> dict[str, FileFormat]:
    """The formats by name; Label Studio tasks only where there is something that writes them."""
    formats = {
        "jsonl": FileFormat("application/x-ndjson", "documents.jsonl", _jsonl),
        "csv": FileFormat("text/csv", "departures.csv", _csv),
        "html": FileFormat("text/html", "departures.html", render_page),
    }
    if label_studio is not None:
        formats["label-studio"] = FileFormat("application/json", "label-studio.json", label_studio)
    return formats
