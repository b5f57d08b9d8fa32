from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from tests.training.data.raw import surfaces, write_json
from training.data.example import DataError, Example, GoldDeparture, GoldSpan
from training.data.hub import from_dataset, hub_splits, join_tokens, read_hub, to_dataset
from training.data.seeds import read_seeds
from training.data.sources import SEEDS, read_source

TEXT = "3月，星河科技首席财务官梁以宁离任，加入云栖。\r\n😀"
ORG, ROLE, PERSON, NEXT = (
    GoldSpan(TEXT.index(s), TEXT.index(s) + len(s), label)
    for label, s in (("ORG", "星河科技"), ("ROLE", "首席财务官"), ("PERSON", "梁以宁"), ("ORG", "云栖"))
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def examples() -> list[Example]:
    spans = (ORG, ROLE, PERSON, NEXT)
    dated = GoldDeparture(PERSON, ORG, "stated", (ROLE,), (NEXT,), GoldSpan(0, 2, "DATE"))
    return [
        Example("a", "s", TEXT, spans, departures=(dated, GoldDeparture(PERSON, ORG, "former")), dates=True),
        Example("b", "s", "无事。", (), departures=()),
        Example("c", "s", TEXT, (PERSON,), complete=frozenset({"PERSON"})),
        Example("d", "s", "", (), complete=frozenset()),
    ]


def test_there_and_back() -> None:
    dataset = to_dataset(examples())
    assert dataset.column_names == ["id", "text", "spans", "complete", "departures", "dates", "unsure"]
    assert dataset[2]["spans"] == [{"label": "PERSON", "start": PERSON.start, "end": PERSON.end}]
    assert dataset[2]["departures"] is None
    assert from_dataset(dataset, source="s") == examples()
    assert from_dataset(to_dataset([]), source="s") == []
    unsure = Example("a", "s", "林远在海城", (GoldSpan(0, 2, "PERSON"),), unsure=((3, 5),))
    assert from_dataset(to_dataset([unsure]), source="s") == [unsure]


def test_there_and_back_through_files(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    to_dataset(examples()).to_parquet(folder / "train.parquet")
    (tmp_path / "lines").mkdir()
    to_dataset(examples()).to_json(tmp_path / "lines" / "test.jsonl", force_ascii=False)
    assert from_dataset(Dataset.from_parquet(str(folder / "train.parquet")), source="s") == examples()
    read = read_hub(str(tmp_path / "lines"), split="test")
    assert [(e.id, e.text, e.spans, e.complete, e.departures) for e in read] == [
        (e.id, e.text, e.spans, e.complete, e.departures) for e in examples()
    ]
    assert {e.source for e in read} == {f"hub:{tmp_path / 'lines'}"}


def test_the_seeds_survive() -> None:
    seeds = read_seeds(SEEDS)
    assert from_dataset(to_dataset(seeds), source="seeds") == seeds


def test_own_labels_are_mapped_and_the_rest_left_out() -> None:
    own = Example("a", "s", "林远在海城", (GoldSpan(0, 2, "PER"), GoldSpan(3, 5, "LOC")), frozenset({"PER", "LOC"}))
    (mapped,) = from_dataset(to_dataset([own]), source="s", labels={"PER": "PERSON"})
    assert (surfaces(mapped), mapped.complete) == ([("PERSON", "林远")], {"PERSON"})
    identity = {"PER": "PER", "LOC": "LOC"}
    assert from_dataset(to_dataset([own]), source="s", labels=identity) == [own]


def test_what_is_marked_completely() -> None:
    rows = [{"text": "林远来", "spans": [{"label": "PERSON", "start": 0, "end": 2}]}]
    dataset = Dataset.from_list(rows)
    assert from_dataset(dataset, source="s")[0].complete == {"PERSON"}  # the labels that occur
    assert from_dataset(dataset, source="s", complete=())[0].complete == frozenset()
    assert from_dataset(dataset, source="s", complete={"PERSON", "ORG"})[0].complete == {"PERSON", "ORG"}
    assert from_dataset(dataset, source="s", labels={"PERSON": "PERSON", "X": "ROLE"})[0].complete == {
        "PERSON",
        "ROLE",
    }
    everywhere = from_dataset(to_dataset(examples()), source="s", complete={"ORG"})
    assert {e.complete for e in everywhere} == {frozenset({"ORG"})}


def test_rows_without_id_are_numbered() -> None:
    dataset = Dataset.from_list([{"text": "甲", "spans": []}, {"text": "乙", "spans": []}])
    assert [(e.id, e.departures) for e in from_dataset(dataset, source="s")] == [("0", None), ("1", None)]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (["林", "远", "说"], "林远说"),
        (["Sam", "Altman", "说"], "Sam Altman说"),
        (["苹果", "iPhone", "15", "发布"], "苹果iPhone 15发布"),
        (["G", "P", "T", "4"], "GPT4"),
        (["Inc", ".", "Ltd"], "Inc.Ltd"),
        (["in", " ", "it"], "in it"),
        (["José", "María"], "José María"),
        (["100", "万"], "100万"),
    ],
)
def test_tokens_are_joined(tokens: list[str], text: str) -> None:
    joined, places = join_tokens(tokens)
    assert joined == text
    assert [joined[start:end] for start, end in places] == tokens


