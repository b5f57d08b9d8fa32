from __future__ import annotations

import base64
import hashlib
import re

import pytest

from ie_model.document import Document
from ie_model.render import displacy_dict, render_fragment, render_page, render_view
from tests.ie_model.render.page_parser import Parsed
from tests.ie_model.render.samples import DOCUMENT, EVIL, TEXT, evil_document


def test_nothing_from_a_text_becomes_an_element() -> None:
    page = render_page([evil_document(), evil_document(), DOCUMENT])
    parsed = Parsed(page)
    assert len(parsed.all("script")) == 1, "the page's own"
    assert "alert('x')" not in page
    assert parsed.articles == [EVIL * 2, EVIL * 2, TEXT]
    names = {name for _, attributes in parsed.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "style", "srcset", "action")}
    assert all(a["href"].startswith("#") for tag in ("a", "link") for a in parsed.all(tag))


def test_the_page_loads_nothing_and_its_policy_allows_its_own_script_alone() -> None:
    page = render_page([DOCUMENT])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        (content,) = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"url\(|@import|https?://", page)


def test_a_fragment_has_no_script() -> None:
    fragment = render_fragment(DOCUMENT)
    assert "<script" not in fragment
    assert Parsed(fragment).articles == [TEXT]
    assert DOCUMENT._repr_html_() == fragment


def test_ids_are_unique_even_among_equal_documents() -> None:
    parsed = Parsed(render_page([DOCUMENT, DOCUMENT, evil_document()]))
    ids = [attributes["id"] for _, attributes in parsed.elements if attributes.get("id")]
    assert len(ids) == len(set(ids)) > 3
    targets = {a["href"].removeprefix("#") for a in parsed.all("a")}
    assert targets <= set(ids)
    assert Parsed(render_fragment(DOCUMENT)).all("section") != Parsed(render_fragment(evil_document())).all("section")


@pytest.mark.parametrize(("text", "language"), [("林知遠離開", "zh-Hant"), ("林知远离开", "zh-Hans"), ("", "zh-Hans")])
def test_the_language_chooses_the_font(text: str, language: str) -> None:
    (section,) = Parsed(render_fragment(Document(text))).all("section")
    assert section["lang"] == language


def test_several_documents_have_an_overview_and_one_has_none() -> None:
    assert 'class="overview"' in render_view([DOCUMENT, Document("x")])
    assert 'class="overview"' not in render_view([DOCUMENT])
    assert 'class="overview"' not in render_view([Document("x"), Document("y")])


def test_many_documents_are_folded() -> None:
    assert render_view([DOCUMENT] * 3).count('<details class="document" open>') == 3
    assert render_view([DOCUMENT] * 4).count('<details class="document">') == 4


def test_a_page_counts_its_documents() -> None:
    assert "<h1>3 departures in 2 documents</h1>" in render_page(iter([DOCUMENT, Document("x")]))
    assert "<h1>a.txt: 3 departures</h1>" in render_page([DOCUMENT])
    assert "<h1>0 departures in 0 documents</h1>" in render_page([])
    assert "<h1>1 departure in 2 documents</h1>" in render_page([evil_document(), Document("x")])


def test_labels_of_another_model_are_in_the_legend() -> None:
    toggles = [a["data-toggle"] for a in Parsed(render_view([DOCUMENT])).all("input") if "data-toggle" in a]
    assert toggles == ["PERSON", "ORG", "MONEY"]
    toggles = [a["data-toggle"] for a in Parsed(render_view([evil_document()])).all("input") if "data-toggle" in a]
    assert toggles == [EVIL.replace("\u202e", "[U+202E]")]


def test_displacy_has_what_manual_drawing_needs() -> None:
    drawn = displacy_dict(DOCUMENT)
    assert drawn["text"] == TEXT
    assert drawn["title"] == "a.txt"
    assert [(TEXT[e["start"] : e["end"]], e["label"]) for e in drawn["ents"]] == [
        ("林知远", "PERSON"), ("周以安", "PERSON"), ("星河科技", "ORG"), ("1.13亿美元", "MONEY"),
    ]  # fmt: skip
