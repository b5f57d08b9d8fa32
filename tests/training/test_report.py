from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.document import Document, Entity
from ie_model.errors import InputError
from ie_model.extractor import Extractor
from ie_model.scheme import TagScheme
from training.data.example import Example, GoldDeparture, GoldSpan
from training.report import (
    character_tags,
    check_writable,
    command_of,
    complete_labels,
    link_gold_spans,
    score,
    seqeval_f1,
    weights_fingerprint,
    write_results,
)

TEXT = "林知远离开星河科技。"
EXAMPLE = Example("1", "test", TEXT, (GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")), departures=())


def test_score_counts_every_label_and_the_departures() -> None:
    document = Document(text=TEXT, entities=(Entity("PERSON", "林知远", 0, 3, 1.0),))
    report = score([EXAMPLE], [document])
    assert report["spans"]["PERSON"]["f1"] == 1.0
    assert report["spans"]["ORG"]["recall"] == 0.0
    assert report["spans"]["micro"]["f1"] == pytest.approx(2 / 3, abs=1e-4)
    assert report["departures"]["pair"]["gold"] == 0


def test_a_set_without_departures_has_no_figures_of_them() -> None:
    assert score([replace(EXAMPLE, departures=None)], [Document(text=TEXT)])["departures"] == {}


def test_dates_are_scored_only_where_they_are_marked() -> None:
    assert "date" not in score([EXAMPLE], [Document(text=TEXT)])["departures"]
    assert "date" in score([replace(EXAMPLE, dates=True)], [Document(text=TEXT)])["departures"]


def test_labels_that_a_set_does_not_mark_are_not_scored() -> None:
    entities = (Entity("PERSON", "林知远", 0, 3, 1.0), Entity("MONEY", "星河", 5, 7, 1.0))
    example = replace(EXAMPLE, complete=frozenset({"PERSON", "ORG"}), departures=None)
    report = score([example], [Document(text=TEXT, entities=entities)])
    assert set(report["spans"]) == {"PERSON", "ORG", "micro"}
    assert report["spans"]["micro"]["predicted"] == 1
    assert set(score([example], [Document(text=TEXT, entities=entities)], labels=["ORG"])["spans"]) == {"ORG", "micro"}


def test_labels_of_a_benchmark_come_after_ours() -> None:
    examples = [replace(EXAMPLE, complete=frozenset({"scene", "ORG", "book"}))] * 2
    assert complete_labels(examples) == ["ORG", "book", "scene"]
    assert complete_labels([]) == []


LABELS = ("PERSON", "ORG", "ROLE")


@st.composite
def flat_spans(draw: st.DrawFn, size: int) -> tuple[tuple[str, int, int], ...]:
    edges = sorted(draw(st.lists(st.integers(0, size), unique=True, max_size=8)))
    pairs = [(a, b) for a, b in pairwise(edges) if draw(st.booleans())]
    return tuple((draw(st.sampled_from(LABELS)), a, b) for a, b in pairs)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_seqeval_in_strict_mode_and_the_character_scorer_agree(data: st.DataObject) -> None:
    examples, documents = [], []
    for number in range(data.draw(st.integers(1, 3))):
        text = "字" * data.draw(st.integers(1, 12))
        gold = data.draw(flat_spans(len(text)))
        found = data.draw(st.one_of(st.just(gold), flat_spans(len(text))))
        spans = tuple(GoldSpan(start, end, label) for label, start, end in gold)
        examples.append(Example(str(number), "test", text, spans, complete=frozenset(LABELS)))
        entities = tuple(Entity(label, text[start:end], start, end, 1.0) for label, start, end in found)
        documents.append(Document(text=text, entities=entities))
    ours = score(examples, documents)["spans"]["micro"]["f1"]
    assert seqeval_f1(examples, documents) == pytest.approx(ours, abs=1e-4)


def test_seqeval_on_tokens_differs_where_a_span_ends_inside_a_token() -> None:
    """Why the cross-check uses characters: token tags cannot say where such a span ends."""
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOBES

    text = "星河AI"  # tokens: 星 | 河 | AI
    gold, found = (GoldSpan(0, 3, "ORG"),), (Entity("ORG", "星河AI", 0, 4, 1.0),)
    example = Example("1", "test", text, gold, complete=frozenset({"ORG"}))
    assert seqeval_f1([example], [Document(text=text, entities=found)]) == 0.0
    tokens = ["B-ORG", "I-ORG", "E-ORG"]  # of both
    assert f1_score([tokens], [tokens], mode="strict", scheme=IOBES) == 1.0


def test_character_tags() -> None:
    scheme = TagScheme(("ORG",))
    tags = character_tags(scheme, 6, [("ORG", 0, 3), ("ORG", 3, 4), ("MONEY", 4, 6)])
    assert tags == ["B-ORG", "I-ORG", "E-ORG", "S-ORG", "O", "O"]


def test_gold_spans_are_linked_as_they_are(extractor: Extractor) -> None:
    departures = (GoldDeparture(EXAMPLE.spans[0], EXAMPLE.spans[1], "stated"),)
    (document,) = link_gold_spans(extractor, [replace(EXAMPLE, departures=departures)])
    assert [(e.label, e.start, e.end) for e in document.entities] == [("PERSON", 0, 3), ("ORG", 5, 9)]
    assert {(d.person, d.organization) for d in document.departures} <= {("林知远", "星河科技")}


def test_results_name_the_command_and_the_versions(tmp_path: Path) -> None:
    write_results(tmp_path / "new" / "r.json", command="python -m x", report={"spans": {"名": 1}})
    written = json.loads((tmp_path / "new" / "r.json").read_text(encoding="utf-8"))
    assert written["command"] == "python -m x"
    assert written["versions"]["torch"].startswith("2")
    assert written["spans"] == {"名": 1}


def test_a_path_is_checked_without_being_written(tmp_path: Path) -> None:
    new, kept = tmp_path / "new" / "r.json", tmp_path / "kept.json"
    kept.write_text("1", encoding="utf-8")
    check_writable(new)
    check_writable(kept)
    assert not new.exists()
    assert kept.read_text(encoding="utf-8") == "1"


@pytest.mark.parametrize(("name", "reason"), [("", "Is a directory"), ("file/r.json", r"File exists|Not a directory")])
def test_a_path_that_cannot_be_written(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=rf"cannot be written \(({reason})\); choose another path"):
        check_writable(tmp_path / name)


def test_the_fingerprint_of_a_set_is_the_same_in_every_process() -> None:
    code = "from tests.training.authored import examples; from training.report import fingerprint as f; "
    code += "one = examples(); print(f(one), f(one[1:]), f([tuple(one)]))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
    assert len(set(seen.pop().split())) == 3, "other examples, another fingerprint"


def test_the_fingerprint_is_of_the_weights(model_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert weights_fingerprint(model_dir) != weights_fingerprint(tmp_path)


def test_a_command_tells_what_is_not_the_default() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--link-weight", type=float, default=0.5)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--data-root", default="data")
    options = parser.parse_args(["--all", "--only", "a", "b c", "--link-weight", "1", "--data-root", "mine"])
    assert command_of("m", options, parser) == "python -m m --all --only a 'b c' --link-weight 1.0"
    assert command_of("m", parser.parse_args([]), parser, always=["split"]) == "python -m m --split dev"
