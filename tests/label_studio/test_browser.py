"""What people see: Chromium opens a pushed article."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ie_model.document import Date, Departure, Document, Entity, Evidence
from ie_model.extractor import Extractor
from ie_model.labelstudio import sync
from ie_model.labelstudio.exporting import to_task
from ie_model.labelstudio.importing import import_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.server import Project, Server
from ie_model.labelstudio.tasks import read_tasks
from tests.label_studio.articles import WILD
from tests.label_studio.conftest import ROOT, Running, chromium

pytestmark = [pytest.mark.label_studio, pytest.mark.browser]

SCREENSHOT = ROOT / "build" / "label-studio.png"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
#: Where some words stand on the screen.
FIND = """words => {
  const text = document.querySelector('.htx-highlight').closest('[class*=richtext__container]');
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const box = range.getBoundingClientRect();
    return [box.left, box.right, (box.top + box.bottom) / 2];
  }
}"""


@pytest.fixture(scope="module")
def page(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser whose user has logged in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=chromium(),
            args=list(FLAGS),
            viewport={"width": 1400, "height": 700},
        )
        page = browser.pages[0]
        page.set_default_timeout(60_000)
        page.goto(f"{running.url}/user/login")
        page.fill("input[name=email]", running.email)
        page.fill("input[name=password]", running.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "login" not in url)
        yield page
        browser.close()


CV = "😀林知远2019年离开星河科技加入云栖，2023年3月又辞去云栖总裁，现任职于海潮。"


def career() -> Document:
    """One mention of a person who joins and later leaves the same organisation, and shares a date with himself."""

    def mark(label: str, words: str) -> Entity:
        start = CV.index(words)
        return Entity(label, words, start, start + len(words), 0.5)

    person, one, two = mark("PERSON", "林知远"), mark("ORG", "星河科技"), mark("ORG", "云栖")
    three, role = mark("ORG", "海潮"), mark("ROLE", "总裁")
    when = Date("2019年", "2019")
    left = {"person": "林知远", "status": "stated", "score": 0.75, "evidence": Evidence(0, 19), "date": when}
    return Document(
        CV,
        tuple(sorted((person, one, two, three, role), key=lambda entity: entity.start)),
        (
            Departure(organization="星河科技", joined=("云栖", "海潮"), **left),
            Departure(organization="云栖", joined=("海潮",), roles=("总裁",), **left),
        ),
        id="career",
    )


@pytest.fixture(scope="module")
def wild(published: Extractor) -> Document:
    found = published(WILD, id="wild")
    assert found.departures
    return found


@pytest.fixture(scope="module")
def project(server: Server, wild: Document) -> Project:
    project, interface = sync.open_project(server, "seen", None)
    sync.push(server, project, [to_task(document, version="m") for document in (wild, career())], interface)
    return project


@dataclass
class Editor:
    """Label Studio's page of one task."""

    page: Any
    server: Server
    project: Project

    def open(self, name: str) -> dict[str, Any]:
        """Show a task; returns it, its regions and relations in the prediction's order."""
        (task,) = (t for t in self.server.tasks(self.project, whole=True) if t["data"]["id"] == name)
        self.page.goto(f"{self.server.url}/projects/{self.project.number}/data?task={task['id']}")
        return task

    def highlighted(self, count: int) -> list[str]:
        """The strings of the regions in the page, in order, once there are so many for a while.

        The page draws the prediction first, and then draws it again as the annotator's own.
        """
        still = 0
        for _ in range(240):
            read = "all => all.map(one => one.textContent)"
            found: list[str] = self.page.eval_on_selector_all(".htx-highlight", read)
            still = still + 1 if len(found) == count else 0
            if still == 8:
                break
            self.page.wait_for_timeout(250)
        return found

    def relations(self, count: int) -> list[str]:
        """What stands at the arrows, in no order."""
        read = (
            "[...document.querySelectorAll('svg text')].map(one => one.textContent).filter(one => one.includes('_'))"
        )
        self.page.wait_for_function(f"{read}.length >= {count}")
        return sorted(self.page.evaluate(read))

    def mark(self, words: str, key: str) -> None:
        """Choose a label by its key, and draw over some words."""
        self.page.keyboard.press(key)
        left, right, height = self.page.evaluate(FIND, words)
        self.page.mouse.move(left + 1, height)
        self.page.mouse.down()
        self.page.mouse.move(right - 1, height, steps=5)
        self.page.mouse.up()

    def submit(self) -> None:
        with self.page.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST") as answer:
            self.page.get_by_role("button", name="Submit").click()
        assert answer.value.ok


@pytest.fixture(scope="module")
def editor(page: Any, server: Server, project: Project) -> Editor:
    return Editor(page, server, project)


def parts(task: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The regions' texts in order, and the relations' labels as the page shows them."""
    result = task["predictions"][0]["result"]
    texts = [item["value"]["text"] for item in result if item["type"] == "labels"]
    return texts, sorted(", ".join(item["labels"]) for item in result if item["type"] == "relation")


def test_an_article_is_seen_corrected_and_pulled(editor: Editor, wild: Document, tmp_path: Path) -> None:
    task = editor.open("wild")
    texts, relations = parts(task)
    assert editor.highlighted(len(texts)) == texts
    with_underscore = [words for words in relations if "_" in words]
    assert with_underscore
    assert editor.relations(len(with_underscore)) == with_underscore
    SCREENSHOT.parent.mkdir(exist_ok=True)
    editor.page.screenshot(path=SCREENSHOT)

    # Somebody marks a name by hand, behind emoji and line ends, and submits.
    editor.mark("告诉", "1")
    assert "告诉" in editor.highlighted(len(texts) + 1)
    editor.submit()

    assert task["id"] in sync.pull(editor.server, editor.project, tmp_path).written
    imported = import_tasks(read_tasks(tmp_path))
    assert imported.faults == ()
    (document,) = (document for document in imported.documents if document.id == "wild")
    start = WILD.index("告诉")
    (added,) = (entity for entity in document.entities if entity not in wild.entities)
    assert added == Entity("PERSON", "告诉", start, start + 2, 1.0)
    assert replace(document, entities=tuple(e for e in document.entities if e is not added)) == wild
    assert Interface.read(tmp_path / "labels.xml") == Interface()


def test_the_browser_keeps_every_relation(editor: Editor, tmp_path: Path) -> None:
    """It keeps one relation from one region to another, so shared ones are joined and second ones reversed."""
    task = editor.open("career")
    texts, relations = parts(task)
    assert editor.highlighted(len(texts)) == texts
    assert relations == ["departed_from, stated, d1", "departed_from, stated, d2", "joined, d1", "joined, d1, d2",
                         "left_on, d1, d2", "left_role, d2"]  # fmt: skip
    editor.submit()
    sync.pull(editor.server, editor.project, tmp_path)
    (document,) = (d for d in import_tasks(read_tasks(tmp_path)).documents if d.id == "career")
    assert document == career()
