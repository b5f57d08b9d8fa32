"""The page at / as people use it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from ie_model.extractor import Extractor
from ie_model.render import render_page
from tests.browser.conftest import SEEDS, Watched
from tests.ie_model.serving.process import serving

pytestmark = pytest.mark.browser

ARTICLES = sorted(SEEDS.glob("*.txt"))
HOSTILE = (
    '<script>window.ran = 1; alert(1)</script><img src=x onerror="window.ran = 1; alert(2)">\r\n'
    "</textarea></article><svg onload=alert(3)>\u202e林知远离开星河科技\u202c\u200f，"
    "\u2066<b>周以安</b>\u2069离职。&lt;i&gt;"
)


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """What the packaged model says of seed 000."""
    return Extractor.load()(read(ARTICLES[0])).to_dict()


def read(path: Path) -> str:
    return path.read_bytes().decode()


def paste(page: Any, text: str, *, selector: str = "article") -> None:
    page.evaluate("document.querySelector('#view').replaceChildren()")
    page.fill("#text", text)
    page.click("text=Extract")
    page.wait_for_selector(selector, state="attached")


def drop(page: Any, files: dict[str, str]) -> None:
    """Drop files on the form, as a mouse would."""
    page.evaluate("document.querySelector('#view').replaceChildren()")
    page.evaluate(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, text] of Object.entries(files)) transfer.items.add(new File([text], name));
          const event = {bubbles: true, cancelable: true, dataTransfer: transfer};
          document.querySelector('#form').dispatchEvent(new DragEvent('drop', event));
        }""",
        files,
    )
    page.wait_for_selector("article", state="attached")


def download(page: Any, button: str) -> str:
    with page.expect_download() as caught:
        page.click(button)
    return Path(caught.value.path()).read_bytes().decode("utf-8")


def set_least(page: Any, score: float) -> None:
    page.locator("[data-least-score]").fill(str(score))


def test_paste_an_article_and_see_who_left(at_site: Any, expected: dict[str, Any]) -> None:
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    rows = at_site.locator("table.departures tbody tr")
    assert rows.locator("td.person a").all_inner_texts() == [d["person"] for d in expected["departures"]]
    assert len(expected["departures"]) > 3
    assert at_site.inner_text(".summary") == (
        f"{len(expected['departures'])} departures, {len(expected['entities'])} spans"
    )
    assert at_site.locator("article").evaluate("e => e.textContent") == read(ARTICLES[0]).replace("\r\n", "\n")
    assert at_site.locator("svg.moves g.move").count() == len(expected["departures"])


def test_a_row_highlights_its_sentence(at_site: Any, expected: dict[str, Any]) -> None:
    text = read(ARTICLES[0])
    paste(at_site, text, selector="table.departures")
    for number, departure in enumerate(expected["departures"]):
        at_site.locator("table.departures tbody tr").nth(number).click()
        lit = at_site.locator("article .evidence.on")
        evidence = departure["evidence"]
        assert "".join(lit.all_text_contents()) == text[evidence["start"] : evidence["end"]]
        box = lit.first.bounding_box()
        assert 0 < box["y"] < 900, "the sentence is not on the screen"
    at_site.locator("svg.moves g.move a").first.click()
    first = expected["departures"][0]["evidence"]
    assert "".join(at_site.locator("article .evidence.on").all_text_contents()) == text[first["start"] : first["end"]]


def test_downloads_parse(at_site: Any, expected: dict[str, Any]) -> None:
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    (line,) = download(at_site, "[data-format=jsonl]").splitlines()
    assert json.loads(line) == expected
    rows = list(csv.DictReader(io.StringIO(download(at_site, "[data-format=csv]").removeprefix("\ufeff"), newline="")))
    assert [row["person"] for row in rows] == [d["person"] for d in expected["departures"]]
    assert download(at_site, "[data-format=html]").startswith("<!doctype html>")
    (task,) = json.loads(download(at_site, "[data-format=label-studio]"))
    assert task["data"]["text"] == read(ARTICLES[0])
    marked = [region["value"]["text"] for region in task["predictions"][0]["result"] if region["type"] == "labels"]
    assert {entity["text"] for entity in expected["entities"]} <= set(marked)


