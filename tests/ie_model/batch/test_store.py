"""The store alone, with results made by hand; killed at every step that it takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ie_model import files
from ie_model.batch.chunks import Result
from ie_model.batch.sources import Cursor
from ie_model.batch.store import Store, open_store
from ie_model.errors import InputError
from tests.ie_model.batch.files import left

SETTINGS = {"input": "f00", "--min-score": 0.0, "model": "m"}
COUNT = 5


def result(index: int) -> Result:
    documents = "".join(
        json.dumps({"id": f"{index}-{i}", "chars": 3, "entities": [], "departures": []}) + "\n"
        for i in range(index % 3)
    ).encode()
    bad = f'{{"line": {index}}}\n'.encode() if index % 2 else b""
    return Result(
        index, documents, bad, index % 3, index % 2, 3 * (index % 3), Cursor(0, index, index, index), None, "w"
    )


def go(output: Path, **options: Any) -> int:
    """Run from where it is to the end; says how many chunks that took."""
    with open_store(output, settings=options.pop("settings", SETTINGS), **options) as store:
        first = store.state.chunks
        if store.state.complete:
            return 0
        for index in range(first, COUNT):
            store.append(result(index))
        store.finish()
        return COUNT - first


def message(output: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        go(output, **options)
    return str(caught.value)


def stop_after(output: Path, chunks: int) -> None:
    with open_store(output, settings=SETTINGS) as store:
        for index in range(chunks):
            store.append(result(index))


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    """The files of a run that nothing disturbed."""
    folder = tmp_path / "whole"
    go(folder / "out.jsonl")
    assert left(folder) == ["out.jsonl", "out.jsonl.errors.jsonl", "out.jsonl.manifest.json"]
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Killed(BaseException):
    """What no handler of errors catches."""


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_killed_at_any_step_it_goes_on_and_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    go(tmp_path / "whole" / f"out{suffix}")
    names = ("replace", "fsync", "unlink", "write", "truncate")
    genuine = {name: getattr(os, name) for name in names}
    genuine["fsync"] = lambda descriptor: None  # a step like the others, but slow
    steps, fatal = 0, -1

    def step(name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == fatal:
                raise Killed
            return genuine[name](*arguments, **options)

        return call

    for name in names:
        monkeypatch.setattr(os, name, step(name))
    killed = 0
    while True:
        steps, fatal = 0, killed + 1
        output = tmp_path / f"run{killed}" / f"out{suffix}"
        try:
            go(output)
            break
        except Killed:
            killed += 1
        fatal = -1
        go(output)
        assert left(output.parent) == left(tmp_path / "whole")
        for path in output.parent.iterdir():
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes(), killed
    assert killed > 4 * COUNT


def test_what_was_written_after_the_manifest_is_cut_off(tmp_path: Path, whole: dict[str, bytes]) -> None:
    output = tmp_path / "out.jsonl"
    stop_after(output, 3)
    for name in ("documents.jsonl", "errors.jsonl"):
        with (tmp_path / "out.jsonl.partial" / name).open("ab") as file:
            file.write(b'{"half a li')
    assert go(output) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == whole


def test_the_output_is_not_there_before_it_is_complete(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    stop_after(output, 3)
    assert left(tmp_path) == ["out.jsonl.partial"]
    assert go(output) == 2
    assert left(tmp_path) == ["out.jsonl", "out.jsonl.errors.jsonl", "out.jsonl.manifest.json"]
    assert go(output) == 0, "a complete run was run again"


def test_a_second_run_at_once_is_refused_and_does_no_harm(tmp_path: Path, whole: dict[str, bytes]) -> None:
    output = tmp_path / "out.jsonl"
    with open_store(output, settings=SETTINGS) as store:
        store.append(result(0))
        for options in ({}, {"overwrite": True}):
            assert "another run is writing it" in message(output, **options)
        for index in range(1, COUNT):
            store.append(result(index))
        store.finish()
    assert output.read_bytes() == whole["out.jsonl"]


def test_other_settings_are_refused(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    stop_after(output, 2)
    other = {**SETTINGS, "--min-score": 0.5, "input": "baa"}
    assert message(output, settings=other) == (
        f"{output}: an unfinished run is there, begun with other settings (another input; --min-score 0.0, now 0.5); "
        "give it the same to go on, or pass --overwrite to start over"
    )
    assert go(output) == COUNT - 2, "the refusal did harm"
    told = message(output, settings=other)
    assert told.startswith(
        f"{output}: the file exists already, from other settings (another input; --min-score 0.0, now"
    )
    assert go(output, settings=other, overwrite=True) == COUNT
    assert go(output, settings=other) == 0


def test_a_file_that_no_run_made_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("mine")
    assert message(output).endswith(
        "the file exists already, and no manifest says what made it; choose another name, or pass --overwrite"
    )
    assert left(tmp_path) == ["out.jsonl"]
    with open_store(output, settings=SETTINGS, overwrite=True) as store:
        store.append(result(0))
    assert output.read_text() == "mine", "it must stay until there is a new one"
    assert go(output) == COUNT - 1
    assert output.read_text() != "mine"


def test_a_file_in_the_place_of_the_errors_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.errors.jsonl").write_text("mine")
    assert message(tmp_path / "out.jsonl").endswith(
        "out.jsonl.errors.jsonl is there, and no run has made it; choose another name, or pass --overwrite"
    )
    assert left(tmp_path) == ["out.jsonl.errors.jsonl"]
    assert go(tmp_path / "out.jsonl", overwrite=True) == COUNT


def test_standard_input_is_not_gone_on_from(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    nameless = {**SETTINGS, "input": None}
    with open_store(output, settings=nameless) as store:
        store.append(result(0))
    assert "standard input cannot be read from where it stopped; pass --overwrite" in message(
        output, settings=nameless
    )
    assert go(output, settings=nameless, overwrite=True) == COUNT
    assert "the file exists already" in message(output, settings=nameless)


def test_what_was_read_from_standard_input_whole_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, bytes]
) -> None:
    output = tmp_path / "out.jsonl"
    nameless = {**SETTINGS, "input": None}

    def full(source: Path, target: Path) -> None:
        if target == output:
            raise OSError(28, "No space left on device")
        replace(source, target)

    replace = files.replace
    monkeypatch.setattr(files, "replace", full)
    told = message(output, settings=nameless)
    assert told.endswith("then give the same command again, without --overwrite: it goes on where it stopped")
    monkeypatch.setattr(files, "replace", replace)
    assert go(output, settings=nameless) == 0
    assert output.read_bytes() == whole["out.jsonl"]


def test_what_was_not_read_whole_from_standard_input_has_another_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    told = message(tmp_path / "out.jsonl", settings={**SETTINGS, "input": None})
    assert told.endswith("give the command again with --overwrite; from a file it could go on where it stopped")


def test_errors_of_an_earlier_run_do_not_stay(tmp_path: Path, whole: dict[str, bytes]) -> None:
    output = tmp_path / "out.jsonl"
    for name in ("out.jsonl.errors.jsonl", "out.jsonl.manifest.json"):
        (tmp_path / name).write_text("old")
    with open_store(output, settings=SETTINGS) as store:
        store.append(result(0))
        store.finish()
    assert left(tmp_path) == ["out.jsonl", "out.jsonl.manifest.json", "whole"]


def test_an_empty_run_makes_an_empty_output(tmp_path: Path) -> None:
    with open_store(tmp_path / "out.jsonl", settings=SETTINGS) as store:
        store.finish()
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert left(tmp_path) == ["out.jsonl", "out.jsonl.manifest.json"]


def test_damage_from_outside_is_seen(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    stop_after(output, 3)
    (tmp_path / "out.jsonl.partial" / "documents.jsonl").write_text("")
    assert "shorter than its manifest says" in message(output)
    (tmp_path / "out.jsonl.partial" / "manifest.json").write_text("{}")
    assert "not a manifest of this version" in message(output)
    assert go(output, overwrite=True) == COUNT


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_complete_output_that_was_changed_is_not_called_complete(tmp_path: Path, suffix: str) -> None:
    output, bad = tmp_path / f"out{suffix}", tmp_path / f"out{suffix}.errors.jsonl"
    go(output)
    assert go(output) == 0
    whole = output.read_bytes()
    output.write_bytes(b"")
    assert f"{output}: changed from outside since the run was complete (0 " in message(output)
    output.write_bytes(whole)
    bad.unlink()
    assert message(output).startswith(f"{bad}: changed from outside since the run was complete (0 bytes, not ")
    assert message(output).endswith("; put the file back, or pass --overwrite to start over")
    assert go(output, overwrite=True) == COUNT
    assert go(output) == 0


def test_a_link_is_followed(tmp_path: Path, whole: dict[str, bytes]) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "out.jsonl"
    link.symlink_to(tmp_path / "disk" / "out.jsonl")
    go(link)
    assert link.is_symlink()
    assert (tmp_path / "disk" / "out.jsonl").read_bytes() == whole["out.jsonl"]


def test_a_full_disk_is_told_and_gone_on_from(tmp_path: Path) -> None:
    """Files may not grow beyond 2 KB in that process, which is how a full disk looks."""
    output = tmp_path / "out.jsonl"
    code = """
import resource, sys
from pathlib import Path
from dataclasses import replace
from tests.ie_model.batch.test_store import SETTINGS, open_store, result
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
with open_store(Path(sys.argv[1]), settings=SETTINGS) as store:
    for index in range(store.state.chunks, 9):
        store.append(replace(result(index), documents=str(index).encode() * 499 + b"\\n"))
    store.finish()
"""

    def attempt(limit: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, output, str(limit)], capture_output=True, text=True, check=False
        )
        return done.stderr.strip().splitlines()[-1] if done.returncode else ""

    told = attempt(2048)
    assert f"{output}: cannot be written (File too large); see to it that there is room and permission, then" in told
    assert left(tmp_path) == ["out.jsonl.partial"]
    assert attempt(resource.RLIM_INFINITY) == ""
    assert output.read_bytes() == b"".join(str(index).encode() * 499 + b"\n" for index in range(9))


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written (" in message(tmp_path / "file" / "out.jsonl")


def test_chunks_in_another_order_are_a_bug(tmp_path: Path) -> None:
    with open_store(tmp_path / "out.jsonl", settings=SETTINGS) as store, pytest.raises(AssertionError):
        Store.append(store, result(1))
