from __future__ import annotations

import csv
import re
from html import unescape

from ie_model.exports import csv_cells
from ie_model.render import TABLE_COLUMNS, table_cells
from ie_model.render.table import rows_of, table_html
from tests.ie_model.render.page_parser import Parsed
from tests.ie_model.render.samples import DOCUMENT, evil_document


def cells(html: str) -> list[str]:
    return [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", html)]


def test_a_row_has_a_cell_for_each_column() -> None:
    for departure in DOCUMENT.departures:
        assert len(table_cells(departure)) == len(TABLE_COLUMNS)
    assert table_cells(DOCUMENT.departures[0]) == ("林知远", "星河科技", "总裁、CEO", "云栖", "3月", "stated", "0.88")


def test_the_table_of_a_document() -> None:
    html = table_html(rows_of(DOCUMENT, prefix="d"), caption="Departures")
    assert cells(html)[:8] == [
        "林知远", "星河科技星河", "总裁、CEO", "云栖", "3月2023-03", "stated", "0.88", "林知远和周以安离开星河科技",
    ]  # fmt: skip
    keys = [attributes["data-key"] for attributes in Parsed(html).all("tr") if "data-key" in attributes]
    assert keys == ["d-0", "d-1", "d-2"]
    links = [attributes["href"] for attributes in Parsed(html).all("a")]
    assert links == ["#d-at-3", "#d-at-3", "#d-at-14"]


def test_an_overview_names_documents_and_carries_their_csv() -> None:
    html = table_html(rows_of(DOCUMENT, prefix="d"), overview=True, caption="All")
    assert cells(html)[:3] == ["a.txt", "林知远", "星河科技"]
    lines = [unescape(line) for line in re.findall(r'<tr [^>]*data-csv="([^"]*)"', html)]
    expected = [csv_cells(DOCUMENT, departure) for departure in DOCUMENT.departures]
    assert list(csv.reader(lines)) == expected


def test_no_table_without_departures() -> None:
    assert table_html([], caption="Departures") == ""


def test_everything_is_escaped() -> None:
    for overview in (True, False):
        html = table_html(rows_of(evil_document(), prefix="d"), overview=overview, caption="<b>")
        assert "<script" not in html
        assert "<b>" not in html
        assert {tag for tag, _ in Parsed(html).elements} <= {
            "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "a", "small", "bdi",
        }  # fmt: skip
