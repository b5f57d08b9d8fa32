"""Whole runs, in this process: what goes in, what comes out, and what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ie_model.batch import chunks as chunking
from ie_model.batch.chunks import ExtractorSpec, Result, Shard
from ie_model.batch.job import Job, Summary, run
from ie_model.errors import IEModelError, InputError, ModelError
from ie_model.extractor import Extractor
from ie_model.records import Fields
from tests.ie_model.batch.files import left, read_lines, records, write_lines


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 5)


@pytest.fixture
def go(model_dir: Path, tmp_path: Path) -> Callable[..., Summary]:
    write_lines(tmp_path / "in.jsonl", [*records(22), "bad", *records(3)])

    def call(**options: Any) -> Summary:
        watch = options.pop("watch", lambda result: None)
        options.setdefault("input", str(tmp_path / "in.jsonl"))
        options.setdefault("output", tmp_path / "out.jsonl")
        options.setdefault("extractor", ExtractorSpec(model_dir))
        return run(Job(**options), watch=watch)

    return call


class Stop(Exception):
    pass


def stop_at(index: int) -> Callable[[Result], None]:
    def watch(result: Result) -> None:
        if result.index == index:
            raise Stop

    return watch


def test_every_record_gives_a_document_in_order(
    go: Callable[..., Summary], tmp_path: Path, extractor: Extractor
) -> None:
    seen: list[int] = []
    summary = go(watch=lambda result: seen.append(result.index))
    given = records(22) + records(3)
    expected = [extractor(r["text"], id=r["id"], published=r["published"]).to_dict() for r in given]
    assert read_lines(tmp_path / "out.jsonl") == expected
    assert any(document["departures"] for document in expected), "nothing was found: nothing was checked"
    assert seen == [0, 1, 2, 3, 4, 5]
    (bad,) = read_lines(tmp_path / "out.jsonl.errors.jsonl")
    assert bad["reason"].startswith("not JSON: ")
    assert {**bad, "reason": ""} == {"file": "in.jsonl", "line": 23, "id": None, "reason": ""}
    assert (summary.documents, summary.bad, summary.resumed, summary.workers) == (25, 1, 0, 1)
    assert summary.characters == summary.new_characters == sum(len(r["text"]) for r in given)
    assert summary.errors == tmp_path / "out.jsonl.errors.jsonl"


def test_a_stopped_run_goes_on_with_other_workers(go: Callable[..., Summary], tmp_path: Path) -> None:
    go(output=tmp_path / "whole.jsonl")
    with pytest.raises(Stop):
        go(watch=stop_at(1))
    assert not (tmp_path / "out.jsonl").exists()
    with pytest.raises(Stop):
        go(watch=stop_at(3), workers=2)
    summary = go()
    assert (summary.resumed, summary.documents) == (20, 25)
    for ending in ("", ".errors.jsonl"):
        assert (tmp_path / f"out.jsonl{ending}").read_bytes() == (tmp_path / f"whole.jsonl{ending}").read_bytes()
    again = go()
    assert (again.resumed, again.documents, again.new_characters, again.workers) == (26, 25, 0, 0)


def test_a_run_goes_on_only_with_the_same_input_and_options(
    go: Callable[..., Summary], tmp_path: Path, model_dir: Path
) -> None:
    with pytest.raises(Stop):
        go(watch=stop_at(1))
    for options, told in (
        ({"extractor": ExtractorSpec(model_dir, min_score=0.5)}, "--min-score 0.0, now 0.5"),
        ({"shard": Shard(1, 2)}, "--shard 1/1, now 1/2"),
        ({"fields": Fields(text="body")}, "--text-field text, now body"),
        ({"extractor": ExtractorSpec(None)}, "another model"),
    ):
        with pytest.raises(InputError, match=f"begun with other settings \\({told}\\)"):
            go(**options)
    write_lines(tmp_path / "in.jsonl", records(22))
    with pytest.raises(InputError, match="another input"):
        go()
    assert go(overwrite=True).documents == 22


@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_a_run_goes_on_when_a_damaged_file_has_been_replaced(
    go: Callable[..., Summary], tmp_path: Path, damaged: int
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate("abc"):
        text = "".join(json.dumps({**r, "id": f"{name}{r['id']}"}) + "\n" for r in records(13 + number))
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    go(input=str(folder), output=tmp_path / "whole.jsonl")
    path = folder / f"{'abc'[damaged]}.jsonl.gz"
    good = path.read_bytes()
    path.write_bytes(good[:-9])
    with pytest.raises(InputError, match=r"the gzip data is damaged .* fetch the file again"):
        go(input=str(folder))
    path.write_bytes(good)
    if damaged == 0:  # of which some has been read, and nothing before it
        with pytest.raises(InputError, match="another input"):
            go(input=str(folder))
        return
    summary = go(input=str(folder))
    assert summary.resumed == (0, 10, 25)[damaged], "whole chunks before the file"
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_files_behind_those_that_were_read_may_come_and_change(go: Callable[..., Summary], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "bcd":
        write_lines(folder / f"{name}.jsonl", records(5))
    with pytest.raises(Stop):
        go(input=str(folder), watch=stop_at(1))
    write_lines(folder / "d.jsonl", records(7))
    write_lines(folder / "e.jsonl", records(1))
    summary = go(input=str(folder))
    assert (summary.resumed, summary.documents) == (10, 18)
    assert go(input=str(folder)).resumed == 18, "it is complete"
    with pytest.raises(Stop):
        go(input=str(folder), output=tmp_path / "other.jsonl", watch=stop_at(1))
    write_lines(folder / "a.jsonl", records(1))
    with pytest.raises(InputError, match="another input"):
        go(input=str(folder), output=tmp_path / "other.jsonl")


def test_all_shards_together_are_the_whole(go: Callable[..., Summary], tmp_path: Path) -> None:
    go(output=tmp_path / "whole.jsonl")
    parts = []
    for index in (1, 2, 3):
        go(output=tmp_path / f"{index}.jsonl", shard=Shard(index, 3))
        parts.append(read_lines(tmp_path / f"{index}.jsonl"))
    errors = [path for index in (1, 2, 3) if (path := tmp_path / f"{index}.jsonl.errors.jsonl").exists()]
    whole = read_lines(tmp_path / "whole.jsonl")
    # Record 23 is the bad one: the second shard's eighth.
    order = [(i % 3, i // 3) if i < 22 else ((i + 1) % 3, (i + 1) // 3 - ((i + 1) % 3 == 1)) for i in range(25)]
    assert [parts[shard][at] for shard, at in order] == whole
    assert sum(map(len, parts)) == 25
    assert [path.name for path in errors] == ["2.jsonl.errors.jsonl"]
    assert read_lines(errors[0]) == read_lines(tmp_path / "whole.jsonl.errors.jsonl")


def test_every_format_gives_the_same(go: Callable[..., Summary], tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    write_lines(tmp_path / "in.jsonl", records(12))
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress((tmp_path / "in.jsonl").read_bytes()))
    parquet.write_table(pa.Table.from_pylist(records(12)), tmp_path / "in.parquet", row_group_size=5)
    go(output=tmp_path / "whole.jsonl")
    for name in ("in.jsonl.gz", "in.parquet"):
        output = tmp_path / f"{name}.out.jsonl"
        with pytest.raises(Stop):
            go(input=str(tmp_path / name), output=output, watch=stop_at(1))
        go(input=str(tmp_path / name), output=output)
        assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    go(output=tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == read_lines(tmp_path / "whole.jsonl")


def test_kept_fields_go_along(go: Callable[..., Summary], tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [{"text": "林知远", "url": {"a": [1]}, "other": 1}])
    go(fields=Fields(keep=("url", "text", "gone")))
    (line,) = read_lines(tmp_path / "out.jsonl")
    assert list(line) == ["id", "chars", "entities", "departures", "url", "text", "gone"]
    assert (line["id"], line["url"], line["text"], line["gone"]) == ("in.jsonl:1", {"a": [1]}, "林知远", None)


def test_a_folder_of_texts(go: Callable[..., Summary], tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for index in range(7):
        (folder / f"{index}.txt").write_text(records(7)[index]["text"], encoding="utf-8")
    (folder / "3.txt").write_bytes(b"\xff")
    summary = go(input=str(folder))
    assert [line["id"] for line in read_lines(tmp_path / "out.jsonl")] == [f"{i}.txt" for i in (0, 1, 2, 4, 5, 6)]
    (bad,) = read_lines(tmp_path / "out.jsonl.errors.jsonl")
    assert (bad["id"], summary.bad) == ("3.txt", 1)
    assert "often gb18030 or big5" in bad["reason"]


def test_the_manifest_says_what_was_run(go: Callable[..., Summary], tmp_path: Path) -> None:
    go()
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["--shard"] == "1/1"
    assert manifest["state"]["documents"] == 25
    assert manifest["state"]["complete"] is True


def test_what_is_refused(go: Callable[..., Summary], tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    (tmp_path / "folder.jsonl").mkdir()
    write_lines(tmp_path / "x.jsonl.errors.jsonl", records(1))
    for options, told in (
        ({"output": source}, "input and output are the same file"),
        ({"input": str(tmp_path / "x.jsonl.errors.jsonl"), "output": tmp_path / "x.jsonl"}, "are the same file"),
        ({"output": tmp_path / "out.csv"}, "let its name end in .jsonl or .parquet"),
        ({"output": tmp_path / "folder.jsonl"}, "the output is one file"),
        ({"input": str(tmp_path)}, "the output would be part of the input folder"),
        ({"workers": 0}, "--workers 0: give 1 or more"),
        ({"engine": "spark"}, "--engine spark: choose local or ray"),
        ({"input": "-", "engine": "ray"}, "--engine ray cannot read standard input"),
        ({"input": str(tmp_path / "gone.jsonl")}, "no such file or folder"),
        ({"extractor": ExtractorSpec(tmp_path)}, "the model folder lacks config.json"),
        ({"extractor": ExtractorSpec(min_score=2.0)}, "min_score must be between 0 and 1"),
    ):
        with pytest.raises((InputError, ModelError), match=told):
            go(**options)
    assert left(tmp_path) == ["folder.jsonl", "in.jsonl", "x.jsonl.errors.jsonl"], (
        "a run that never began left something"
    )


def test_outputs_that_cannot_be(go: Callable[..., Summary], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written \(File name too long"):
        go(output=tmp_path / f"{'a' * 300}.jsonl")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    assert go(output=tmp_path / "loop.jsonl").documents == 25, "a link to itself is replaced"


def test_ray_without_ray_names_the_extra(go: Callable[..., Summary], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(IEModelError, match=r"ray is not installed; install it with: pip install 'ie-model\[ray\]'"):
        go(engine="ray")
