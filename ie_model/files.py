"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def replace(source: Path, target: Path) -> None:
    """Rename a file over another, so that a power failure leaves the old or the new one."""
    os.replace(source, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and the folders that it lacks; where that fails, what was there stays.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a terminal, a pipe or /dev/null
        path.write_bytes(data)
        return
    target = Path(os.path.realpath(path))
    new = target.with_name(target.name + ".new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace(new, target)
    except OSError:
        new.unlink(missing_ok=True)
        raise
