"""Departures as rows: for the terminal, a document, and an overview of many documents."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from ie_model.document import Departure, Document
from ie_model.exports import CSV_FIELDS, csv_cells
from ie_model.render.article import anchor
from ie_model.render.markup import text_html, text_plain

#: What tables for people say of a departure, on the screen and in HTML.
TABLE_COLUMNS = ("who", "left", "as", "for", "when", "status", "score")


def table_cells(departure: Departure) -> tuple[str, ...]:
    """One departure's cells, a string for each of TABLE_COLUMNS."""
    return (
        departure.person,
        departure.organization,
        "、".join(departure.roles),
        "、".join(departure.joined),
        departure.date.text if departure.date else "",
        departure.status,
        f"{departure.score:.2f}",
    )


@dataclass(frozen=True)
class Row:
    """A departure, the document it is from, and its place on the page.

    Attributes:
        prefix: of the document's ids.
        number: the departure's position in its document.
    """

    document: Document
    departure: Departure
    prefix: str
    number: int

    @property
    def key(self) -> str:
        """Names the departure in rows, edges of the graph and pieces of evidence alike."""
        return f"{self.prefix}-{self.number}"


def rows_of(document: Document, *, prefix: str) -> list[Row]:
    """The departures of one document as rows."""
    return [Row(document, departure, prefix, number) for number, departure in enumerate(document.departures)]


def table_html(rows: Sequence[Row], *, overview: bool = False, caption: str) -> str:
    """A table of departures; nothing where there are none.

    Args:
        overview: a table of several documents: with a first column that names them, and in each
            row its line of CSV, from which the page's script writes the rows that are shown.
    """
    if not rows:
        return ""
    names = ("document", *TABLE_COLUMNS) if overview else (*TABLE_COLUMNS, "evidence")
    head = "".join(f'<th scope="col" aria-sort="none">{name}</th>' for name in names)
    body = "".join(_row(row, overview=overview) for row in rows)
    csv_head = f' data-csv="{text_plain(_csv_line(CSV_FIELDS))}"' if overview else ""
    return (
        f'<div class="scroll" role="group" aria-label="{text_plain(caption)}" tabindex="0">'
        f'<table class="departures"{csv_head}><caption>{text_html(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row, *, overview: bool) -> str:
    document, departure = row.document, row.departure
    target = f"#{anchor(departure, prefix=row.prefix)}"
    who, left, *others = table_cells(departure)
    cells = [f'<a href="{target}">{text_html(who)}</a>', text_html(left), *map(text_html, others)]
    when = departure.date
    if when is not None and when.value is not None:
        cells[4] += f"<small>{text_html(when.value)}</small>"
    classes = ["person", "organization", "role", "organization", "when", f"status {departure.status}", "number"]
    line = ""
    if overview:
        cells.insert(0, f'<a href="#{row.prefix}">{text_html(document.id or row.prefix)}</a>')
        classes.insert(0, "document")
        line = f' data-csv="{text_plain(_csv_line(csv_cells(document, departure)))}"'
    else:
        cells[0] += _aliases(departure.person_aliases)
        cells[1] += _aliases(departure.organization_aliases)
        cells.append(text_html(document.text[departure.evidence.start : departure.evidence.end]))
        classes.append("passage")
    tds = "".join(f'<td class="{text_plain(name)}">{cell}</td>' for name, cell in zip(classes, cells, strict=True))
    return (
        f'<tr data-key="{row.key}" data-score="{departure.score:.4f}"'
        f' data-status="{text_plain(departure.status)}"{line}>{tds}</tr>'
    )


def _aliases(forms: Sequence[str]) -> str:
    return f"<small>{text_html('、'.join(forms))}</small>" if forms else ""


def _csv_line(cells: Sequence[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="").writerow(cells)
    return file.getvalue()
