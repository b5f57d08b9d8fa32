"""The guards around the application, over small applications of the tests' own."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ie_model.serving.guard import Admitted, Limited, Observed
from ie_model.serving.metrics import Metrics
from ie_model.serving.settings import ServerSettings


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("林知远离职")


def ask(
    app: ASGIApp,
    *,
    body: Sequence[bytes] = (b"",),
    headers: dict[str, str] | None = None,
    path: str = "/v1/extract",
    stalls: bool = False,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to one request, whose body comes in pieces."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": at < len(body) - 1 or stalls}
        for at, piece in enumerate(body)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    asyncio.run(app(scope, receive, send))
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message["body"] for message in sent if message["type"] == "http.response.body")
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, content


def guarded(app: ASGIApp = echo, **settings: object) -> Observed:
    given = ServerSettings(**settings)  # type: ignore[arg-type]
    return Observed(Admitted(Limited(app, settings=given), settings=given), metrics=Metrics())


def test_a_body_comes_through_whole() -> None:
    status, headers, body = ask(guarded(), body=[b"ab", b"", b"cd"])
    assert (status, body) == (200, b"abcd")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "11"}, {"Content-Length": "x"}])
def test_a_body_has_its_limit_declared_or_not(headers: dict[str, str]) -> None:
    status, answer, body = ask(guarded(max_body=10), body=[b"123456", b"78901"], headers=headers)
    assert status == 413
    assert answer["connection"] == "close"
    assert json.loads(body) == {"error": "the body is larger than 10 bytes; send fewer texts at once"}


def test_all_bodies_together_have_theirs() -> None:
    status, answer, _ = ask(guarded(held_bytes=10), body=[b"123456", b"78901"])
    assert status == 429
    assert answer["retry-after"] == "2"


def test_what_was_held_is_given_back() -> None:
    app = guarded(held_bytes=10)
    for _ in range(3):
        assert ask(app, body=[b"12345678"])[0] == 200
        assert ask(app, body=[b"12345678", b"901"])[0] == 429


def test_only_so_many_requests_at_once() -> None:
    assert ask(guarded(max_requests=0))[0] == 429
    assert ask(guarded(max_requests=0), path="/healthz")[0] == 200


def test_a_body_has_its_time() -> None:
    status, _, body = ask(guarded(body_timeout=0.05), body=[b"1"], stalls=True)
    assert status == 408
    assert b"within 0.05 s" in body


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic secret", "Bearer", "Bearer sécret"])
def test_the_token_is_asked_for(header: str | None) -> None:
    app = guarded(token="secret")
    status, answer, _ = ask(app, headers={"Authorization": header} if header else {})
    assert status == 401
    assert answer["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer secret", "bearer secret", "BEARER  secret "])
def test_the_token_opens(header: str) -> None:
    assert ask(guarded(token="secret"), headers={"Authorization": header})[0] == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/static/app.js", 200), ("/healthz", 200), ("/metrics", 401), ("/view", 401)]
)
def test_the_page_and_the_health_check_need_no_token(path: str, status: int) -> None:
    assert ask(guarded(token="secret"), path=path)[0] == status


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "LOCALHOST", "[::1]:8080", "[::1]", "127.0.0.1:1"])
def test_known_hosts(host: str) -> None:
    assert ask(guarded(hosts=("localhost", "::1", "127.0.0.1")), headers={"Host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "", "localhost.evil.example", "[::2]"])
def test_a_name_that_somebody_points_here_is_refused(host: str) -> None:
    status, _, body = ask(guarded(hosts=("localhost", "::1")), headers={"Host": host})
    assert status == 400
    assert b"--allowed-host" in body


def test_a_failure_is_an_answer_and_its_message_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        status, _, body = ask(guarded(broken), path="/v1/林知远")
    assert status == 500
    assert json.loads(body) == {"error": "the server failed; its log says where"}
    assert "RuntimeError at " in caplog.text
    assert "林知远" not in caplog.text + body.decode()
    assert "POST other 500" in caplog.text
