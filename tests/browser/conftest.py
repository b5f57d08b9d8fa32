"""A real Chromium at a real server. Marked `browser`; `make test-browser` runs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ie_model.serving.process import Served, serving

SEEDS = Path(__file__).parents[2] / "seeds"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str:
    """The browser's path, or the reason why its tests are skipped."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: install Debian's package chromium, or name one in the variable CHROMIUM")
    return path


@pytest.fixture(scope="session")
def site() -> Iterator[Served]:
    """The packaged model, with the seeds as examples."""
    with serving("--examples", SEEDS, "--threads", "1") as served:
        yield served


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    library = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; see the extra dev")
    with library.sync_playwright() as running:
        yield running


class Watched:
    """A browser's page that notes whatever no page of ours may do."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.faults: list[str] = []
        self.origins: set[str] = set()
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.origins.add("/".join(request.url.split("/", 3)[:3])))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"{kind}: {text}")

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture(params=["light"])
def watched(request: pytest.FixtureRequest, playwright: Any, tmp_path: Path) -> Iterator[Watched]:
    """A fresh profile each time; the test fails where the console complains or a dialog opens."""
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path / "profile"),
        executable_path=chromium(),
        headless=True,
        args=FLAGS,
        color_scheme=request.param,
        reduced_motion="reduce",
        viewport={"width": 1100, "height": 900},
        accept_downloads=True,
    )
    context.set_default_timeout(60_000)
    watched = Watched(context.new_page())
    yield watched
    context.close()
    assert watched.faults == []


@pytest.fixture
def at_site(watched: Watched, site: Served) -> Iterator[Any]:
    """The page of the server; the test fails where a request leaves its origin."""
    watched.page.goto(site.url)
    watched.page.wait_for_selector("#example option:nth-child(2)", state="attached")
    yield watched.page
    assert {origin for origin in watched.origins if not origin.startswith(("data:", "blob:"))} == {site.url}
