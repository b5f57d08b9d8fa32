from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ie_model.errors import InputError
from ie_model.inputs import check_outputs, find_texts, read_texts


def test_files_folders_and_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "note.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = list(read_texts([str(tmp_path / "note.md"), str(tmp_path)]))
    assert found == [("note.md", "note.md"), ("a.txt", "a.txt"), ("b.txt", "b.txt")]


def test_no_character_is_changed(tmp_path: Path) -> None:
    text = "\ufeff林\r\n知\r远\u2028\0\n"
    (tmp_path / "a.txt").write_bytes(text.encode())
    assert list(read_texts([str(tmp_path / "a.txt")])) == [("a.txt", text)]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xc2\xf7\r\n\xa7\xda")))
    assert list(read_texts(["-"], encoding="big5")) == [("-", "離\r\n我")]


def test_a_closed_standard_input_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    (tmp_path / "a.txt").touch()
    closed, good = read_texts(["-", str(tmp_path / "a.txt")])
    assert str(closed) == "-: standard input is closed; pipe something into the command, or name a file"
    assert good == ("a.txt", "")


def test_a_folders_texts_are_files_in_either_case_and_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "folder.txt").mkdir()
    for name in ("B.TXT", "a.txt", "._a.txt", "note.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    assert list(read_texts([str(tmp_path)])) == [("B.TXT", "B.TXT"), ("a.txt", "a.txt")]


def test_a_link_to_nothing_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    (tmp_path / "b.txt").write_text("b", encoding="utf-8")
    link, good = read_texts([str(tmp_path)])
    assert "a.txt: cannot be read (No such file or directory); check the path" in str(link)
    assert good == ("b.txt", "b")


def test_an_output_is_neither_an_input_nor_another_output(tmp_path: Path) -> None:
    text, link, new = (tmp_path / name for name in ("a.txt", "link.txt", "new.out"))
    text.touch()
    link.symlink_to(text)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hard.txt").hardlink_to(text)
    for path in (text, link, tmp_path / "in"):
        with pytest.raises(InputError, match=r"a\.txt: input and output are the same file; choose another output"):
            check_outputs([str(path)], [new, text])
    with pytest.raises(InputError, match=r"new\.out: two outputs are the same file; choose another path for one of"):
        check_outputs([str(text)], [new, tmp_path / "in" / ".." / "new.out"])
    check_outputs(["-", str(text), str(tmp_path / ("长" * 300))], [new, tmp_path / "-"])
    check_outputs(["/dev/null"], [Path("/dev/null"), Path("/dev/null"), tmp_path / ("长" * 300)])


def test_an_output_is_not_what_standard_input_is_redirected_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("林远离任。", encoding="utf-8")
    with text.open(encoding="utf-8") as redirected:
        monkeypatch.setattr("sys.stdin", redirected)
        check_outputs([str(tmp_path)], [tmp_path / "new.out"])
        with pytest.raises(InputError, match=r"a\.txt: input and output are the same file"):
            check_outputs(["-"], [tmp_path / "new.out", text])
    monkeypatch.setattr("sys.stdin", None)
    check_outputs(["-"], [text])


def test_every_bad_input_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.txt").write_bytes(b"ok\xff\n")
    (tmp_path / "good.txt").write_bytes(b"good")
    names = [str(tmp_path / name) for name in ("gone", "empty", "bad.txt", "good.txt")]
    gone, empty, bad, good = read_texts(names)
    assert good == ("good.txt", "good")
    assert all(isinstance(error, InputError) for error in (gone, empty, bad))
    assert str(gone) == f"{names[0]}: no such file or folder; check the path"
    assert str(empty) == (
        f"{names[1]}: no .txt file directly in this folder (subfolders are not read); name the files, or the "
        "subfolders"
    )
    assert str(bad) == (
        f"{names[2]}: byte 0xFF at position 2 is not valid utf-8; "
        "name the file's encoding with --encoding (often gb18030 or big5)"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_with_nul_bytes_is_no_text(tmp_path: Path, encoding: str) -> None:
    for name, data in (("page.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff"), ("a.txt", "a公\n".encode("utf-16"))):
        (tmp_path / name).write_bytes(data)
        (error,) = read_texts([str(tmp_path / name)], encoding=encoding)
        told = "no text file (it holds NUL bytes), or one in UTF-16: then pass --encoding utf-16"
        assert str(error) == f"{tmp_path / name}: {told}"


def test_a_damaged_file_in_utf_16_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("a公".encode("utf-16") + b"a")
    (error,) = read_texts([str(tmp_path / "a.txt")], encoding="UTF_16")
    assert "at position 6 is not valid UTF_16; name the file's encoding" in str(error)


def test_one_bad_file_in_a_folder(tmp_path: Path) -> None:
    for name, data in (("a.txt", b"a"), ("b.txt", b"\x80"), ("c.txt", b"c")):
        (tmp_path / name).write_bytes(data)
    a, b, c = read_texts([str(tmp_path)])
    assert (a, c) == (("a.txt", "a"), ("c.txt", "c"))
    assert str(b).startswith(f"{tmp_path / 'b.txt'}: byte 0x80 at position 0")


@pytest.mark.parametrize("encoding", ["klingon", "hex", "zlib", "undefined"])
def test_unknown_encodings_stop_everything(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(InputError, match=f"--encoding {encoding}: Python knows no such encoding"):
        next(iter(read_texts([str(tmp_path)], encoding=encoding)))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16", "utf-8-sig", "big5"])
def test_known_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes("公司".encode(encoding))
    assert list(read_texts([str(tmp_path / "a.txt")], encoding=encoding)) == [("a.txt", "公司")]


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    (error,) = read_texts([str(tmp_path / ("长" * 300))])
    assert isinstance(error, InputError)
    assert "File name too long" in str(error)


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "news.txt").write_text(folder, encoding="utf-8")
    (tmp_path / "b" / "other.txt").write_text("c", encoding="utf-8")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    first, second = (str(tmp_path / folder / "news.txt") for folder in ("a", "b"))
    assert list(read_texts([a, b])) == [(first, "a"), (second, "b"), ("other.txt", "c")]
    assert list(read_texts([a])) == [("news.txt", "a")]
    assert list(read_texts([a], found=find_texts([a, b]))) == [(first, "a")]
