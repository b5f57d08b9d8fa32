"""The output of a run: locked, resumable, and either complete or not there.

While a run goes on, everything is in the folder OUTPUT.partial: the lines so far, and a manifest that
says how many bytes of them count and where reading goes on. The manifest is replaced, atomically, after
each chunk; what a killed run wrote after it is cut off. At the end the files are renamed to their places:

    OUTPUT                  the documents
    OUTPUT.errors.jsonl     the bad records, if there are any
    OUTPUT.manifest.json    what was run, and the counts
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from ie_model import errors, files
from ie_model.batch.chunks import Result
from ie_model.batch.lock import OutputLock
from ie_model.batch.sources import Cursor

#: How the names of outputs end.
OUTPUT_LINES, OUTPUT_PARQUET = ".jsonl", ".parquet"
FORMAT = 1


@dataclass(frozen=True)
class State:
    """How far a run has come.

    Attributes:
        chunks, documents, bad, characters: counts of what is finished.
        documents_bytes, errors_bytes: how much of the two files that makes.
        cursor: where reading goes on.
        read: what tells the files of which something has been read from others (`Source.fingerprint_before`).
        complete: whether that was all.
        before_file: the state before the file was begun that the cursor is in.
    """

    chunks: int = 0
    documents: int = 0
    bad: int = 0
    characters: int = 0
    documents_bytes: int = 0
    errors_bytes: int = 0
    cursor: Cursor = field(default_factory=Cursor)
    read: str | None = None
    complete: bool = False
    before_file: State | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> State:
        """What `asdict` made a dictionary of."""
        before = value.get("before_file")
        changes = {"cursor": Cursor(**value["cursor"]), "before_file": before and cls.from_dict(before)}
        return cls(**{**value, **changes})

    def after(self, result: Result, read: str | None) -> State:
        """The state with one more chunk."""
        in_another = result.cursor.file != self.cursor.file or not self.cursor.offset
        return State(
            chunks=result.index + 1,
            documents=self.documents + result.count,
            bad=self.bad + result.bad,
            characters=self.characters + result.characters,
            documents_bytes=self.documents_bytes + len(result.documents),
            errors_bytes=self.errors_bytes + len(result.errors),
            cursor=result.cursor,
            read=read,
            before_file=replace(self, before_file=None) if in_another else self.before_file,
        )


@dataclass(frozen=True)
class Places:
    """The paths of a run's files."""

    output: Path

    @classmethod
    def of(cls, output: Path) -> Places:
        """Those of an output, which may be a link to where it is written."""
        return cls(Path(os.path.realpath(output)))

    @property
    def errors(self) -> Path:
        return self.output.with_name(self.output.name + ".errors.jsonl")

    @property
    def manifest(self) -> Path:
        return self.output.with_name(self.output.name + ".manifest.json")

    @property
    def work(self) -> Path:
        return self.output.with_name(self.output.name + ".partial")

    @property
    def work_documents(self) -> Path:
        return self.work / "documents.jsonl"

    @property
    def work_errors(self) -> Path:
        return self.work / "errors.jsonl"

    @property
    def work_manifest(self) -> Path:
        return self.work / "manifest.json"

    @property
    def work_new(self) -> Path:
        return self.work / "new"

    def clear(self) -> None:
        """Forget what is under way."""
        for path in (self.work_manifest, self.work_documents, self.work_errors, self.work_new):
            path.unlink(missing_ok=True)


