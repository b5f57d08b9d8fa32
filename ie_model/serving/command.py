"""`ie-model serve`: the server on the command line."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ie_model import errors
from ie_model.serving.settings import LOOPBACK, ServerSettings

if TYPE_CHECKING:
    from ie_model.document import Document
    from ie_model.server import Application


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at; the default is reached from this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8080,
    model: Annotated[Path | None, typer.Option(help="A model folder instead of the packaged model.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="The model's threads; 0: one for each core.")] = 0,
    token: Annotated[str | None, typer.Option(envvar="IE_MODEL_TOKEN", show_envvar=True, help="Ask requests for this bearer token.")] = None,
    allowed_host: Annotated[list[str] | None, typer.Option(help="A host name to answer to, besides this machine's own; repeat for more.")] = None,
    examples: Annotated[Path | None, typer.Option(help="A folder of .txt files that the page offers as examples.")] = None,
    max_chars: Annotated[int, typer.Option(min=1, help="Most characters of one request.")] = 1_000_000,
    queue_chars: Annotated[int, typer.Option(min=1, help="Characters that may wait before requests are told to come back (429).")] = 65_536,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until a request is given up.")] = 300.0,
) -> None:  # fmt: skip
    """Serve the HTTP API, and a page for people, until it is stopped."""
    token = (token or "").strip()  # files of secrets end in a line break
    try:
        if not math.isfinite(timeout):
            raise errors.InputError(f"--timeout {timeout}: give a finite number of seconds")
        names = (*LOOPBACK, *(allowed_host or ())) if host in LOOPBACK or allowed_host else ()
        settings = ServerSettings(
            token=token or None,
            hosts=tuple(name.lower() for name in names),
            max_chars=max_chars,
            queue_chars=queue_chars,
            timeout=timeout,
            examples=examples,
        )
        listener = _listen(host, port)
        app = _load(model, threads, settings)
    except errors.IEModelError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    if host not in LOOPBACK and not token:
        print(f"warning: {host} can be reached from elsewhere and asks for no token; see --token", file=sys.stderr)
    _run(app, listener, settings.timeout)


def _load(model: Path | None, threads: int, settings: ServerSettings) -> Application:
    from ie_model.extractor import Extractor
    from ie_model.labelstudio.backend import router
    from ie_model.labelstudio.exporting import model_version, to_task
    from ie_model.labelstudio.interface import Interface

    try:
        import uvicorn  # noqa: F401

        from ie_model.server import create_app
    except ImportError:
        raise errors.missing_extra("fastapi, uvicorn or prometheus-client", "serve") from None
    extractor, version = Extractor.load(model, threads=threads), model_version(model)

    interface = Interface.of_labels(extractor.labels)

    def tasks(documents: Sequence[Document]) -> str:
        return json.dumps([to_task(document, interface=interface, version=version) for document in documents])

    calls = router(extractor, version=version, max_chars=settings.max_chars, max_tasks=settings.max_texts)
    return create_app(extractor, settings, label_studio=tasks, routers=[calls])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port in use is one line of complaint and no traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With its protocol, or asyncio does not take it for TCP and leaves Nagle's algorithm on: an answer's body
        # would wait for the client to acknowledge its head, which takes 40 ms.
        listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)  # who comes before the server runs waits for it
    except (OSError, UnicodeError) as error:  # the latter of a name that cannot be one, such as a..b
        reason = (isinstance(error, OSError) and error.strerror) or errors.first_line(error)
        raise errors.InputError(
            f"{host}:{port}: cannot listen there ({reason}); choose another --host or --port"
        ) from None
    return listener


def _run(app: Application, listener: socket.socket, timeout: float) -> None:
    import uvicorn

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("ie_model.serving").setLevel(logging.INFO)
    config = uvicorn.Config(
        app,
        access_log=False,  # the application writes its own, which never holds a path that somebody typed
        log_config=None,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(timeout)),
    )
    name, port = listener.getsockname()[:2]
    shown = f"[{name}]" if ":" in name else name
    print(f"ie-model serves http://{shown}:{port} — stop it with Ctrl+C", file=sys.stderr, flush=True)
    # uvicorn repeats the signal that stopped it once all is done: a stop on request is a success.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
