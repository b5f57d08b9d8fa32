from __future__ import annotations

import gzip
import io
import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ie_model.batch import sources
from ie_model.batch.sources import Cursor, Source, _rows_at_once
from ie_model.errors import IEModelError, InputError
from ie_model.records import BadRecord, Fields, Record
from tests.ie_model.batch.files import records, write_lines

START = Cursor()


def load(
    path: Path | str, *, start: Cursor = START, encoding: str = "utf-8", **fields: Any
) -> list[Record | BadRecord]:
    source = Source(str(path), fields=Fields(**fields), encoding=encoding)
    return [entry.load() for entry in source.entries(start)]


def reasons(found: list[Record | BadRecord]) -> list[str]:
    return [record.reason for record in found if isinstance(record, BadRecord)]


def write_parquet(path: Path, rows: list[dict[str, Any]], *, group: int = 5) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=group)
    return path


def write_all_kinds(folder: Path) -> Path:
    """A folder with a file of each kind, 12 records each but for the text files."""
    folder.mkdir()
    write_lines(folder / "a.jsonl", [json.dumps(record) + "\n" * (i % 3) for i, record in enumerate(records(12))])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress((folder / "a.jsonl").read_bytes()))
    write_parquet(folder / "c.parquet", records(12))
    for name in ("d.txt", "e.txt"):
        (folder / name).write_text("林知远\r\n", encoding="utf-8", newline="")
    (folder / ".hidden.jsonl").write_text("bad")
    (folder / "notes.md").write_text("bad")
    return folder


def test_every_kind_of_file(tmp_path: Path) -> None:
    found = load(write_all_kinds(tmp_path / "in"))
    expected = [(record["id"], record["text"], record.get("published")) for record in records(12)] * 3
    expected += [("d.txt", "林知远\r\n", None), ("e.txt", "林知远\r\n", None)]
    assert [(r.id, r.text, r.published) for r in found if isinstance(r, Record)] == expected
    assert not reasons(found)


def test_reading_can_start_at_any_entry(tmp_path: Path) -> None:
    source = Source(str(write_all_kinds(tmp_path / "in")), fields=Fields())
    entries = list(source.entries(Cursor()))
    assert [entry.cursor.record for entry in entries] == list(range(1, 39))
    for at, entry in enumerate(entries):
        rest = list(source.entries(entry.cursor))
        assert [e.cursor for e in rest] == [e.cursor for e in entries[at + 1 :]]
        assert [e.load() for e in rest] == [e.load() for e in entries[at + 1 :]]
    shares = [source.share(entry.cursor) for entry in entries]
    assert shares == sorted(shares)  # type: ignore[type-var]
    assert shares[-1] == 1.0


def test_a_line_that_is_no_record_says_why(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"text": "bom"}\r\n\n  \n{bad\n[1]\n"s"\nnull\n'
        + b'{"text": "\xff"}\n{"text": 1, "n": NaN}\n' + b"[" * 100_000 + b"\n" + b"9" * 5000 + b'\n{"text": "last"}'
    )  # fmt: skip
    found = load(path)
    assert [r.text for r in found if isinstance(r, Record)] == ["bom", "last"]
    assert [record.place.number for record in found] == [1, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    told = reasons(found)
    assert told[0].startswith("not JSON: Expecting property name")
    assert told[1:6] == [
        "not a JSON object, but list",
        "not a JSON object, but str",
        "not a JSON object, but NoneType",
        "in.jsonl:8: byte 0xFF at position 10 is not valid utf-8; "
        "name the file's encoding with --encoding (often gb18030 or big5)",
        "field 'text' is int, not a string",
    ]
    assert told[6] == "not JSON that can be read: nested too deep"
    assert told[7].startswith("not JSON: Exceeds the limit")


def test_a_line_that_is_cut_short_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id":"b"\n{"id":"b"\r\n')
    assert reasons(load(path)) == ["not JSON: Expecting ',' delimiter: line 1 column 10 (char 9)"] * 2


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    line = '{"text": "t", "u": 1e999, "v": [-1e999, 1.5e3], "w": NaN, "x": -Infinity}'
    (found,) = load(write_lines(tmp_path / "in.jsonl", [line]), keep=("u", "v", "w", "x"))
    assert isinstance(found, Record)
    assert found.kept == {"u": None, "v": [None, 1500.0], "w": None, "x": None}


def test_a_line_that_would_not_fit_in_memory_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 2**20)
    lines = ['{"text": "a"}', json.dumps({"text": "x" * 3 * 2**20}), '{"text": "b"}', "y" * (2**20 - 1)]
    found = load(write_lines(tmp_path / "in.jsonl", lines))
    assert [type(record) for record in found] == [Record, BadRecord, Record, BadRecord]
    assert [record.place.number for record in found] == [1, 2, 3, 4]
    assert reasons(found)[0] == "longer than 1 MB; split the text"
    assert reasons(found)[1].startswith("not JSON")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(st.sampled_from([b"\n", b"\r", b'{"text": "a"}', b"{", b"\xff", b"\x00", b" "]), max_size=30))
