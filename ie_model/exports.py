"""Documents as files for programs: JSON lines, and CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import TextIO

from ie_model.document import Departure, Document

CSV_FIELDS = (
    "id", "person", "person_aliases", "organization", "organization_aliases", "roles",
    "joined", "date", "date_value", "status", "score", "evidence",
)  # fmt: skip


def json_line(document: Document) -> str:
    """`document.to_dict()` as one line of JSON, without its line end.

    Lone surrogates, which UTF-8 cannot hold, are written as JSON escapes.
    """
    line = json.dumps(document.to_dict(), ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in line):
        line = json.dumps(document.to_dict())
    return line


def write_jsonl(documents: Iterable[Document], file: TextIO) -> None:
    """One document a line."""
    for document in documents:
        print(json_line(document), file=file)


def write_csv(documents: Iterable[Document], file: TextIO) -> None:
    """One departure a row, under CSV_FIELDS; several forms in one cell are joined by 、."""
    writer = csv.writer(file)
    writer.writerow(CSV_FIELDS)
    for document in documents:
        for departure in document.departures:
            writer.writerow(csv_cells(document, departure))


def csv_cells(document: Document, departure: Departure) -> list[str]:
    """A departure's cells, one for each of CSV_FIELDS; no spreadsheet takes one for a formula."""
    cells = (
        document.id or "",
        departure.person,
        "、".join(departure.person_aliases),
        departure.organization,
        "、".join(departure.organization_aliases),
        "、".join(departure.roles),
        "、".join(departure.joined),
        departure.date.text if departure.date else "",
        (departure.date.value or "") if departure.date else "",
        departure.status,
        f"{departure.score:.4f}",
        document.text[departure.evidence.start : departure.evidence.end],
    )
    return [_safe(cell.encode("utf-8", "replace").decode("utf-8")) for cell in cells]


def _safe(value: str) -> str:
    return "'" + value if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
