"""What the tutorials show runs, with the packaged model."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ie_model.document import Document

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; the value of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


def test_the_notebook_runs() -> None:
    notebook = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    values = [run_cell("".join(c["source"]), names) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert len(values) == 7
    assert isinstance(values[0], Document)
    assert "<article>" in values[0]._repr_html_()
    assert values[0].departures, "the model of the package finds nothing in the tutorial's text"


@pytest.mark.parametrize("name", ["docs/tutorial.md", "README.zh.md"])
def test_the_tutorials_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    for block in blocks:
        run_cell(block, names)
    assert "林知远" in capsys.readouterr().out
    assert names["page"].startswith("<!doctype html>")


def test_both_languages_run_the_same_code() -> None:
    english, chinese = (
        BLOCK.findall((ROOT / name).read_text(encoding="utf-8")) for name in ("docs/tutorial.md", "README.zh.md")
    )
    without_comments = [[re.sub(r"\s*#.*", "", block) for block in blocks] for blocks in (english, chinese)]
    assert without_comments[0] == without_comments[1]
