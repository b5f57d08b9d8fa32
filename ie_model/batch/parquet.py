"""The lines of a run as a Parquet file. Needs pyarrow (`pip install 'ie-model[parquet]'`)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ie_model import errors

if TYPE_CHECKING:
    import pyarrow

#: Documents of one row group, and the bytes of their lines that end it earlier.
GROUP_DOCUMENTS = 2_000
GROUP_BYTES = 8_000_000


def need_pyarrow() -> None:
    """Raises IEModelError, which names the extra, unless pyarrow is there."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise errors.missing_extra("pyarrow", "parquet") from None


def schema(keep: tuple[str, ...] = ()) -> pyarrow.Schema:
    """The columns of `Document.to_dict`, then the kept fields.

    Kept fields are always strings (other values as JSON), so that all shards have one schema.
    """
    import pyarrow as pa

    names = pa.list_(pa.string())
    value = pa.struct(
        [
            ("amount", pa.string()),
            ("amount_max", pa.string()),
            ("currency", pa.string()),
            ("approximate", pa.bool_()),
        ]
    )
    entity = pa.struct(
        [
            ("label", pa.string()),
            ("text", pa.string()),
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("score", pa.float64()),
            ("value", value),
        ]
    )
    departure = pa.struct(
        [
            ("person", pa.string()),
            ("person_aliases", names),
            ("organization", pa.string()),
            ("organization_aliases", names),
            ("roles", names),
            ("joined", names),
            ("date", pa.struct([("text", pa.string()), ("value", pa.string())])),
            ("status", pa.string()),
            ("score", pa.float64()),
            ("evidence", pa.struct([("start", pa.int64()), ("end", pa.int64())])),
        ]
    )
    return pa.schema(
        [
            ("id", pa.string()),
            ("chars", pa.int64()),
            ("entities", pa.list_(entity)),
            ("departures", pa.list_(departure)),
            *((name, pa.string()) for name in keep),
        ]
    )


def write_parquet(lines: Path, target: Path, *, keep: tuple[str, ...] = ()) -> None:
    """Convert JSON lines as a stream, and see them safely on the disk."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = schema(keep)
    with target.open("wb") as file:
        with parquet.ParquetWriter(file, columns, compression="zstd") as writer:
            for rows in _groups(lines, keep):
                writer.write_table(pa.Table.from_pylist(rows, schema=columns))
        file.flush()
        os.fsync(file.fileno())


def count_rows(path: Path) -> int | None:
    """The rows of a Parquet file; None if it is none, or not whole."""
    import pyarrow
    from pyarrow import parquet

    try:
        return int(parquet.read_metadata(path).num_rows)
    except pyarrow.ArrowInvalid:
        return None


def _groups(lines: Path, keep: tuple[str, ...]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    size = 0
    with lines.open("rb") as file:
        for line in file:
            row = json.loads(line)
            if b"\\ud" in line:
                row = _encodable(row)
            rows.append({**row, **{name: _string(row[name]) for name in keep}})
            size += len(line)
            if len(rows) >= GROUP_DOCUMENTS or size >= GROUP_BYTES:
                yield rows
                rows, size = [], 0
    if rows:
        yield rows


def _string(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _encodable(value: Any) -> Any:
    """The same with a question mark for each lone surrogate, which Parquet lacks."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list) else value
