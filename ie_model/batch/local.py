"""Chunks through this process, or through worker processes.

Every worker has a pipe of its own, and hears of the end of the main process by its closing: none is
left behind, even after kill -9. Memory is bounded: a worker has one chunk at a time, and no chunk is
handed out that is far ahead of the next one to be written.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from ie_model import errors
from ie_model.batch.chunks import Chunk, ExtractorSpec, Result, answer, work
from ie_model.cores import available_cores

#: Chunks that may be under way or wait for an earlier one, for each worker.
WINDOW = 4
#: Workers that may die of one chunk.
TRIES = 2


def run_here(chunks: Iterator[Chunk], spec: ExtractorSpec) -> Iterator[Result]:
    """The results of the chunks, worked out in this process."""
    extractor = spec.load()
    for chunk in chunks:
        yield work(extractor, chunk)


def run_workers(
    chunks: Iterator[Chunk], spec: ExtractorSpec, *, workers: int, warn: Callable[[str], None]
) -> Iterator[Result]:
    """The results of the chunks, in order, worked out by processes that share the cores.

    A worker that dies is replaced and its chunk done again.

    Raises:
        ModelError, InputError: a worker cannot load the model, or a chunk cannot be read.
        IEModelError: one chunk was the end of several workers.
    """
    if not spec.threads:
        spec = replace(spec, threads=max(1, available_cores() // workers))
    pool = _Pool(spec, warn)
    try:
        pool.start(workers)
        yield from pool.run(chunks, window=WINDOW * workers)
    finally:
        pool.close()


@dataclass(eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    #: What it is at, and how many workers have died of that; None before it has loaded its model.
    chunk: Chunk | None = None
    deaths: int = 0
    idle: bool = False


class _Pool:
    def __init__(self, spec: ExtractorSpec, warn: Callable[[str], None]) -> None:
        self._spec = spec
        self._warn = warn
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._again: deque[tuple[Chunk, int]] = deque()

    def start(self, count: int) -> None:
        for _ in range(count):
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=_serve, args=(theirs, self._spec), daemon=True)
            with _without_interrupts():
                process.start()
                theirs.close()  # so that its end is the end of the pipe
                self._workers.append(_Worker(process, ours))

    def run(self, chunks: Iterator[Chunk], *, window: int) -> Iterator[Result]:
        done: dict[int, Result] = {}
        ahead: Chunk | None = next(chunks, None)
        following = ahead.index if ahead else 0  # the next result to give out
        while ahead is not None or self._again or done or any(worker.chunk for worker in self._workers):
            for worker in [worker for worker in self._workers if worker.idle]:
                if self._again:
                    self._give(worker, *self._again.popleft())
                elif ahead is not None and ahead.index < following + window:
                    self._give(worker, ahead, 0)
                    ahead = next(chunks, None)
            for result in self._hear():
                done[result.index] = result
            while following in done:
                yield done.pop(following)
                following += 1

    def _give(self, worker: _Worker, chunk: Chunk, deaths: int) -> None:
        worker.chunk, worker.deaths, worker.idle = chunk, deaths, False
        with suppress(OSError):  # it has died, as `_hear` is about to see
            worker.pipe.send(chunk)

    def _hear(self) -> list[Result]:
        """Wait until a worker has something to say."""
        results = []
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]
            try:
                message = worker.pipe.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if isinstance(message, Exception):
                raise message
            if isinstance(message, Result):
                results.append(message)
            worker.chunk, worker.idle = None, True
        return results

    def _bury(self, worker: _Worker) -> None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        code = worker.process.exitcode or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if worker.chunk is None:
            raise errors.IEModelError(
                f"worker process {worker.process.pid} {how} while it had no work; see to it that there is memory "
                "for every worker's model, or pass fewer --workers"
            )
        first, last = worker.chunk.records[0].place, worker.chunk.records[-1].place
        if worker.deaths + 1 >= TRIES:
            raise errors.IEModelError(
                f"records {first} to {last} were the end of {TRIES} worker processes (the last one {how}), often for "
                "lack of memory; pass fewer --workers and give the command again, without --overwrite: it goes on "
                "where it stopped"
            )
        self._warn(f"worker process {worker.process.pid} {how}; records {first} to {last} are done again")
        self._again.append((worker.chunk, worker.deaths + 1))
        self.start(1)

    def close(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:  # what it is at is no longer wanted
            worker.process.terminate()
            worker.process.join()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C waits until the block has ended; a process started in it never hears of it, not even while it imports.

    Without it a worker that is still starting ends with a traceback, and one that has just been started is forgotten.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no signal masks
        yield
        return
    resource_tracker.ensure_running()  # where the first process starts it, Ctrl-C is let through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, spec: ExtractorSpec) -> None:
    """What a worker process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which closes the pipe
    # The workers share the cores among them; these two would take all of them for each.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if spec.runtime == "torch":
        os.environ.setdefault("OMP_NUM_THREADS", str(spec.threads))
    try:
        extractor = spec.load()
    except Exception as error:
        known = isinstance(error, errors.IEModelError)
        pipe.send(error if known else errors.IEModelError(f"no worker can load the model: {error}"))
        return
    try:
        pipe.send("ready")
        while True:
            pipe.send(answer(extractor, pipe.recv()))
    except (EOFError, OSError):  # the main process is gone, or wants no more
        return
