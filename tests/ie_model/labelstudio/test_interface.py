"""The labelling configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from ie_model.errors import InputError
from ie_model.labelstudio.interface import Interface, Link, draw
from ie_model.scheme import LABELS

ROOT = Path(__file__).parents[3]


def test_the_projects_own_is_the_file_beside_the_annotations() -> None:
    xml = (ROOT / "annotations" / "labels.xml").read_text(encoding="utf-8")
    assert xml == Interface().to_xml()
    assert Interface.from_xml(xml) == Interface() == Interface.of_labels(LABELS)
    assert Interface().marks == (*LABELS, "DATE")


@pytest.mark.parametrize(
    "labels",
    [["PERSON", "PRODUCT"], ["ORG", "PERSON"], ["人名", "R&D <1>", '"x"'], ["DATE"], [f"L{n}" for n in range(20)]],
)  # fmt: skip
def test_any_labels_come_back(labels: list[str]) -> None:
    interface = Interface.of_labels(labels)
    assert Interface.from_xml(interface.to_xml()) == interface
    assert interface.labels == tuple(labels)
    assert interface.departures == ({"PERSON", "ORG"} <= set(labels))


def test_date_serves_departures_only_where_there_are_such() -> None:
    assert Interface.of_labels(["PERSON", "ORG", "DATE"]).labels == ("PERSON", "ORG")
    assert Interface.of_labels(["PERSON", "DATE"]).labels == ("PERSON", "DATE")


def test_another_projects_tags() -> None:
    xml = """<View><Header value="x"/><Choices name="c" toName="body"><Choice value="a"/></Choices>
    <Labels name="ner" toName="body"><Label value="公司" alias="ORG"/><Label value="PERSON"/></Labels>
    <Text name="body" value="$article"/></View>"""
    expected = Interface(("ORG", "PERSON"), departures=False, label_tag="ner", text_tag="body", text_key="article")
    assert Interface.from_xml(xml) == expected


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<View", "not XML"),
        ("<View/>", "no <Labels> with a <Text>"),
        ('<View><Labels name="a" toName="i"><Label value="x"/></Labels><Image name="i"/></View>', "no <Labels> with"),
        ('<View><Labels name="a" toName="t"/><Text name="t" value="$text"/></View>', "no <Labels> with a <Text>"),
    ],
)
def test_configurations_without_labelled_text(xml: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.xml"
    path.write_text(xml, encoding="utf-8")
    with pytest.raises(InputError, match=rf"labels\.xml: {reason}.*`ie-model label-studio config` writes one"):
        Interface.read(path)


@pytest.mark.parametrize("labels", [[], ["PERSON", ""], [" "]])
def test_empty_labels(labels: list[str]) -> None:
    with pytest.raises(InputError, match="a label is empty"):
        Interface.of_labels(labels)


def drawn(*links: Link) -> list[tuple[str, str, str, list[str]]]:
    return [(item["from_id"], item["to_id"], item["direction"], item["labels"]) for item in draw(links)]


def test_one_departure_has_no_number() -> None:
    links = Link("p", "departed_from", "o", status="stated"), Link("p", "left_role", "r")
    assert drawn(*links) == [("p", "o", "right", ["departed_from", "stated"]), ("p", "r", "right", ["left_role"])]


def test_what_departures_share_is_one_relation() -> None:
    links = (
        Link("p", "departed_from", "o1", 1, "stated"), Link("p", "left_on", "t", 1),
        Link("p", "departed_from", "o2", 2, "former"), Link("p", "left_on", "t", 2),
    )  # fmt: skip
    assert drawn(*links) == [
        ("p", "o1", "right", ["departed_from", "stated", "d1"]),
        ("p", "t", "right", ["left_on", "d1", "d2"]),
        ("p", "o2", "right", ["departed_from", "former", "d2"]),
    ]


def test_a_second_relation_between_two_regions_is_reversed() -> None:
    links = (
        Link("p", "departed_from", "o1", 1, "stated"), Link("p", "joined", "o2", 1),
        Link("p", "departed_from", "o2", 2, "stated"),
    )  # fmt: skip
    assert drawn(*links)[1:] == [
        ("p", "o2", "right", ["joined", "d1"]),
        ("o2", "p", "left", ["departed_from", "stated", "d2"]),
    ]