def test_token_rows() -> None:
    tags = ["B-ORG", "O", "B-PERSON", "I-PERSON", "S-ROLE"]
    dataset = Dataset.from_list([{"tokens": ["星河", "的", "Sam", "Altman", "总裁"], "tags": tags}])
    (example,) = from_dataset(dataset, source="s")
    assert example.text == "星河的Sam Altman总裁"
    assert surfaces(example) == [("ORG", "星河"), ("PERSON", "Sam Altman"), ("ROLE", "总裁")]
    assert example.complete == {"ORG", "PERSON", "ROLE"}


NAMES = ["O", "B-PERSON", "I-PERSON", "B-ORG", "I-ORG"]
CLASSES = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=NAMES))})


def test_class_labels(tmp_path: Path) -> None:
    rows = [{"tokens": list("林远来"), "ner_tags": [1, 2, 0]}]
    Dataset.from_list(rows, features=CLASSES).to_parquet(tmp_path / "validation.parquet")
    (example,) = read_hub(str(tmp_path), split="validation")
    assert surfaces(example) == [("PERSON", "林远")]
    assert example.complete == {"PERSON", "ORG"}  # ORG is declared, it does not occur


SPAN = {"label": "PERSON", "start": 0, "end": 2}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"text": "林远", "entities": []},
            "own: expected the columns text and spans, or tokens.*found text, entities",
        ),
        ({"tokens": ["林"], "labels": ["O"]}, "found tokens, labels"),
        (
            {"text": "林", "spans": [SPAN]},
            "own, row 0: expected a text and its spans.* 0 to 2 is outside of .* 1 char",
        ),
        ({"text": "林远", "spans": [{**SPAN, "start": -1}]}, "row 0.*-1 to 2 is outside"),
        ({"text": "林远", "spans": [SPAN, {**SPAN, "start": 1}]}, "row 0.*overlaps"),
        ({"text": "林远", "spans": [{**SPAN, "label": "PER"}]}, "row 0.*'PER' is none of PERSON, ORG, ROLE, MONEY"),
        ({"text": "林远", "spans": [{**SPAN, "text": "远林"}]}, "row 0.*'远林' is not at 0, there is '林远'"),
        ({"text": "林远", "spans": [{"label": "PERSON", "start": 0}]}, "row 0.*no 'end'"),
        ({"text": "林远", "spans": [{**SPAN, "end": None}]}, "row 0.*a label, a start and an end"),
        ({"text": None, "spans": []}, "row 0: expected a text"),
        ({"text": "林远", "spans": None}, "row 0: expected a text"),
        ({"text": "林远", "spans": [], "departures": [{"person": SPAN}]}, "row 0.*no 'organization'"),
        ({"text": "林", "spans": [{**SPAN, "end": 1, "label": "PER"}]}, "say which of them it is .*#PER=PERSON"),
        ({"tokens": ["林", "远"], "tags": ["O"]}, "row 0: expected tokens and a tag for each: 2 tokens, 1 tags"),
        ({"tokens": ["林"], "tags": ["X-PERSON"]}, "row 0.*'X-PERSON' is neither O nor"),
        ({"tokens": ["林"], "tags": ["B-"]}, "row 0.*'B-' is neither O nor"),
        ({"tokens": ["林"], "tags": ["B-LOC"]}, "row 0.*'LOC' is none of PERSON"),
        ({"tokens": ["林"], "tags": [1]}, "row 0.*1 is a number without a name"),
        ({"tokens": [""], "tags": ["O"]}, "row 0.*an empty token"),
    ],
)
def test_faults_name_set_row_and_what_was_expected(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_dataset(Dataset.from_list([row]), source="own")


def test_faults_name_the_row() -> None:
    rows = [{"text": "林远", "spans": [SPAN]}, {"text": "林", "spans": [SPAN]}]
    with pytest.raises(DataError, match="own, row 1: "):
        from_dataset(Dataset.from_list(rows), source="own")


def marked(**parts: Any) -> dict[str, Any]:
    """A row with one departure, a part of it replaced."""

    def place(span: GoldSpan) -> dict[str, Any]:
        return {"label": span.label, "start": span.start, "end": span.end}

    departure = {"person": place(PERSON), "organization": place(ORG), "status": "stated"}
    departure |= {
        key: [place(s) for s in part] if isinstance(part, list) else place(part) for key, part in parts.items()
    }
    return {"text": TEXT, "spans": [place(s) for s in (ORG, ROLE, PERSON, NEXT)], "departures": [departure]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**marked(), "spans": []}, "departure's person, PERSON at .*, is none of the PERSON spans; mark it as one"),
        (marked(organization=GoldSpan(90, 94, "ORG")), "the ORG span 90 to 94 is outside of a text of"),
        (marked(person=ORG, organization=PERSON), "person, ORG at 3 to 7, is none of the PERSON spans"),
        (
            marked(person=GoldSpan(ORG.start, ORG.end, "PERSON")),
            "person, PERSON at 3 to 7, is none of the PERSON",
        ),
        (marked(roles=[ROLE, NEXT]), "role, ORG at .* is none of the ROLE spans"),
        (marked(joined=[GoldSpan(0, 2, "ORG")]), "joined, ORG at 0 to 2, is none of the ORG spans"),
        (marked(date=GoldSpan(0, 99, "DATE")), "the DATE span 0 to 99 is outside of a text of"),
        (marked(date=GoldSpan(2, 2, "DATE")), "the DATE span 2 to 2 is outside"),
    ],
)
def test_faults_of_departures(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"own, row 0: .*{message}"):
        from_dataset(Dataset.from_list([row]), source="own")


