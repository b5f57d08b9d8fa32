from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.document import Departure, Document, Entity, Evidence, Money
from ie_model.extractor import Extractor
from ie_model.render.article import anchor, article_html, money_words
from tests.ie_model.render.page_parser import Parsed
from tests.ie_model.render.samples import DOCUMENT, TEXT


def evidence_of(html: str, number: int) -> str:
    """The text of the pieces that one departure rests on."""
    pieces = re.findall(r'<span class="evidence" data-evidence="([\d ]+)"[^>]*>(.*?)</span>', html)
    return "".join(text for numbers, text in pieces if str(number) in numbers.split())


def test_spans_are_marked_where_they_stand() -> None:
    document = Document(
        "前林知远后😀星河。", (Entity("PERSON", "林知远", 1, 4, 0.98), Entity("ORG", "星河", 6, 8, 0.5))
    )
    assert article_html(document, prefix="d") == (
        '<article>前<mark data-label="PERSON" data-score="0.9800" title="PERSON 0.98" tabindex="0">林知远</mark>后😀'
        '<mark data-label="ORG" data-score="0.5000" title="ORG 0.50" tabindex="-1">星河</mark>。</article>'
    )


def test_hovering_shows_the_value() -> None:
    assert 'title="MONEY 0.80 · 113000000 USD"' in article_html(DOCUMENT, prefix="d")
    assert money_words(Money("800000", "2000000", "CNY")) == "800000–2000000 CNY"
    assert money_words(Money("5", None, None)) == "5"
    assert money_words(Money("10000000", None, "CNY", True)) == "≈ 10000000 CNY"


def test_every_departure_finds_its_evidence() -> None:
    html = article_html(DOCUMENT, prefix="d")
    for number, departure in enumerate(DOCUMENT.departures):
        expected = TEXT[departure.evidence.start : departure.evidence.end]
        assert evidence_of(html, number) == expected
        assert html.count(f'id="{anchor(departure, prefix="d")}"') == 1


def test_marks_are_never_split() -> None:
    """Evidence that begins within a span cuts the text in the mark, not the mark."""
    document = Document(
        "林知远离开", (Entity("PERSON", "林知远", 0, 3, 0.9),), (Departure("a", "b", "stated", 1.0, Evidence(1, 5)),)
    )
    html = article_html(document, prefix="d")
    assert html.count("<mark") == 1
    assert '>林<span class="evidence" data-evidence="0" id="d-at-1">知远</span></mark>' in html


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_spans_and_evidence_leave_the_text_as_it_is(data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from("<>&\"'林知远离开星河Aa。 \n\u202e"), min_size=1, max_size=40))
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    entities = tuple(Entity("ORG", text[a:b], a, b, 0.5) for a, b in zip(edges[::2], edges[1::2], strict=False))
    cuts = data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 9)), max_size=5))
    departures = tuple(
        Departure("a", "b", "stated", 0.5, Evidence(start, min(len(text), start + size))) for start, size in cuts
    )
    html = article_html(Document(text, entities, departures), prefix="d")
    parsed = Parsed(html)
    assert parsed.articles == [text]
    assert len(parsed.all("mark")) == len(entities)
    ids = [attributes["id"] for attributes in parsed.all("span") if attributes.get("id")]
    assert sorted(ids) == sorted({f"d-at-{departure.evidence.start}" for departure in departures})


def test_what_the_model_finds_is_shown(extractor: Extractor) -> None:
    document = extractor("3月，星河科技技术副总裁林知远宣布辞职创业。" * 5)
    html = article_html(document, prefix="d")
    assert Parsed(html).articles == [document.text]
    assert html.count("<mark") == len(document.entities) > 0
