from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.script import is_traditional, model_view, to_simplified, to_traditional


@given(st.text(st.characters(), max_size=200))
def test_the_view_is_as_long_as_the_text(text: str) -> None:
    view = model_view(text)
    assert len(view) == len(text)
    assert model_view(view) == view
    view.encode("utf-8")  # no lone surrogate is left


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("賈先生離開雲棲，創業。", "贾先生离开云栖,创业。"),
        ("ＯｐｅｎＡＩ（１２３）　％", "OpenAI(123) %"),
        ("阿裏", "阿里"),
        ("已是简体 abc。", "已是简体 abc。"),
        ("\ud800𠮷😀", "\ufffd𠮷😀"),
    ],
)
def test_what_the_model_sees(text: str, view: str) -> None:
    assert model_view(text) == view


def test_conversion_for_training() -> None:
    assert to_simplified("離職，ＡＢ") == "离职，ＡＢ"
    assert to_traditional("离职，AB") == "離職，AB"
    assert to_simplified(to_traditional("技术总裁创办实验室")) == "技术总裁创办实验室"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他離開了雲棲", True),
        ("他离开了云栖", False),
        ("", False),
        ("OpenAI 的 CEO", False),
        ("離開了，离职", False),  # one each: not more traditional
        ("離開離開离", True),
    ],
)
def test_script_of_a_text(text: str, expected: bool) -> None:
    assert is_traditional(text) is expected
