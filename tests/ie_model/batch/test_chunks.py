from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ie_model.batch.chunks import Chunk, Shard, chunks, work
from ie_model.batch.sources import Cursor, Source
from ie_model.document import Article, Document
from ie_model.errors import IEModelError, InputError
from ie_model.extractor import Extractor
from ie_model.records import BadRecord, Fields, Place, Record
from tests.ie_model.batch.files import records, write_lines

START = Cursor()


def cut(path: Path, *, shard: str = "1/1", start: Cursor = START, first: int = 0) -> list[Chunk]:
    """Chunks of so many records, or 100 characters."""
    source = Source(str(path), fields=Fields())
    where = {"shard": Shard.parse(shard), "start": start, "first": first}
    return list(chunks(source, **where, most_characters=100, most_records=4))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["0/2", "3/2", "1/0", "1", "a/b", "-1/2", "1/2/3", "1/2 "])
def test_shards_that_there_are_not(value: str) -> None:
    with pytest.raises(InputError, match="write it as I/N with I from 1 to N"):
        Shard.parse(value)


@given(count=st.integers(1, 40), record=st.integers(1, 1000))
def test_every_record_is_in_one_shard(count: int, record: int) -> None:
    assert sum(Shard(index, count).holds(record) for index in range(1, count + 1)) == 1


def test_a_chunk_ends_with_so_many_records_or_characters(tmp_path: Path) -> None:
    lines: list[dict[str, Any] | str] = [{"text": "x"} for _ in range(6)] + ["bad"] * 5
    found = cut(write_lines(tmp_path / "in.jsonl", [*lines, {"text": "y" * 500}, {"text": "z" * 99}, {"text": "z"}]))
    assert [len(chunk.records) for chunk in found] == [4, 4, 4, 2]
    assert [chunk.index for chunk in found] == [0, 1, 2, 3]
    assert isinstance(found[2].records[-1], Record)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 60), max_size=30), at=st.integers(0, 30), count=st.integers(1, 4))
def test_chunks_go_on_alike_from_any_chunk(tmp_path: Path, sizes: list[int], at: int, count: int) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"id": i, "text": "x" * size} for i, size in enumerate(sizes)])
    seen = []
    for index in range(1, count + 1):
        found = cut(path, shard=f"{index}/{count}")
        seen += [int(record.id) for chunk in found for record in chunk.records if isinstance(record, Record)]
        if at < len(found):
            rest = cut(path, shard=f"{index}/{count}", start=found[at].cursor, first=at + 1)
            assert rest == found[at + 1 :]
    assert sorted(seen) == list(range(len(sizes)))


def test_kept_fields_make_chunks_shorter(tmp_path: Path) -> None:
    fields = Fields(keep=("body",))
    bodies = ["x" * 90, {"a": ["x" * 90]}, None, 1, "x" * 300, ""]
    path = write_lines(tmp_path / "in.jsonl", [{"text": "林" * 10, "body": body} for body in bodies])
    found = chunks(
        Source(str(path), fields=fields), shard=Shard(), start=Cursor(), first=0, most_characters=200, most_records=9
    )
    assert [len(chunk.records) for chunk in found] == [2, 3, 1]


def test_work_gives_a_line_for_each_record_in_order(extractor: Extractor) -> None:
    good = [Record(Place("f"), f"d{i}", r["text"], r["published"], {"n": i}) for i, r in enumerate(records(9))]
    bad = BadRecord(Place("f", "line", 3), "why", "b")
    result = work(extractor, Chunk(4, (*good[:3], bad, *good[3:]), Cursor(record=10)))
    lines = [json.loads(line) for line in result.documents.decode().splitlines()]
    for line, record in zip(lines, good, strict=True):
        assert line == {**extractor(record.text, id=record.id, published=record.published).to_dict(), **record.kept}
    assert any(line["departures"] for line in lines), "nothing was found: nothing was checked"
    assert json.loads(result.errors) == {"file": "f", "line": 3, "id": "b", "reason": "why"}
    assert (result.index, result.count, result.bad) == (4, 9, 1)
    assert result.characters == sum(len(record.text) for record in good)


def test_lone_surrogates_are_written_as_escapes(extractor: Extractor) -> None:
    result = work(extractor, Chunk(0, (Record(Place("f"), "a\ud800", "林\udfff知远"),), Cursor()))
    assert json.loads(result.documents)["id"] == "a\ud800"


class Stumbling:
    """An extractor that fails on some texts, as one with a bug might."""

    def __init__(self, fails: str) -> None:
        self.fails = fails

    def pipe(self, texts: Iterable[str | Article]) -> Iterator[Document]:
        for text in texts:
            article = text if isinstance(text, Article) else Article(text)
            if article.text in self.fails:
                raise RuntimeError(f"cannot do {article.text}\nmore")
            yield Document(text=article.text, id=article.id, published=article.published)


@pytest.mark.parametrize("fails", ["", "a", "j", "bcf", "abcdefghij"])
def test_a_text_that_fails_takes_no_other_with_it(fails: str) -> None:
    given = tuple(Record(Place("f", "line", i), text, text) for i, text in enumerate("abcdefghij"))
    result = work(Stumbling(fails), Chunk(0, given, Cursor()))  # type: ignore[arg-type]
    assert [json.loads(line)["id"] for line in result.documents.splitlines()] == [
        c for c in "abcdefghij" if c not in fails
    ]
    told = [json.loads(line) for line in result.errors.splitlines()]
    assert [line["id"] for line in told] == list(fails)
    assert {line["reason"] for line in told} == {f"extraction failed (RuntimeError: cannot do {c})" for c in fails}


def test_an_extractor_that_fails_on_everything_ends_the_run() -> None:
    given = tuple(Record(Place("f", "line", i), text, text) for i, text in enumerate("ab"))
    with pytest.raises(IEModelError, match=r"fails on every text from record f:0 on \(RuntimeError: cannot do a\)"):
        work(Stumbling("ab。"), Chunk(0, given, Cursor()))  # type: ignore[arg-type]
