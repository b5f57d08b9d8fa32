"""Files, folders and standard input to texts, one error per bad input."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from ie_model import errors

STDIN = "-"
#: How the names of texts end.
TEXT = (".txt",)
#: How the names of files of records end, which are many texts.
JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
PARQUET = (".parquet",)
#: What each path stands for: files with the names of their texts, or why there are none.
Found = dict[str, list[tuple[Path, str]] | errors.InputError]


def find_texts(paths: Sequence[str]) -> Found:
    """What each path but "-" stands for; a folder for the texts in it, see `files_in`.

    A text's name is that of its file without the folder, but for files of one name in several folders.
    """
    files = {path: _files(Path(path)) for path in paths if path != STDIN}
    different = {file for group in files.values() if not isinstance(group, errors.InputError) for file in group}
    count = Counter(file.name for file in different)
    return {
        path: group
        if isinstance(group, errors.InputError)
        else [(file, file.name if count[file.name] == 1 else str(file)) for file in group]
        for path, group in files.items()
    }


def read_texts(
    paths: Sequence[str], *, encoding: str = "utf-8", found: Found | None = None
) -> Iterator[tuple[str, str] | errors.InputError]:
    """(name, text) of every input in order, or the error that it met.

    Texts are decoded without changing a character: line ends stay as they are.

    Args:
        paths: files, folders, or "-" for standard input.
        found: what `find_texts` found for these paths, and others beside them.
    """
    check_encoding(encoding)
    found = find_texts(paths) if found is None else found
    for path in paths:
        if path == STDIN:
            yield _read_stdin(encoding)
        elif isinstance(group := found[path], errors.InputError):
            yield group
        else:
            yield from (read_file(file, encoding, name=name) for file, name in group)


def check_texts(paths: Sequence[str]) -> None:
    """InputError if one of the paths is a file of records, which are many texts."""
    for path in paths:
        if path.lower().endswith((*JSON_LINES, *PARQUET)) and os.path.isfile(path):
            raise errors.records_as_text(Path(path))


def files_in(folder: Path, endings: tuple[str, ...] = TEXT) -> list[Path]:
    """The files of a folder whose names end so, in upper or lower case, by name; hidden ones are left out.

    Links to nothing are among them, so that whoever reads them says so, and the texts are not left out silently.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and path.name.lower().endswith(endings)
        and (path.is_file() or (path.is_symlink() and not path.exists()))
    )


def check_outputs(paths: Sequence[str], outputs: Sequence[Path]) -> None:
    """InputError if an output would overwrite a file that `read_texts` reads for these paths, or another output."""
    if not outputs:
        return
    found = [_files(Path(name)) for name in paths if name != STDIN]
    inputs = {_identity(file) for files in found if not isinstance(files, errors.InputError) for file in files}
    if STDIN in paths:
        inputs |= _redirected()
    written = set()
    for output in outputs:
        if os.path.isdir(output):
            raise errors.cannot_write(output, "it is a folder")
        if os.path.exists(output) and not os.path.isfile(output):  # a terminal or /dev/null takes several
            continue
        identity = _identity(output)
        if identity in inputs:
            raise errors.same_file(output)
        if identity in written:
            raise errors.one_output(output)
        written.add(identity)


def check_encoding(encoding: str) -> None:
    """InputError unless Python can decode text with it."""
    try:
        b"a".decode(encoding)  # unlike codecs.lookup, this refuses base64 and the like
    except UnicodeDecodeError:  # half a character in UTF-16
        pass
    except (LookupError, UnicodeError):  # the latter from the encoding "undefined"
        raise errors.unknown_encoding(encoding) from None


def stdin() -> BinaryIO:
    """Standard input, as bytes.

    Raises InputError: it is closed.
    """
    if sys.stdin is None:
        raise errors.closed_stdin()
    return sys.stdin.buffer


def read_file(path: Path, encoding: str, *, name: str | None = None) -> tuple[str, str] | errors.InputError:
    """The file's name, by default without its folder, and its text; or the error that it met."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return errors.unreadable(path, error.strerror or str(error))
    return _decode(str(path), data, encoding, called=name or path.name)


def _read_stdin(encoding: str) -> tuple[str, str] | errors.InputError:
    try:
        return _decode(STDIN, stdin().read(), encoding, called=STDIN)
    except errors.InputError as error:
        return error


def _files(path: Path) -> list[Path] | errors.InputError:
    """The files that a path stands for, or why there are none."""
    try:
        if not path.exists():
            return errors.missing_path(path)
        if not path.is_dir():
            return [path]
        return files_in(path) or errors.empty_folder(path)
    except OSError as error:
        return errors.unreadable(path, error.strerror or str(error))


def _identity(path: Path) -> object:
    """The same for all paths to one file, links included."""
    try:
        status = path.stat()
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


def _redirected() -> set[object]:
    """The identity of the file that standard input is redirected from, if it is one."""
    try:
        status = os.fstat(stdin().fileno())
    except (OSError, ValueError, errors.InputError):  # closed, or not a file of the system's
        return set()
    return {(status.st_dev, status.st_ino)}


def _decode(name: str, data: bytes, encoding: str, *, called: str) -> tuple[str, str] | errors.InputError:
    try:
        return called, data.decode(encoding)
    except UnicodeDecodeError as error:
        return errors.wrong_encoding(name, encoding, error)
