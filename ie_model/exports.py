"""Documents as files for programs: JSON lines, and CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from ie_model.document import Departure, Document

CSV_FIELDS = (
    "id", "person", "person_aliases", "organization", "organization_aliases", "roles",
    "joined", "date", "date_value", "status", "score", "evidence",
)  # fmt: skip


def json_line(value: Mapping[str, Any]) -> str:
    """A JSON object, such as `document.to_dict()`, on one line, without a line end, that UTF-8 can hold."""
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates, which are written as JSON escapes
        return json.dumps(value, allow_nan=False)
    return line


def write_jsonl(documents: Iterable[Document], file: TextIO) -> None:
    """One document a line."""
    for document in documents:
        print(json_line(document.to_dict()), file=file)


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
    """A cell that no spreadsheet takes for a formula, in full-width characters either."""
    return "'" + value if value[:1] in tuple("=+-@\t\r\n＝＋－＠") else value
