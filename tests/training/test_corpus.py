"""Corpora to packed tokens."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from training.corpus import CONTINUES, CorpusError, corpus_name, main, pack, read_documents
from training.tokenizer import train_tokenizer, write_tokenizer

TEXT = "林知远離開公司。\nＯpenAI 说。\n\n\n第二篇文章。\n  \n第三篇。"


def write_xz(path: Path, text: str) -> Path:
    path.write_bytes(lzma.compress(text.encode()))
    return path


def read_packed(path: Path) -> np.ndarray:
    return np.fromfile(path, dtype="<u2")


def test_documents_are_parted_by_empty_lines(tmp_path: Path) -> None:
    expected = [["林知远离开公司。", "OpenAI 说。"], ["第二篇文章。"], ["第三篇。"]]
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    assert list(read_documents(tmp_path / "a.txt")) == expected
    assert list(read_documents(write_xz(tmp_path / "a.txt.xz", TEXT))) == expected
    assert corpus_name(tmp_path / "news.txt.xz") == corpus_name(tmp_path / "news.txt") == "news"


def test_a_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere\.txt: no such corpus file"):
        list(read_documents(tmp_path / "nowhere.txt"))


@pytest.mark.parametrize("damage", ["cut short", "not xz", "not utf-8"])
def test_a_damaged_corpus(tmp_path: Path, damage: str) -> None:
    path = write_xz(tmp_path / "a.txt.xz", TEXT * 500)
    if damage == "cut short":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "not xz":
        path.write_bytes(b"plain text")
    else:
        path.write_bytes(lzma.compress(TEXT.encode("gb18030")))
    with pytest.raises(CorpusError, match=r"a\.txt\.xz: damaged corpus file"):
        list(read_documents(path))


def test_packing(tmp_path: Path, tokenizer: Tokenizer) -> None:
    (tmp_path / "news.txt").write_text("我们公司没有裁员。\nOpenAI\n\n公司", encoding="utf-8")
    counts = pack(tmp_path / "news.txt", tokenizer=tokenizer, output=tmp_path, workers=1)
    packed = read_packed(tmp_path / "news.train.bin")
    ids = (packed & (CONTINUES - 1)).tolist()
    words = ["我", "们", "公", "司", "没", "有", "裁", "员", "。", "OpenAI", "[SEP]", "公", "司", "[SEP]"]
    assert [tokenizer.id_to_token(i) for i in ids] == words
    # jieba: 我们 公司 没有 裁员 。 — the second character of each continues it
    assert (packed >= CONTINUES).tolist() == [False, True] * 4 + [False] * 4 + [True, False]
    assert counts == {"train": 14, "heldout": 0}
    assert read_packed(tmp_path / "news.heldout.bin").tolist() == []
    assert not list(tmp_path.glob("*.partial"))


def test_one_document_in_two_hundred_is_held_out(tmp_path: Path, tokenizer: Tokenizer) -> None:
    documents = [f"公司{number}。" for number in range(4000)]
    (tmp_path / "news.txt").write_text("\n\n".join(documents), encoding="utf-8")
    counts = pack(tmp_path / "news.txt", tokenizer=tokenizer, output=tmp_path, workers=1)
    tokens = sum(len(document) + 1 for document in documents)
    assert counts["train"] + counts["heldout"] == tokens
    assert 0.5 / 200 < counts["heldout"] / tokens < 1.5 / 200
    before = read_packed(tmp_path / "news.heldout.bin").tolist()
    # The choice is each document's own: more documents before it do not change it.
    (tmp_path / "news.txt").write_text("\n\n".join(["一篇新的。", *documents]), encoding="utf-8")
    pack(tmp_path / "news.txt", tokenizer=tokenizer, output=tmp_path, workers=1)
    assert read_packed(tmp_path / "news.heldout.bin").tolist()[-len(before) :] == before


def test_the_command_trains_a_tokenizer_and_packs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpora, output = tmp_path / "corpora", tmp_path / "output"
    corpora.mkdir()
    write_xz(corpora / "b.txt.xz", TEXT * 20)
    (corpora / "a.txt").write_text(TEXT, encoding="utf-8")
    arguments = ["--corpora", str(corpora), "--output", str(output), "--workers", "1", "--latin-entries", "100"]
    assert main(arguments) == 0
    assert {path.name for path in output.iterdir()} == {
        "tokenizer.json", "tokenizer_config.json",
        "a.train.bin", "a.heldout.bin", "b.train.bin", "b.heldout.bin",
    }  # fmt: skip
    told = capsys.readouterr()
    assert told.out.splitlines()[1].startswith('a.txt: {"train": ')
    assert "a.txt: nothing is held out" in told.err
    made = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    assert main(arguments) == 0
    assert "a.txt: packed before, left as it is" in capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in output.iterdir()} == made, "done work was done again"


def test_a_tokenizer_that_is_given_stands_beside_what_it_packed(tmp_path: Path, tokenizer_dir: Path) -> None:
    corpora, output = tmp_path / "corpora", tmp_path / "output"
    corpora.mkdir()
    (corpora / "a.txt").write_text(TEXT, encoding="utf-8")
    given = tokenizer_dir / "tokenizer.json"
    arguments = ["--corpora", str(corpora), "--output", str(output), "--workers", "1", "--tokenizer", str(given)]
    assert main(arguments) == 0
    assert (output / "tokenizer.json").read_bytes() == given.read_bytes()
    assert (output / "tokenizer_config.json").is_file()


def test_packed_files_stay_those_of_one_tokenizer(
    tmp_path: Path, tokenizer_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpora, output = tmp_path / "corpora", tmp_path / "output"
    corpora.mkdir()
    (corpora / "a.txt").write_text(TEXT, encoding="utf-8")
    arguments = ["--corpora", str(corpora), "--output", str(output), "--workers", "1", "--latin-entries", "100"]
    given = ["--tokenizer", str(tokenizer_dir / "tokenizer.json")]
    assert main(arguments) == 0
    own = (output / "tokenizer.json").read_bytes()
    assert main([*arguments, *given]) == 2
    assert "has another tokenizer than" in capsys.readouterr().err
    assert (output / "tokenizer.json").read_bytes() == own
    (output / "tokenizer.json").unlink()
    assert main(arguments) == 2
    assert "packed files without their tokenizer.json" in capsys.readouterr().err
    assert not (output / "tokenizer.json").exists()


def test_a_tokenizer_that_is_given_after_a_run_that_was_stopped(
    tmp_path: Path, tokenizer_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first one had trained its own, and packed nothing yet."""
    output = tmp_path / "out"
    write_tokenizer(train_tokenizer(["林知远离开公司。"], latin_entries=10), output)
    (tmp_path / "news.txt").write_text("林知远离开公司。\n", encoding="utf-8")
    arguments = ["--corpora", str(tmp_path), "--output", str(output), "--workers", "1"]
    assert main([*arguments, "--tokenizer", str(tokenizer_dir / "tokenizer.json")]) == 2
    assert "has another tokenizer than" in capsys.readouterr().err
    assert not list(output.glob("*.bin"))


