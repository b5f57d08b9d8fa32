"""Documents as HTML: a fragment for notebooks, a view for other pages, and a page of its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

from ie_model.document import Document
from ie_model.render.article import article_html
from ie_model.render.graph import graph_svg
from ie_model.render.markup import text_html, text_plain
from ie_model.render.table import rows_of, table_html
from ie_model.scheme import TagScheme
from ie_model.script import is_traditional

#: More documents than this are folded, so that the overview stays at hand.
OPEN_DOCUMENTS = 3


def render_fragment(document: Document) -> str:
    """One document for a notebook: its departures, graph and marked text, with their style.

    It holds no script: rows and people link to their passages.
    """
    return f'<div class="ie-model"><style>{style()}</style>{_section(document, _prefix(document, 0))}</div>'


def render_view(documents: Iterable[Document]) -> str:
    """Several documents for a page that brings `style` and `script` along: the whole view.

    Controls, an overview of the departures of all documents where there are several, and a
    section for each document.
    """
    shown = list(documents)
    prefixes = [_prefix(document, index) for index, document in enumerate(shown)]
    rows = [row for d, prefix in zip(shown, prefixes, strict=True) for row in rows_of(d, prefix=prefix)]
    several = len(shown) > 1
    overview = ""
    if several and rows:
        overview = (
            '<section class="overview"><h2>Overview</h2>'
            f"{table_html(rows, overview=True, caption='Departures in all documents')}"
            f"{graph_svg(rows, title='Moves between organisations in all documents')}</section>"
        )
    sections = (_section(document, prefix) for document, prefix in zip(shown, prefixes, strict=True))
    if several:
        unfolded = " open" if len(shown) <= OPEN_DOCUMENTS else ""
        sections = (
            f'<details class="document"{unfolded}><summary>{_name(document, index)}</summary>{section}</details>'
            for index, (document, section) in enumerate(zip(shown, sections, strict=True))
        )
    return f'<div class="ie-model view">{_controls(shown, len(rows))}{overview}{"".join(sections)}</div>'


def render_page(documents: Iterable[Document]) -> str:
    """One self-contained page for one or several documents, which loads nothing.

    Its content security policy lets only the page's own style and script through, by hash.
    """
    shown = list(documents)
    departures = sum(len(document.departures) for document in shown)
    policy = f"default-src 'none'; style-src {_hash(style())}; script-src {_hash(script())}; base-uri 'none'"
    title = f"{_count(departures, 'departure')} in {_count(len(shown), 'document')}"
    if len(shown) == 1 and shown[0].id:
        title = f"{shown[0].id}: {_count(departures, 'departure')}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text_plain(title)}</title><style>{style()}</style></head>"
        f'<body class="ie-model-page"><main><h1>{text_html(title)}</h1>{render_view(shown)}</main>'
        f"<script>{script()}</script></body></html>\n"
    )


@cache
def style() -> str:
    """The style sheet of fragments, views and pages."""
    return resources.files("ie_model.render").joinpath("view.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The script of views and pages: highlight, sort, filter, least score, export."""
    return resources.files("ie_model.render").joinpath("view.js").read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _prefix(document: Document, index: int) -> str:
    """Begins the ids of a document; notebooks show several fragments on one page."""
    content = f"{document.id}\0{document.text}".encode("utf-8", "surrogatepass")
    return f"d{index}-{hashlib.sha256(content).hexdigest()[:8]}"


def _name(document: Document, index: int) -> str:
    name = text_html(document.id or f"document {index + 1}")
    return f'<h2>{name}</h2> <span class="note">{_count(len(document.departures), "departure")}</span>'


def _section(document: Document, prefix: str) -> str:
    """One document: departures, graph, marked text. Its language chooses the fonts."""
    language = "zh-Hant" if is_traditional(document.text) else "zh-Hans"
    rows = rows_of(document, prefix=prefix)
    return (
        f'<section class="content" id="{prefix}" lang="{language}">'
        f"{table_html(rows, caption='Departures')}{graph_svg(rows, title='Moves between organisations')}"
        f"{article_html(document, prefix=prefix)}</section>"
    )


def _controls(documents: Sequence[Document], departures: int) -> str:
    """The toolbar, which the script shows and serves; without it there is only the legend."""
    found = dict.fromkeys(entity.label for document in documents for entity in document.entities)
    known = TagScheme().labels
    labels = sorted(found, key=lambda label: (known.index(label) if label in known else len(known), label))
    legend = "".join(
        f'<label><input type="checkbox" data-toggle="{text_plain(label)}" checked>'
        f'<mark data-label="{text_plain(label)}">{text_html(label)}</mark></label>'
        for label in labels
    )
    statuses = dict.fromkeys(d.status for document in documents for d in document.departures)
    options = "".join(f'<option value="{text_plain(s)}">{text_plain(s)}</option>' for s in statuses)
    entities = sum(len(document.entities) for document in documents)
    rows = (
        '<label>Filter <input type="search" data-filter placeholder="person, organisation …"></label>'
        f'<label>Status <select data-status-filter><option value="">all</option>{options}</select></label>'
        if departures
        else ""
    )
    save = '<button type="button" data-save-csv>Save rows as CSV</button>' if departures and len(documents) > 1 else ""
    return (
        '<div class="controls" role="group" aria-label="What is shown">'
        f'<p class="summary" role="status">{_count(departures, "departure")}, {_count(entities, "span")}</p>'
        f'<div class="legend">{legend}</div><div class="filters">'
        '<label>Least score <input type="range" data-least-score min="0" max="1" step="0.01" value="0">'
        f"<output>0.00</output></label>{rows}{save}</div></div>"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
