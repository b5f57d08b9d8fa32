"""Offsets in code points, in UTF-16 units, and with CRLF as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model.labelstudio.offsets import OffsetMap, Unit, guess_unit, same_surface, splits_character
from tests.ie_model.labelstudio.strategies import text

#: What each unit counts, written out.
LENGTHS = {
    Unit.code_points: len,
    Unit.utf_16: lambda of: len(of.encode("utf-16-le", "surrogatepass")) // 2,
    Unit.code_points_lf: lambda of: len(of.replace("\r\n", "\n")),
    Unit.utf_16_lf: lambda of: len(of.replace("\r\n", "\n").encode("utf-16-le", "surrogatepass")) // 2,
}


@given(text, st.sampled_from(list(Unit)), st.data())
def test_outward_is_the_length_of_what_stands_before(of: str, unit: Unit, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(of)))
    inside_line_end = unit.endswith("lf") and of[offset - 1 : offset + 1] == "\r\n"
    if not inside_line_end:
        assert OffsetMap(of, unit).outward(offset) == LENGTHS[unit](of[:offset])


@given(text, st.sampled_from(list(Unit)), st.data())
def test_inward_undoes_outward(of: str, unit: Unit, data: st.DataObject) -> None:
    table = OffsetMap(of, unit)
    offset = data.draw(st.integers(0, len(of)))
    back = table.inward(table.outward(offset))
    inside_line_end = unit.endswith("lf") and of[offset - 1 : offset + 1] == "\r\n"
    assert back == (offset - 1 if inside_line_end else offset)


@pytest.mark.parametrize("unit", list(Unit))
def test_offsets_outside_of_the_text(unit: Unit) -> None:
    table = OffsetMap("😀\r\n林", unit)
    last = LENGTHS[unit]("😀\r\n林")
    assert table.inward(last) == 4
    assert table.inward(-1) is None
    assert table.inward(last + 1) is None


def test_inside_a_surrogate_pair() -> None:
    table = OffsetMap("😀林", Unit.utf_16)
    assert [table.inward(offset) for offset in range(4)] == [0, None, 1, 2]


def test_a_lone_surrogate_is_one_unit() -> None:
    assert OffsetMap("\ud83d林", Unit.utf_16).outward(1) == 1


@pytest.mark.parametrize(
    ("found", "recorded", "same"),
    [
        ("林知远", "林知远", True),
        ("林\r\n知", "林\\n\\n知", True),  # the browser's hand-made regions
        ("林\r\n知", "林\n知", True),
        ("林\n\n知", "林\\n\\n知", True),
        ("林\r\n\r\n知", "林\\n\\n\\n\\n知", True),
        ("林知", "林\\n知", False),
        ("林 知", "林知", False),
        ("a\\nb", "a\\nb", True),
    ],
)
def test_surfaces(found: str, recorded: str, same: bool) -> None:
    assert same_surface(found, recorded) is same


@pytest.mark.parametrize("unit", list(Unit))
def test_the_unit_shows(unit: Unit) -> None:
    of = "😀\r\n林知远😀离开星河。"
    table = OffsetMap(of, unit)
    regions = []
    for word in ("林知远", "星河"):
        start = of.index(word)
        regions.append((table.outward(start), table.outward(start + len(word)), word))
    assert guess_unit(of, regions) is unit


def test_without_a_clue_offsets_are_code_points() -> None:
    assert guess_unit("林知远", []) is Unit.code_points
    assert guess_unit("林知远", [(0, 3, "陈若水")]) is Unit.code_points


@pytest.mark.parametrize(
    ("of", "offset", "splits"),
    [
        ("e\u0301x", 1, True),
        ("e\u0301x", 2, False),
        ("👨\u200d👩", 1, True),
        ("👨\u200d👩", 2, True),
        ("☎\ufe0f", 1, True),
        ("林知", 1, False),
        ("e\u0301", 0, False),
        ("e\u0301", 2, False),
    ],
)
def test_characters_of_several_code_points(of: str, offset: int, splits: bool) -> None:
    assert splits_character(of, offset) is splits
