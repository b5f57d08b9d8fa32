"""Worker processes: order, death, and that none is left behind."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ie_model.batch.chunks import Chunk, ExtractorSpec, Result, work
from ie_model.batch.local import WINDOW, run_here, run_workers
from ie_model.batch.sources import Cursor
from ie_model.errors import IEModelError, InputError, ModelError
from ie_model.extractor import Extractor
from ie_model.records import BadRecord, Place, Record
from tests.ie_model.batch.files import records


def some_chunks(count: int, *, size: int = 3) -> Iterator[Chunk]:
    given = itertools.cycle(records(50))
    for index in range(count):
        found = [
            Record(Place("f", "line", i), r["id"], r["text"]) for i, r in enumerate(itertools.islice(given, size))
        ]
        yield Chunk(index, tuple(found), Cursor(record=index))


def plain(results: list[Result]) -> list[Result]:
    return [replace(result, worker="") for result in results]


def unwarned(message: str) -> None:
    raise AssertionError(message)


def test_workers_give_what_one_process_gives_in_order(model_dir: Path, extractor: Extractor) -> None:
    spec = ExtractorSpec(model_dir)
    sizes = (1, 12, 1, 1, 8, 2)  # so that later chunks are done earlier
    given = [replace(next(some_chunks(1, size=size)), index=i) for i, size in enumerate(sizes)]
    expected = [work(extractor, chunk) for chunk in given]
    assert plain(list(run_here(iter(given), spec))) == plain(expected)
    found = list(run_workers(iter(given), spec, workers=2, warn=unwarned))
    assert plain(found) == plain(expected)
    assert 1 <= len({result.worker for result in found}) <= 2
    assert not {result.worker for result in found} & {result.worker for result in expected}


def test_the_input_is_not_read_far_ahead(model_dir: Path) -> None:
    handed_out = 0

    def counted() -> Iterator[Chunk]:
        nonlocal handed_out
        for chunk in some_chunks(20):
            handed_out += 1
            yield chunk

    results = run_workers(counted(), ExtractorSpec(model_dir), workers=2, warn=unwarned)
    for done, _ in enumerate(results):
        assert handed_out <= done + 2 * WINDOW + 2
    assert handed_out == 20


def test_a_killed_worker_is_replaced_and_nothing_is_lost(model_dir: Path, extractor: Extractor) -> None:
    given = list(some_chunks(8))
    warnings: list[str] = []
    found: list[Result] = []
    for result in run_workers(iter(given), ExtractorSpec(model_dir), workers=2, warn=warnings.append):
        found.append(result)
        if result.index == 1:
            os.kill(int(result.worker.partition(":")[2]), signal.SIGKILL)
    assert plain(found) == plain([work(extractor, chunk) for chunk in given])
    assert len(warnings) == 1
    assert "was killed by signal 9; records f:0 to f:2 are done again" in warnings[0]


def test_a_chunk_that_kills_its_workers_ends_the_run(model_dir: Path) -> None:
    given = [*some_chunks(1), Chunk(1, (Deadly(Place("f", "line", 9), "boom"),), Cursor())]
    warnings: list[str] = []
    results = run_workers(iter(given), ExtractorSpec(model_dir), workers=1, warn=warnings.append)
    assert next(results).index == 0
    with pytest.raises(IEModelError) as caught:
        next(results)
    assert str(caught.value).startswith(
        "records f:9 to f:9 were the end of 2 worker processes (the last one ended with"
    )
    assert len(warnings) == 1


def test_an_engine_that_is_broken_ends_the_run(model_dir: Path) -> None:
    given = [*some_chunks(1), Chunk(1, (Breaking(Place("f"), "why"),), Cursor())]
    results = run_workers(iter(given), ExtractorSpec(model_dir), workers=1, warn=unwarned)
    assert next(results).index == 0
    with pytest.raises(IEModelError, match="broken for good"):
        next(results)


class Breaking(BadRecord):
    """A record with which the worker finds that its engine is broken, as a GPU may be."""

    def to_dict(self) -> dict[str, object]:
        raise IEModelError("broken for good")


class Deadly(BadRecord):
    """A record that ends the process which looks at it, as one that needs too much memory might."""

    def to_dict(self) -> dict[str, object]:
        os._exit(3)


def test_a_model_that_cannot_be_loaded_is_told_as_ever(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{tmp_path}: the model folder lacks config.json"):
        list(run_workers(some_chunks(1), ExtractorSpec(tmp_path), workers=2, warn=unwarned))


def test_an_error_of_the_input_ends_the_run_and_its_processes(model_dir: Path) -> None:
    def broken() -> Iterator[Chunk]:
        yield from some_chunks(3)
        raise InputError("in.jsonl: damaged")

    before = children()
    with pytest.raises(InputError, match="damaged"):
        list(run_workers(broken(), ExtractorSpec(model_dir), workers=2, warn=unwarned))
    assert children() <= before


def children() -> set[int]:
    import psutil

    # Python's resource tracker stays, as long as this process does.
    return {p.pid for p in psutil.Process().children() if "resource_tracker" not in " ".join(p.cmdline())}


def test_when_the_main_process_is_killed_its_workers_end(model_dir: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    import psutil

    code = """
import sys
from tests.ie_model.batch.test_local import ExtractorSpec, Path, run_workers, some_chunks
for result in run_workers(some_chunks(100_000), ExtractorSpec(Path(sys.argv[1])), workers=2, warn=print):
    print(result.index, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code, model_dir], stdout=subprocess.PIPE, text=True) as main:
        assert main.stdout is not None
        assert main.stdout.readline() == "0\n"
        workers = psutil.Process(main.pid).children()
        assert len(workers) >= 2
        main.kill()
    deadline = time.monotonic() + 30
    while any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers):
        assert time.monotonic() < deadline, workers
        time.sleep(0.05)
