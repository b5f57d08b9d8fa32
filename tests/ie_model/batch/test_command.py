"""`ie-model batch` as users call it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ie_model.batch.command import Engine, RuntimeName, _remedy, _workers
from ie_model.batch.job import Summary
from ie_model.batch.progress import rate, summary_line
from ie_model.cli import app
from tests.ie_model.batch.files import read_lines, records, write_lines


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "in.jsonl", records(8))


def batch(model_dir: Path, *arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["batch", "--model", str(model_dir), *map(str, arguments)], input=stdin)


def test_a_run_ends_with_one_line(model_dir: Path, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    result = batch(model_dir, source, output)
    assert (result.exit_code, result.stdout) == (0, "")
    characters = sum(len(record["text"]) for record in records(8))
    pattern = (
        rf"{re.escape(str(output))}: 8 documents, {characters:,} characters \([\d.,]+ s, [\d.,]+ characters/s\)\n"
    )
    assert re.fullmatch(pattern, result.stderr)
    assert len(read_lines(output)) == 8
    again = batch(model_dir, source, output)
    assert (again.exit_code, again.stderr) == (
        0,
        f"{output} is complete already: 8 documents, {characters:,} characters\n",
    )


def test_every_option_reaches_the_run(model_dir: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    lines = [{"body": "3月，林知远离开星河科技。", "key": i, "day": "2023", "url": i} for i in range(4)]
    source.write_bytes("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode("gb18030"))
    output = tmp_path / "out.jsonl"
    options = (
        "--shard 2/2 --text-field body --id-field key --published-field day --keep url --keep day --encoding gb18030"
    )
    result = batch(model_dir, source, output, *options.split(), "--min-score", "0.3")
    assert result.exit_code == 0, result.stderr
    found = read_lines(output)
    assert [(line["id"], line["url"], line["day"], line["chars"]) for line in found] == [
        ("1", 1, "2023", 13),
        ("3", 3, "2023", 13),
    ]
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert manifest["settings"]["--min-score"] == 0.3


def test_standard_input(model_dir: Path, source: Path, tmp_path: Path) -> None:
    result = batch(model_dir, "-", tmp_path / "out.jsonl", stdin=source.read_bytes())
    assert result.exit_code == 0, result.stderr
    assert len(read_lines(tmp_path / "out.jsonl")) == 8


def test_bad_records_do_not_fail_a_run_unless_all_are_bad(model_dir: Path, tmp_path: Path) -> None:
    output, bad = tmp_path / "out.jsonl", tmp_path / "out.jsonl.errors.jsonl"
    result = batch(model_dir, write_lines(tmp_path / "some.jsonl", [{"text": "林知远"}, "bad"]), output)
    assert result.exit_code == 0
    assert f"1 document, 3 characters, 1 bad record (see {bad})" in result.stderr
    assert len(read_lines(bad)) == 1
    result = batch(model_dir, write_lines(tmp_path / "all.jsonl", ["bad", {"body": "t"}]), output, "--overwrite")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"error: no record was good; see {bad} for the reasons"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.jsonl", "out.jsonl"], "error: gone.jsonl: no such file or folder; check the path"),
        (["in.jsonl", "out.csv"], "error: out.csv: the output is one file; let its name end in .jsonl or .parquet"),
        (["in.jsonl", "out.jsonl", "--shard", "3/2"], "error: --shard 3/2: write it as I/N"),
        (["in.jsonl", "out.jsonl", "--keep", "id"], "error: --keep id: every output line has a field of this name"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    model_dir: Path, source: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(source.parent)
    result = batch(model_dir, *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(told)


def test_on_a_terminal_there_is_a_bar_with_rates(model_dir: Path, source: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ie_model", "batch", source, tmp_path / "out.jsonl", "--model", model_dir]
    command[1:3] = ["-c", "from ie_model.cli import app; app()"]
    with subprocess.Popen(command, stderr=theirs, env={**os.environ, "COLUMNS": "150", "TERM": "xterm"}) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
    os.close(ours)
    assert process.returncode == 0
    assert re.search(rb"[\d,.]+ documents/s, [\d,.]+ characters/s", shown)
    assert b"100%" in shown


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 1), (8, 2), (64, 16)])
def test_a_process_for_every_four_cores(monkeypatch: pytest.MonkeyPatch, cores: int, workers: int) -> None:
    monkeypatch.setattr("ie_model.cores.available_cores", lambda: cores)
    assert _workers(Engine.local, RuntimeName.onnx) == workers
    assert _workers(Engine.ray, RuntimeName.onnx) is None
    assert _workers(Engine.local, RuntimeName.torch) is None


@pytest.mark.parametrize(
    ("source", "overwrite", "told"),
    [
        ("in.jsonl", False, "give the same command again to go on from here"),
        ("in.jsonl", True, "give the same command again, without --overwrite, to go on from here"),
        ("-", False, "standard input cannot be read again from here: to start over, pass --overwrite"),
    ],
)
def test_what_is_said_after_ctrl_c(source: str, overwrite: bool, told: str, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    if source != "-":
        assert _remedy(source, output, overwrite) == "nothing was finished yet; give the same command again"
    (tmp_path / "out.jsonl.partial").mkdir()
    (tmp_path / "out.jsonl.partial" / "manifest.json").touch()
    assert _remedy(source, output, overwrite) == told


#: Shells start what runs in the background with Ctrl-C ignored, and its children inherit that.
HEAR_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "


def test_ctrl_c_says_how_to_go_on(model_dir: Path, tmp_path: Path) -> None:
    source = write_lines(tmp_path / "in.jsonl", records(3) * 4000)
    code = "from ie_model.batch import chunks; chunks.CHUNK_RECORDS = 5; from ie_model.cli import app; app()"
    command = [
        sys.executable,
        "-c",
        HEAR_CTRL_C + code,
        "batch",
        source,
        tmp_path / "out.jsonl",
        "--model",
        model_dir,
        "--workers",
        "2",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not (tmp_path / "out.jsonl.partial" / "manifest.json").exists():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "stopped; give the same command again to go on from here\n"
    assert (tmp_path / "out.jsonl.partial").exists()


def catches_ctrl_c(pid: str) -> bool:
    """Whether a process has a handler for it, as Python has from its first steps until a worker takes it away."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) & 1 << signal.SIGINT - 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_do_not_hear_of_ctrl_c_while_they_start(model_dir: Path, source: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    code = HEAR_CTRL_C + "from ie_model.cli import app; app()"
    command = [sys.executable, "-c", code, "batch", source, output, "--model", model_dir, "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(starting := [pid for pid in children.read_text().split() if catches_ctrl_c(pid)]) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        for pid in starting:
            os.kill(int(pid), signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert len(read_lines(output)) == 8


def test_the_summary_in_words() -> None:
    summary = Summary(
        documents=1, bad=2, characters=3_000, resumed=1, new_characters=2_000, seconds=4.0, workers=2,
        output=Path("o.jsonl"), errors=Path("e"),
    )  # fmt: skip
    assert summary_line(summary) == (
        "o.jsonl: 1 document, 3,000 characters, 2 bad records (see e) "
        "(4.0 s, 500 characters/s, 2 processes; went on after 1 record)"
    )
    assert [rate(1, 0), rate(5, 2), rate(123_456, 10)] == ["0.0", "2.5", "12,346"]
