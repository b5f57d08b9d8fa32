"""Label Studio's exports as a source, with this project's labels and others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ie_model.extractor import Extractor
from ie_model.labelstudio.interface import Interface
from ie_model.model_folder import Settings
from ie_model.scheme import LABELS, TagScheme
from training.data.example import DataError, GoldSpan, NotAtHandError
from training.data.sources import read_source
from training.export import export
from training.finetune import finetune, run_identity, scheme_of
from training.modeling import build_model, load_model
from training.recipe import Recipe, Stage

TEXT = "😀林知远发布了星河一号。"
PRODUCTS = Interface.of_labels(["PERSON", "PRODUCT"])


def annotation(*marks: tuple[str, str], by: int = 1, interface: Interface = PRODUCTS, **more: Any) -> dict[str, Any]:
    result = []
    for number, (surface, label) in enumerate(marks):
        start = TEXT.index(surface)
        end = start + len(surface)
        result.append(interface.region(id=f"r{number}", label=label, start=start, end=end, text=surface))
    return {"id": by, "completed_by": by, "updated_at": f"2026-01-0{by}", "result": result, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pulled project of other labels: two annotators, a skipped task, an untouched one."""
    path = tmp_path / "pulled"
    path.mkdir()
    whole, part = (("林知远", "PERSON"), ("星河一号", "PRODUCT")), (("林知远", "PERSON"),)
    tasks = [
        {"id": 1, "data": {"text": TEXT}, "annotations": [annotation(*part), annotation(*whole, by=2)]},
        {"id": 2, "data": {"text": TEXT}, "annotations": [annotation(was_cancelled=True)]},
        {"id": 3, "data": {"text": TEXT}},
    ]
    for task in tasks:
        (path / f"{task['id']}.json").write_text(json.dumps([task]), encoding="utf-8")
    (path / "labels.xml").write_text(PRODUCTS.to_xml(), encoding="utf-8")
    return path


def read(name: str) -> Any:
    return read_source(name, data_root=Path("unused"))


def test_the_latest_completion_counts(folder: Path) -> None:
    (example,) = read(f"label-studio:{folder}")
    assert example.spans == (GoldSpan(1, 4, "PERSON"), GoldSpan(7, 11, "PRODUCT"))
    assert example.complete == {"PERSON", "PRODUCT"}
    assert example.departures is None, "these labels have none"
    assert (example.id, example.source) == ("1", f"label-studio:{folder}")


def test_one_annotator(folder: Path) -> None:
    (example,) = read(f"label-studio:{folder}#annotator=1")
    assert example.spans == (GoldSpan(1, 4, "PERSON"),)
    with pytest.raises(DataError, match="no task has been annotated by 7 yet"):
        read(f"label-studio:{folder}#annotator=7")


@pytest.mark.parametrize("name", ["label-studio:", "label-studio:x#who=1", "label-studio:x#annotator="])
def test_names_that_say_nothing(name: str) -> None:
    with pytest.raises(DataError, match="expected label-studio:PATH or"):
        read(name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotAtHandError, match=r"nowhere\.json: no such file or folder"):
        read(f"label-studio:{tmp_path / 'nowhere.json'}")


def test_a_fault_stops_training(folder: Path) -> None:
    wrong = annotation(("林知远", "PERSON"))
    wrong["result"][0]["value"]["end"] = 99
    (folder / "4.json").write_text(json.dumps([{"id": 4, "data": {"text": TEXT}, "annotations": [wrong]}]))
    with pytest.raises(DataError, match=r"task 4, region r0: offsets 1-99 are no place .* check. lists all faults"):
        read(f"label-studio:{folder}")


def test_only_labels_that_occur_are_complete_without_a_configuration(folder: Path) -> None:
    (folder / "labels.xml").unlink()
    for number in (2, 3):
        (folder / f"{number}.json").unlink()
    (example,) = read(f"label-studio:{folder}")
    assert example.complete == {"PERSON", "PRODUCT"}


def recipe_of(folder: Path, tmp_path: Path, tokenizer_dir: Path, *others: str) -> Recipe:
    sources = {f"label-studio:{folder}": 1.0, **dict.fromkeys(others, 1.0)}
    return Recipe(
        encoder="random",
        tokenizer=str(tokenizer_dir),
        output=str(tmp_path / "run"),
        stages=(Stage(sources=sources, epochs=60, learning_rate=1e-2),),
        random_encoder={"layers": 1, "hidden": 32, "intermediate": 32, "heads": 2},
        tokens=64,
        bf16=False,
    )


def test_the_labels_of_a_run(folder: Path, tmp_path: Path, tokenizer_dir: Path) -> None:
    alone = recipe_of(folder, tmp_path, tokenizer_dir)
    assert scheme_of(alone).labels == ("PERSON", "PRODUCT")
    assert scheme_of(recipe_of(folder, tmp_path, tokenizer_dir, "authored")).labels == (*LABELS, "PRODUCT")
    files = run_identity(alone, stage=0, leave_out=None, start=None)["files"]
    assert str(folder / "1.json") in files, "a resumed run sees the annotations that it began with"


def test_too_many_labels(folder: Path, tmp_path: Path, tokenizer_dir: Path) -> None:
    many = Interface.of_labels([f"L{number}" for number in range(16)])
    (folder / "labels.xml").write_text(many.to_xml(), encoding="utf-8")
    with pytest.raises(DataError, match="16 labels; a model has 1 to 15"):
        scheme_of(recipe_of(folder, tmp_path, tokenizer_dir))


def test_a_model_of_other_labels(folder: Path, tmp_path: Path, tokenizer_dir: Path) -> None:
    """From annotations to a model that finds their labels in their text."""
    trained = finetune(recipe_of(folder, tmp_path, tokenizer_dir))
    export(trained, tmp_path / "model", settings=Settings(window=62, overlap=16))
    extractor = Extractor.load(tmp_path / "model")
    assert extractor.labels == ("PERSON", "PRODUCT")
    assert [(e.label, e.text) for e in extractor(TEXT).entities] == [("PERSON", "林知远"), ("PRODUCT", "星河一号")]


def test_labels_that_a_model_has_are_gone_on_with(model_dir: Path, tmp_path: Path) -> None:
    """A model that is trained on to other labels keeps what it knows of those in both."""
    published = load_model(model_dir).classifier.classifier
    recipe = Recipe(encoder=str(model_dir), output="unused", stages=(Stage(sources={}),))
    scheme = TagScheme(("PRODUCT", "MONEY", "ORG", "EVENT"))  # as many tags as the model has
    torch.manual_seed(3)
    head = build_model(recipe, scheme).classifier.classifier
    tags = list(TagScheme().tags)
    for index, tag in enumerate(scheme.tags):
        if tag in tags:
            assert torch.equal(head.weight[index], published.weight[tags.index(tag)]), tag
        else:
            assert not any(torch.equal(head.weight[index], row) for row in published.weight), tag