def test_the_least_score_changes_what_is_shown_and_downloaded(at_site: Any, expected: dict[str, Any]) -> None:
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    least = round(median(d["score"] for d in expected["departures"]), 2)
    set_least(at_site, least)
    sure = [d["person"] for d in expected["departures"] if d["score"] >= least]
    assert 0 < len(sure) < len(expected["departures"])
    assert at_site.locator("table.departures tbody tr:visible td.person a").all_inner_texts() == sure
    assert at_site.locator("svg.moves g.move:visible").count() == len(sure)
    spans = sum(entity["score"] >= least for entity in expected["entities"])
    assert at_site.locator("article mark:not(.low)").count() == spans
    document = json.loads(download(at_site, "[data-format=jsonl]"))
    assert [d["person"] for d in document["departures"]] == sure
    assert len(document["entities"]) == spans


def test_an_example_is_a_click_away(at_site: Any) -> None:
    names = at_site.locator("#example option").all_inner_texts()
    assert names[1:] == [path.stem for path in ARTICLES]
    at_site.select_option("#example", names[2])
    at_site.wait_for_selector("table.departures")
    assert at_site.input_value("#published") == "2023-08"
    assert at_site.input_value("#text") == read(ARTICLES[1]).replace("\r\n", "\n")
    assert "2023-03" in at_site.inner_text("table.departures")


def test_several_files_have_an_overview(at_site: Any) -> None:
    drop(
        at_site, {"a.txt": "3月，星河科技副总裁林知远宣布离职。", "b.txt": read(ARTICLES[1]), "c.txt": "没有人。\r\n"}
    )
    assert at_site.locator("#files li").all_inner_texts()[2] == "c.txt · 6 characters"
    overview = at_site.locator(".overview table")
    names = overview.locator("td.document").all_inner_texts()
    assert set(names) == {"a.txt", "b.txt"}

    header = overview.locator("th", has_text="score")
    header.locator("button").click()
    scores = [float(cell) for cell in overview.locator("td.number").all_inner_texts()]
    assert scores == sorted(scores)
    assert header.get_attribute("aria-sort") == "ascending"
    header.locator("button").click()
    assert [float(cell) for cell in overview.locator("td.number").all_inner_texts()] == sorted(scores, reverse=True)

    at_site.fill("[data-filter]", "a.txt")
    shown = overview.locator("tbody tr:visible")
    assert 0 < shown.count() < len(names)
    rows = list(csv.reader(io.StringIO(download(at_site, "[data-save-csv]").removeprefix("\ufeff"), newline="")))
    assert [row[0] for row in rows[1:]] == ["a.txt"] * shown.count()
    at_site.fill("[data-filter]", "")
    at_site.locator("[data-status-filter]").select_option("stated")
    assert set(overview.locator("tbody tr:visible td.status").all_inner_texts()) == {"stated"}

    shown.last.click()
    assert at_site.locator("article .evidence.on").first.is_visible()
    lines = [json.loads(line) for line in download(at_site, "[data-format=jsonl]").splitlines()]
    assert [(line["id"], line["chars"]) for line in lines] == [("a.txt", 18), ("b.txt", 3338), ("c.txt", 6)]


def test_types_can_be_hidden(at_site: Any) -> None:
    paste(at_site, "3月，星河科技副总裁林知远宣布离职，加入云栖智能。")
    marked = at_site.locator("article mark[data-label=PERSON]")
    assert marked.count() > 0
    at_site.uncheck("[data-toggle=PERSON]")
    assert at_site.locator("article mark.off").count() == marked.count()


@pytest.mark.parametrize("dropped", [False, True])
def test_hostile_text_is_shown_and_never_run(at_site: Any, dropped: bool) -> None:
    if dropped:
        drop(at_site, {'<img src=x onerror="alert(4)">.txt': HOSTILE, "b.txt": HOSTILE})
    else:
        paste(at_site, HOSTILE)
    shown = at_site.locator("article").first.evaluate("e => e.textContent")
    # A text area makes line feeds of all line ends, as browsers do.
    assert shown == (HOSTILE if dropped else HOSTILE.replace("\r\n", "\n"))
    assert at_site.evaluate("window.ran") is None
    assert at_site.locator("#view script, #view img, #view svg[onload]").count() == 0
    first = at_site.locator("article .control").first
    assert first.get_attribute("data-code") == "U+202E"
    assert first.evaluate("e => getComputedStyle(e, '::before').content") == '"U+202E"'


