"""Refusals and failures of a server, from a small stand-in that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ie_model.errors import IEModelError, InputError
from ie_model.labelstudio import server as module
from ie_model.labelstudio.errors import ServerError
from ie_model.labelstudio.server import Server

VERSION = {"release": "1.23.2"}
USER = {"id": 1, "email": "a@x.org"}
PROJECT = {"id": 4, "title": "mine", "label_config": "<View/>", "model_version": ""}


class Stub(ThreadingHTTPServer):
    """Answers each path with the next of its answers, the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[tuple[int, Any]]] = {
            "/api/version": [(200, VERSION)],
            "/api/current-user/whoami": [(200, USER)],
        }
        self.asked: list[str] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        stub = self.server
        assert isinstance(stub, Stub)
        path = self.path.split("?")[0].rstrip("/")
        stub.asked.append(path)
        answers = stub.answers.get(path, [(404, {"detail": "Not found."})])
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if body == "hang":
            stub.release.wait(20)
            return
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    server = Stub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def connect(stub: Stub, **options: Any) -> Server:
    return Server.connect(stub.url + "/", **{"token": "t", **options})


def test_a_connection(stub: Stub) -> None:
    stub.answers["/api/projects/4"] = [(200, PROJECT)]
    project = connect(stub).project("4")
    assert project is not None
    assert (project.number, project.title, project.config) == (4, "mine", "<View/>")


def test_the_environment_names_server_and_token(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", stub.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "t\n")
    assert Server.connect().url == stub.url
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    with pytest.raises(InputError, match="no access token; set LABEL_STUDIO_API_KEY"):
        Server.connect()
    monkeypatch.delenv("LABEL_STUDIO_URL")
    with pytest.raises(InputError, match="pass --url or set LABEL_STUDIO_URL"):
        Server.connect()


@pytest.mark.parametrize("token", ["秘", "a\nb"])
def test_a_token_that_no_request_can_carry(stub: Stub, token: str) -> None:
    with pytest.raises(
        InputError, match="has characters that no token has; copy it to LABEL_STUDIO_API_KEY"
    ) as caught:
        connect(stub, token=token)
    assert token not in str(caught.value)
    assert stub.asked == []
    with pytest.raises(InputError, match="no access token"):
        connect(stub, token=" ")


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        (
            "/api/current-user/whoami",
            (401, {"detail": "Invalid token."}),
            r"refuses the token \(401: Invalid token\.\)",
        ),
        ("/api/current-user/whoami", (403, {"detail": "No."}), r"does not let this user do that \(403\)"),
        ("/api/version", (404, {"detail": "Not found."}), "does not answer as a Label Studio does"),
        ("/api/version", (404, "<html>nginx</html>"), "does not answer as a Label Studio does"),
        ("/api/version", (200, "<html>hello</html>"), "does not answer as a Label Studio does"),
        ("/api/version", (200, {"version": 3}), "does not answer as a Label Studio does"),
        ("/api/version", (200, {"release": "2.0.1"}), r"runs Label Studio 2\.0\.1, .* \(tested with 1\.23\)"),
        ("/api/version", (418, {"detail": "teapot"}), "answered with 418: teapot; see the server's log"),
    ],
)
def test_refusals(stub: Stub, path: str, answer: tuple[int, Any], message: str) -> None:
    stub.answers[path] = [answer]
    with pytest.raises(ServerError, match=message):
        connect(stub)
    assert stub.asked.count(path) == 1, "a refusal is not asked for again"


def test_a_missing_project(stub: Stub) -> None:
    with pytest.raises(ServerError, match=r"has no project 9 \(404\); check the project's number"):
        connect(stub).project("9")


def test_a_server_that_stumbles_is_asked_again(stub: Stub) -> None:
    stub.answers["/api/projects/4"] = [(502, "<html>"), (503, {"detail": "busy"}), (200, PROJECT)]
    assert connect(stub).project("4") is not None
    assert stub.asked.count("/api/projects/4") == 3


def test_a_server_that_is_down_is_given_up(stub: Stub) -> None:
    stub.answers["/api/projects/4"] = [(500, {"detail": "boom"})]
    with pytest.raises(ServerError, match="answered with 500: boom"):
        connect(stub, retries=2).project("4")
    assert stub.asked.count("/api/projects/4") == 3


def test_a_server_that_does_not_answer(stub: Stub) -> None:
    stub.answers["/api/projects/4"] = [(200, "hang")]
    with pytest.raises(ServerError, match="did not answer within 1 s; try again"):
        connect(stub, timeout=1, retries=0).project("4")


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:9", "cannot be reached"), ("localhost:80", "begins with http"), ("http://[", "cannot be")],
)
def test_addresses_that_lead_nowhere(url: str, reason: str) -> None:
    with pytest.raises(ServerError, match=reason):
        Server.connect(url, token="t", retries=0)


def test_several_projects_of_one_title(stub: Stub) -> None:
    rows = [{**PROJECT, "id": 5}, PROJECT, {**PROJECT, "id": 6, "title": "mine too"}]
    page = (200, {"count": 3, "next": None, "previous": None, "results": rows})
    over = (404, {"detail": "Invalid page."})  # so a real server ends a list
    stub.answers["/api/projects"] = [page, over, page, over]
    with pytest.raises(ServerError, match=r"several projects are titled 'mine' \(5, 4\); name one .*--project 5"):
        connect(stub).project("mine")
    assert connect(stub).project("other") is None


def expiring(seconds: int) -> str:
    """A personal access token that runs out then."""
    import time

    import jwt

    return jwt.encode({"token_type": "refresh", "exp": int(time.time()) + seconds}, "x" * 40, algorithm="HS256")


def test_a_personal_access_token_is_traded(stub: Stub) -> None:
    stub.answers["/api/token/refresh"] = [(200, {"access": expiring(300)})]
    connect(stub, token=expiring(3000))
    assert stub.asked.count("/api/token/refresh") == 1


def test_a_token_that_has_run_out(stub: Stub) -> None:
    with pytest.raises(ServerError, match=r"refuses the token \(401: API key has expired"):
        connect(stub, token=expiring(-10))


def test_a_revoked_token(stub: Stub) -> None:
    stub.answers["/api/token/refresh"] = [(401, {"detail": "Token is blacklisted"})]
    with pytest.raises(ServerError, match=r"refuses the token \(401: Token is blacklisted\)"):
        connect(stub, token=expiring(3000))


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata
    import sys

    monkeypatch.setitem(sys.modules, "label_studio_sdk", None)

    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(IEModelError, match=r"pip install 'ie-model\[label-studio\]'"):
        Server.connect("http://x", token="t")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.0.20")
    with pytest.raises(IEModelError, match=r"label-studio-sdk 1\.0\.20 is not of the series 2"):
        Server.connect("http://x", token="t")
