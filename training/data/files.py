"""Reading the publishers' files, where a fault names the file, the line and what was expected; and writing ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from training.data.example import DataError, expect_file


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, ended by line feeds only (a text may hold other separators)."""
    content = expect_file(path).read_bytes()
    if not content.strip():
        raise DataError(f"{path}, line 1: expected data, the file is empty")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {number}: expected UTF-8 ({error.reason})") from error
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def read_json_lines(path: Path, expected: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number and the object of every line; `expected` says what an object is."""
    for number, line in enumerate(read_lines(path), 1):
        with faults_at(path, number, expected):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError(f"found a {type(row).__name__}")
        yield number, row


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """A line of JSON for every row, in a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    partial.replace(path)


@contextmanager
def faults_in(place: str, expected: str) -> Iterator[None]:
    """Turn whatever a malformed record makes fail into a DataError that says where it is."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else error
        raise DataError(f"{place}: expected {expected}: {detail}") from error


def faults_at(path: Path, number: int, expected: str) -> AbstractContextManager[None]:
    """The same for a line of a file."""
    return faults_in(f"{path}, line {number}", expected)


def check_place(text: str, surface: str, start: int) -> None:
    """ValueError unless `surface` stands in the text at `start`."""
    if not surface or start < 0 or not text.startswith(surface, start):
        found = text[start : start + len(surface)] if start >= 0 else ""
        raise ValueError(f"{surface!r} is not at {start}, there is {found!r}")
