"""A real Label Studio on loopback, in an environment of its own, with a data folder that goes away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ie_model.extractor import Extractor
from ie_model.labelstudio.server import Server

ROOT = Path(__file__).parents[2]
EMAIL, PASSWORD, TOKEN = "annotator@example.com", "for-tests-only", "0123456789abcdef0123456789abcdef01234567"


def label_studio_command() -> Path | None:
    """The server's program: $LABEL_STUDIO_COMMAND, or what `make test-label-studio` installs."""
    named = os.environ.get("LABEL_STUDIO_COMMAND")
    path = Path(named) if named else ROOT / ".venv-label-studio" / "bin" / "label-studio"
    return path if path.is_file() else None


def chromium() -> str | None:
    """A Chromium of the system's."""
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("label_studio") and label_studio_command() is None:
            item.add_marker(pytest.mark.skip(reason="no Label Studio server; run `make test-label-studio`"))
        if item.get_closest_marker("browser") and chromium() is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium; apt-get install chromium"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass(frozen=True)
class Running:
    """A server that answers, and what its one user logs in with."""

    url: str
    email: str = EMAIL
    password: str = PASSWORD
    token: str = TOKEN

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Its API as it is, beside the package."""
        import httpx

        answer = httpx.request(
            method, self.url + path, headers={"Authorization": f"Token {self.token}"}, timeout=60, **options
        )
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Started once; on the way out it is stopped and its data are removed."""
    command = label_studio_command()
    assert command is not None
    folder = tmp_path_factory.mktemp("label-studio")
    port = free_port()
    environment = {
        **os.environ,
        "HOME": str(folder),
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        # The connected model runs on this machine; it is registered as a webhook, too.
        "ML_BLOCK_LOCAL_IP": "False",
        "SSRF_PROTECTION_ENABLED": "False",
    }
    words = ["start", "--no-browser", "--data-dir", folder, "--internal-host", "127.0.0.1", "--port", port]
    words += ["--username", EMAIL, "--password", PASSWORD, "--user-token", TOKEN, "--enable-legacy-api-token"]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command, *map(str, words)], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield Running(url)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, seconds: int = 400) -> None:
    for _ in range(seconds * 2):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"Label Studio does not answer at {url}:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def server(running: Running) -> Server:
    return Server.connect(running.url, token=running.token)


@pytest.fixture(scope="session")
def published() -> Extractor:
    """The packaged model."""
    return Extractor.load()
