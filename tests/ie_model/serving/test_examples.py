from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ie_model.errors import InputError
from ie_model.serving.examples import load_examples


def test_a_folder_with_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes("林知远\r\n".encode())
    (tmp_path / "a.txt").write_text("周以安", encoding="utf-8")
    articles = [{"file": "b.txt", "published": "2023-04"}, {"file": "a.txt", "published": None}]
    (tmp_path / "manifest.json").write_text(json.dumps({"articles": articles}), encoding="utf-8")
    found = load_examples(tmp_path)
    assert [(e.name, e.text, e.published) for e in found] == [("a", "周以安", None), ("b", "林知远\r\n", "2023-04")]


def test_files_are_those_that_other_commands_read(tmp_path: Path) -> None:
    (tmp_path / "._a.txt").write_bytes(b"\x00\xff")  # as macOS leaves them
    (tmp_path / "C.TXT").write_text("x", encoding="utf-8")
    assert [example.name for example in load_examples(tmp_path)] == ["C"]


def test_a_name_of_other_bytes_can_be_sent(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("x", encoding="utf-8")
    [example] = load_examples(tmp_path)
    assert example.model_dump_json() == '{"name":"?","text":"x","published":null}'


@pytest.mark.parametrize("date", [2023, "April"])
def test_a_manifest_with_a_wrong_date(tmp_path: Path, date: object) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    articles = [{"file": "a.txt", "published": date}]
    (tmp_path / "manifest.json").write_text(json.dumps({"articles": articles}), encoding="utf-8")
    with pytest.raises(InputError, match=r"manifest.json: a.txt: published date"):
        load_examples(tmp_path)


def test_invented_articles_stand_in() -> None:
    found = load_examples(None)
    assert len(found) == 2
    assert all(example.text and example.published for example in found)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.md", b"x", "no .txt file"),
        ("a.txt", "离职".encode("gbk"), "must be UTF-8"),
        ("manifest.json", b"[]", "no .txt file"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        load_examples(tmp_path)


def test_a_broken_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    (tmp_path / "manifest.json").write_text('{"articles": [1]}', encoding="utf-8")
    with pytest.raises(InputError, match="not a manifest"):
        load_examples(tmp_path)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_examples(tmp_path / "none")
