"""Windows of many texts to the engine, in batches that run side by side.

Windows of like length share a batch, whichever text they are from; every token's values come
from the window that owns it.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from ie_model.arrays import Floats, Ints
from ie_model.encoding import Encoding, TextEncoder
from ie_model.model_folder import Settings
from ie_model.runtime import Runtime
from ie_model.windows import Window, plan_windows

#: Batches are padded to a multiple of this many tokens.
PAD_MULTIPLE = 8
#: Larger arrays are memory of their own, outside the heap.
MAPPED_VALUES = 2**18


#: One batch: (which text, the window) of each of its rows.
Batch = list[tuple[int, Window]]


class Run:
    """Texts on their way through the encoder; each batch puts its values where they belong when it is done."""

    def __init__(self, encodings: Sequence[Encoding], tags: int) -> None:
        self.encodings = encodings
        self._logits: list[Floats] = [np.zeros((len(e), tags), dtype=np.float32) for e in encodings]
        self._hidden: list[Floats] = [np.zeros((len(e), 0), dtype=np.float32) for e in encodings]
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()

    def add(self, call: Callable[[], None]) -> None:
        """A call that returns when a batch is done, or raises what the engine did."""
        self._waiting.append(call)

    def put(self, batch: Batch, logits: Floats, hidden: Floats) -> None:
        """Take a batch's values, [rows, length, …]; threads may do so at once, as no two batches own a token."""
        with self._lock:
            if any(not values.shape[1] for values in self._hidden):
                self._hidden = [_zeros(len(e), hidden.shape[2]) for e in self.encodings]
        for row, (index, window) in enumerate(batch):
            # +1: [CLS] stands before the window's first token.
            at = slice(window.first - window.start + 1, window.last - window.start + 1)
            self._logits[index][window.first : window.last] = logits[row, at]
            self._hidden[index][window.first : window.last] = hidden[row, at]

    def results(self) -> list[tuple[Floats, Floats]]:
        """Logits [tokens, tags] and hidden states [tokens, hidden] of each text; waits for them."""
        while self._waiting:  # a call that is done holds the run no more, so that it goes when it has been read
            self._waiting.popleft()()
        return list(zip(self._logits, self._hidden, strict=True))


class Runner:
    """Runs the windows of texts on an engine. Threads may share one."""

    def __init__(self, runtime: Runtime, encoder: TextEncoder, settings: Settings, *, tags: int) -> None:
        self._runtime, self._encoder, self._settings, self._tags = runtime, encoder, settings, tags
        self._lock = threading.Lock()
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def pool(self) -> ThreadPoolExecutor | None:
        """Threads for as many calls of the engine as it takes at once, for all callers; None where that is one."""
        if self._runtime.threads == 1:
            return None
        with self._lock:
            # A process that was forked has the pool, but none of its threads.
            if self._pool is None or self._pool[0] != os.getpid():
                self._pool = os.getpid(), ThreadPoolExecutor(self._runtime.threads, "ie-model")
            return self._pool[1]

    def plan(self, encoding: Encoding) -> list[Window]:
        """The windows of a text."""
        return plan_windows(encoding.sentence_ends, size=self._settings.window, overlap=self._settings.overlap)

    def start(self, encodings: Sequence[Encoding], pool: ThreadPoolExecutor | None = None) -> Run:
        """Begin with some texts; `results` of what this returns has their values.

        With a pool several batches run at once, while the caller does something else; without one
        they run when their results are asked for.
        """
        windows = [(index, window) for index, encoding in enumerate(encodings) for window in self.plan(encoding)]
        budget = self._runtime.token_budget
        if pool is not None:  # a short text, too, is for all threads
            budget = min(budget, -(-sum(_padded(window) for _, window in windows) // self._runtime.threads))
        batches = list(_batches(windows, budget))
        run = Run(encodings, self._tags)
        for batch in batches:
            call = partial(self._encode, run, batch)
            run.add(call if pool is None or len(batches) == 1 else pool.submit(call).result)
        return run

    def _encode(self, run: Run, batch: Batch) -> None:
        length = min(max(_padded(window) for _, window in batch), self._settings.window + 2)
        ids: Ints = np.full((len(batch), length), self._encoder.pad_id, dtype=np.int64)
        mask: Ints = np.zeros((len(batch), length), dtype=np.int64)
        for row, (index, window) in enumerate(batch):
            count = window.end - window.start
            ids[row, 0] = self._encoder.cls_id
            ids[row, 1 : count + 1] = run.encodings[index].ids[window.start : window.end]
            ids[row, count + 1] = self._encoder.sep_id
            mask[row, : count + 2] = 1
        run.put(batch, *self._runtime.encode(ids, mask))


def _zeros(rows: int, columns: int) -> Floats:
    """[rows, columns] zeros. A large array's pages are taken as they are filled, and given back at once.

    The heap does neither once it has grown: two sections' hidden states would stay with the process.
    """
    if rows * columns < MAPPED_VALUES:
        return np.zeros((rows, columns), dtype=np.float32)
    return np.frombuffer(mmap.mmap(-1, 4 * rows * columns), dtype=np.float32).reshape(rows, columns)


def _padded(window: Window) -> int:
    """A window's length with its special tokens and padding."""
    return -(-(window.end - window.start + 2) // PAD_MULTIPLE) * PAD_MULTIPLE


def _batches(windows: Batch, token_budget: int) -> Iterator[Batch]:
    """Windows of like length together, within the budget of tokens."""
    ordered = sorted(windows, key=lambda item: item[1].end - item[1].start, reverse=True)
    at = 0
    while at < len(ordered):
        count = max(1, token_budget // _padded(ordered[at][1]))
        yield ordered[at : at + count]
        at += count
