"""Clusters of names found by reading, and the scores of those that the package finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import name_scoring
from training.data.example import DataError, Example, GoldSpan
from training.data.names import NAMES, read_names
from training.data.sources import read_source
from training.name_scoring import by_containment, by_equal_forms, by_names, pair_counts
from training.scoring import Counts

TEXT = "林知远（花名：云栖）离开星河科技。知远说，星河 3 月成立，云栖 不是公司。"


def spans(*surfaces: tuple[str, str]) -> tuple[GoldSpan, ...]:
    found, at = [], 0
    for surface, label in surfaces:
        at = TEXT.index(surface, at)
        found.append(GoldSpan(at, at + len(surface), label))
        at += len(surface)
    return tuple(found)


NAMES_IN_TEXT = (
    *(("林知远", "PERSON"), ("云栖", "PERSON"), ("星河科技", "ORG")),
    *(("知远", "PERSON"), ("星河", "ORG"), ("云栖", "PERSON")),
)
EXAMPLE = Example("a", "test", TEXT, spans(*NAMES_IN_TEXT))


def write(path: Path, *clusters: tuple[str, list[tuple[int, str]]], id: str = "a") -> Path:
    rows = [
        {"label": label, "mentions": [{"start": start, "end": start + len(text), "text": text} for start, text in ms]}
        for label, ms in clusters
    ]
    path.write_text(json.dumps({"id": id, "clusters": rows}, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def mentions(*indices: int) -> list[tuple[int, str]]:
    return [(EXAMPLE.spans[i].start, TEXT[EXAMPLE.spans[i].start : EXAMPLE.spans[i].end]) for i in indices]


def test_forms_that_are_in_no_cluster_are_names_of_their_own(tmp_path: Path) -> None:
    (named,) = read_names(write(tmp_path / "n.jsonl", ("PERSON", mentions(0, 3))), [EXAMPLE])
    one, alias, firm, given, short, again = named.clusters
    assert one == given
    assert alias == again
    assert len({one, alias, firm, short}) == 4


@pytest.mark.parametrize(
    ("clusters", "id", "complaint"),
    [
        ([], "b", "no article b"),
        ([("ORG", [(0, "林知远")])], "a", "is no span, or in two clusters"),
        ([("PERSON", [(1, "林知远")])], "a", "is not at 1"),
        ([("PERSON", [(0, "林知远")])] * 2, "a", "is no span, or in two clusters"),
    ],
)
def test_faults_are_named(
    clusters: list[tuple[str, list[tuple[int, str]]]], id: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=rf"n\.jsonl, line 1: .*{complaint}"):
        read_names(write(tmp_path / "n.jsonl", *clusters, id=id), [EXAMPLE])


def test_pairs_of_mentions_and_of_forms(tmp_path: Path) -> None:
    path = write(tmp_path / "n.jsonl", ("PERSON", mentions(0, 1, 3, 5)), ("ORG", mentions(2, 4)))
    (named,) = read_names(path, [EXAMPLE])
    ours, equal = by_names(EXAMPLE), by_equal_forms(EXAMPLE)
    assert pair_counts(named, ours, "PERSON", forms=False) == Counts(6, 6, 6)
    assert pair_counts(named, ours, "PERSON", forms=True) == Counts(3, 3, 3)
    assert pair_counts(named, equal, "PERSON", forms=False) == Counts(1, 1, 6)
    assert pair_counts(named, equal, "PERSON", forms=True) == Counts(0, 0, 3)
    assert pair_counts(named, by_containment(EXAMPLE), "ORG", forms=True) == Counts(1, 1, 1)


def test_the_clusters_of_the_project() -> None:
    sizes = {}
    for name in name_scoring.SETS:
        examples = read_source(name, data_root=Path(), purpose="evaluate")
        sizes[name] = len(read_names(NAMES / f"{name}.jsonl", examples))
    assert sizes["seeds"] == 5
    assert sizes["authored"] >= 60
    assert sizes["authored-heldout"] == 120


def test_the_command_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert name_scoring.main(["--output", str(tmp_path / "names.json"), "--errors"]) == 0
    names = json.loads((tmp_path / "names.json").read_text(encoding="utf-8"))
    for name in name_scoring.SETS:
        ours, baseline = (names["sets"][name][way]["forms"]["all"]["f1"] for way in ("names", "containment"))
        assert ours > baseline
    printed = capsys.readouterr().out
    assert "seeds, names: pairs of forms F1 0." in printed
