from __future__ import annotations

from pathlib import Path

import pytest

from ie_model.scheme import LABELS
from tests.training.data.raw import tagged, write
from training.data.example import DataError
from training.data.sources import EVENT_SOURCES, SOURCES, read_source

LINES = tagged("林远来", "B-PER I-PER O")


def test_training_reads_train_splits(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *LINES)
    (example,) = read_source("msra", data_root=tmp_path)
    assert example.source == "msra"


def test_evaluation_reads_the_others(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_test_bio", *LINES)
    write(tmp_path / "PeoplesDaily1998" / "example.dev", *LINES)
    assert len(read_source("msra", data_root=tmp_path, split="test", purpose="evaluate")) == 1
    assert len(read_source("peoples-daily", data_root=tmp_path, split="dev", purpose="evaluate")) == 1


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_held_out_texts_do_not_reach_training(name: str, tmp_path: Path) -> None:
    source = SOURCES[name]
    for split in source.splits:
        if source.evaluation_only or split != "train":
            with pytest.raises(DataError, match="for evaluation"):
                read_source(name, data_root=tmp_path, split=split)
        with pytest.raises(DataError, match="no such file"):  # it is allowed, the folder is empty
            read_source(name, data_root=tmp_path, split=split, purpose="evaluate")


def test_unknown_names_and_splits(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="known: seeds, authored, authored-heldout, authored-contrasts, news-units, cluener"
    ):
        read_source("duee", data_root=tmp_path)
    with pytest.raises(DataError, match="it has train, dev"):
        read_source("cluener", data_root=tmp_path, split="test", purpose="evaluate")


def test_what_may_never_train() -> None:
    held = {source.name for source in (*SOURCES.values(), *EVENT_SOURCES) if source.evaluation_only}
    assert held == {"peoples-daily", "uner-pud", "weibo", "duee", "duee-fin"}
    assert all(source.licence for source in (*SOURCES.values(), *EVENT_SOURCES))


def test_a_source_has_our_labels_only(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *LINES)
    (example,) = read_source("msra", data_root=tmp_path)
    assert {span.label for span in example.spans} <= example.complete <= set(LABELS)


def test_a_benchmark_keeps_the_publishers_labels_and_may_train_on_any_train_split(tmp_path: Path) -> None:
    write(tmp_path / "MSRA" / "msra_train_bio", *tagged("林远来京", "B-PER I-PER O B-LOC"))
    (example,) = read_source("msra", data_root=tmp_path, purpose="benchmark", own_labels=True)
    assert [(s.label, s.start, s.end) for s in example.spans] == [("PER", 0, 2), ("LOC", 3, 4)]
    assert example.complete == set(SOURCES["msra"].own_labels)
    with pytest.raises(DataError, match="no such file"):  # weibo may not train otherwise
        read_source("weibo", data_root=tmp_path, purpose="benchmark", own_labels=True)
    with pytest.raises(DataError, match="held out for evaluation"):
        read_source("msra", data_root=tmp_path, split="test", purpose="benchmark")
