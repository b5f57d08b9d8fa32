from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.render.markup import text_html, text_plain

CONTROLS = "\u202e\u202a\u2066\u2069\u200f\u061c\0\x1b\x7f\x85"


def content(html: str) -> str:
    """What a parser takes for the text."""
    pieces: list[str] = []
    parser = HTMLParser()
    parser.handle_data = pieces.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(pieces)


@given(st.text(st.sampled_from(CONTROLS + "<>&\"'\r\n\t林a；&#;"), max_size=50))
def test_the_text_survives(text: str) -> None:
    assert content(text_html(text)) == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_is_named_and_stands_alone(control: str) -> None:
    html = text_html(f"a{control}b")
    assert html.startswith('a<bdi class="control" data-code="U+')
    assert html.endswith("</bdi>b")
    assert f'data-code="U+{ord(control):04X}"' in html


def test_an_attribute_holds_no_control() -> None:
    assert text_plain('"\u202e<') == "&quot;[U+202E]&lt;"


def test_line_feeds_and_tabs_stand_as_they_are() -> None:
    assert text_html("a\n\tb\r\n") == "a\n\tb&#13;\n"


def test_halves_of_surrogate_pairs_can_be_written() -> None:
    shown = text_html("陈\ud800若") + text_plain("水\udfff")
    assert shown.encode("utf-8")
    assert content(text_html("陈\ud800若")) == "陈\ufffd若"
    assert "U+D800" in shown
