"""What stands around the application: counted, logged without a word of text, and limited.

Plain ASGI: each class wraps an application. Bodies are read here, within their limits and their
time, before the application sees a request.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ie_model.serving import problems
from ie_model.serving.metrics import Metrics
from ie_model.serving.settings import ServerSettings
from ie_model.serving.tracebacks import where

log = logging.getLogger("ie_model.serving")

#: Everything that the page needs comes from its own origin; nothing else may run or load.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
#: Paths that answer without a token: the page itself, which then asks for it, and the health check.
_OPEN = ("/", "/healthz")
_OPEN_BELOW = "/static/"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """Counts and logs requests, adds the security headers, and turns what fails into an answer."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        # Whatever can be got can be asked for its head; the server that runs this sends no body then.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        self._metrics.in_flight.inc()
        try:
            await self._app(asked, receive, observed)
        except problems.Problem as problem:
            await answer(problem, observed)
        except Exception as error:
            log.error("request failed: %s", where(error))
            if not status:
                await answer(problems.failed(), observed)
        finally:
            self._metrics.in_flight.dec()
            self._count(scope["method"], asked, status, time.perf_counter() - started)

    def _count(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, never the path: a path can hold anything that somebody typed.
        route = getattr(scope.get("route"), "path", "other")
        method = method if method in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        log.info("%s %s %d %.0f ms", method, route, status, seconds * 1000)


class Admitted:
    """Lets through what names a known host and carries the token."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self._app = app
        self._hosts = frozenset(settings.hosts)
        self._token = settings.token.encode() if settings.token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if self._hosts and _host_name(headers.get(b"host", b"")) not in self._hosts:
                raise problems.unknown_host()
            path = scope["path"]
            if self._token and path not in _OPEN and not path.startswith(_OPEN_BELOW):
                scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
                if scheme.lower() != b"bearer" or not hmac.compare_digest(token.strip(), self._token):
                    raise problems.unauthorized()
        await self._app(scope, receive, send)


class Limited:
    """Reads each body within its limits of size and time, and holds only so many at once."""

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._held = 0
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        if self._requests >= self._settings.max_requests:
            raise problems.busy(1)
        body: list[bytes] = []
        self._requests += 1
        try:
            try:
                await asyncio.wait_for(self._read(scope, receive, body), self._settings.body_timeout)
            except TimeoutError:
                raise problems.slow_body(self._settings.body_timeout) from None
            except _ClosedError:
                return
            body[:] = [b"".join(body)]  # in one piece, which is all that is held of it
            await self._app(scope, _replayed(body[0], receive), send)
        finally:
            self._requests -= 1
            self._held -= sum(map(len, body))

    async def _read(self, scope: Scope, receive: Receive, body: list[bytes]) -> None:
        size, limit = 0, self._settings.max_body
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            raise problems.body_too_large(limit)
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _ClosedError
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise problems.body_too_large(limit)
            if self._held + len(chunk) > self._settings.held_bytes:
                raise problems.busy(2)
            body.append(chunk)
            self._held += len(chunk)
            if not message.get("more_body", False):
                return


class _ClosedError(Exception):
    """The client went away before its body had come."""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body in one message, then whatever the connection brings."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay


async def answer(problem: problems.Problem, send: Send) -> None:
    """Send a problem as the response."""
    body = problem.body()
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": problem.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _host_name(value: bytes) -> str:
    """The name in a Host header, without its port and brackets."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.rpartition(":")[2].isdigit() and ":" in text else text
