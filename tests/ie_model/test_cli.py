"""The command line: what it prints, and what it says of bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import ie_model
from ie_model.cli import _print_table, _short_names, app
from ie_model.document import Date, Departure, Document, Entity, Evidence
from ie_model.exports import CSV_FIELDS, json_line, write_csv
from ie_model.extractor import Extractor
from ie_model.wording import many

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业。\r\n据悉，周以安离开青木资本。\n"
DEPARTURE = Departure(
    person="林知远",
    organization="星河科技",
    status="stated",
    score=0.91234567,
    evidence=Evidence(3, 21),
    person_aliases=("Lin",),
    organization_aliases=("星河", "星河集团"),
    roles=("技术副总裁", "CTO"),
    joined=("云栖智能",),
    date=Date("3月", "2023-03"),
)
DOCUMENT = Document(
    text=TEXT, id="a.txt", entities=(Entity("PERSON", "林知远", 12, 15, 0.987654),), departures=(DEPARTURE,)
)


def extract(model_dir: Path, *arguments: object, stdin: bytes | None = None) -> Result:
    words = ["extract", "--model", str(model_dir), *map(str, arguments)]
    return CliRunner().invoke(app, words, input=stdin)


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def errors_of(result: Result) -> list[str]:
    """The error lines of a run that failed as a user's mistake should fail."""
    assert result.exit_code == 2
    found = result.stderr.splitlines()
    assert found
    assert all(line.startswith("error: ") for line in found), found
    return found


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode())
    return path


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"ie-model {ie_model.__version__}\n")


def test_jsonl_is_the_documents_dictionary(model_dir: Path, extractor: Extractor, article: Path) -> None:
    (line,) = lines(extract(model_dir, article, "--format", "jsonl"))
    assert line == extractor(TEXT, id="a.txt").to_dict()
    assert line["departures"], "the random model found no departure: nothing was checked"


def test_jsonl_has_the_documented_fields(model_dir: Path, article: Path) -> None:
    (line,) = lines(extract(model_dir, article, "--format", "jsonl"))
    assert list(line) == ["id", "chars", "entities", "departures"]
    assert line["chars"] == len(TEXT)
    assert list(line["entities"][0]) == ["label", "text", "start", "end", "score", "value"]
    assert list(line["departures"][0]) == [
        "person", "person_aliases", "organization", "organization_aliases", "roles", "joined",
        "date", "status", "score", "evidence",
    ]  # fmt: skip
    assert list(line["departures"][0]["evidence"]) == ["start", "end"]
    for entity in line["entities"]:
        assert TEXT[entity["start"] : entity["end"]] == entity["text"]


def test_line_ends_are_kept(model_dir: Path, tmp_path: Path) -> None:
    for name, data in (("crlf.txt", "林知远\r\n离职。\r\n"), ("lf.txt", "林知远\n离职。\n")):
        (tmp_path / name).write_bytes(data.encode())
    crlf, lf = lines(extract(model_dir, tmp_path, "--format", "jsonl"))
    assert (crlf["chars"], lf["chars"]) == (10, 8)


def test_a_folder_is_its_texts_by_name(model_dir: Path, tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.md"):
        (tmp_path / name).write_text("林知远离职。", encoding="utf-8")
    found = lines(extract(model_dir, tmp_path, "--format", "jsonl"))
    assert [line["id"] for line in found] == ["a.txt", "b.txt"]


def test_standard_input(model_dir: Path, extractor: Extractor) -> None:
    (line,) = lines(extract(model_dir, "-", "--format", "jsonl", stdin=TEXT.encode()))
    assert line == extractor(TEXT, id="-").to_dict()


def test_encoding(model_dir: Path, tmp_path: Path, extractor: Extractor) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode("gb18030"))
    (line,) = lines(extract(model_dir, path, "--format", "jsonl", "--encoding", "gb18030"))
    assert line == extractor(TEXT, id="a.txt").to_dict()


