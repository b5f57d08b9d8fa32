"""What the server answers where it cannot do what was asked: a status, and one line with the remedy."""

from __future__ import annotations

import json
import math


class Problem(Exception):
    """An answer that is not 200.

    Attributes:
        status: the HTTP status.
        message: what is wrong and what to do about it; it never holds any of the text.
        headers: header fields that go with the status.
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def body(self) -> bytes:
        """The JSON of every answer that is not a success."""
        return json.dumps({"error": self.message}).encode()


def busy(seconds: float) -> Problem:
    wait = str(min(60, max(1, math.ceil(seconds))))
    return Problem(429, f"the server has as much to do as it can hold; try again in {wait} s", {"Retry-After": wait})


def body_too_large(limit: int) -> Problem:
    # The rest of the body is not read, so the connection cannot be used again.
    return Problem(413, f"the body is larger than {limit} bytes; send fewer texts at once", {"Connection": "close"})


def too_many_characters(found: int, limit: int) -> Problem:
    return Problem(413, f"{found} characters in one request; send at most {limit} at once")


def too_much_evidence(found: int, limit: int) -> Problem:
    return Problem(413, f"{found} characters of evidence in one request; send at most {limit}, so fewer documents")


def too_many_texts(found: int, limit: int) -> Problem:
    return Problem(413, f"{found} texts in one request; send at most {limit} at once")


def slow_body(seconds: float) -> Problem:
    return Problem(
        408, f"the body did not come within {seconds:g} s; send it again, or in parts", {"Connection": "close"}
    )


def timed_out(seconds: float) -> Problem:
    return Problem(504, f"no answer within {seconds:g} s; send fewer or shorter texts, or start with --timeout")


def unauthorized() -> Problem:
    return Problem(
        401, "a bearer token is needed; send the header Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
    )


def unknown_host() -> Problem:
    return Problem(400, "this server does not answer to that host name; start it with --allowed-host NAME")


def invalid(message: str) -> Problem:
    return Problem(422, message)


def not_json() -> Problem:
    return invalid("the body is not JSON; send an object as /openapi.json describes it")


def not_said_to_be_json() -> Problem:
    return invalid("the body is not said to be JSON; send it with the header Content-Type: application/json")


def unreadable_body() -> Problem:
    return Problem(
        400,
        "the body is not UTF-8 JSON; send it as UTF-8, not compressed, "
        "without deep nesting or numbers of thousands of digits",
    )


def failed() -> Problem:
    return Problem(500, "the server failed; its log says where")


def stopping() -> Problem:
    return Problem(503, "the server is shutting down; try again later", {"Retry-After": "10"})
