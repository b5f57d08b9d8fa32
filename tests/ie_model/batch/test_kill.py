"""kill -9 at random moments: the output is complete and repeats nothing, whatever happened."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ie_model.batch.files import left, read_lines, records, write_lines

#: The command line with chunks of three records, so that there are many to be killed in.
CODE = "from ie_model.batch import chunks; chunks.CHUNK_RECORDS = 3; from ie_model.cli import app; app()"
ENDINGS = ("", ".errors.jsonl")


class Runs:
    """The same command again and again."""

    def __init__(self, source: Path, model: Path, count: int) -> None:
        self.source = write_lines(source, [record if i % 50 else "bad" for i, record in enumerate(records(count))])
        self.model = model
        self.good = count - len(range(0, count, 50))

    def start(self, output: Path, options: Sequence[str] = ()) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", CODE, "batch", self.source, output, "--model", self.model, *options]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def finish(self, output: Path, options: Sequence[str] = ()) -> str:
        with self.start(output, options) as process:
            _, told = process.communicate(timeout=600)
        assert process.returncode == 0, told
        return told

    def kill(self, output: Path, options: Sequence[str], *, at_work: bool, seconds: float) -> bool:
        """Kill it so long after its start, or after its first chunk; says whether it was still there."""
        manifest = output.with_name(output.name + ".partial") / "manifest.json"

        def stamp() -> int:
            try:
                return manifest.stat().st_mtime_ns
            except FileNotFoundError:
                return 0

        before = stamp()
        with self.start(output, options) as process:
            while at_work and process.poll() is None and stamp() == before:
                time.sleep(0.002)
            time.sleep(seconds)
            process.kill()
        return process.returncode == -9


def check(tmp_path: Path, runs: Runs, *, kills: int, options: Sequence[Sequence[str]], seed: int) -> None:
    whole, output = tmp_path / "whole" / "out.jsonl", tmp_path / "out" / "out.jsonl"
    runs.finish(whole)
    assert len(read_lines(whole)) == runs.good
    moments = random.Random(seed)
    hits = 0
    for number in range(kills):
        # Most kills come in the midst of work, some while the process is starting.
        at_work = moments.random() < 0.8
        delay = moments.uniform(0, 0.1 if at_work else 1.5)
        hits += runs.kill(output, options[number % len(options)], at_work=at_work, seconds=delay)
    assert hits == kills, "the input is too short: a run was done before it was killed"
    runs.finish(output)
    assert left(output.parent) == left(whole.parent)
    for ending in ENDINGS:
        found, expected = (path.with_name(path.name + ending).read_bytes() for path in (output, whole))
        assert found == expected
    assert "is complete already" in runs.finish(output)


def test_a_few_kills(tmp_path: Path, model_dir: Path) -> None:
    runs = Runs(tmp_path / "in.jsonl", model_dir, 300)
    check(tmp_path, runs, kills=3, options=[[], ["--workers", "2"]], seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[[]], [["--workers", "2"]]], ids=["one process", "two workers"])
def test_twenty_kills(tmp_path: Path, model_dir: Path, options: list[list[str]]) -> None:
    runs = Runs(tmp_path / "in.jsonl", model_dir, 2400)
    check(tmp_path, runs, kills=20, options=options, seed=20)


def test_of_two_runs_at_once_the_second_refuses(tmp_path: Path, model_dir: Path) -> None:
    runs = Runs(tmp_path / "in.jsonl", model_dir, 60)
    output = tmp_path / "out.jsonl"
    with runs.start(output) as first:
        while not (tmp_path / "out.jsonl.partial" / "manifest.json").exists():
            assert first.poll() is None
        first.send_signal(signal.SIGSTOP)  # in the midst of it, however slowly the second starts
        with runs.start(output) as second:
            _, told = second.communicate(timeout=60)
        assert second.returncode == 2
        assert told.startswith(f"error: {output}: another run is writing it (process {first.pid} on ")
        first.kill()
    runs.finish(output)
    assert len(read_lines(output)) == runs.good
