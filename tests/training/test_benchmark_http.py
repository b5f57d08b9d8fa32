"""What the benchmark of the server computes, and its clients against a server in the same process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from training import benchmark_http
from training.benchmark_http import facts, latency, overload, paragraphs, percentiles, request_body, throughput

Result = TypeVar("Result")
#: The line of a status, more headers, and the body.
Answered = tuple[str, tuple[str, ...], bytes]
#: … of a request for a text.
Reply = Callable[[str], Answered]
MEMORY: Answered = ("200 OK", (), b"process_resident_memory_bytes 1.048576e+08\n")


def document(text: str) -> dict[str, Any]:
    return {"text": text, "entities": [{"label": "PERSON", "score": 0.5}]}


def right(text: str) -> Answered:
    return "200 OK", (), json.dumps(document(text)).encode()


def served(reply: Reply, client: Callable[[str, int], Awaitable[Result]]) -> Result:
    """What a client gets of a server that replies so to every text, and tells its memory; within five seconds."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
                asked = await reader.readexactly(size)
                of_memory = head.startswith(b"GET /metrics ")
                status, headers, body = MEMORY if of_memory else reply(json.loads(asked)["text"])
                lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):  # the client hung up
            writer.close()

    async def meet() -> Result:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            return await asyncio.wait_for(client(*server.sockets[0].getsockname()), 5)
        finally:
            server.close()

    return asyncio.run(meet())


@pytest.fixture(autouse=True)
def _fewer_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_http, "FEW", 3)
    monkeypatch.setattr(benchmark_http, "MANY", 4)


def test_percentiles() -> None:
    assert percentiles([float(value) for value in range(101)]) == {"median": 50.0, "p99": 99.0}
    assert percentiles([3.0, 1.0, 2.0]) == {"median": 2.0, "p99": 3.0}
    assert percentiles([2.04, 2.04]) == {"median": 2.0, "p99": 2.0}


def test_paragraphs_are_neither_headings_nor_very_long(tmp_path: Path) -> None:
    for name, lines in {
        "b.txt": ["乙" * 40, "丙" * 401],
        "a.txt": ["标题", "甲" * 400],
        "c.json": ["丁" * 50],
    }.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    assert paragraphs(tmp_path) == ["甲" * 400, "乙" * 40]


def test_a_request_keeps_its_characters() -> None:
    assert request_body("林知远") == '{"text": "林知远"}'.encode()


def test_facts_are_a_document_without_scores() -> None:
    spans = [{"label": "PERSON", "score": 0.9}, {"label": "ORG", "score": 0.8, "date": {"score": 1.0, "value": None}}]
    plain = [{"label": "PERSON"}, {"label": "ORG", "date": {"value": None}}]
    assert facts({"text": "林", "entities": spans, "score": 1}) == {"text": "林", "entities": plain}


def test_latency_asks_every_text_in_turn() -> None:
    asked: list[str] = []

    def reply(text: str) -> Answered:
        asked.append(text)
        return right(text)

    found = served(reply, lambda host, port: latency(host, port, ["甲", "乙"], requests=5))
    assert asked == ["甲", "乙", "甲", "乙", "甲"]
    assert len(found) == 5
    assert all(0 < milliseconds < 5000 for milliseconds in found)


def test_throughput_counts_what_is_answered() -> None:
    asked: list[str] = []

    def reply(text: str) -> Answered:
        asked.append(text)
        return right(text)

    rate = served(reply, lambda host, port: throughput(host, port, ["甲", "乙", "丙", "丁"], seconds=0.1))
    assert {"甲", "乙", "丙"} <= set(asked) <= {"甲", "乙", "丙", "丁"}
    assert 0 < rate <= len(asked) / 0.1


def test_an_error_without_overload_is_no_figure() -> None:
    def reply(text: str) -> Answered:
        return "503 Service Unavailable", (), b"{}"

    with pytest.raises(RuntimeError, match="status 503 without overload"):
        served(reply, lambda host, port: latency(host, port, ["甲"], requests=1))
    with pytest.raises(RuntimeError, match="status 503 without overload"):
        served(reply, lambda host, port: throughput(host, port, ["甲"], seconds=0.1))


def under_load(reply: Reply) -> dict[str, Any]:
    texts = ["甲", "乙"]
    expected = [facts(document(text)) for text in texts]
    return served(reply, lambda host, port: overload(host, port, texts, expected, rate=200, seconds=0.2))


def test_overload_counts_statuses_and_memory() -> None:
    seen: list[str] = []

    def reply(text: str) -> Answered:
        seen.append(text)
        return right(text) if len(seen) % 2 else ("429 Too Many Requests", ("Retry-After: 1",), b"{}")

    found = under_load(reply)
    assert found["answered"] == len(seen) == sum(found["answers by status"].values())
    assert set(found["answers by status"]) == {200, 429}
    assert (found["clients"], found["offered a second"], found["problems"]) == (4, 200, {})
    assert found["MiB at the start"] == found["MiB at most"] == 100


def test_overload_tells_what_went_wrong() -> None:
    seen: list[str] = []

    def reply(text: str) -> Answered:
        seen.append(text)
        wrong = ("200 OK", (), b'{"text": "?"}'), ("429 Too Many Requests", (), b"{}"), ("500 Oh", (), b"{}")
        return (right(text), *wrong)[len(seen) % 4]

    problems = under_load(reply)["problems"]
    assert set(problems) == {"wrong answer", "429 without Retry-After", "status 500"}
    assert sum(problems.values()) == pytest.approx(0.75 * len(seen), abs=2)


def test_mistakes_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_http.main(["--model", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'nowhere'}: no such folder; ")
    assert benchmark_http.main(["--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: cannot be written (Is a directory); choose another path\n"


def test_the_command_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "http.json"
    arguments = ["--threads", "1", "--output", str(output)]
    asked: list[dict[str, Any]] = []

    def measured(model: Path | None, **options: Any) -> dict[str, Any]:
        asked.append({"model": model, **options})
        return {"cores": 2}

    monkeypatch.setattr(benchmark_http, "measure", measured)
    monkeypatch.setattr(benchmark_http, "weights_fingerprint", lambda _: "0123")
    assert benchmark_http.main(arguments) == 0
    assert asked == [{"model": None, "threads": 1, "rounds": 3, "seconds": 10.0, "load_seconds": 60.0}]
    result = json.loads(output.read_text(encoding="utf-8"))
    assert result["command"] == "python -m training.benchmark_http --threads 1"
    assert (result["cores"], result["weights"]) == (2, "0123")
    assert json.loads(capsys.readouterr().out)["cores"] == 2
