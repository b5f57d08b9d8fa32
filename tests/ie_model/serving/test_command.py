"""`ie-model serve`: a real process at a real socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ie_model.cli import app
from ie_model.extractor import Extractor
from ie_model.labelstudio.exporting import model_version, to_task
from ie_model.serving.command import _listen
from tests.ie_model.serving.conftest import TEXT
from tests.ie_model.serving.process import CODE, serving


def post(url: str, body: object, **headers: str) -> tuple[int, object]:
    request = urllib.request.Request(
        f"{url}/v1/extract", json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_it_serves_and_ends_in_peace(model_dir: Path, extractor: Extractor) -> None:
    """A request that is under way when the server is told to stop still gets its answer."""
    texts = [TEXT * 10] * 8
    answers: list[tuple[int, object]] = []
    with serving("--threads", 1, "--model", model_dir) as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert post(served.url, {"text": TEXT}) == (200, extractor(TEXT).to_dict())
        asking = threading.Thread(target=lambda: answers.append(post(served.url, {"texts": texts})))
        asking.start()
        while "in_flight 2" not in _metrics(served.url) and not answers:
            time.sleep(0.01)
        assert served.stop() == 0
        asking.join(60)
        assert answers == [(200, {"documents": [extractor(text).to_dict() for text in texts]})]
    log = "".join(served.log)
    assert "POST /v1/extract 200" in log
    assert "林" not in log
    assert "Traceback" not in log


def _metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        return answer.read().decode().replace("requests_in_flight 2.0", "in_flight 2")


def test_a_token_from_the_environment_and_host_names(model_dir: Path) -> None:
    with serving(
        "--threads", 1, "--model", model_dir, "--allowed-host", "IE.example", IE_MODEL_TOKEN="s3cret\n"
    ) as served:
        assert post(served.url, {"text": "x"})[0] == 401
        assert post(served.url, {"text": "x"}, Authorization="Bearer s3cret")[0] == 200
        assert post(served.url, {"text": "x"}, Authorization="Bearer s3cret", Host="ie.example")[0] == 200
        assert post(served.url, {"text": "x"}, Authorization="Bearer s3cret", Host="evil.example")[0] == 400
    assert "s3cret" not in "".join(served.log)


def test_who_goes_away_is_not_worked_for(model_dir: Path) -> None:
    """Jobs of closed connections leave the queue; the server goes on."""
    with serving("--threads", 1, "--model", model_dir) as served:
        host = served.url.removeprefix("http://")
        body = json.dumps({"text": TEXT * 20})
        for _ in range(6):
            connection = http.client.HTTPConnection(host)
            connection.request("POST", "/v1/extract", body, {"Content-Type": "application/json"})
            connection.close()
        assert post(served.url, {"text": "x"})[0] == 200
    assert "POST /v1/extract 499" in "".join(served.log)


def test_a_body_without_end(model_dir: Path) -> None:
    """A chunked body is cut off at the limit, however much is still to come."""
    with serving("--threads", 1, "--model", model_dir) as served:
        connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=60)
        pieces = (b"x" * 2**20 for _ in range(1000))
        try:
            connection.request(
                "POST", "/v1/extract", pieces, {"Content-Type": "application/json"}, encode_chunked=True
            )
            assert connection.getresponse().status == 413
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server hung up while we were still sending
        assert next(pieces, None) is not None, "the server took it all"
        connection.close()
        assert post(served.url, {"text": "x"})[0] == 200


def test_an_answer_is_not_held_back() -> None:
    """asyncio turns Nagle's algorithm off for sockets that it knows to be TCP."""

    async def accept() -> int:
        found = asyncio.get_running_loop().create_future()

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

        listener = _listen("127.0.0.1", 0)
        server = await asyncio.start_server(connected, sock=listener)
        _, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            return int(await found)
        finally:
            writer.close()
            server.close()

    assert asyncio.run(accept())


def test_an_address_in_use(model_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port), "--model", str(model_dir)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: 127.0.0.1:{port}: cannot listen there (Address already in use); choose another --host or --port\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "nowhere"], "nowhere: no such folder"),
        (["--examples", "nowhere"], "nowhere: no such file or folder; check the path\n"),
        (["--host", "no.such.host.invalid"], "cannot listen there"),
        (["--host", "a..b"], "cannot listen there"),
        (["--timeout", "inf"], "--timeout inf: give a finite number of seconds"),
    ],
)
def test_what_cannot_be_served(arguments: list[str], words: str, model_dir: Path) -> None:
    given = arguments if "--model" in arguments else [*arguments, "--model", str(model_dir)]
    result = CliRunner().invoke(app, ["serve", "--port", "0", *given])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_the_extra(model_dir: Path) -> None:
    code = f"import sys; sys.modules['fastapi'] = None; {CODE}"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--port", "0", "--model", str(model_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: fastapi, uvicorn or prometheus-client is not installed; "
        "install it with: pip install 'ie-model[serve]'\n"
    )


def test_it_answers_label_studio(model_dir: Path, extractor: Extractor) -> None:
    def ask(path: str, body: object) -> object:
        request = urllib.request.Request(
            served.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    with serving("--threads", 1, "--model", model_dir) as served:
        with urllib.request.urlopen(f"{served.url}/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "UP"
        found = ask("/predict", {"tasks": [{"id": 1, "data": {"text": TEXT}}]})
        with urllib.request.urlopen(f"{served.url}/v1/info", timeout=10) as answer:
            assert "label-studio" in json.dumps(json.load(answer))
        document = {**extractor(TEXT).to_dict(), "text": TEXT}
        [task] = ask("/v1/export", {"format": "label-studio", "documents": [document]})  # type: ignore[misc]
    expected = to_task(extractor(TEXT), version=model_version(model_dir))
    [prediction] = expected["predictions"]
    assert len(prediction["result"]) > 0
    assert found == {"results": [prediction], "model_version": model_version(model_dir)}
    assert [region.get("value") for region in task["predictions"][0]["result"]] == [
        region.get("value") for region in prediction["result"]
    ]
