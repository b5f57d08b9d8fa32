"""Raw files of our own invention, in the publishers' formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.data.example import Example


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    return path


def write_json(path: Path, *rows: dict[str, Any]) -> Path:
    return write(path, *(json.dumps(row, ensure_ascii=False) for row in rows))


def tagged(text: str, tags: str, separator: str = "\t") -> list[str]:
    """A line for each character; `tags` names one for each, separated by spaces."""
    return [f"{c}{separator}{tag}" for c, tag in zip(text, tags.split(), strict=True)] + [""]


def surfaces(example: Example) -> list[tuple[str, str]]:
    return [(span.label, example.text[span.start : span.end]) for span in example.spans]