def test_departures_whose_labels_are_left_out() -> None:
    dataset = to_dataset(examples()[:1])
    for left_out in ("PERSON", "ORG"):
        labels = {label: label for label in ("PERSON", "ORG", "ROLE") if label != left_out}
        assert from_dataset(dataset, source="s", labels=labels)[0].departures is None
    (without_roles,) = from_dataset(dataset, source="s", labels={"PERSON": "PERSON", "ORG": "ORG"})
    assert without_roles.departures == examples()[0].departures  # still marked, though not as a span


def test_class_labels_without_a_name() -> None:
    dataset = Dataset.from_list([{"tokens": ["林"], "ner_tags": [-1]}], features=CLASSES)
    with pytest.raises(DataError, match=r"row 0.*the tag -1 is none of the 5 class labels"):
        from_dataset(dataset, source="own")


def test_lone_surrogates_cannot_be_carried() -> None:
    with pytest.raises(DataError, match="s, row a: expected text that UTF-8 can hold"):
        to_dataset([Example("a", "s", "好\ud83d", ())])


def test_sources_by_name(tmp_path: Path) -> None:
    row = {"text": "林远来", "spans": [{"label": "PER", "start": 0, "end": 2}, {"label": "LOC", "start": 2, "end": 3}]}
    write_json(tmp_path / "own" / "train.jsonl", row)
    write_json(tmp_path / "own" / "test.jsonl", row, row)
    name = f"hub:{tmp_path / 'own'}"
    (example,) = read_source(f"{name}#PER=PERSON", data_root=tmp_path)
    assert (surfaces(example), example.source) == ([("PERSON", "林远")], name)
    assert len(read_source(f"{name}#PER=PERSON", data_root=tmp_path, split="test", purpose="evaluate")) == 2
    assert sorted(hub_splits(name)) == ["test", "train"]
    with pytest.raises(DataError, match="held out for evaluation"):
        read_source(name, data_root=tmp_path, split="test")
    with pytest.raises(DataError, match="'PER' is none of"):
        read_source(name, data_root=tmp_path)
    with pytest.raises(DataError, match=r"cannot be loaded .*dev.*one of .*train"):
        read_source(name, data_root=tmp_path, split="dev", purpose="evaluate")


