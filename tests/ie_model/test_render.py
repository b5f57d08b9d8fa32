from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.document import Date, Departure, Document, Entity, Evidence
from ie_model.extractor import Extractor
from ie_model.render import render_fragment, render_page

EVIL = "<script>alert('x')</script>\"&"


class Parsed(HTMLParser):
    """The elements of a page and the text within <article>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.article, self._inside = "", False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._inside |= tag == "article"

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "article"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.article += data


def evil_document() -> Document:
    departure = Departure(
        EVIL, EVIL, EVIL, 0.5, Evidence(0, len(EVIL)), (EVIL,), (EVIL,), (EVIL,), (EVIL,), Date(EVIL, EVIL)
    )
    return Document(EVIL * 2, (Entity("ORG", EVIL, 0, len(EVIL), 0.5),), (departure,), id=EVIL)


def test_everything_from_a_text_is_escaped() -> None:
    page = render_page([evil_document()])
    parsed = Parsed(page)
    assert "script" not in parsed.tags
    assert "<script" not in page
    assert "'x'" not in page
    assert parsed.article == EVIL * 2
    # id, person, organisation, role, joined, date, status, evidence; twice in the article
    assert page.count(escape(EVIL)) == 10


def test_nothing_is_loaded_or_run() -> None:
    parsed = Parsed(render_page([evil_document()]))
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(parsed.tags)
    names = {name for name, _ in parsed.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "href", "style")}
    assert not re.search(r"url\(|@import", render_page([evil_document()]))


def test_spans_are_marked_where_they_stand() -> None:
    document = Document(
        "前林知远后😀星河。", (Entity("PERSON", "林知远", 1, 4, 0.98), Entity("ORG", "星河", 6, 8, 0.5))
    )
    assert (
        '<article>前<mark class="PERSON" title="PERSON 0.98">林知远</mark>后😀'
        '<mark class="ORG" title="ORG 0.50">星河</mark>。</article>'
    ) in render_fragment(document)


def test_the_table_of_departures() -> None:
    text = "3月，林知远离开星河。"
    departure = Departure(
        "林知远", "星河", "stated", 0.876, Evidence(3, 10), roles=("总裁", "CEO"), joined=("云栖",), date=Date("3月")
    )
    fragment = render_fragment(Document(text, departures=(departure,)))
    cells = re.findall("<td>(.*?)</td>", fragment)
    assert cells == ["林知远", "星河", "总裁、CEO", "云栖", "3月", "stated", "0.88", "林知远离开星河"]
    assert "<table" not in render_fragment(Document(text))


@pytest.mark.parametrize(("text", "language"), [("林知遠離開", "zh-Hant"), ("林知远离开", "zh-Hans"), ("", "zh-Hans")])
def test_the_language_chooses_the_font(text: str, language: str) -> None:
    assert f'<section lang="{language}">' in render_fragment(Document(text))


def test_a_page_counts_its_documents() -> None:
    page = render_page(iter([evil_document(), Document("x")]))
    assert "<h1>1 departures in 2 documents</h1>" in page
    assert page.count("<section") == 2


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.sampled_from("<>&\"'林知远离开星河Aa。 \n"), max_size=60))
def test_the_article_is_the_text(extractor: Extractor, text: str) -> None:
    fragment = render_fragment(extractor(text))
    article = re.search("<article>(.*)</article>", fragment, re.DOTALL)
    assert article is not None
    assert unescape(re.sub("</?mark[^>]*>", "", article[1])) == text
