"""The client that measures the server, against a server of a few lines in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from training.http_client import Answer, Connection

Client = Callable[[Connection], Awaitable[None]]


def response(body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return f"{head}\r\n\r\n".encode() + body


@dataclass
class Server:
    """Answers each request with the next of its responses; hangs up where there is none, or after `per_connection`.

    Attributes:
        asked: the requests, as they came.
        connections: how many there have been.
    """

    responses: list[bytes]
    per_connection: int | None = None
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answered = 0
        try:
            while self.responses and answered != self.per_connection:
                head = await reader.readuntil(b"\r\n\r\n")
                size = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
                self.asked.append(head + await reader.readexactly(size))
                writer.write(self.responses.pop(0))
                await writer.drain()
                answered += 1
        except asyncio.IncompleteReadError:  # the client hung up
            pass
        finally:
            writer.close()

    def meet(self, client: Client) -> None:
        """Let a client talk to this server over a connection of its own, for at most five seconds."""

        async def talk() -> None:
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
            connection = Connection(*server.sockets[0].getsockname())
            try:
                await asyncio.wait_for(client(connection), 5)
            finally:
                await connection.close()
                server.close()

        asyncio.run(talk())


def test_one_answer() -> None:
    server = Server([response('{"text": "林知远"}'.encode(), headers=("Content-Type: application/json",))])

    async def client(connection: Connection) -> None:
        answer = await connection.ask("POST", "/v1/extract", "林".encode())
        assert (answer.status, answer.json()) == (200, {"text": "林知远"})
        assert answer.headers == {"content-length": "21", "content-type": "application/json"}

    server.meet(client)
    head, _, body = server.asked[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /v1/extract HTTP/1.1"
    assert b"Content-Length: 3" in head.split(b"\r\n")
    assert body == "林".encode()


def test_requests_share_a_connection() -> None:
    server = Server([response(b"%d" % number) for number in range(5)])

    async def client(connection: Connection) -> None:
        assert [(await connection.ask("GET", f"/{n}")).json() for n in range(5)] == [0, 1, 2, 3, 4]

    server.meet(client)
    assert server.connections == 1
    assert [asked.split()[1] for asked in server.asked] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_a_closed_connection_is_opened_again() -> None:
    server = Server([response(b"1"), response(b"2")], per_connection=1)

    async def client(connection: Connection) -> None:
        assert (await connection.ask("GET", "/")).json() == 1
        for _ in range(10):  # the end of the connection arrives
            await asyncio.sleep(0.005)
        assert (await connection.ask("GET", "/")).json() == 2

    server.meet(client)
    assert server.connections == 2


def test_a_server_that_says_that_it_closes() -> None:
    """Its word is taken: the next request does not go into a connection that is about to end."""
    server = Server([response(b"1", headers=("Connection: close",)), response(b"2")])

    async def client(connection: Connection) -> None:
        assert (await connection.ask("GET", "/")).headers["connection"] == "close"
        assert (await connection.ask("GET", "/")).json() == 2

    server.meet(client)
    assert server.connections == 2


def test_an_error_is_an_answer() -> None:
    busy = response(b'{"detail": "busy"}', status="429 Too Many Requests", headers=("Retry-After: 1",))
    server = Server([busy, response()])

    async def client(connection: Connection) -> None:
        answer = await connection.ask("POST", "/v1/extract", b"{}")
        assert (answer.status, answer.headers["retry-after"], answer.json()) == (429, "1", {"detail": "busy"})
        assert (await connection.ask("GET", "/")).status == 200

    server.meet(client)
    assert server.connections == 1


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", response(b"whole")[:-2]])
def test_a_server_that_hangs_up(sent: bytes) -> None:
    server = Server([sent, response(b"1")], per_connection=1)

    async def client(connection: Connection) -> None:
        with pytest.raises(ConnectionResetError, match="the server hung up"):
            await connection.ask("GET", "/")
        assert (await connection.ask("GET", "/")).json() == 1, "a new connection is as good as the first"

    server.meet(client)
    assert server.connections == 2


def test_no_server() -> None:
    async def client() -> None:
        server = await asyncio.start_server(Server([]).serve, "127.0.0.1", 0)
        connection = Connection(*server.sockets[0].getsockname())
        server.close()
        await server.wait_closed()
        with pytest.raises(OSError, match="Connect call failed"):
            await connection.ask("GET", "/")

    asyncio.run(asyncio.wait_for(client(), 5))


def test_closing_twice() -> None:
    async def client(connection: Connection) -> None:
        await connection.close()
        assert (await connection.ask("GET", "/")) == Answer(200, {"content-length": "2"}, b"{}")
        await connection.close()
        await connection.close()

    Server([response()]).meet(client)
