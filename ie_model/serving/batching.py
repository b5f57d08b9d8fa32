"""Texts of many requests in one call of the model: a bounded queue and the thread that empties it.

One request alone is answered at once: the thread takes whatever stands in the queue when it
is free. Under load it waits for a moment first, since the clients of a batch that has just been
answered ask again together, and the first of them should not make a batch of one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from ie_model.document import Document
from ie_model.serving import problems
from ie_model.serving.metrics import Metrics
from ie_model.serving.tracebacks import where

log = logging.getLogger(__name__)

#: (texts, published, min_score) → one document a text, in order.
Extract = Callable[[Sequence[str], str | None, float], list[Document]]

#: Characters a second, until batches have been timed.
_FIRST_RATE = 5000.0
#: Seconds to wait for more jobs after a batch of several.
_GATHER = 0.01
#: Texts in a batch, whatever their length.
_BATCH_TEXTS = 256


@dataclass(frozen=True)
class Job:
    """One text, its options, and where its document goes."""

    text: str = field(repr=False)
    id: str | None = None
    published: str | None = None
    min_score: float = 0.0
    future: Future[Document] = field(default_factory=Future, compare=False, repr=False)

    @property
    def size(self) -> int:
        """What the job adds to a queue: its characters, and at least one."""
        return max(1, len(self.text))


class Batcher:
    """A queue of jobs and one thread that extracts from them in batches."""

    def __init__(self, extract: Extract, *, lane: str, queue_chars: int, batch_chars: int, metrics: Metrics) -> None:
        self._extract = extract
        self._lane = lane
        self._queue_chars = queue_chars
        self._batch_chars = batch_chars
        self._metrics = metrics
        self._jobs: deque[Job] = deque()
        self._chars = 0
        self._rate = _FIRST_RATE
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work; after `close`, begin again."""
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"ie-model-{self._lane}", daemon=True)
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Take no more jobs, finish those that wait, and give up what is not done in `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)
        with self._changed:
            left = list(self._jobs)
            self._jobs.clear()
            self._chars = 0
            self._report()
        for job in left:
            job.future.cancel()

    def check_room(self, chars: int) -> None:
        """Raises:
        Problem: 429 where so many more characters have no room, 503 where the server is stopping.
        """
        with self._changed:
            if self._closed:
                raise problems.stopping()
            if self._jobs and self._chars + chars > self._queue_chars:
                raise problems.busy(self._chars / self._rate)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Put jobs into the queue; call `check_room` before, in the same thread."""
        with self._changed:
            self._jobs.extend(jobs)
            self._chars += sum(job.size for job in jobs)
            self._report()
            self._changed.notify()

    def _report(self) -> None:
        self._metrics.queued.labels(self._lane).set(self._chars)

    def _work(self) -> None:
        batch: list[Job] = []
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if not self._jobs:
                    return
                busy = len(batch) > 1 and self._chars < self._batch_chars and not self._closed
            if busy:
                time.sleep(_GATHER)
            with self._changed:
                batch = self._take()
            if batch:
                started = time.monotonic()
                self._run(batch)
                self._time(batch, time.monotonic() - started)

    def _take(self) -> list[Job]:
        """The next jobs that still want an answer, as many as a batch holds and at least one."""
        batch: list[Job] = []
        size = 0
        while self._jobs and len(batch) < _BATCH_TEXTS:
            job = self._jobs[0]
            if batch and size + job.size > self._batch_chars:
                break
            self._jobs.popleft()
            self._chars -= job.size
            if job.future.set_running_or_notify_cancel():
                batch.append(job)
                size += job.size
        self._report()
        return batch

    def _time(self, batch: Sequence[Job], seconds: float) -> None:
        chars = sum(job.size for job in batch)
        self._metrics.texts.inc(len(batch))
        self._metrics.characters.inc(chars)
        self._metrics.batch_texts.observe(len(batch))
        self._metrics.batch_seconds.observe(seconds)
        self._rate += 0.2 * (chars / max(seconds, 1e-3) - self._rate)

    def _run(self, batch: Sequence[Job]) -> None:
        """Extract from a batch, the texts of equal options together."""
        groups: dict[tuple[str | None, float], list[Job]] = {}
        for job in batch:
            groups.setdefault((job.published, job.min_score), []).append(job)
        for (published, min_score), jobs in groups.items():
            self._run_group(jobs, published, min_score)

    def _run_group(self, jobs: Sequence[Job], published: str | None, min_score: float) -> None:
        try:
            documents = self._extract([job.text for job in jobs], published, min_score)
        except Exception as error:
            if len(jobs) > 1:  # one text must not cost the others their answers
                for job in jobs:
                    self._run_group([job], published, min_score)
                return
            self._metrics.failures.inc()
            log.error("extraction failed: %s", where(error))
            jobs[0].future.set_exception(problems.failed())
            return
        for job, document in zip(jobs, documents, strict=True):
            job.future.set_result(replace(document, id=job.id))
