from __future__ import annotations

import json
from pathlib import Path

import pytest

from ie_model.document import Departure, Document, Evidence
from tests.training.authored import examples
from training import hard_negatives
from training.report import negative_figures


def test_the_share_of_texts_with_an_invented_departure() -> None:
    texts = examples()
    invented = Departure("林知远", "星河", "stated", 0.9, Evidence(0, 1))
    silent = [Document(text=example.text) for example in texts]
    assert sum(example.departures == () for example in texts) == 4
    loud = [Document(text=example.text, departures=(invented, invented)) for example in texts]
    assert negative_figures(texts, silent)["invented"] == 0
    figures = negative_figures(texts, loud)
    assert (figures["texts"], figures["invented"], figures["share"]) == (4, 4, 1.0)


def test_what_is_a_hard_negative() -> None:
    hard = [example.text for example in examples() if not example.departures and hard_negatives.is_hard(example)]
    assert hard == ["OpenAI的CEOSam Altman没有离开。"]  # the others name no person with an organisation


def test_the_command_writes_both_sets(model_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "hard.json"
    assert hard_negatives.main(["--model", str(model_dir), "--output", str(output)]) == 0
    result = json.loads(output.read_text(encoding="utf-8"))
    texts = {
        name: result[name]["raw_text"]["texts"] for name in ("authored-heldout", "authored-contrasts", "untrained")
    }
    assert texts == {"authored-heldout": 60, "authored-contrasts": 90, "untrained": 150}
    assert result["authored"]["gold_spans"]["texts"] >= 150
    assert [name for name in result if name in (*texts, "authored") and result[name]["trained_on"]] == ["authored"]
    assert "authored-heldout, raw_text: " in capsys.readouterr().out
