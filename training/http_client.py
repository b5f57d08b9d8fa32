"""A plain HTTP client for measuring: one kept connection, no work beyond the request itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A response, read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection to a local server; opened when it is needed, and again where the server closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Send a request and read its answer.

        Raises:
            OSError: the server cannot be reached or hung up.
        """
        if self._streams is not None and self._streams[0].at_eof():  # the server closed an idle connection
            await self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        try:
            await writer.drain()
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            content = await reader.readexactly(int(headers["content-length"]))
        except asyncio.IncompleteReadError as error:
            await self.close()
            raise ConnectionResetError("the server hung up") from error
        if headers.get("connection") == "close":
            await self.close()
        return Answer(int(lines[0].split(" ")[1]), headers, content)

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
