"""Lines of .jsonl files: texts as `batch` takes them, and documents found before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.document import Departure, Document, Entity, Evidence, Money
from ie_model.errors import InputError
from ie_model.labelstudio.articles import Prepared, read_articles
from ie_model.labelstudio.documents import document_to

TEXT = "林知远离开星河科技，得80万元。"
DOCUMENT = Document(
    TEXT,
    (Entity("PERSON", "林知远", 0, 3, 0.5), Entity("MONEY", "80万元", 11, 15, 0.5, Money("800000", None, "CNY"))),
    (Departure("林知远", "星河科技", "stated", 0.5, Evidence(0, 9)),),
    id="a",
    published="2023-04",
)


def read(folder: Path, *lines: Any, mark: str = "", **options: Any) -> list[Prepared | InputError]:
    path = folder / "x.jsonl"
    path.write_text(
        mark + "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8"
    )
    return list(read_articles([str(path)], predict=False, **options))


def documents(found: list[Prepared | InputError]) -> list[tuple[str | None, str | None]]:
    assert not [item for item in found if isinstance(item, InputError)]
    return [(item.document.id, item.document.published) for item in found if isinstance(item, Prepared)]


def test_lines_are_read_as_batch_reads_them(tmp_path: Path) -> None:
    rows = [
        {"id": "l", "text": "x", "published": "2023-04-30T10:00:00"},
        {"id": 7, "text": "x"},
        {"text": "x", "published": ""},
        {**document_to(DOCUMENT), "id": 8, "published": "2023-04-30 10:00"},
    ]
    found = documents(read(tmp_path, *rows, mark="\ufeff", published="2022"))
    assert found == [("l", "2023-04-30"), ("7", "2022"), (None, "2022"), ("8", "2023-04-30")]


def test_a_document_comes_as_it_was(tmp_path: Path) -> None:
    assert read(tmp_path, document_to(DOCUMENT)) == [Prepared(DOCUMENT, "x")]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ({"id": ["l"], "text": "x"}, "field 'id' is list, not a string or a whole number"),
        ({"id": "l", "text": 5}, "field 'text' is int, not a string"),
        ({"id": "l", "text": "x", "published": "zz"}, "published date 'zz' is not an ISO date"),
        ({**document_to(DOCUMENT), "published": "zz"}, "published date 'zz' is not an ISO date"),
        ({**document_to(DOCUMENT), "id": ["l"]}, "field 'id' is list, not a string or a whole number"),
        ([1], "not a JSON object, but list; expected a document with its text"),
        ("{", "not JSON: Expecting property name"),
        ("[" * 100_000, "not JSON that can be read: nested too deep"),
    ],
)
def test_lines_that_are_no_articles(tmp_path: Path, line: Any, wrong: str) -> None:
    bad, good = read(tmp_path, line, {"text": "x"})
    assert isinstance(good, Prepared)
    assert str(bad).startswith(f"{tmp_path / 'x.jsonl'}, line 1: {wrong}")


@pytest.mark.parametrize("name", ["x.JSONL", "x.ndjson"])
def test_documents_in_other_spellings(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps({"id": "l", "text": "x"}), encoding="utf-8")
    assert documents(list(read_articles([str(tmp_path / name)], predict=False))) == [("l", None)]


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.parquet"])
def test_packed_records_are_no_texts(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PAR1")
    with pytest.raises(InputError, match=f"{name}: packed records cannot be sent"):
        list(read_articles([str(tmp_path / name)], predict=False))


@pytest.mark.parametrize("id", ["../secret", "/etc/hostname", "a/../../secret"])
def test_a_line_names_no_file_outside_of_the_folder_of_texts(tmp_path: Path, id: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "texts").mkdir()
    (found,) = read(tmp_path, {"id": id}, texts=tmp_path / "texts")
    assert "names a file outside of" in str(found)


def test_options_are_looked_at_first(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="published date 'zz' is not an ISO date"):
        read(tmp_path, document_to(DOCUMENT), published="zz")
    with pytest.raises(InputError, match="--encoding klingon"):
        read(tmp_path, document_to(DOCUMENT), encoding="klingon")


def test_a_text_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("林".encode("gb18030"))
    (bad,) = read(tmp_path, {"id": "a"}, texts=tmp_path)
    assert "line 1" in str(bad)
    assert "is not valid utf-8; name the file's encoding with --encoding" in str(bad)
    assert documents(read(tmp_path, {"id": "a"}, texts=tmp_path, encoding="gb18030")) == [("a", None)]


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """DOCUMENT's line with one value changed, or taken out."""
    row: Any = json.loads(json.dumps(document_to(DOCUMENT)))
    inner = row
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    result: dict[str, Any] = row
    return result


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        (("entities",), None, "'entities' is null, not a list;"),
        (("departures",), ..., "no 'departures';"),
        (("entities", 0), 5, "entities, 1: 5 is not an object;"),
        (("entities", 0, "start"), "0", "entities, 1: 'start' is '0', not a whole number;"),
        (("entities", 0, "end"), True, "entities, 1: 'end' is True, not a whole number;"),
        (("entities", 0, "start"), -15, "the PERSON span -15-3 holds no character of the text (length 16)"),
        (("entities", 0, "text"), "陈若水", "entities, 1: the text at 0-3 is '林知远', not '陈若水';"),
        (("entities", 0, "score"), float("nan"), "entities, 1: 'score' is null, not a number;"),
        (("entities", 0, "score"), 10**400, "entities, 1: 'score' is 1000"),
        (("entities", 1, "value", "amount_max"), ..., "entities, 2: no 'amount_max';"),
        (("entities", 1, "value", "approximate"), 1, "entities, 2: 'approximate' is 1, not true or false;"),
        (("departures", 0, "evidence"), {"start": -5, "end": 900}, "departures, 1: the passage -5-900 is no place"),
        (("departures", 0, "evidence"), [0, 9], "departures, 1: 'evidence' is [0, 9], not an object;"),
        (("departures", 0, "date"), "2023", "departures, 1: 'date' is '2023', not an object or null;"),
        (("departures", 0, "roles"), [1], "departures, 1: 'roles' is [1], not a list of strings;"),
        (("departures", 0, "status"), "gone", "departures, 1: 'status' is 'gone', not one of stated, reported"),
        (("departures", 0, "mentions"), [{"start": 9, "end": 99}], "departures, 1: mentions, 1: the passage 9-99"),
    ],
)
def test_documents_that_cannot_be(tmp_path: Path, path: tuple[str | int, ...], value: Any, wrong: str) -> None:
    (bad,) = read(tmp_path, changed(path, value))
    assert isinstance(bad, InputError)
    assert str(bad).startswith(f"{tmp_path / 'x.jsonl'}, line 1: {wrong}")
    assert "\n" not in str(bad)


def test_spans_that_overlap_or_are_out_of_order(tmp_path: Path) -> None:
    row = document_to(DOCUMENT)
    for entities in (row["entities"][::-1], row["entities"][:1] * 2):
        (bad,) = read(tmp_path, {**row, "entities": entities})
        assert "overlap, or are out of order" in str(bad)
