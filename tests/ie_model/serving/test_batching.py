from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import pytest

from ie_model.document import Document
from ie_model.serving.batching import Batcher, Job
from ie_model.serving.metrics import Metrics
from ie_model.serving.problems import Problem


class Recorder:
    """Stands for the extractor: notes its calls, and waits where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], str | None, float]] = []
        self.started = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def __call__(self, texts: Sequence[str], published: str | None, min_score: float) -> list[Document]:
        self.started.set()
        assert self.go.wait(10)
        self.calls.append((list(texts), published, min_score))
        if any("毒" in text for text in texts):
            raise ValueError("秘密")
        return [Document(text, published=published) for text in texts]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def batcher(recorder: Recorder) -> Iterator[Batcher]:
    batcher = Batcher(recorder, lane="short", queue_chars=10, batch_chars=6, metrics=Metrics())
    batcher.start()
    yield batcher
    recorder.go.set()
    batcher.close(10)


def hold(batcher: Batcher, recorder: Recorder) -> Job:
    """Keep the thread busy with a first job, so that what comes next has to wait."""
    recorder.go.clear()
    job = Job("first")
    batcher.submit([job])
    assert recorder.started.wait(10)
    return job


def test_a_job_gets_its_document_and_its_name(batcher: Batcher) -> None:
    job = Job("林知远", id="a", published="2023")
    batcher.submit([job])
    assert job.future.result(10) == Document("林知远", id="a", published="2023")


def test_what_waits_runs_together_in_order_and_within_the_batch(batcher: Batcher, recorder: Recorder) -> None:
    first = hold(batcher, recorder)
    jobs = [Job(text) for text in ("aa", "bb", "cc", "d", "eeeeeeeeeeee", "f")]
    batcher.submit(jobs)
    recorder.go.set()
    assert [job.future.result(10).text for job in (first, *jobs)] == ["first", *(job.text for job in jobs)]
    assert [call[0] for call in recorder.calls] == [["first"], ["aa", "bb", "cc"], ["d"], ["eeeeeeeeeeee"], ["f"]]


def test_texts_of_different_options_never_share_a_call(batcher: Batcher, recorder: Recorder) -> None:
    hold(batcher, recorder)
    jobs = [Job("a", published="2023"), Job("b"), Job("c", published="2023"), Job("d", min_score=0.5)]
    batcher.submit(jobs)
    recorder.go.set()
    for job in jobs:
        assert job.future.result(10).published == job.published
    assert recorder.calls[1:] == [(["a", "c"], "2023", 0.0), (["b"], None, 0.0), (["d"], None, 0.5)]


def test_a_full_queue_says_when_to_come_back(batcher: Batcher, recorder: Recorder) -> None:
    hold(batcher, recorder)
    batcher.check_room(1000)  # an empty queue takes any request
    batcher.submit([Job("12345678")])
    batcher.check_room(2)
    with pytest.raises(Problem) as caught:
        batcher.check_room(3)
    assert caught.value.status == 429
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 60
    recorder.go.set()


def test_a_cancelled_job_never_runs(batcher: Batcher, recorder: Recorder) -> None:
    hold(batcher, recorder)
    dropped, kept = Job("dropped"), Job("kept")
    batcher.submit([dropped, kept])
    assert dropped.future.cancel()
    recorder.go.set()
    assert kept.future.result(10).text == "kept"
    assert [call[0] for call in recorder.calls] == [["first"], ["kept"]]


def test_one_bad_text_costs_no_other_its_answer(
    batcher: Batcher, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    hold(batcher, recorder)
    jobs = [Job("a"), Job("毒"), Job("b")]
    with caplog.at_level(logging.INFO):
        batcher.submit(jobs)
        recorder.go.set()
        assert jobs[0].future.result(10).text == "a"
        assert jobs[2].future.result(10).text == "b"
        error = jobs[1].future.exception(10)
    assert isinstance(error, Problem)
    assert error.status == 500
    assert "ValueError at " in caplog.text
    assert "test_batching.py" in caplog.text
    assert "毒" not in caplog.text
    assert "秘密" not in caplog.text


def test_closing_finishes_what_waits_and_takes_no_more(batcher: Batcher, recorder: Recorder) -> None:
    first = hold(batcher, recorder)
    waiting = Job("w")
    batcher.submit([waiting])
    closing = threading.Thread(target=batcher.close, args=(10,))
    closing.start()
    recorder.go.set()
    closing.join(10)
    assert first.future.result(0).text == "first"
    assert waiting.future.result(0).text == "w"
    with pytest.raises(Problem) as caught:
        batcher.check_room(1)
    assert caught.value.status == 503


def test_closing_gives_up_what_does_not_end(recorder: Recorder) -> None:
    batcher = Batcher(recorder, lane="short", queue_chars=10, batch_chars=6, metrics=Metrics())
    batcher.start()
    hold(batcher, recorder)
    waiting = Job("w")
    batcher.submit([waiting])
    batcher.close(0.05)
    with pytest.raises(CancelledError):
        waiting.future.result(0)
    recorder.go.set()


def test_empty_texts_fill_a_queue_too(batcher: Batcher, recorder: Recorder) -> None:
    hold(batcher, recorder)
    batcher.submit([Job("") for _ in range(10)])
    with pytest.raises(Problem):
        batcher.check_room(1)
    recorder.go.set()