def test_any_bytes_give_records_or_reasons(tmp_path: Path, data: list[bytes]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(data))
    whole = load(path)
    assert len(whole) == sum(1 for line in path.read_bytes().split(b"\n") if line.strip())
    source = Source(str(path), fields=Fields())
    entries = list(source.entries(Cursor()))
    if entries:
        middle = entries[len(entries) // 2].cursor
        assert [e.load() for e in source.entries(middle)] == whole[len(entries) // 2 + 1 :]


def test_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"text": "離職"}\n'.encode("big5"))
    (tmp_path / "b.txt").write_bytes("離職".encode("big5"))
    found = load(tmp_path, encoding="big5")
    assert [r.text for r in found if isinstance(r, Record)] == ["離職", "離職"]
    assert ["is not valid utf-8" in reason for reason in reasons(load(tmp_path))] == [True, True]
    with pytest.raises(InputError, match="--encoding klingon: Python knows no such encoding"):
        load(tmp_path, encoding="klingon")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp037"])
def test_encodings_without_line_ends_are_refused_for_json_lines(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes("離職".encode("utf-16"))
    (tmp_path / "b.jsonl").write_bytes('{"text": "t"}\n'.encode(encoding))
    for path in (tmp_path / "b.jsonl", tmp_path, "-"):
        with pytest.raises(InputError, match=f"--encoding {encoding}: .* convert JSON lines to utf-8 first"):
            Source(str(path), fields=Fields(), encoding=encoding)
    (text,) = load(tmp_path / "a.txt", encoding="utf-16")
    assert isinstance(text, Record)
    assert text.text == "離職"


def test_a_mark_before_every_line_is_an_encoding_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('\ufeff{"text": "t"}\n{"text": "u"}\n'.encode())
    assert not reasons(load(tmp_path / "a.jsonl", encoding="utf-8-sig"))


def test_parquet_values_that_json_lacks(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "t", "published": datetime(2023, 4, 30, 8, tzinfo=UTC)},
        {"id": None, "text": None, "published": None, "at": None, "n": None, "v": None},
    ]
    rows[0] |= {"at": datetime(2023, 1, 2), "n": Decimal("1.50"), "v": [1.0, float("nan")], "b": b"\xff"}
    first, second = load(write_parquet(tmp_path / "in.parquet", rows), keep=("at", "n", "v", "b", "gone"))
    assert isinstance(first, Record)
    assert (first.id, first.published) == ("1", "2023-04-30")
    assert first.kept == {"at": "2023-01-02T00:00:00", "n": "1.50", "v": [1.0, None], "b": "/w==", "gone": None}
    assert second == BadRecord(second.place, "field 'text' is null, not a string", "in.parquet:2")
    assert second.place.to_dict() == {"file": "in.parquet", "row": 2}


def test_parquet_values_that_python_lacks(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    at = pa.array([0, 9 * 10**15, 1], pa.timestamp("ms"))
    parquet.write_table(pa.table({"text": ["a", "b", "c"], "at": at}), tmp_path / "in.parquet")
    first, bad, last = load(tmp_path / "in.parquet", keep=("at",))
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert (first.kept["at"], last.text) == ("1970-01-01T00:00:00", "c")
    assert isinstance(bad, BadRecord)
    assert bad.reason.startswith("a value that cannot be read (")
    assert bad.place.to_dict() == {"file": "in.parquet", "row": 2}


@pytest.mark.parametrize(("size", "count"), [(10, 64), (2**17, 31), (2**23, 1)])
def test_large_parquet_rows_are_decoded_a_few_at_a_time(tmp_path: Path, size: int, count: int) -> None:
    from pyarrow import parquet

    text = "".join(map(chr, range(0x4E00, 0x4E00 + 512)))
    rows = [{"id": str(n), "text": str(n) + (text * (size // 1536 + 1))[: size // 3]} for n in range(3)]
    path = write_parquet(tmp_path / "in.parquet", rows)
    assert _rows_at_once(parquet.read_metadata(path)) == pytest.approx(count, abs=count // 10)


def test_parquet_without_the_text_says_what_there_is(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", [{"body": "t"}, {"body": "u"}])
    assert reasons(load(path, keep=("gone",))) == ["no field 'text'; the record has 'body'"] * 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "a"}\n')))
    source = Source("-", fields=Fields())
    (entry,) = source.entries(Cursor())
    record = entry.load()
    assert isinstance(record, Record)
    assert (record.id, record.text) == ("-:1", "a")
    assert (source.fingerprint, source.share(entry.cursor)) == (None, None)


def test_a_closed_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="-: standard input is closed; "):
        Source("-", fields=Fields())


def test_the_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    def fingerprint() -> str | None:
        return Source(str(tmp_path), fields=Fields()).fingerprint

    path = write_lines(tmp_path / "a.jsonl", records(2))
    seen = [fingerprint()]
    assert fingerprint() == seen[0]
    write_lines(path, records(3))
    seen.append(fingerprint())
    os.utime(path, (0, 0))
    seen.append(fingerprint())
    path.rename(tmp_path / "b.jsonl")
    seen.append(fingerprint())
    assert len(set(seen)) == 4


def test_inputs_that_cannot_be_read(tmp_path: Path) -> None:
    def message(path: Path) -> str:
        with pytest.raises(IEModelError) as caught:
            load(path)
        return str(caught.value)

    (tmp_path / "empty").mkdir()
    for name, data in {
        "in.csv": b"a,b",
        "damaged.jsonl.gz": gzip.compress(b'{"text": "a"}\n' * 999)[:-20],
        "plain.jsonl.gz": b'{"text": "a"}\n',
        "bad.parquet": b"PAR1 but not really PAR1",
    }.items():
        (tmp_path / name).write_bytes(data)
    assert message(tmp_path / "gone.jsonl").endswith("no such file or folder; check the path")
    assert "no file in this folder ends in .jsonl, " in message(tmp_path / "empty")
    assert "in.csv: how to read it is told by its name; rename it to end in one of" in message(tmp_path / "in.csv")
    assert "the gzip data is damaged" in message(tmp_path / "damaged.jsonl.gz")
    assert "the gzip data is damaged" in message(tmp_path / "plain.jsonl.gz")
    assert "not a readable Parquet file" in message(tmp_path / "bad.parquet")


def test_damage_within_parquet_is_no_matter_of_permissions(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "in.parquet", [{"text": f"林知远{index}" * 50} for index in range(50)])
    data = path.read_bytes()
    path.write_bytes(data[:40] + bytes(400) + data[440:])
    with pytest.raises(InputError, match=r"not a readable Parquet file \(.+\); fetch or write the file again"):
        load(path)


def test_lines_of_utf_16_say_how_to_convert_them(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes('{"text": "林知远"}\n'.encode("utf-16"))
    assert set(reasons(load(path))) == {"NUL bytes, as UTF-16 has; convert the file first: iconv -f utf-16 -t utf-8"}


def test_a_file_that_is_moved_away_is_read_to_its_end(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", records(5))
    source = Source(str(path), fields=Fields())
    entries = source.entries(START)
    first = next(entries)
    assert 0 < (source.share(first.cursor) or 0) < 1
    path.unlink()
    assert source.share(first.cursor) is None
    assert len([entry.load() for entry in entries]) == 4


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "in.parquet", [{"text": "t"}])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        IEModelError, match=r"pyarrow is not installed; install it with: pip install 'ie-model\[parquet\]'"
    ):
        load(path)
