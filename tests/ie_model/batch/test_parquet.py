from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ie_model.batch import parquet as writing
from ie_model.batch.parquet import need_pyarrow, schema, write_parquet
from ie_model.document import Date, Departure, Document, Entity, Evidence, Money
from ie_model.errors import IEModelError
from ie_model.exports import json_line

DOCUMENT = Document(
    text="林知远",
    id="a",
    entities=(Entity("MONEY", "5亿", 0, 2, 0.5, Money("500000000", None, "CNY")), Entity("ORG", "星河", 3, 5, 0.25)),
    departures=(
        Departure(
            person="林知远",
            organization="星河",
            status="stated",
            score=0.75,
            evidence=Evidence(0, 3),
            person_aliases=("Lin",),
            organization_aliases=("星",),
            roles=("CEO",),
            joined=("云栖",),
            date=Date("3月", "2023-03"),
        ),
        Departure("周以安", "青木", "former", 0.5, Evidence(0, 3)),
    ),
)


@pytest.mark.parametrize("group", [1, 2, 100])
def test_columns_hold_what_the_lines_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: int) -> None:
    from pyarrow import parquet

    monkeypatch.setattr(writing, "GROUP_DOCUMENTS", group)
    rows = [DOCUMENT.to_dict(), Document(text="", id="b").to_dict(), DOCUMENT.to_dict()]
    (tmp_path / "lines").write_text("".join(json_line(row) + "\n" for row in rows), encoding="utf-8")
    write_parquet(tmp_path / "lines", tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == rows
    assert parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == -(-3 // group)


def test_large_lines_end_a_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyarrow import parquet

    monkeypatch.setattr(writing, "GROUP_BYTES", 5_000)
    rows = [{**Document(text="", id=str(n)).to_dict(), "body": "x" * 3_000} for n in range(5)]
    (tmp_path / "lines").write_text("".join(json_line(row) + "\n" for row in rows), encoding="utf-8")
    write_parquet(tmp_path / "lines", tmp_path / "out.parquet", keep=("body",))
    assert parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def test_kept_fields_are_strings_and_the_schema_is_always_the_same(tmp_path: Path) -> None:
    from pyarrow import parquet

    keep = ("a", "b", "c", "d")
    row = {**Document(text="", id="\ud800").to_dict(), "a": "林\ud800", "b": [1, {"x": "林"}], "c": None, "d": 1.5}
    (tmp_path / "lines").write_text(json_line(row) + "\n", encoding="utf-8")
    (tmp_path / "empty").write_text("")
    write_parquet(tmp_path / "lines", tmp_path / "out.parquet", keep=keep)
    write_parquet(tmp_path / "empty", tmp_path / "none.parquet", keep=keep)
    (found,) = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [found[name] for name in ("id", *keep)] == ["?", "林?", '[1, {"x": "林"}]', None, "1.5"]
    assert json.loads(found["b"]) == row["b"]
    for name in ("out.parquet", "none.parquet"):
        assert parquet.read_schema(tmp_path / name).equals(schema(keep))


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(IEModelError, match=r"pip install 'ie-model\[parquet\]'"):
        need_pyarrow()
