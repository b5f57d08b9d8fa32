from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

from ie_model.document import Departure, Document, Evidence
from ie_model.render.graph import MOST_MOVES, graph_svg
from ie_model.render.table import rows_of
from tests.ie_model.render.samples import DOCUMENT, evil_document

SVG = re.compile(r"<svg.*</svg>", re.DOTALL)


def drawn(document: Document) -> ElementTree.Element:
    """The drawing, parsed strictly: SVG that is not well-formed fails here."""
    match = SVG.search(graph_svg(rows_of(document, prefix="d"), title="Moves"))
    assert match is not None
    return ElementTree.fromstring(match[0])


def ys_of(svg: ElementTree.Element, name: str, anchor: str) -> dict[str, float]:
    return {
        text.findtext("title") or "": float(text.attrib["y"])
        for text in svg.iter("text")
        if text.get("class") == name and text.get("text-anchor") == anchor
    }


def test_people_stand_between_organisations() -> None:
    svg = drawn(DOCUMENT)
    moves = {g.attrib["data-key"]: g for g in svg.iter("g")}
    assert list(moves) == ["d-0", "d-1", "d-2"]
    labels = [g.find("a").attrib["aria-label"] for g in moves.values()]
    assert labels == ["林知远: 星河科技 → 云栖, 2023-03", "周以安: 星河科技 → ?", "陈若水: 青木 → 云栖、远山"]
    assert ys_of(svg, "organization", "end").keys() == {"星河科技", "青木"}
    assert ys_of(svg, "organization", "start").keys() == {"云栖", "远山"}
    assert [len(g.findall("path")) for g in moves.values()] == [3, 1, 5]  # an edge each, and two with an arrow


def test_organisations_never_stand_on_each_other() -> None:
    departures = tuple(
        Departure("林知远", "星河", "stated", 0.5, Evidence(0, 1), joined=tuple(f"公司{n}{k}" for k in range(3)))
        for n in range(8)
    )
    ys = sorted(ys_of(drawn(Document("星河", departures=departures)), "organization", "start").values())
    assert len(ys) == 24
    assert all(b - a >= 20 for a, b in pairwise(ys))
    assert ys[0] > 0


def test_the_drawing_holds_all_that_it_draws() -> None:
    svg = drawn(DOCUMENT)
    height = float(svg.attrib["height"])
    assert all(0 < float(text.attrib["y"]) < height for text in svg.iter("text"))


def test_only_the_surest_of_very_many_are_drawn() -> None:
    departures = tuple(Departure(f"p{n}", "o", "stated", n / 100, Evidence(0, 1)) for n in range(100))
    html = graph_svg(rows_of(Document("x", departures=departures), prefix="d"), title="Moves")
    assert html.count("<g ") == MOST_MOVES
    assert 'data-key="d-99"' in html
    assert 'data-key="d-0"' not in html
    assert "The 60 surest of 100 are drawn." in html


def test_long_names_are_cut_and_told_in_full() -> None:
    name = "一个名字非常长的人工智能研究院有限公司"
    svg = drawn(Document("x", departures=(Departure("A" * 40, name, "stated", 0.5, Evidence(0, 1)),)))
    (label,) = (text for text in svg.iter("text") if text.get("class") == "organization")
    assert label.findtext("title") == name
    assert "".join(label.itertext()) == name + "一个名字非常长的人工智能…"


def test_everything_is_escaped() -> None:
    html = graph_svg(rows_of(evil_document(), prefix="d"), title="<b>")
    assert "<script" not in html
    assert "\u202e" not in html
    drawn(evil_document())


def test_nothing_to_draw() -> None:
    assert graph_svg([], title="Moves") == ""
