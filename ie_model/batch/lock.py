"""One run at a time on one output."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from ie_model import errors

try:
    import fcntl as _fcntl

    fcntl: ModuleType | None = _fcntl
except ImportError:  # Windows
    fcntl = None

#: What a file system answers that has no locks.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)


class OutputLock:
    """A lock file that is held until `release`, or until the process is gone, however it went.

    The system drops the lock with the process. Where it has no such locks, the file itself is the
    lock, and one that a killed run left must be deleted by hand: nobody else can know that it is dead.
    """

    def __init__(self, path: Path, *, output: Path) -> None:
        """Take the lock.

        Raises InputError: another run holds it.
        """
        self._path, self._output = path, output
        self._descriptor = self._take()
        try:
            os.truncate(self._descriptor, 0)
            os.write(self._descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        except BaseException:
            self.release(remove_folder=True)
            raise

    def _take(self) -> int:
        while True:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = self._open() if fcntl is not None else self._create()
            except FileNotFoundError:  # the folder was deleted meanwhile
                continue
            try:
                # A run that has just finished may have deleted the file that was opened.
                if os.path.samestat(os.fstat(descriptor), os.stat(self._path)):
                    return descriptor
            except FileNotFoundError:
                pass
            os.close(descriptor)

    def _open(self) -> int:
        assert fcntl is not None
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise self._held("wait until it is done, or choose another output") from None
        except OSError as error:
            os.close(descriptor)
            if error.errno not in NO_LOCKS:
                raise
            self._path = self._path.with_suffix(".pid")
            return self._create()
        return descriptor

    def _create(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            raise self._held(f"wait until it is done; if no such process runs any more, delete {self._path}") from None

    def _held(self, remedy: str) -> errors.InputError:
        try:
            holder = self._path.read_text(encoding="utf-8") or "a process"
        except OSError:
            holder = "a process"
        return errors.InputError(f"{self._output}: another run is writing it ({holder}); {remedy}")

    def release(self, *, remove_folder: bool) -> None:
        """Let go; `remove_folder` also deletes the lock's folder if nothing else is in it."""
        by_system = fcntl is not None and self._path.suffix != ".pid"
        if not by_system:
            os.close(self._descriptor)  # Windows deletes no open file
        try:
            if remove_folder or not by_system:
                self._path.unlink(missing_ok=True)
            if remove_folder:
                with suppress(OSError):  # another run has come, or files are there that are not ours
                    self._path.parent.rmdir()
        finally:
            if by_system:
                os.close(self._descriptor)
