"""How the server does: throughput beside `pipe`, latency of a paragraph, and 200 clients at twice the capacity.

    python -m training.benchmark_http --threads 1 --output results/http.json

It starts `ie-model serve` as a process of its own and asks it over the loopback interface. Client and server share
the machine, so on few cores the client's own work counts against the server.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ie_model.cores import available_cores
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from training.command import argument_parser, reported
from training.http_client import Connection
from training.report import check_writable, command_of, weights_fingerprint, write_results

SEEDS = Path("seeds")
#: Characters of a paragraph: shorter lines are headings, longer ones are rare.
SHORTEST, LONGEST = 40, 400
#: Characters that may wait in the server: some eighty paragraphs, so that the overload fills the queue.
QUEUE_CHARS = 8192
#: Clients of the throughput figure, and of the overload.
FEW, MANY = 64, 200


def paragraphs(folder: Path) -> list[str]:
    """The paragraphs of the articles in a folder."""
    lines = (line for file in sorted(folder.glob("*.txt")) for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if SHORTEST <= len(line) <= LONGEST]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, int]]:
    """A server on a free port: its host and port."""
    command = [sys.executable, "-c", "from ie_model.cli import app; app()", "serve", "--port", "0", *arguments]
    log = open(os.devnull, "wb")  # noqa: SIM115  # its request lines; the first line comes through the pipe
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    drain: subprocess.Popen[bytes] | None = None
    try:
        first = next((found for line in process.stderr if (found := re.search(r"http://([\d.]+):(\d+)", line))), None)
        if first is None:
            raise RuntimeError("the server did not start")
        # Somebody has to read the log, or the pipe fills and the server waits.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
        yield first[1], int(first[2])
        if process.poll() is not None:
            raise RuntimeError("the server has died")
    finally:
        process.terminate()
        process.wait(60)
        process.stderr.close()
        if drain is not None:
            drain.wait(60)
        log.close()


def request_body(text: str) -> bytes:
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def facts(document: dict[str, Any]) -> Any:
    """A document without its scores, whose last digit depends on what else was in the batch."""
    if isinstance(document, dict):
        return {key: facts(value) for key, value in document.items() if key != "score"}
    return [facts(value) for value in document] if isinstance(document, list) else document


async def throughput(host: str, port: int, texts: Sequence[str], *, seconds: float) -> float:
    """Texts a second that FEW clients get answered, each asking again at once."""
    deadline = time.perf_counter() + seconds
    done = 0

    async def client(number: int) -> None:
        nonlocal done
        connection = Connection(host, port)
        at = number
        while time.perf_counter() < deadline:
            answer = await connection.ask("POST", "/v1/extract", request_body(texts[at % len(texts)]))
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status} without overload")
            done += 1
            at += FEW
        await connection.close()

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(FEW)))
    return done / (time.perf_counter() - started)


async def latency(host: str, port: int, texts: Sequence[str], *, requests: int) -> list[float]:
    """Milliseconds of each of some requests, one paragraph each, one after the other."""
    connection = Connection(host, port)
    found = []
    for number in range(requests):
        started = time.perf_counter()
        answer = await connection.ask("POST", "/v1/extract", request_body(texts[number % len(texts)]))
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status} without overload")
        found.append(1000 * (time.perf_counter() - started))
    await connection.close()
    return found


async def overload(
    host: str, port: int, texts: Sequence[str], expected: Sequence[Any], *, rate: float, seconds: float
) -> dict[str, Any]:
    """MANY clients that together send `rate` requests a second, whether or not they are answered.

    Returns:
        answers by status, wrong answers, failed connections, and the server's memory.
    """
    statuses: Counter[int] = Counter()
    problems: Counter[str] = Counter()
    times: list[float] = []
    memory: list[float] = []
    started = time.perf_counter()
    pause = MANY / rate

    async def ask(idle: list[Connection], at: int) -> None:
        connection = idle.pop() if idle else Connection(host, port)
        asked = time.perf_counter()
        try:
            answer = await connection.ask("POST", "/v1/extract", request_body(texts[at]))
        except OSError as error:
            problems[type(error).__name__] += 1
            await connection.close()
            return
        idle.append(connection)
        statuses[answer.status] += 1
        if answer.status == 200:
            times.append(1000 * (time.perf_counter() - asked))
            problems["wrong answer"] += facts(answer.json()) != expected[at]
        elif answer.status == 429:
            problems["429 without Retry-After"] += "retry-after" not in answer.headers
        else:
            problems[f"status {answer.status}"] += 1

    async def client(number: int) -> None:
        """Asks when it is time, even where it still waits for an answer: over one more connection."""
        chosen = random.Random(number)
        idle: list[Connection] = []
        asking = []
        due = started + pause * number / MANY
        while due < started + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asking.append(asyncio.ensure_future(ask(idle, chosen.randrange(len(texts)))))
            due += pause
        await asyncio.gather(*asking)
        for connection in idle:
            await connection.close()

    async def watch() -> None:
        connection = Connection(host, port)
        while True:
            figures = (await connection.ask("GET", "/metrics")).body.decode()
            found = re.search(r"^process_resident_memory_bytes (\S+)", figures, re.MULTILINE)
            memory.append(float(found[1]) / 2**20 if found else 0.0)
            await asyncio.sleep(1)

    watching = asyncio.ensure_future(watch())
    await asyncio.gather(*(client(number) for number in range(MANY)))
    took = time.perf_counter() - started
    watching.cancel()
    return {
        "clients": MANY,
        "seconds": round(took, 1),
        "offered a second": round(rate, 1),
        "answered": sum(statuses.values()),
        "answers by status": dict(sorted(statuses.items())),
        "problems": {name: count for name, count in problems.items() if count},
        "answered a second": round(statuses[200] / took, 1),
        "milliseconds of a 200": percentiles(times),
        "MiB at the start": round(memory[0]),
        "MiB at the half": round(memory[len(memory) // 2]),
        "MiB at most": round(max(memory)),
    }


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    # Inclusive: of few values the other method's 99th percentile is above the highest.
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"median": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def in_process(extractor: Extractor, texts: Sequence[str], *, seconds: float) -> float:
    """Texts a second of `pipe`."""
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        done += sum(1 for _ in extractor.pipe(texts))
    return done / (time.perf_counter() - started)


def measure(model: Path | None, *, threads: int, rounds: int, seconds: float, load_seconds: float) -> dict[str, Any]:
    """All figures. `pipe` and the server take turns, so that a machine's moods meet both."""
    texts = paragraphs(SEEDS)
    extractor = Extractor.load(model, threads=threads)
    expected = [facts(document.to_dict()) for document in extractor.pipe(texts)]
    arguments = [
        "--threads",
        str(threads),
        "--queue-chars",
        str(QUEUE_CHARS),
        *(["--model", str(model)] if model else []),
    ]
    with serving(*arguments) as (host, port):
        asyncio.run(throughput(host, port, texts, seconds=2.0))  # warm
        piped, served = [], []
        for _ in range(rounds):
            piped.append(in_process(extractor, texts, seconds=seconds))
            served.append(asyncio.run(throughput(host, port, texts, seconds=seconds)))
        alone = asyncio.run(latency(host, port, texts, requests=300))
        capacity = statistics.median(served)
        load = asyncio.run(overload(host, port, texts, expected, rate=2 * capacity, seconds=load_seconds))
    return {
        "paragraphs": len(texts),
        "characters of a paragraph": round(statistics.mean(map(len, texts))),
        "cores": available_cores(),
        "queue, characters": QUEUE_CHARS,
        "load average": round(os.getloadavg()[0], 1),
        "pipe, texts a second": [round(value, 1) for value in piped],
        "http, texts a second": [round(value, 1) for value in served],
        "http / pipe": round(statistics.median(served) / statistics.median(piped), 3),
        "milliseconds of one paragraph, one client": percentiles(alone),
        "overload": load,
    }


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser(
        "Measure the server: throughput beside `pipe`, latency, and twice the load that it can take."
    )
    parser.add_argument("--model", type=Path, help="a model folder instead of the packaged model")
    parser.add_argument("--threads", type=int, default=0, help="threads of the model, here and in the server")
    parser.add_argument("--rounds", type=int, default=3, help="turns of pipe and server")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each turn")
    parser.add_argument("--load-seconds", type=float, default=60.0, help="of the overload")
    parser.add_argument("--output", type=Path, help="write the figures to this file")
    given = parser.parse_args(arguments)
    if given.output is not None:
        check_writable(given.output)
    folder = ModelFolder.open(given.model).path
    report = measure(
        given.model,
        threads=given.threads,
        rounds=given.rounds,
        seconds=given.seconds,
        load_seconds=given.load_seconds,
    )
    print(json.dumps(report, indent=1, ensure_ascii=False))
    if given.output is not None:
        report["weights"] = weights_fingerprint(folder)
        write_results(given.output, command=command_of("training.benchmark_http", given, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
