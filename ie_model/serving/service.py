"""From a request's texts to its documents: admission, lanes, time-outs, clients that go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import lru_cache
from typing import Any

from starlette.requests import Request

from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.serving import problems
from ie_model.serving.batching import Batcher, Job
from ie_model.serving.metrics import Metrics
from ie_model.serving.settings import ServerSettings

#: Seconds that jobs which are running have to end when the server stops.
_STOP_SECONDS = 30.0


class Service:
    """Answers jobs in two lanes, so that a short text never waits for a very long one.

    Its methods are called from the event loop alone, but for `close`, which blocks.
    """

    def __init__(self, extractor: Extractor, settings: ServerSettings, metrics: Metrics) -> None:
        @lru_cache(maxsize=64)
        def least(score: float) -> Extractor:
            return extractor.with_min_score(score)

        def extract(texts: Sequence[str], published: str | None, min_score: float) -> list[Document]:
            return list(least(min_score).pipe(texts, published=published))

        self._settings = settings
        self._lanes = [
            Batcher(extract, lane=lane, queue_chars=room, batch_chars=settings.batch_chars, metrics=metrics)
            for lane, room in (
                ("short", settings.queue_chars),
                ("long", max(settings.queue_chars, settings.max_chars)),
            )
        ]

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()

    def close(self) -> None:
        """Finish what waits."""
        for lane in self._lanes:
            lane.close(_STOP_SECONDS)

    def submit(self, jobs: Sequence[Job]) -> list[asyncio.Future[Document]]:
        """Take all of the jobs or none of them.

        Returns:
            a future for each job; cancelling one takes its job out of the queue.

        Raises:
            Problem: too many texts or characters (413), or no room at present (429).
        """
        settings = self._settings
        chars = sum(len(job.text) for job in jobs)
        if len(jobs) > settings.max_texts:
            raise problems.too_many_texts(len(jobs), settings.max_texts)
        if chars > settings.max_chars:
            raise problems.too_many_characters(chars, settings.max_chars)
        short, long = self._lanes
        shares = (
            (short, [job for job in jobs if len(job.text) <= settings.long_chars]),
            (long, [job for job in jobs if len(job.text) > settings.long_chars]),
        )
        for lane, share in shares:
            if share:
                lane.check_room(sum(job.size for job in share))
        for lane, share in shares:
            lane.submit(share)
        return [asyncio.wrap_future(job.future) for job in jobs]

    async def documents(self, jobs: Sequence[Job], request: Request) -> list[Document]:
        """The documents of all jobs, in order.

        Raises:
            Problem: as `submit`, or 504 when the time is up; the jobs are then taken back.
            ClientGone: the client has closed the connection.
        """
        futures = self.submit(jobs)
        gone: asyncio.Future[Any] = asyncio.ensure_future(_disconnected(request))
        answers: asyncio.Future[Any] = asyncio.gather(*futures)
        answers.add_done_callback(_seen)
        try:
            done, _ = await asyncio.wait(
                {gone, answers}, timeout=self._settings.timeout, return_when=asyncio.FIRST_COMPLETED
            )
            if answers in done:
                return list(answers.result())
            raise ClientGone if gone in done else problems.timed_out(self._settings.timeout)
        except asyncio.CancelledError:
            raise problems.stopping() from None
        finally:
            gone.cancel()
            answers.cancel()
            _take_back(futures)

    async def stream(self, futures: Sequence[asyncio.Future[Document]]) -> AsyncIterator[Document | problems.Problem]:
        """The documents of submitted jobs as they come, in order; a text that failed gives its problem.

        So does one that is not done when the time is up.
        """
        deadline = asyncio.get_running_loop().time() + self._settings.timeout
        try:
            for future in futures:
                left = deadline - asyncio.get_running_loop().time()
                try:
                    yield await asyncio.wait_for(future, left)
                except TimeoutError:
                    yield problems.timed_out(self._settings.timeout)
                except problems.Problem as problem:
                    yield problem
        finally:
            _take_back(futures)


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


def _take_back(futures: Sequence[asyncio.Future[Document]]) -> None:
    for future in futures:
        if not future.cancel():
            _seen(future)


def _seen(future: asyncio.Future[Any]) -> None:
    """Look at a future's error, so that asyncio does not report it as forgotten."""
    if not future.cancelled():
        future.exception()


async def _disconnected(request: Request) -> None:
    """Returns when the client closes its connection; the body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
