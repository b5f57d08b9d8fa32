"""A model's sure spans as labels for the next one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.scheme import TagScheme
from training.augment import substitute
from training.data.example import DataError, Example, GoldSpan
from training.data.sources import EVALUATED, PASSAGES, PASSAGES_SPLIT, read_source
from training.evaluated import evaluated_texts
from training.features import tag_masks
from training.report import fingerprint
from training.self_training import SURE, draw, label, main, pieces
from training.suite import SETS

TEXT = "林知远离开星河科技，加入云栖智能。"
SCHEME = TagScheme()


def test_paragraphs_of_a_document_are_put_together() -> None:
    short, long = "甲" * 100, "乙" * 700
    assert list(pieces([[short, short, short, short]])) == ["\n".join([short] * 3), short]
    assert list(pieces([[short], ["丙" * 30], [long, short]])) == [short, short]


def test_what_is_drawn_depends_on_the_texts_alone() -> None:
    texts = [f"第{number}篇" for number in range(50)]
    few, many = draw(texts, 5, seed=1), draw(reversed(texts), 20, seed=1)
    assert set(few) < set(many)
    assert draw(texts, 5, seed=2) != few
    assert len(draw(texts * 2, 100, seed=1)) == 50


def test_only_sure_spans_are_labels(model_dir: Path, text_encoder: TextEncoder) -> None:
    encoding = text_encoder(TEXT)
    logits = np.zeros((len(encoding), len(SCHEME)), dtype=np.float32)
    logits[:, 0] = 9.0
    for name, (start, end), strength in (("PERSON", (0, 3), 9.0), ("ORG", (5, 9), 4.0)):
        for token, tag in zip(range(start, end), SCHEME.span_tags(name, end - start), strict=True):
            logits[token, 0] = 0.0
            logits[token, tag] = strength
    logits[12:16, 0] = 2.0  # 云栖智能: O is likeliest, but not sure
    row = label(TEXT, encoding, logits, Extractor.load(model_dir))
    assert row is not None
    assert row["spans"] == [{"label": "PERSON", "start": 0, "end": 3, "text": "林知远"}]
    assert row["unsure"] == [[5, 9], [12, 16]]
    logits[:3] = logits[3]
    assert label(TEXT, encoding, logits, Extractor.load(model_dir)) is None, f"nothing has a score of {SURE}"


def test_nothing_is_learnt_where_the_teacher_was_not_sure(text_encoder: TextEncoder) -> None:
    example = Example("1", "self-training", TEXT, (GoldSpan(0, 3, "PERSON"),), unsure=((5, 9),))
    allowed, placed = tag_masks(example, text_encoder(TEXT), SCHEME)
    everything = (1 << len(SCHEME)) - 1
    assert [span.label for span, _ in placed] == ["PERSON"]
    assert set(allowed[5:9].tolist()) == {everything}
    assert set(allowed[9:].tolist()) | set(allowed[3:5].tolist()) == {1}


def test_a_text_with_unsure_places_keeps_its_names() -> None:
    example = Example("1", "self-training", TEXT, (GoldSpan(0, 3, "PERSON"),), unsure=((5, 9),))
    names = {"PERSON": ["周以安"]}
    random = np.random.default_rng(1)
    assert substitute(example, names, share=1.0, random=random) is example
    sure = Example("1", "self-training", TEXT, (GoldSpan(0, 3, "PERSON"),))
    assert substitute(sure, names, share=1.0, random=random).text.startswith("周以安")


def test_unsure_places_leave_fingerprints_as_they_were() -> None:
    spans = (GoldSpan(0, 3, "PERSON"),)
    assert fingerprint([Example("1", "s", TEXT, spans)]) == fingerprint(
        [Example("1", "s", TEXT, spans, unsure=((5, 9),))]
    )


def test_every_split_that_is_scored_is_kept_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {("news-units", "dev"), ("news-units", "test"), ("seeds", "train"), ("duee", "dev")} <= set(EVALUATED)
    assert ("news-units", "train") not in EVALUATED
    passages = [(f"paragraphs:{PASSAGES}", PASSAGES_SPLIT)]
    assert {one for one in SETS if one[0] != "authored-heldout"} <= {*EVALUATED, *passages}
    spans = [{"label": "PERSON", "start": 0, "end": 3, "text": "林知远"}]
    row = {"id": "p", "text": TEXT, "spans": spans, "departures": [], "split": "dev"}
    (tmp_path / "p.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert TEXT in evaluated_texts(tmp_path, [(f"paragraphs:{tmp_path / 'p.jsonl'}", "dev")])
    capsys.readouterr()
    texts = evaluated_texts(tmp_path)
    assert {e.text for e in read_source("seeds", data_root=Path())} <= set(texts)
    assert "not at hand, so their texts are not left out: news-units dev, news-units test" in capsys.readouterr().err
    with pytest.raises(DataError, match="name with --data-root"):
        evaluated_texts(tmp_path / "mistyped")


def corpus(folder: Path, *documents: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "news.txt").write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    return folder


def test_the_command_labels_and_the_source_reads(
    tmp_path: Path, model_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.self_training.SURE", 0.0)  # random weights are sure of nothing
    seed = read_source("seeds", data_root=Path())[0].text.replace("\n", "")[:200]
    folder = corpus(tmp_path / "corpora", TEXT * 5, f"{TEXT}{seed}")
    output = tmp_path / "out" / "labels.jsonl"
    arguments = ["--corpora", str(folder), "--model", str(model_dir), "--output", str(output)]
    assert main([*arguments, "--data-root", str(tmp_path)]) == 0
    assert "2 pieces drawn, 1 left out for what is scored, 1 with a sure span" in capsys.readouterr().out
    [example] = read_source(f"self-training:{output}", data_root=Path())
    assert example.text.startswith("林知远离开星河科技")
    assert example.spans
    assert example.departures is None


def test_faults_name_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpora", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
    assert "no .txt or .txt.xz corpus" in capsys.readouterr().err
    path = tmp_path / "labels.jsonl"
    row = {"id": "1", "text": TEXT, "spans": [{"label": "ORG", "start": 1, "end": 4, "text": "林知远"}], "unsure": []}
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match=r"line 1: expected a text labelled by training\.self_training"):
        read_source(f"self-training:{path}", data_root=Path())
    with pytest.raises(DataError, match="no such file"):
        read_source("self-training:missing.jsonl", data_root=Path())
