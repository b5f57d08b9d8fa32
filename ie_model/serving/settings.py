"""What a server allows, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: Addresses that only this machine can reach.
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ServerSettings:
    """Limits of a server. All sizes are upper bounds, so that memory is bounded too.

    Attributes:
        token: the bearer token that requests must carry; None asks for none.
        hosts: names that a request's Host may have; empty allows all. It keeps web pages that point
            a name of theirs at this machine from reading what a local server answers.
        max_chars: characters of one request, all texts together.
        max_texts: texts of one request.
        max_body: bytes of one request's body.
        held_bytes: bytes of all bodies that are held at once.
        max_requests: requests that are being answered at once.
        queue_chars: characters that wait for the model; a request beyond them is told to come back. An empty
            queue takes any request.
        batch_chars: characters that the model is given at once.
        long_chars: a text longer than this waits in a queue of its own, so that short ones need not wait for it.
        timeout: seconds until a request that the model has not answered is given up.
        body_timeout: seconds within which a request's body must have come.
        examples: a folder of .txt files that the page offers; None offers a few invented ones.
    """

    token: str | None = None
    hosts: tuple[str, ...] = ()
    max_chars: int = 1_000_000
    max_texts: int = 256
    max_body: int = 8 * 2**20
    held_bytes: int = 64 * 2**20
    max_requests: int = 512
    queue_chars: int = 65_536
    batch_chars: int = 16_384
    long_chars: int = 20_000
    timeout: float = 300.0
    body_timeout: float = 30.0
    examples: Path | None = None