def test_the_keyboard_reaches_everything(at_site: Any) -> None:
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    at_site.locator("table.departures td.person a").nth(1).focus()
    at_site.keyboard.press("Enter")
    assert at_site.locator("article .evidence.on").count() > 0
    assert at_site.locator("table.departures tbody tr").nth(1).get_attribute("class") == "on"
    marks = at_site.locator("article mark")
    marks.nth(0).focus()
    at_site.keyboard.press("ArrowRight")
    assert marks.nth(1).evaluate("e => e === document.activeElement")
    assert (
        marks.nth(1).evaluate("e => getComputedStyle(e, '::after').content")
        == f'"{marks.nth(1).get_attribute("title")}"'
    )
    at_site.keyboard.press("End")
    assert marks.last.evaluate("e => e === document.activeElement && e.tabIndex === 0")
    assert at_site.locator("article mark[tabindex='0']").count() == 1


def violations(page: Any) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes']][:3]}" for v in found]


@pytest.mark.parametrize("watched", ["light", "dark"], indirect=True)
def test_no_barriers(at_site: Any) -> None:
    assert violations(at_site) == []
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    at_site.locator("table.departures tbody tr").first.click()
    assert violations(at_site) == []
    drop(at_site, {path.name: read(path) for path in ARTICLES[:2]} | {"evil.txt": HOSTILE})
    assert violations(at_site) == []
    at_site.click("#clear")
    at_site.click("text=Extract")
    at_site.wait_for_selector("#trouble:visible")
    assert violations(at_site) == []


@pytest.mark.parametrize("watched", ["light", "dark"], indirect=True)
def test_a_page_on_disk_works_by_itself(watched: Watched, tmp_path: Path) -> None:
    extractor = Extractor.load()
    documents = [extractor(read(path), id=path.name) for path in ARTICLES[:2]] + [extractor(HOSTILE, id=HOSTILE)]
    path = tmp_path / "page.html"
    path.write_text(render_page(documents), encoding="utf-8", newline="")
    page = watched.page
    page.goto(path.as_uri())
    assert page.locator(".overview table tbody tr").count() == sum(len(d.departures) for d in documents)
    page.locator(".overview tbody tr").last.click()
    assert page.locator("article .evidence.on").count() > 0
    assert [page.locator("article").nth(n).evaluate("e => e.textContent") for n in range(3)] == [
        d.text for d in documents
    ]
    assert violations(page) == []
    assert {origin for origin in watched.origins if not origin.startswith("blob:")} == {"file://"}
    page.emulate_media(media="print")
    assert not page.is_visible("[data-filter]")
    assert page.locator("article").first.is_visible()


def test_a_telephone_scrolls_down_only(at_site: Any) -> None:
    at_site.set_viewport_size({"width": 375, "height": 700})
    paste(at_site, read(ARTICLES[0]), selector="table.departures")
    assert at_site.evaluate("document.documentElement.scrollWidth") <= 375


def test_nothing_to_extract_from(at_site: Any) -> None:
    at_site.click("text=Extract")
    assert at_site.inner_text("#trouble") == "Paste an article first, or drop a file."
    paste(at_site, "没有人离开。")
    assert not at_site.is_visible("#trouble")
    at_site.click("#clear")
    assert not at_site.is_visible("#result")


def test_a_megabyte(watched: Watched, model_dir: Path) -> None:
    """The tiny model: what is tried here is the page and the server, not the extraction."""
    unit = HOSTILE.replace("\r", "") + "的" * 20_000 + "\n"
    text = unit * (2**20 // len(unit.encode()) + 1)
    assert len(text.encode()) > 2**20
    with serving("--model", model_dir, "--threads", 1) as served:
        watched.page.set_default_timeout(600_000)
        watched.page.goto(served.url)
        paste(watched.page, text)
        same = watched.page.locator("article").evaluate("e => e.textContent") == text
        assert same, "pytest would take minutes to say where two such texts differ"
        assert watched.page.evaluate("window.ran") is None
        (line,) = download(watched.page, "[data-format=jsonl]").splitlines()
        assert json.loads(line)["chars"] == len(text)


def test_a_token_is_asked_for(watched: Watched, model_dir: Path) -> None:
    with serving("--model", model_dir, "--threads", 1, IE_MODEL_TOKEN="s3cret") as served:
        page = watched.page
        page.goto(served.url)
        page.wait_for_selector("#token:visible")
        page.fill("#token", "s3cret")
        paste(page, "林知远离开星河科技。")
        assert page.locator("#example option").count() == 3
    # The browser itself notes the first answer, 401, as an error.
    assert [fault for fault in watched.faults if "401" not in fault] == []
    watched.faults.clear()
