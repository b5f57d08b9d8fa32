"""The real annotations: what every tool that reads them relies on."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from training.data.seeds import read_seeds

ROOT = Path(__file__).parents[2]
ARTICLES = [path.stem for path in sorted((ROOT / "seeds").glob("*.txt"))]
FOLDERS = ("seeds", "passes/a", "passes/b")
FILES = [f"{folder}/{article}" for folder in FOLDERS for article in ARTICLES]
TARGETS = {"departed_from": "ORG", "left_role": "ROLE", "joined": "ORG", "left_on": "DATE"}
STATUSES = {"stated", "reported", "former"}


def task_of(name: str) -> dict[str, Any]:
    (task,) = json.loads((ROOT / "annotations" / f"{name}.json").read_text(encoding="utf-8"))
    return task


def parts(task: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """The regions by id, and the relations, of a task's one annotation.

    Relations are returned PERSON first, one for each of their numbers.
    """
    (annotation,) = task["annotations"]
    assert annotation["was_cancelled"] is False
    regions = {item["id"]: item for item in annotation["result"] if item["type"] == "labels"}
    relations = [item for item in annotation["result"] if item["type"] == "relation"]
    assert len(regions) + len(relations) == len(annotation["result"]), "an id twice, or a result of another type"
    plain = []
    for item in relations:
        ends = (item["from_id"], item["to_id"])
        assert item["direction"] in ("left", "right")
        person, target = ends if item["direction"] == "right" else ends[::-1]
        numbers = [name for name in item["labels"] if re.fullmatch(r"d\d", name)]
        rest = [name for name in item["labels"] if name not in numbers]
        for number in numbers or [None]:
            labels = [*rest, number] if number else rest
            plain.append({"from_id": person, "to_id": target, "labels": labels})
    return regions, plain


@pytest.mark.parametrize("name", FILES)
def test_the_browser_would_keep_every_relation(name: str) -> None:
    """It keeps one from one region to another."""
    (annotation,) = task_of(name)["annotations"]
    ends = [(item["from_id"], item["to_id"]) for item in annotation["result"] if item["type"] == "relation"]
    assert len(ends) == len(set(ends))


def label(region: dict[str, Any]) -> str:
    (only,) = region["value"]["labels"]
    return str(only)


def group(relation: dict[str, Any]) -> str:
    return next((name for name in relation["labels"] if re.fullmatch(r"d\d", name)), "d1")


def test_there_are_five_articles_in_every_folder() -> None:
    assert len(ARTICLES) == 5
    for folder in FOLDERS:
        found = sorted(path.name for path in (ROOT / "annotations" / folder).iterdir())
        assert found == [f"{article}.json" for article in ARTICLES]


@pytest.mark.parametrize("name", FILES)
def test_the_text_is_the_article_byte_for_byte(name: str) -> None:
    task = task_of(name)
    article = name.rsplit("/", 1)[1]
    assert task["data"]["id"] == article
    assert task["data"]["text"].encode("utf-8") == (ROOT / "seeds" / f"{article}.txt").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_regions_are_slices_flat_and_trimmed(name: str) -> None:
    task = task_of(name)
    text = task["data"]["text"]
    regions, _ = parts(task)
    assert len(regions) >= 50
    last = 0
    for region in sorted(regions.values(), key=lambda item: item["value"]["start"]):
        value = region["value"]
        start, end = value["start"], value["end"]
        assert last <= start < end <= len(text)
        assert text[start:end] == value["text"] == value["text"].strip()
        assert label(region) in {"PERSON", "ORG", "ROLE", "MONEY", "DATE"}
        assert (region["from_name"], region["to_name"]) == ("label", "text")
        last = end


@pytest.mark.parametrize("name", FILES)
def test_relations_join_the_right_labels(name: str) -> None:
    regions, relations = parts(task_of(name))
    assert relations
    for relation in relations:
        kind, *rest = relation["labels"]
        assert label(regions[relation["from_id"]]) == "PERSON"
        assert label(regions[relation["to_id"]]) == TARGETS[kind]
        numbers = [name for name in rest if re.fullmatch(r"d[1-9]", name)]
        statuses = [name for name in rest if name in STATUSES]
        assert len(numbers) <= 1
        assert len(statuses) == (1 if kind == "departed_from" else 0)
        assert len(numbers) + len(statuses) == len(rest)


@pytest.mark.parametrize("name", FILES)
def test_every_relation_belongs_to_one_departure(name: str) -> None:
    _, relations = parts(task_of(name))
    kinds: dict[tuple[str, str], Counter[str]] = {}
    for relation in relations:
        frame = kinds.setdefault((relation["from_id"], group(relation)), Counter())
        frame[relation["labels"][0]] += 1
    assert all(frame["departed_from"] == 1 and frame["left_on"] <= 1 for frame in kinds.values())


@pytest.mark.parametrize("name", FILES)
def test_numbers_tell_the_departures_of_one_person_apart(name: str) -> None:
    _, relations = parts(task_of(name))
    departures = Counter(r["from_id"] for r in relations if r["labels"][0] == "departed_from")
    for relation in relations:
        has_number = any(re.fullmatch(r"d\d", name) for name in relation["labels"])
        assert has_number == (departures[relation["from_id"]] > 1)


@pytest.mark.parametrize("name", FILES)
def test_dates_are_those_of_departures(name: str) -> None:
    regions, relations = parts(task_of(name))
    dates = {key for key, region in regions.items() if label(region) == "DATE"}
    assert dates == {relation["to_id"] for relation in relations if relation["labels"][0] == "left_on"}


def test_label_studio_knows_every_label() -> None:
    config = ElementTree.parse(ROOT / "annotations" / "labels.xml")
    known = {element.get("value") for element in config.iter("Label")}
    relations = {element.get("value") for element in config.iter("Relation")}
    for name in FILES:
        regions, links = parts(task_of(name))
        assert {label(region) for region in regions.values()} <= known
        assert {word for link in links for word in link["labels"]} <= relations


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_reader_takes_them_all(folder: str) -> None:
    examples = read_seeds(ROOT / "annotations" / folder)
    assert [example.id for example in examples] == ARTICLES
    for example in examples:
        regions, relations = parts(task_of(f"{folder}/{example.id}"))
        assert len(example.spans) == sum(label(region) != "DATE" for region in regions.values())
        count = Counter(relation["labels"][0] for relation in relations)
        departures = example.departures or ()
        assert len(departures) == count["departed_from"]
        assert sum(len(d.roles) for d in departures) == count["left_role"]
        assert sum(len(d.joined) for d in departures) == count["joined"]
        assert sum(d.date is not None for d in departures) == count["left_on"]
