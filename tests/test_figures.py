"""The figures in README and model card are those of results/, and results/ are of the packaged weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.model_folder import ModelFolder
from training.evaluate import weights_fingerprint

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "model_card.md")
LABELS = ("PERSON", "ORG", "ROLE", "MONEY", "micro")


def read(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((ROOT / "results" / name).read_text(encoding="utf-8"))
    return result


def cell(figures: dict[str, Any]) -> str:
    low, high = (round(100 * value) for value in figures["f1_interval"])
    return f"{100 * figures['f1']:.1f} ({low}–{high})"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["leave_one_out.json", "news_units_test.json"])
def test_pages_show_the_results(page: str, name: str) -> None:
    text, result = (ROOT / page).read_text(encoding="utf-8"), read(name)
    spans = " | ".join(cell(result["spans"][label]) for label in LABELS)
    pair = cell(result["departures"]["pair"])
    assert f"| {spans} | {pair} |" in text
    assert result["command"] in text


def test_results_are_of_the_packaged_weights() -> None:
    packaged = weights_fingerprint(ModelFolder.open().path)
    assert read("news_units_test.json")["model"] == packaged
