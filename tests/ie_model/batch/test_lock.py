from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ie_model.batch import lock as locking
from ie_model.batch.lock import OutputLock
from ie_model.errors import InputError

HOLDER = """
import sys, time
from pathlib import Path
from ie_model.batch.lock import OutputLock
lock = OutputLock(Path(sys.argv[1]), output=Path("out"))
print("held", flush=True)
time.sleep(60)
"""


def take(path: Path) -> OutputLock:
    return OutputLock(path, output=Path("out.jsonl"))


def test_the_lock_of_a_living_process_holds_and_that_of_a_killed_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "work" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError) as caught:
            take(path)
        assert f"out.jsonl: another run is writing it (process {holder.pid} on " in str(caught.value)
        assert str(caught.value).endswith("wait until it is done, or choose another output")
        holder.kill()
        holder.wait()
    take(path).release(remove_folder=True)
    assert not path.parent.exists()


@pytest.mark.parametrize("files", [True, False])
def test_release_removes_only_an_empty_folder(tmp_path: Path, files: bool) -> None:
    path = tmp_path / "work" / "lock"
    lock = take(path)
    if files:
        (path.parent / "mine").touch()
    lock.release(remove_folder=True)
    assert not path.exists()
    assert path.parent.exists() == files


def test_a_lock_file_that_was_deleted_meanwhile_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "work" / "lock"
    once = [True]
    genuine = OutputLock._open

    def slow(self: OutputLock) -> int:
        descriptor = genuine(self)
        if once.pop() if once else False:
            path.unlink()  # as a run does that ends between opening and locking
            path.parent.rmdir()
        return descriptor

    monkeypatch.setattr(OutputLock, "_open", slow)
    take(path)
    assert path.exists()
    with pytest.raises(InputError, match="another run"):
        take(path)


def no_locks(*_: object) -> None:
    raise OSError(errno.EOPNOTSUPP, "no locks here")


@pytest.mark.parametrize("system", [None, SimpleNamespace(flock=no_locks, LOCK_EX=2, LOCK_NB=4)])
def test_without_system_locks_the_file_is_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: SimpleNamespace | None
) -> None:
    monkeypatch.setattr(locking, "fcntl", system)
    path = tmp_path / "work" / "lock"
    lock = take(path)
    with pytest.raises(InputError) as caught:
        take(path)
    assert f"(process {os.getpid()} on " in str(caught.value)
    assert "if no such process runs any more, delete " in str(caught.value)
    lock.release(remove_folder=False)
    take(path).release(remove_folder=True)