@pytest.mark.parametrize("with_tokenizer", [True, False])
def test_a_damaged_corpus_leaves_what_was_there(
    tmp_path: Path, tokenizer_dir: Path, capsys: pytest.CaptureFixture[str], with_tokenizer: bool
) -> None:
    corpora, output = tmp_path / "corpora", tmp_path / "output"
    corpora.mkdir()
    output.mkdir()
    path = write_xz(corpora / "b.txt.xz", TEXT * 2000)
    path.write_bytes(path.read_bytes()[:-20])
    (output / "a.notes").write_bytes(b"precious")
    arguments = ["--corpora", str(corpora), "--output", str(output), "--workers", "1"]
    if with_tokenizer:
        arguments += ["--tokenizer", str(tokenizer_dir / "tokenizer.json")]
    assert main(arguments) == 2
    assert f"{path}: damaged corpus file" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in output.iterdir()} == {"a.notes": b"precious"}


def test_a_folder_without_corpora(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpora", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: no .txt or .txt.xz corpus in this folder\n"
    assert not (tmp_path / "out").exists()


def test_corpora_of_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    write_xz(tmp_path / "a.txt.xz", TEXT)
    assert main(["--corpora", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "a.txt.xz are corpora of one name; give one of them another" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "{}"])
def test_a_tokenizer_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert main(["--corpora", str(tmp_path), "--output", str(tmp_path / "out"), "--tokenizer", str(path)]) == 2
    assert f"{path}: no tokenizer" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_half_of_a_packed_corpus_is_packed_again(tmp_path: Path, tokenizer_dir: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    given = str(tokenizer_dir / "tokenizer.json")
    arguments = ["--corpora", str(tmp_path), "--output", str(tmp_path / "out"), "--workers", "1", "--tokenizer", given]
    assert main(arguments) == 0
    (tmp_path / "out" / "a.heldout.bin").unlink()
    assert main(arguments) == 0
    assert (tmp_path / "out" / "a.heldout.bin").is_file()


def test_an_output_that_cannot_be_written(
    tmp_path: Path, tokenizer_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    given = str(tokenizer_dir / "tokenizer.json")
    arguments = ["--corpora", str(tmp_path), "--output", str(tmp_path / "out"), "--tokenizer", given]
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'out'}: ")
