"""Files to entries: a stream that can start at any entry, never holding more than one in memory.

An input is one file or a folder of files (by name): JSON lines (also gzip), Parquet, or plain text,
where the file is the record. "-" is JSON lines from standard input.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

from ie_model import errors
from ie_model.inputs import JSON_LINES, PARQUET, STDIN, TEXT, check_encoding, files_in, read_file, stdin
from ie_model.records import BadRecord, Fields, Place, Record, check_record, parse_json, parse_object

ENDINGS = (*JSON_LINES, *PARQUET, *TEXT)
#: A longer line is a bad record: it would not fit in memory a few times over.
MAX_LINE_BYTES = 512 * 2**20
#: Parquet rows that are decoded at once, and the bytes that make it fewer.
PARQUET_ROWS = 64
PARQUET_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Cursor:
    """Where reading goes on.

    Attributes:
        file: how many files are done with.
        offset: how much of the next one: bytes of JSON lines (unpacked), rows of Parquet.
        line: lines read of that file.
        record: records read in all, bad ones included; blank lines are none.
    """

    file: int = 0
    offset: int = 0
    line: int = 0
    record: int = 0


@dataclass(frozen=True)
class Entry:
    """One record as it was found; `load` looks into it, `cursor` is where the next one starts."""

    cursor: Cursor
    load: Callable[[], Record | BadRecord]


class Source:
    """The files of an input, in order."""

    def __init__(self, path: str, *, fields: Fields, encoding: str = "utf-8") -> None:
        """Look at the input; read nothing yet.

        Raises InputError: there is no such path, or it holds nothing that can be read, or not in this encoding.
        """
        check_encoding(encoding)
        self.files = _files(path)
        for file in self.files:
            if self._reader(file) == self._json_lines and not _has_lines(encoding):
                raise errors.InputError(
                    f"--encoding {encoding}: {file} cannot be split into lines, as in {encoding} they do not end in "
                    "the byte 0x0A; convert JSON lines to utf-8 first, and leave --encoding out"
                )
        self._fields = fields
        self._encoding = encoding
        self._rows: dict[Path, int] = {}

    @property
    def is_stdin(self) -> bool:
        return self.files == (Path(STDIN),)

    @property
    def fingerprint(self) -> str | None:
        """Changes when a file's name, size or time of change does; None for standard input."""
        return None if self.is_stdin else self._fingerprints[-1]

    def fingerprint_before(self, cursor: Cursor) -> str | None:
        """As `fingerprint`, of the files alone of which something stands before a cursor."""
        if self.is_stdin:
            return None
        return self._fingerprints[min(cursor.file + (cursor.offset > 0), len(self.files))]

    @cached_property
    def _fingerprints(self) -> list[str]:
        """Of no file, of the first, of the first two …"""
        digest = hashlib.blake2b(digest_size=16)
        found = [digest.hexdigest()]
        for path in self.files:
            try:
                status = path.stat()
            except OSError as error:
                raise errors.unreadable(path, error.strerror or str(error)) from error
            name = path.name.encode("utf-8", "surrogateescape")
            digest.update(name + f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
            found.append(digest.hexdigest())
        return found

    def entries(self, start: Cursor) -> Iterator[Entry]:
        """The entries from a cursor on.

        Raises InputError: a file cannot be read, or is not what its name says.
        """
        for index in range(start.file, len(self.files)):
            path = self.files[index]
            try:
                for entry in self._reader(path)(path, start):
                    yield entry
                    start = entry.cursor
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise errors.InputError(
                    f"{path}: the gzip data is damaged ({error}); check with `gzip -t`, and fetch the file again"
                ) from error
            except OSError as error:
                raise errors.unreadable(path, error.strerror or str(error)) from error
            # The cursor of a file's last entry may still be in this file: what follows is blank.
            start = Cursor(index + 1, record=start.record)

    def share(self, cursor: Cursor) -> float | None:
        """How much of the input lies before the cursor, 0 to 1; None where nobody can know."""
        if cursor.file >= len(self.files):
            return 1.0
        path, part = self.files[cursor.file], 0.0
        if _suffix(path) in PARQUET:
            part = cursor.offset / max(1, self._rows.get(path, 1))
        elif self.is_stdin or path.name.lower().endswith(".gz"):
            if len(self.files) == 1:
                return None
        elif cursor.offset:
            try:
                part = cursor.offset / max(1, path.stat().st_size)
            except OSError:  # moved away while it is read, which goes on
                return None
        return (cursor.file + min(1.0, part)) / len(self.files)

    def _reader(self, path: Path) -> Callable[[Path, Cursor], Iterator[Entry]]:
        suffix = _suffix(path)
        if suffix in PARQUET:
            return self._parquet
        return self._text if suffix in TEXT else self._json_lines

    def _text(self, path: Path, at: Cursor) -> Iterator[Entry]:
        yield Entry(Cursor(at.file + 1, record=at.record + 1), partial(_load_text, path, self._encoding, self._fields))

    def _json_lines(self, path: Path, at: Cursor) -> Iterator[Entry]:
        offset, line, record = at.offset, at.line, at.record
        with _open(path) as file:
            if offset:
                file.seek(offset)
            while data := file.readline(MAX_LINE_BYTES + 1):
                offset += len(data)
                line += 1
                too_long = len(data) > MAX_LINE_BYTES
                while too_long and not data.endswith(b"\n") and (data := file.readline(2**20)):
                    offset += len(data)
                if line == 1:
                    data = data.removeprefix(b"\xef\xbb\xbf")
                if not too_long and not data.strip():
                    continue
                record += 1
                place = Place(path.name, "line", line)
                load = partial(_load_line, None if too_long else data, place, self._encoding, self._fields)
                yield Entry(Cursor(at.file, offset, line, record), load)

    def _parquet(self, path: Path, at: Cursor) -> Iterator[Entry]:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise errors.missing_extra("pyarrow", "parquet") from None
        try:
            # Buffered, so that a row group is not read whole.
            with parquet.ParquetFile(path, buffer_size=2**20) as file:
                self._rows[path] = file.metadata.num_rows
                known = set(file.schema_arrow.names)
                first, groups = 0, list(range(file.num_row_groups))
                while groups and first + file.metadata.row_group(groups[0]).num_rows <= at.offset:
                    first += file.metadata.row_group(groups.pop(0)).num_rows
                row, record = at.offset, at.record
                columns = [name for name in self._fields.columns if name in known]
                if self._fields.text not in known:  # every row is bad, and says which fields there are
                    columns = list(known)
                count = _rows_at_once(file.metadata)
                for batch in file.iter_batches(count, row_groups=groups, columns=columns, use_threads=False):
                    for index in range(batch.num_rows):
                        first += 1
                        if first <= at.offset:
                            continue
                        row += 1
                        record += 1
                        place = Place(path.name, "row", row)
                        load = partial(_load_row, batch.slice(index, 1), place, self._fields)
                        yield Entry(Cursor(at.file, row, 0, record), load)
        except (pyarrow.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the system's, and not of damaged data
                raise
            raise errors.InputError(
                f"{path}: not a readable Parquet file ({errors.first_line(error)}); fetch or write the file again"
            ) from error


def _files(path: str) -> tuple[Path, ...]:
    if path == STDIN:
        stdin()
        return (Path(STDIN),)
    root, endings = Path(path), ", ".join(ENDINGS)
    try:
        if root.is_dir():
            files = files_in(root, ENDINGS)
            if not files:
                raise errors.InputError(f"{root}: no file in this folder ends in {endings}; check the path")
            return tuple(file.absolute() for file in files)
        if not root.exists():
            raise errors.missing_path(root)
    except OSError as error:
        raise errors.unreadable(root, error.strerror or str(error)) from error
    if _suffix(root) is None:
        raise errors.InputError(f"{root}: how to read it is told by its name; rename it to end in one of {endings}")
    return (root.absolute(),)  # a process elsewhere may read it


def _suffix(path: Path) -> str | None:
    name = path.name.lower()
    return next((suffix for suffix in ENDINGS if name.endswith(suffix)), None)


def _has_lines(encoding: str) -> bool:
    """Whether lines end in the byte 0x0A, by which they are told apart before they are decoded."""
    try:
        return b"\n".decode(encoding) == "\n"
    except UnicodeDecodeError:  # half a character in UTF-16
        return False


def _open(path: Path) -> AbstractContextManager[IO[bytes] | gzip.GzipFile]:
    if path == Path(STDIN):
        return nullcontext(stdin())
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rb")
    return path.open("rb")


def _load_text(path: Path, encoding: str, fields: Fields) -> Record | BadRecord:
    place = Place(path.name)
    found = read_file(path, encoding)
    if isinstance(found, errors.InputError):
        return BadRecord(place, str(found), path.name)
    name, text = found
    return check_record({fields.id: name, fields.text: text}, place, fields)


def _rows_at_once(metadata: Any) -> int:
    """As many rows of a Parquet file as make PARQUET_BYTES, where its row groups are all alike."""
    largest = max(
        (
            group.total_byte_size / max(1, group.num_rows)
            for group in map(metadata.row_group, range(metadata.num_row_groups))
        ),
        default=0,
    )
    return int(max(1, min(PARQUET_ROWS, PARQUET_BYTES // max(1, largest))))


def _load_row(batch: Any, place: Place, fields: Fields) -> Record | BadRecord:
    """The record of a batch of one row."""
    try:
        [row] = batch.to_pylist()
    except (ValueError, OverflowError, ArithmeticError) as error:  # a time of a year that Python does not have
        return BadRecord(place, f"a value that cannot be read ({errors.first_line(error)})")
    for name in row.keys() & set(fields.keep):  # times, decimals and bytes, which JSON lacks, as strings
        row[name] = parse_json(json.dumps(row[name], default=_plain))
    return check_record(row, place, fields)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _load_line(data: bytes | None, place: Place, encoding: str, fields: Fields) -> Record | BadRecord:
    if data is None:
        return BadRecord(place, f"longer than {MAX_LINE_BYTES // 2**20} MB; split the text")
    if b"\0" in data:
        return BadRecord(place, "NUL bytes, as UTF-16 has; convert the file first: iconv -f utf-16 -t utf-8")
    try:
        value = parse_object(data.rstrip(b"\r\n").decode(encoding))
    except UnicodeDecodeError as error:
        return BadRecord(place, str(errors.wrong_encoding(str(place), encoding, error)))
    except ValueError as error:
        return BadRecord(place, str(error))
    return check_record(value, place, fields)
