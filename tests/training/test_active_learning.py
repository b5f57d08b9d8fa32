"""The study of annotation orders, on a few sentences of our own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.training.authored import examples, write_news_units
from training.active_learning import ORDERS, Study, main, run, to_task
from training.data.example import DataError
from training.data.label_studio import read_label_studio


def test_gold_examples_as_tasks_are_the_same_examples(tmp_path: Path) -> None:
    from ie_model.labelstudio.interface import Interface
    from ie_model.labelstudio.tasks import dump

    wanted = examples()
    dump([to_task(example, number) for number, example in enumerate(wanted, 1)], tmp_path / "tasks.json")
    (tmp_path / "labels.xml").write_text(Interface().to_xml(), encoding="utf-8")
    found = list(read_label_studio(tmp_path, source="x"))
    assert [(e.id, e.text, e.spans) for e in found] == [(e.id, e.text, tuple(sorted(e.spans))) for e in wanted]
    for example, gold in zip(found, wanted, strict=True):
        assert {(d.person, d.organization, d.status) for d in example.departures or ()} == {
            (d.person, d.organization, d.status) for d in gold.departures or ()
        }


@pytest.fixture
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sentences as the pool, as the split that is scored, and as the authored pieces."""
    write_news_units(tmp_path / "data")
    folder = tmp_path / "data" / "news-units"
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps({**row, "id": f"u{number}"}, ensure_ascii=False) for number, row in enumerate(rows)]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copyfile(folder / "train.jsonl", folder / "dev.jsonl")
    monkeypatch.setattr("training.data.sources.read_authored", lambda _: examples())
    return tmp_path / "data"


def test_a_study(data_root: Path, tokenizer_dir: Path, tmp_path: Path) -> None:
    study = Study(
        sizes=(2, 4), seeds=(1,), start_epochs=1, epochs=1, tokenizer=str(tokenizer_dir),
        encoder=(("layers", 1), ("hidden", 32), ("intermediate", 32), ("heads", 2)),
    )  # fmt: skip
    report = run(study, data_root=data_root, folder=tmp_path / "runs")
    assert [(row["order"], row["units"]) for row in report["rounds"]] == [
        ("start", 0), *((order, size) for order in ORDERS for size in (2, 4))
    ]  # fmt: skip
    for order in ORDERS:
        chosen = [
            [task["data"]["id"] for task in json.loads(path.read_text(encoding="utf-8"))]
            for path in (
                tmp_path / "runs" / "seed1" / f"{order}{size}" / "annotated" / "tasks.json" for size in (2, 4)
            )
        ]
        assert chosen[1][:2] == chosen[0], "what is annotated stays annotated"
        assert len(set(chosen[1])) == 4, "no unit is chosen twice"
    assert all(0 <= row["spans_f1"] <= 1 for row in report["mean"])


def test_more_than_the_pool(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose smaller --sizes"):
        run(Study(sizes=(1000,)), data_root=data_root, folder=tmp_path)


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data-root", str(tmp_path), "--output", str(tmp_path / "x.json")]) == 2
    assert "no such file; --data-root names" in capsys.readouterr().err
