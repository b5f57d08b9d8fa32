"""Documents as one self-contained HTML page: coloured spans and the departures table.

Everything that comes from a text is escaped; the page loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ie_model.document import Departure, Document
from ie_model.script import is_traditional

# Okabe and Ito's palette, which colour-blind readers can tell apart.
_STYLE = """
:root { color-scheme: light dark; --person: #0072b2; --org: #d55e00; --role: #009e73; --money: #cc79a7; }
body { font: 16px/1.9 system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
:lang(zh-Hant) { font-family: system-ui, "PingFang TC", "Noto Sans CJK TC", "Microsoft JhengHei", sans-serif; }
article { white-space: pre-wrap; overflow-wrap: anywhere; }
mark { background: none; color: inherit; border-bottom: 3px solid; padding-bottom: 1px; }
mark.PERSON { border-color: var(--person); } mark.ORG { border-color: var(--org); }
mark.ROLE { border-color: var(--role); } mark.MONEY { border-color: var(--money); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.5; }
th, td { text-align: start; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
.legend mark { margin-inline-end: 1rem; }
"""


def _marked(document: Document) -> str:
    """The text with its entities in <mark> elements."""
    pieces, last = [], 0
    for entity in document.entities:
        pieces.append(escape(document.text[last : entity.start]))
        title = f"{entity.label} {entity.score:.2f}"
        pieces.append(f'<mark class="{escape(entity.label)}" title="{title}">{escape(entity.text)}</mark>')
        last = entity.end
    pieces.append(escape(document.text[last:]))
    return "".join(pieces)


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


def _row(document: Document, departure: Departure) -> str:
    evidence = document.text[departure.evidence.start : departure.evidence.end]
    cells = (*table_cells(departure), evidence)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def render_fragment(document: Document) -> str:
    """The table and the marked text of one document, for a page or a notebook."""
    language = "zh-Hant" if is_traditional(document.text) else "zh-Hans"
    table = ""
    if document.departures:
        rows = "".join(_row(document, departure) for departure in document.departures)
        head = "".join(f'<th scope="col">{name}</th>' for name in (*TABLE_COLUMNS, "evidence"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    title = f"<h2>{escape(document.id)}</h2>" if document.id else ""
    article = f"<article>{_marked(document)}</article>"
    return f'<section lang="{language}"><style>{_STYLE}</style>{title}{table}{article}</section>'


def render_page(documents: Iterable[Document]) -> str:
    """One page for one or several documents."""
    shown: Sequence[Document] = list(documents)
    legend = "".join(f'<mark class="{label}">{label}</mark>' for label in ("PERSON", "ORG", "ROLE", "MONEY"))
    body = "".join(render_fragment(document) for document in shown)
    departures = sum(len(document.departures) for document in shown)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ie-model: {departures} departures</title></head><body>"
        f"<h1>{departures} departures in {len(shown)} documents</h1>"
        f'<p class="legend">{legend}</p>{body}</body></html>\n'
    )