class Store:
    """Takes the results of a run, in order. Made by `open_store`."""

    def __init__(
        self,
        places: Places,
        settings: Mapping[str, Any],
        state: State,
        keep: tuple[str, ...],
        read_before: Callable[[Cursor], str | None],
    ) -> None:
        self.places = places
        self.state = state
        self._settings = settings
        self._keep = keep
        self._read_before = read_before
        self._files: tuple[BinaryIO, ...] = ()

    def append(self, result: Result) -> None:
        """Add a chunk. When this returns, the chunk stays, whatever happens.

        Raises InputError: the disk is full, or the like.
        """
        state = self.state
        assert result.index == state.chunks, f"chunk {result.index} comes after {state.chunks} chunks"
        with _writing(self.places.output, goes_on=self._settings.get("input") is not None):
            if not self._files:
                self._files = (
                    _open_at(self.places.work_documents, state.documents_bytes),
                    _open_at(self.places.work_errors, state.errors_bytes),
                )
            for file, data in zip(self._files, (result.documents, result.errors), strict=True):
                if data:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            self._save(state.after(result, self._read_before(result.cursor)))

    def finish(self) -> None:
        """Put the files in their places. A run that is killed in here does this again."""
        places, state = self.places, self.state
        with _writing(places.output):
            self.close()
            if not state.complete:
                for path, size in (
                    (places.work_documents, state.documents_bytes),
                    (places.work_errors, state.errors_bytes),
                ):
                    _open_at(path, size).close()  # there also when no chunk was
                self._save(replace(state, complete=True))
            if places.work_documents.exists():
                if places.output.suffix.lower() == OUTPUT_PARQUET:
                    from ie_model.batch.parquet import write_parquet

                    write_parquet(places.work_documents, places.work_new, keep=self._keep)
                    files.replace(places.work_new, places.output)
                    places.work_documents.unlink()
                else:
                    files.replace(places.work_documents, places.output)
            if state.errors_bytes:
                if places.work_errors.exists():
                    files.replace(places.work_errors, places.errors)
            else:
                places.work_errors.unlink(missing_ok=True)
                places.errors.unlink(missing_ok=True)
            files.replace(places.work_manifest, places.manifest)

    def close(self) -> None:
        for file in self._files:
            with suppress(OSError):  # a full disk once more; what counts has been flushed
                file.close()
        self._files = ()

    def _save(self, state: State) -> None:
        manifest = {"format": FORMAT, "settings": self._settings, "state": asdict(state)}
        with self.places.work_new.open("w", encoding="utf-8") as file:
            json.dump(manifest, file, ensure_ascii=False, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        files.replace(self.places.work_new, self.places.work_manifest)
        self.state = state


@contextmanager
def open_store(
    output: Path,
    *,
    settings: Mapping[str, Any],
    keep: tuple[str, ...] = (),
    overwrite: bool = False,
    read_before: Callable[[Cursor], str | None] = lambda cursor: None,
) -> Iterator[Store]:
    """The output, locked, at the state that an earlier run of the same settings left it in.

    Args:
        settings: all that the output depends on, as JSON has it; keys are named in errors.
        keep: further columns of a Parquet output.
        overwrite: start over, whatever is there. What is there stays until the new run is complete.
        read_before: what tells the input before a cursor from another one; None where nothing does. With it a run
            goes on although files behind the cursor are others now; where the file that it is in is another, from
            the beginning of that.

    Raises InputError: another run is at it, or was begun with other settings, or a file is there
    that none has made.
    """
    places = Places.of(output)
    with _writing(output):
        lock = OutputLock(places.work / "lock", output=output)
    try:
        state = None if overwrite else _earlier(places, output, settings, read_before)
        store = Store(places, settings, state or State(), keep, read_before)
        if state is None:
            places.clear()
        elif state.complete and places.work_manifest.exists():
            store.finish()
        try:
            yield store
        finally:
            store.close()
            if not places.work_manifest.exists():  # nothing to go on from
                places.clear()
    finally:
        lock.release(remove_folder=not places.work_manifest.exists())


def _earlier(
    places: Places, output: Path, settings: Mapping[str, Any], read_before: Callable[[Cursor], str | None]
) -> State | None:
    """The state that an earlier run left, and that can be gone on from; None if there was none."""
    if places.work_manifest.exists():
        found, state = _read(places.work_manifest, output)
        differing = [key for key in {**settings, **found} if settings.get(key) != found.get(key)]
        if state.complete and not differing:  # nothing is left to be read
            return state
        if settings.get("input") is None:
            raise errors.InputError(
                f"{output}: an unfinished run is there, and standard input cannot be read from where it stopped; "
                "pass --overwrite to start over, and keep the input in a file to be able to go on"
            )
        if differing == ["input"] and not state.complete:
            for earlier in (state, state.before_file):
                if earlier is not None and earlier.read is not None and earlier.read == read_before(earlier.cursor):
                    return earlier
        if differing:
            raise errors.InputError(
                f"{output}: an unfinished run is there, begun with other settings ({_differences(found, settings)}); "
                "give it the same to go on, or pass --overwrite to start over"
            )
        return state
    if not places.output.exists():
        if places.errors.exists() and not places.manifest.exists():
            raise errors.InputError(
                f"{output}: {places.errors.name} is there, and no run has made it; "
                "choose another name, or pass --overwrite"
            )
        return None
    if places.manifest.exists():
        found, state = _read(places.manifest, output)
        if settings.get("input") is not None and found == settings:
            _check_unchanged(places, state)
            return state
        reason = f"from other settings ({_differences(found, settings)})"
    else:
        reason = "and no manifest says what made it"
    raise errors.InputError(f"{output}: the file exists already, {reason}; choose another name, or pass --overwrite")


def _check_unchanged(places: Places, state: State) -> None:
    """InputError unless a complete run's files hold as many bytes, or rows of Parquet, as when it ended."""
    held: list[tuple[Path, int | None, int, str]] = []
    try:
        if places.output.suffix.lower() == OUTPUT_PARQUET:
            from ie_model.batch.parquet import count_rows

            held.append((places.output, count_rows(places.output), state.documents, "rows"))
        else:
            held.append((places.output, places.output.stat().st_size, state.documents_bytes, "bytes"))
        if state.errors_bytes:
            size = places.errors.stat().st_size if places.errors.exists() else None
            held.append((places.errors, size, state.errors_bytes, "bytes"))
    except OSError as error:
        raise errors.unreadable(places.output, error.strerror or str(error)) from error
    for path, found, expected, unit in held:
        if found != expected:
            raise errors.InputError(
                f"{path}: changed from outside since the run was complete ({found or 0:,} {unit}, not {expected:,}); "
                "put the file back, or pass --overwrite to start over"
            )


def _differences(found: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The keys that differ; values only where they mean something to people."""
    told = []
    for key in {**settings, **found}:
        old, new = found.get(key), settings.get(key)
        if old != new:
            told.append(f"{key} {old}, now {new}" if key.startswith("--") else f"another {key}")
    return "; ".join(told) or "standard input cannot be compared"


def _read(path: Path, output: Path) -> tuple[dict[str, Any], State]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ValueError(f"format {manifest['format']}")
        return manifest["settings"], State.from_dict(manifest["state"])
    except OSError as error:
        raise errors.unreadable(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise errors.InputError(
            f"{path}: not a manifest of this version ({error}); pass --overwrite to write {output.name} anew"
        ) from error


def _open_at(path: Path, size: int) -> BinaryIO:
    """A file open for writing after its first `size` bytes; what follows them is cut off."""
    file = path.open("r+b") if path.exists() else path.open("w+b")
    if file.seek(0, os.SEEK_END) < size:
        file.close()
        raise errors.InputError(
            f"{path}: shorter than its manifest says, so it was changed from outside; pass --overwrite to start over"
        )
    file.truncate(size)
    file.seek(size)
    return file


@contextmanager
def _writing(output: Path, *, goes_on: bool = True) -> Iterator[None]:
    """OSError as InputError.

    Args:
        goes_on: whether the input can be read again from where the run stopped.
    """
    try:
        yield
    except OSError as error:
        remedy = "then give the same command again, without --overwrite: it goes on where it stopped"
        if not goes_on:
            remedy = "then give the command again with --overwrite; from a file it could go on where it stopped"
        raise errors.InputError(
            f"{output}: cannot be written ({error.strerror or error}); see to it that there is room and permission, "
            + remedy
        ) from error