@pytest.mark.parametrize("named", ["#PER", "#PER=LOC", "#=PERSON", "#"])
def test_labels_in_a_name(tmp_path: Path, named: str) -> None:
    with pytest.raises(DataError, match="expected #THEIRS=OURS"):
        read_hub(f"{tmp_path}{named}", split="train")


def test_labels_in_a_name_are_stripped(tmp_path: Path) -> None:
    write_json(tmp_path / "train.jsonl", {"tokens": ["林远", "在", "星河"], "ner_tags": ["S-PER", "O", "S-ORG"]})
    (example,) = read_hub(f"{tmp_path}#PER = PERSON, ORG=ORG", split="train")
    assert surfaces(example) == [("PERSON", "林远"), ("ORG", "星河")]
    assert example.complete == {"PERSON", "ORG"}


def test_labels_that_the_set_does_not_have(tmp_path: Path) -> None:
    tags = {"tokens": ["林远", "在", "星河"], "ner_tags": ["S-PER", "O", "S-ORG"]}
    write_json(tmp_path / "tags" / "train.jsonl", tags)
    write_json(tmp_path / "tags" / "test.jsonl", {**tags, "ner_tags": ["S-PER", "O", "O"]})
    write_json(tmp_path / "tags" / "validation.jsonl")  # one that cannot be loaded tells nothing
    message = "tags: the set has no label 'PERS'; it has PER, ORG$"
    with pytest.raises(DataError, match=message):
        read_hub(f"{tmp_path / 'tags'}#PERS=PERSON", split="train")
    with pytest.raises(DataError, match=message):
        read_hub(f"{tmp_path / 'tags'}#PER=PERSON,PERS=PERSON", split="test")
    (example,) = read_hub(f"{tmp_path / 'tags'}#PER=PERSON,ORG=ORG", split="test")  # another split has ORG
    assert example.complete == {"PERSON", "ORG"}
    write_json(tmp_path / "spans" / "train.jsonl", {"text": "林远", "spans": [SPAN], "complete": ["PERSON", "FIRM"]})
    with pytest.raises(DataError, match=r"no label 'PER'; it has PERSON, FIRM$"):
        read_hub(f"{tmp_path / 'spans'}#PER=PERSON", split="train")
    assert read_hub(f"{tmp_path / 'spans'}#FIRM=ORG", split="train")[0].complete == {"ORG"}
    classes = Dataset.from_list([{"tokens": ["林"], "ner_tags": [0]}], features=CLASSES)
    with pytest.raises(DataError, match=r"own: the set has no label 'PER'; it has PERSON, ORG$"):
        from_dataset(classes, source="own", labels={"PER": "PERSON"})


@pytest.mark.parametrize("name", ["json", "text"])
def test_folders_called_as_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_json(tmp_path / name / "train.jsonl", {"text": "林远", "spans": [SPAN]})
    write_json(tmp_path / "other" / "test.jsonl", {"text": "别的", "spans": []})
    monkeypatch.chdir(tmp_path)
    (example,) = read_hub(f"hub:{name}", split="train")
    assert (example.text, example.source) == ("林远", f"hub:{name}")
    assert hub_splits(f"hub:{name}") == ["train"]


def test_sets_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: the data set cannot be loaded .*expected a Hub id"):
        read_hub(str(tmp_path / "none"), split="train")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "train.jsonl").write_text('{"text": "林', encoding="utf-8")
    with pytest.raises(DataError, match=r"broken: the data set cannot be loaded .*JSON parse error.* in row 0"):
        read_hub(str(tmp_path / "broken"), split="train")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "train.jsonl").touch()
    with pytest.raises(DataError, match=r"empty: the data set cannot be loaded \(it has no rows\)"):
        read_hub(str(tmp_path / "empty"), split="train")
    with pytest.raises(DataError, match=r"/: the data set cannot be loaded .*expected a Hub id"):
        hub_splits("hub:/")
    for read in (hub_splits, lambda name: read_hub(name, split="train")):
        for name in ("hub:", "hub:#PER=PERSON"):
            with pytest.raises(DataError, match=f"{name}: expected a Hub id or a local folder after hub:"):
                read(name)
