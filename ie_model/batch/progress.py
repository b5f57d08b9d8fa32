"""What a run shows of itself, on standard error: a bar for people, and lines that stay."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from ie_model.batch.chunks import Result
from ie_model.batch.job import Summary
from ie_model.wording import many

if TYPE_CHECKING:
    from rich.progress import TaskID


class Meter:
    """A bar with documents and characters per second; nothing where standard error is no terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            SpinnerColumn,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._console = Console(stderr=True, highlight=False, markup=False)
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task: TaskID = self._progress.add_task("", total=None, rate="loading the model")
        self._documents = 0
        self._characters = 0

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watch(self, result: Result) -> None:
        """A chunk is done."""
        self._documents += result.count
        self._characters += result.characters
        seconds = self._progress.tasks[self._task].elapsed or 0.0
        self._progress.update(
            self._task,
            total=None if result.share is None else 1.0,
            completed=result.share or 0.0,
            rate=f"{rate(self._documents, seconds)} documents/s, {rate(self._characters, seconds)} characters/s",
        )

    def warn(self, message: str) -> None:
        self._console.print(f"warning: {message}", soft_wrap=True)


def rate(count: int, seconds: float) -> str:
    """How many a second, as people read it."""
    each = count / seconds if seconds > 0 else 0.0
    return f"{each:,.1f}" if each < 100 else f"{each:,.0f}"


def summary_line(summary: Summary) -> str:
    """The last line of a run."""
    counts = f"{many(summary.documents, 'document')}, {many(summary.characters, 'character')}"
    if summary.bad:
        counts += f", {many(summary.bad, 'bad record')} (see {summary.errors})"
    if summary.resumed == summary.documents + summary.bad and summary.resumed:
        return f"{summary.output} is complete already: {counts}"
    how = f"{summary.seconds:,.1f} s, {rate(summary.new_characters, summary.seconds)} characters/s"
    if summary.workers > 1:
        how += f", {summary.workers} processes"
    if summary.resumed:
        how += f"; went on after {many(summary.resumed, 'record')}"
    return f"{summary.output}: {counts} ({how})"
