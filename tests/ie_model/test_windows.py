from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.windows import Window, plan_windows, split_sentences


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("没有句号", ["没有句号"]),
        ("他走了。她来了！", ["他走了。", "她来了！"]),
        ("“我走了。”他说。", ["“我走了。”", "他说。"]),
        ("真的吗？！（是。）好", ["真的吗？！", "（是。）", "好"]),
        ("一行\r\n二行\n三行\u2028四行", ["一行\r\n", "二行\n", "三行\u2028", "四行"]),
        ("等等……好", ["等等……", "好"]),
        ("1.13 亿。3.5万", ["1.13 亿。", "3.5万"]),
        ("\n\n", ["\n", "\n"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


@given(st.text(st.one_of(st.characters(), st.sampled_from("。！？!?；…”」)\r\n\u2029的")), max_size=120))
def test_sentences_tile_any_text(text: str) -> None:
    bounds = split_sentences(text)
    assert "".join(pieces(text)) == text
    assert all(start < end for start, end in bounds)
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]


@given(data=st.data())
def test_every_token_is_owned_once(data: st.DataObject) -> None:
    ends = np.cumsum(data.draw(st.lists(st.integers(1, 90), max_size=30))).astype(np.int64)
    size = data.draw(st.integers(1, 80))
    overlap = data.draw(st.integers(0, (size - 1) // 2))
    windows = plan_windows(ends, size=size, overlap=overlap)
    total = int(ends[-1]) if len(ends) else 0
    assert [token for w in windows for token in range(w.first, w.last)] == list(range(total))
    for window in windows:
        assert 0 <= window.start <= window.first < window.last <= window.end <= total
        assert window.end - window.start <= size


@given(data=st.data())
def test_an_owned_token_stands_off_the_inner_edges(data: st.DataObject) -> None:
    """Half the overlap is context on either side, but at the edges of the text."""
    ends = np.cumsum(data.draw(st.lists(st.integers(1, 90), min_size=1, max_size=30))).astype(np.int64)
    size = data.draw(st.integers(4, 80))
    overlap = 2 * data.draw(st.integers(0, (size - 1) // 4))
    windows = plan_windows(ends, size=size, overlap=overlap)
    for window in windows:
        assert window.start == 0 or window.first - window.start >= overlap // 2
        assert window.end == ends[-1] or window.end - window.last >= overlap // 2
    for left, right in pairwise(windows):
        assert right.start == left.end - overlap


def test_a_short_text_is_one_window() -> None:
    assert plan_windows(np.array([3, 10]), size=10, overlap=4) == [Window(0, 10, 0, 10)]


def test_no_token_no_window() -> None:
    assert plan_windows(np.array([], dtype=np.int64), size=10, overlap=4) == []


def test_a_window_ends_with_a_sentence_in_its_second_half() -> None:
    assert plan_windows(np.array([8, 16]), size=10, overlap=2) == [Window(0, 8, 0, 7), Window(6, 16, 7, 16)]


def test_a_window_without_such_a_sentence_is_full() -> None:
    assert plan_windows(np.array([4, 14]), size=10, overlap=2) == [Window(0, 10, 0, 9), Window(8, 14, 9, 14)]


@pytest.mark.parametrize("overlap", [-1, 5, 9])
def test_overlaps_that_would_never_end(overlap: int) -> None:
    with pytest.raises(ValueError, match="less than half of size 10"):
        plan_windows(np.array([50]), size=10, overlap=overlap)