def test_an_empty_file_is_an_empty_document(model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (line,) = lines(extract(model_dir, tmp_path / "a.txt", "--format", "jsonl"))
    assert line == {"id": "a.txt", "chars": 0, "entities": [], "departures": []}


def test_min_score(model_dir: Path, article: Path) -> None:
    (everything,) = lines(extract(model_dir, article, "--format", "jsonl"))
    (sure,) = lines(extract(model_dir, article, "--format", "jsonl", "--min-score", "0.6"))
    expected = [entity for entity in everything["entities"] if entity["score"] >= 0.6]
    assert sure["entities"] == expected
    assert 0 < len(expected) < len(everything["entities"])
    assert all(departure["score"] >= 0.6 for departure in sure["departures"])


def test_several_bad_inputs_do_not_stop_the_good_ones(model_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    (tmp_path / "gbk.txt").write_bytes(b"abc" + "离职".encode("gbk"))  # 0xC0 begins no UTF-8 character
    (tmp_path / "good.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "void.txt").touch()
    names = [tmp_path / name for name in ("missing.txt", "empty", "gbk.txt", "good.txt", "void.txt")]
    result = extract(model_dir, *names, "--format", "jsonl")
    missing, empty, undecodable = errors_of(result)
    assert f"{tmp_path / 'missing.txt'}: no such file" in missing
    assert f"{folder}: no .txt file directly in this folder (subfolders are not read)" in empty
    assert f"{tmp_path / 'gbk.txt'}: byte 0xC0 at position 3 is not valid utf-8" in undecodable
    assert "--encoding" in undecodable
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["good.txt", "void.txt"]


def test_a_folder_named_like_a_text(model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "good.txt").write_text("林知远离职。", encoding="utf-8")
    (line,) = lines(extract(model_dir, tmp_path, "--format", "jsonl"))
    assert line["id"] == "good.txt"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "utf-16"])
def test_encodings_that_do_not_fit(model_dir: Path, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    (line,) = errors_of(extract(model_dir, tmp_path / "a.txt", "--encoding", encoding))
    assert encoding in line
    assert "gb18030" in line


@pytest.mark.parametrize("value", ["yesterday", "2023-02-30", "30.4.2023"])
def test_a_bad_published_date(model_dir: Path, article: Path, value: str) -> None:
    (line,) = errors_of(extract(model_dir, article, "--published", value))
    assert line == f"error: published date {value!r} is not an ISO date; write it as 2023-04-30, 2023-04 or 2023"


def test_a_bad_min_score(model_dir: Path, article: Path) -> None:
    (line,) = errors_of(extract(model_dir, article, "--min-score", "1.5"))
    assert "between 0 and 1, not 1.5" in line


def test_a_bad_model_folder(tmp_path: Path, article: Path) -> None:
    (line,) = errors_of(extract(tmp_path / "nowhere", article))
    assert "nowhere: no such folder; " in line
    assert "training.export" in line


@pytest.mark.parametrize("option", ["--output", "--html"])
def test_an_output_that_cannot_be_written(model_dir: Path, tmp_path: Path, article: Path, option: str) -> None:
    result = extract(model_dir, article, "--format", "jsonl", option, tmp_path)
    (line,) = errors_of(result)
    assert f"{tmp_path}: cannot be written" in line


def test_a_call_of_which_no_input_is_good_leaves_what_was_written(model_dir: Path, tmp_path: Path) -> None:
    output, page = tmp_path / "out.csv", tmp_path / "page.html"
    for path in (output, page):
        path.write_text("before", encoding="utf-8")
    result = extract(model_dir, tmp_path / "typo.txt", "--format", "csv", "-o", output, "--html", page)
    assert "no such file or folder" in errors_of(result)[0]
    assert [path.read_text(encoding="utf-8") for path in (output, page)] == ["before", "before"]


def test_a_folder_is_no_output(tmp_path: Path, article: Path) -> None:
    # Said before anything is loaded: there is no such model either.
    (error,) = errors_of(extract(tmp_path / "none", article, "--format", "csv", "-o", tmp_path))
    assert "cannot be written (it is a folder)" in error


@pytest.mark.parametrize("name", ["news.jsonl", "news.ndjson"])
def test_records_are_for_another_command(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"text": "林知远离职。"}', encoding="utf-8")
    (error,) = errors_of(extract(tmp_path / "none", tmp_path / name))
    assert "ie-model batch" in error


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ie_model", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"ie-model {ie_model.__version__}\n"


def test_names_in_the_table_can_be_told_apart() -> None:
    names = ["news-2023-04-01.txt", "news-2023-04-02.txt", "a.txt"]
    assert list(_short_names(names).values()) == ["news-2023-04-01…", "news-2023-04-02…", "a.txt"]
    assert _short_names(["003_8d5c2cca22707c62.txt"] * 2) == {"003_8d5c2cca22707c62.txt": "003_8d5c2cca…"}


def test_output_file_and_page(model_dir: Path, tmp_path: Path, article: Path) -> None:
    target, page = tmp_path / "new" / "a.jsonl", tmp_path / "pages" / "a.html"
    result = extract(model_dir, article, "--format", "jsonl", "--output", target, "--html", page)
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(target.read_text(encoding="utf-8"))["id"] == "a.txt"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_documents_are_written_as_they_are_done(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    output, seen = tmp_path / "out", []

    def given(*_: object, **__: object) -> Iterator[tuple[str, str]]:
        for number in range(10):
            seen.append(len(output.read_bytes()) if output.is_file() else 0)
            yield f"{number}.txt", TEXT

    monkeypatch.setattr("ie_model.findings.CHUNK_CHARACTERS", 1)
    monkeypatch.setattr("ie_model.inputs.read_texts", given)
    result = extract(model_dir, tmp_path, "--format", format, "--output", output)
    assert result.exit_code == 0, result.stderr
    assert seen[1] == 0
    assert 0 < seen[-1] < len(output.read_bytes())


def test_an_output_overwrites_neither_its_input_nor_another_output(tmp_path: Path, article: Path) -> None:
    nowhere, page = tmp_path / "no model", tmp_path / "same.out"  # refused before a model is looked for
    for options in (["--format", "csv", "-o", article], ["--html", article]):
        (line,) = errors_of(extract(nowhere, article, *options))
        assert line == f"error: {article}: input and output are the same file; choose another output"
    (line,) = errors_of(extract(nowhere, article, "--format", "jsonl", "-o", page, "--html", page))
    assert "same.out: two outputs are the same file" in line
    assert article.read_bytes() == TEXT.encode()


def test_csv_files_tell_spreadsheets_their_encoding(model_dir: Path, tmp_path: Path, article: Path) -> None:
    target = tmp_path / "a.csv"
    assert extract(model_dir, article, "--format", "csv", "-o", target).exit_code == 0
    data = target.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf" + ",".join(CSV_FIELDS).encode() + b"\r\n")
    assert b"\r\r\n" not in data


def test_what_is_no_json_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_line({"a": float("inf")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_line({"\ud800": float("nan")})


def test_csv_has_one_departure_a_row() -> None:
    file = io.StringIO()
    write_csv([DOCUMENT, Document(text="", id="b.txt")], file)
    header, row = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert dict(zip(header, row, strict=True)) == {
        "id": "a.txt", "person": "林知远", "person_aliases": "Lin", "organization": "星河科技",
        "organization_aliases": "星河、星河集团", "roles": "技术副总裁、CTO", "joined": "云栖智能",
        "date": "3月", "date_value": "2023-03", "status": "stated", "score": "0.9123",
        "evidence": TEXT[3:21],
    }  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_csv_cell_is_a_formula(start: str) -> None:
    evil = start + "HYPERLINK(1)"
    text = evil + "林知远离职"
    departure = Departure(evil, "星河", "stated", 1.0, Evidence(0, len(text)), roles=(evil, "CTO"))
    file = io.StringIO()
    write_csv([Document(text=text, id=evil, departures=(departure,))], file)
    _, row = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert row[0] == row[1] == "'" + evil
    assert row[5] == f"'{evil}、CTO"
    assert row[11] == "'" + text
    assert row[3] == "星河"


def test_csv_through_the_command(model_dir: Path, tmp_path: Path, extractor: Extractor) -> None:
    (tmp_path / "=1+1.txt").write_bytes(TEXT.encode())
    result = extract(model_dir, tmp_path / "=1+1.txt", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert len(rows) == len(extractor(TEXT).departures) > 0
    assert {row["id"] for row in rows} == {"'=1+1.txt"}


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    markup = Departure("[bold]周以安[/bold]", "青木", "former", 0.5, Evidence(0, 1))
    _print_table([DOCUMENT, Document(text="x", departures=(markup,))])
    output = capsys.readouterr().out
    for cell in ("林知远", "星河科技", "技术副总裁、CTO", "云栖智能", "stated", "0.91", "[bold]周以安[/bold]"):
        assert cell in output
    assert "│ 2023-03    │" in output
    assert output.endswith("2 departures and 1 entity in 2 documents\n")


def test_a_date_without_a_value_stands_in_the_table_as_worded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    _print_table([replace(DOCUMENT, departures=(replace(DEPARTURE, date=Date("近期")),))])
    output = capsys.readouterr().out
    assert "│ 近期       │" in output
    assert output.endswith("1 departure and 1 entity in 1 document\n")


def test_the_table_through_the_command(model_dir: Path, article: Path, extractor: Extractor) -> None:
    result = extract(model_dir, article)
    document = extractor(TEXT)
    last = result.stdout.splitlines()[-1]
    counts = f"{many(len(document.departures), 'departure')} and {many(len(document.entities), 'entity', 'entities')}"
    assert last == f"{counts} in 1 document"


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="such names exist on Linux only")
@pytest.mark.parametrize("format", ["table", "jsonl", "csv"])
def test_a_file_name_that_is_not_utf8(model_dir: Path, tmp_path: Path, format: str) -> None:
    path = tmp_path / os.fsdecode(b"\xff.txt")
    path.write_bytes(TEXT.encode())
    page = tmp_path / "page.html"
    result = extract(model_dir, path, "--format", format, "--html", page)
    assert (result.exit_code, result.exception) == (0, None)
    assert page.is_file()


def run_program(*arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    code = "import sys; from ie_model.cli import app; app()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_a_reader_that_has_seen_enough(model_dir: Path, tmp_path: Path) -> None:
    """`ie-model extract … | head -0` ends in silence."""
    for number in range(30):  # more than a pipe and Python's buffer hold
        (tmp_path / f"{number}.txt").write_bytes(TEXT.encode() * 4)
    process = run_program("extract", tmp_path, "--model", model_dir, "--format", "jsonl")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_jsonl_and_csv_are_utf8_wherever(model_dir: Path, article: Path) -> None:
    """A Chinese Windows console says gbk; programs still read UTF-8."""
    process = run_program("extract", article, "--model", model_dir, "--format", "jsonl", PYTHONIOENCODING="gbk")
    output, complaint = process.communicate()
    assert (process.returncode, complaint) == (0, b"")
    assert json.loads(output.decode("utf-8"))["id"] == "a.txt"
