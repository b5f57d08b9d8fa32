"""What README and the tutorials show runs, with the packaged model, and gives what they say."""

from __future__ import annotations

import doctest
import json
import re
import textwrap
from typing import Any

import pytest
from typer.testing import CliRunner

from ie_model.cli import app
from ie_model.document import Document
from ie_model.extractor import Extractor
from tests.docs.cells import NOTEBOOK, ROOT, outputs_of, rounded, run_cell

#: A block of Python, and the indented block of what it prints, if one follows.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n((?:    [^\n]*\n)+))?", re.DOTALL | re.MULTILINE)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_notebook_shows_what_its_cells_give() -> None:
    """`python -m tests.docs.cells` stores it."""

    def comparable(outputs: list[dict[str, Any]]) -> str:
        return rounded(re.sub(r"<style>.*?</style>", "", json.dumps(outputs, ensure_ascii=False)))

    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) == 7
    for number, cell in enumerate(cells, 1):
        assert cell["execution_count"] == number
        assert comparable(cell["outputs"]) == comparable(outputs_of(cell, names, number=number))
    shown = "".join(cells[0]["outputs"][0]["data"]["text/html"])
    assert "<article>" in shown
    assert isinstance(names["doc"], Document)
    assert names["doc"].departures, "the model of the package finds nothing in the tutorial's text"


@pytest.mark.parametrize("name", ["docs/tutorial.md", "README.zh.md"])
def test_the_tutorials_print_what_they_say(name: str) -> None:
    blocks = BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    said = [textwrap.dedent(output) for _, output in blocks]
    assert [run_cell(source, names)[0] for source, _ in blocks] == said
    assert "林知远" in "".join(said)
    assert names["page"].startswith("<!doctype html>")


def test_both_languages_run_the_same_code() -> None:
    english, chinese = (
        BLOCK.findall((ROOT / name).read_text(encoding="utf-8")) for name in ("docs/tutorial.md", "README.zh.md")
    )
    without_comments = [
        [(re.sub(r"\s*#.*", "", source), output) for source, output in blocks] for blocks in (english, chinese)
    ]
    assert without_comments[0] == without_comments[1]


class Rounded(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return rounded(want) == rounded(got)


def test_the_session_of_the_readme() -> None:
    source = next(source for source, _ in BLOCK.findall(README) if source.startswith(">>>"))
    session = doctest.DocTestParser().get_doctest(source, {}, "README.md", "README.md", 0)
    said: list[str] = []
    result = doctest.DocTestRunner(Rounded()).run(session, out=said.append)
    assert result.attempted == 6
    assert not result.failed, "".join(said)


def test_the_code_of_the_readme_runs() -> None:
    session, usage, transformers = (source for source, _ in BLOCK.findall(README))
    assert session.startswith(">>>")
    run_cell(usage, {"texts": ["陈若水离开海潮集团。"]})
    _, tags = run_cell(transformers, {})
    # Written in traditional characters, which the model does not know.
    assert [(tag["entity"], tag["start"]) for tag in tags][:5] == [
        ("B-ORG", 3), ("I-ORG", 4), ("I-ORG", 5), ("E-ORG", 6), ("B-ROLE", 7),
    ]  # fmt: skip


def test_the_document_of_the_readme() -> None:
    text = re.search(r"printf '(.*)' \|", README)[1]
    shown = textwrap.dedent(re.search(r"^    \{\"id\": \"-\".*?\n\n", README, re.DOTALL | re.MULTILINE)[0])
    given = Extractor.load()(text, id="-", published="2023-04-30").to_dict()
    assert rounded(json.dumps(json.loads(shown))) == rounded(json.dumps(given))


def test_the_table_of_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    printed = CliRunner().invoke(app, ["extract", str(ROOT / "seeds")]).stdout.splitlines()
    shown = [line.strip() for line in README.splitlines() if line.startswith(("    ┃", "    │"))]
    assert len(shown) == 5
    assert set(shown) <= set(printed)
    count = re.search(r"four of the (\d+) rows", README)[1]
    assert printed[-1].startswith(f"{count} departures and ")
