"""Files, folders and standard input to texts, one error per bad input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ie_model import errors


def read_texts(paths: Sequence[str], *, encoding: str = "utf-8") -> Iterator[tuple[str, str] | errors.InputError]:
    """(name, text) of every input in order, or the error that it met.

    A folder stands for the .txt files in it, by name; "-" for standard input. Texts are
    decoded without changing a character: line ends stay as they are.
    """
    check_encoding(encoding)
    for name in paths:
        if name == "-":
            yield _decode("-", sys.stdin.buffer.read(), encoding)
            continue
        path = Path(name)
        try:
            if not path.exists():
                yield errors.missing_path(path)
            elif path.is_dir():
                files = sorted(path.glob("*.txt"))
                if not files:
                    yield errors.empty_folder(path)
                for file in files:
                    yield read_file(file, encoding)
            else:
                yield read_file(path, encoding)
        except OSError as error:
            yield errors.unreadable(path, error.strerror or str(error))


def check_encoding(encoding: str) -> None:
    """InputError unless Python can decode text with it."""
    try:
        b"a".decode(encoding)  # unlike codecs.lookup, this refuses base64 and the like
    except LookupError:
        raise errors.unknown_encoding(encoding) from None
    except UnicodeError:  # half a character in UTF-16
        pass


def read_file(path: Path, encoding: str) -> tuple[str, str] | errors.InputError:
    """The file's name without its folder, and its text; or the error that it met."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return errors.unreadable(path, error.strerror or str(error))
    return _decode(str(path), data, encoding)


def _decode(name: str, data: bytes, encoding: str) -> tuple[str, str] | errors.InputError:
    try:
        return (name if name == "-" else Path(name).name), data.decode(encoding)
    except UnicodeDecodeError as error:
        return errors.wrong_encoding(name, encoding, error)
