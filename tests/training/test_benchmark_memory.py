"""The figures of memory against length, on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training import benchmark_memory
from training.benchmark_memory import json_lines


def test_a_whole_run(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark_memory, "LENGTHS", (100, 1000, 2000))
    monkeypatch.setattr(benchmark_memory, "batch", lambda size, **_: benchmark_memory.measure(
        benchmark_memory._BATCH, tmp_path / "in.jsonl", 0, model=model_dir, threads=1
    ))  # fmt: skip
    (tmp_path / "in.jsonl").write_bytes(b"".join(json_lines(3000)))
    output = tmp_path / "memory.json"
    arguments = ["--model", str(model_dir), "--threads", "1", "--output", str(output), "--jsonl", "7"]
    assert benchmark_memory.main([*arguments, "--long", "1000"]) == 0
    report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert list(report["one document"]) == ["100", "1000"]
    assert report["documents of 300"]["1000"]["documents"] == 4
    lines = report["megabytes of JSON lines"]["7"]
    assert lines["documents"] == len(list(json_lines(3000)))
    for row in (*report["one document"].values(), *report["documents of 300"].values(), lines):
        assert 20 < row["peak_megabytes"] < 1000
        assert row["characters_per_second"] > 0
    assert report["command"].endswith(f"--jsonl 7 --model {model_dir} --threads 1")


def test_lines_are_as_many_as_are_asked_for() -> None:
    for size in (0, 1, 5000):
        lines = list(json_lines(size))
        assert sum(map(len, lines)) >= size
        assert sum(map(len, lines[:-1])) < max(size, 1)
        assert all(len(json.loads(line)["text"]) == 300 for line in lines)
