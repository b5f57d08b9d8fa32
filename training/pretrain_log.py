"""The loss curve of a pretraining run, a JSON record a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAME = "log.jsonl"


class Log:
    """What a run told at intervals of its steps.

    A run that goes on from a checkpoint begins with `cut`, so that no step is told twice.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    def records(self) -> list[dict[str, Any]]:
        """Those that were written whole."""
        if not self.path.is_file():
            return []
        found = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:  # the process was killed in the middle of it
                break
        return found

    def cut(self, step: int) -> None:
        """Leave out what was told after a step: its work is done again."""
        kept = [record for record in self.records() if record["step"] <= step]
        partial = self.path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")
        partial.replace(self.path)

    def write(self, record: dict[str, Any]) -> None:
        line = json.dumps(record)
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def minutes(self) -> float:
        """How long the steps took that are told, by their speeds; held-out text and checkpoints are left out."""
        seconds, before = 0.0, 0
        for record in self.records():
            seconds += (record["tokens"] - before) / record["tokens_per_second"]
            before = record["tokens"]
        return round(seconds / 60, 1)
