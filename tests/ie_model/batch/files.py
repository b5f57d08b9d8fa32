"""Inputs for the tests of this folder, and what came out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.conftest import SENTENCES


def records(count: int) -> list[dict[str, Any]]:
    """Records of different lengths; one in seven has no date."""
    return [
        {"id": f"d{i}", "text": SENTENCES[i % 4] * (1 + i % 3), "published": "2023-04-30" if i % 7 else None}
        for i in range(count)
    ]


def write_lines(path: Path, items: Iterable[Mapping[str, Any] | str]) -> Path:
    lines = (item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
