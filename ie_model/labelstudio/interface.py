"""The labelling configuration of a project, and how this package's facts are written in it.

A departure is a set of relations from one PERSON region:

| relation | to | further labels of the relation |
|---|---|---|
| `departed_from` | ORG | its status: `stated`, `reported` or `former` |
| `left_role` | ROLE | |
| `joined` | ORG | |
| `left_on` | DATE | |

Where one PERSON starts several departures, all their relations also carry `d1`, `d2` …; one that
several departures share has all their numbers. DATE regions are only marked for `left_on`. The browser
drops a relation's label that the configuration lacks, so it has all of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ie_model.labelstudio import errors
from ie_model.relations import LINK_TARGETS, STATUSES
from ie_model.scheme import DATE, LABELS

#: relation → the label that its target must have; the first makes a departure.
RELATIONS = LINK_TARGETS
#: Tell the departures of one PERSON region apart.
NUMBERS = tuple(f"d{number}" for number in range(1, 10))
#: What the regions of this package's labels need to be the sides of departures.
_SIDES = frozenset({"PERSON", "ORG"})
#: Okabe and Ito's palette, grey last: colour-blind readers can tell them apart.
_COLOURS = {"PERSON": "#0072B2", "ORG": "#D55E00", "ROLE": "#009E73", "MONEY": "#CC79A7", DATE: "#999999"}
_MORE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")


@dataclass(frozen=True)
class Interface:
    """What a project's annotators may mark.

    Attributes:
        labels: of the spans, DATE not among them where it only serves departures.
        departures: whether departures are marked as relations.
        label_tag, text_tag: names of the <Labels> and the <Text> that regions refer to.
        text_key: the key of a task's data that holds the text.
    """

    labels: tuple[str, ...] = LABELS
    departures: bool = True
    label_tag: str = "label"
    text_tag: str = "text"
    text_key: str = "text"

    @classmethod
    def of_labels(cls, labels: Sequence[str]) -> Interface:
        """The interface for a list of labels; departures where PERSON and ORG are among them."""
        names = tuple(dict.fromkeys(label.strip() for label in labels))
        if not names or not all(names):
            raise errors.bad_config("--labels", "a label is empty")
        departures = set(names) >= _SIDES
        return cls(labels=tuple(name for name in names if not (departures and name == DATE)), departures=departures)

    @classmethod
    def read(cls, path: Path) -> Interface:
        """From a file that Label Studio or `to_xml` wrote."""
        try:
            xml = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise errors.bad_config(str(path), str(error)) from error
        return cls.from_xml(xml, name=str(path))

    @classmethod
    def from_xml(cls, xml: str, *, name: str = "label_config") -> Interface:
        """From a project's configuration: its first <Labels> whose target is a <Text>.

        Raises:
            InputError: not XML, or no such pair of tags.
        """
        try:
            root = ElementTree.fromstring(xml)
        except ElementTree.ParseError as error:
            raise errors.bad_config(name, f"not XML ({error})") from error
        texts = {tag.get("name"): tag for tag in root.iter("Text")}
        for tag in root.iter("Labels"):
            target = texts.get(tag.get("toName"))
            labels = [label.get("alias") or label.get("value") or "" for label in tag.iter("Label")]
            if target is None or not any(labels):
                continue
            relations = {relation.get("value") for relation in root.iter("Relation")}
            departures = "departed_from" in relations and set(labels) >= _SIDES
            return cls(
                labels=tuple(label for label in labels if label and not (departures and label == DATE)),
                departures=departures,
                label_tag=tag.get("name") or "label",
                text_tag=target.get("name") or "text",
                text_key=(target.get("value") or "$text").removeprefix("$"),
            )
        raise errors.bad_config(name, "no <Labels> with a <Text> as its toName")

    @property
    def marks(self) -> tuple[str, ...]:
        """Everything that a region may be labelled."""
        return (*self.labels, DATE) if self.departures else self.labels

    def to_xml(self) -> str:
        """The configuration, as a project's Labeling Interface takes it."""
        view = ElementTree.Element("View")
        if self.departures:
            relations = ElementTree.SubElement(view, "Relations")
            for value in (*RELATIONS, *STATUSES, *NUMBERS):
                ElementTree.SubElement(relations, "Relation", value=value)
        labels = ElementTree.SubElement(view, "Labels", name=self.label_tag, toName=self.text_tag)
        for index, label in enumerate(self.marks):
            colour = _COLOURS.get(label) or _MORE_COLOURS[index % len(_MORE_COLOURS)]
            tag = ElementTree.SubElement(labels, "Label", value=label, background=colour)
            if index < 9:
                tag.set("hotkey", str(index + 1))
        ElementTree.SubElement(view, "Text", name=self.text_tag, value=f"${self.text_key}", granularity="symbol")
        ElementTree.indent(view)
        return ElementTree.tostring(view, encoding="unicode").replace(" />", "/>") + "\n"

    def region(self, *, id: str, label: str, start: int, end: int, text: str) -> dict[str, Any]:
        """A region of a result; offsets as they are."""
        value = {"start": start, "end": end, "text": text, "labels": [label]}
        return {"id": id, "type": "labels", "from_name": self.label_tag, "to_name": self.text_tag, "value": value}


@dataclass(frozen=True)
class Link:
    """One relation of one departure, between the ids of regions.

    Attributes:
        number: which of its PERSON's departures this belongs to, from 1.
        status: of a departed_from.
    """

    person: str
    kind: str
    target: str
    number: int = 1
    status: str | None = None


def draw(links: Sequence[Link]) -> list[dict[str, Any]]:
    """The relations of a result, such that the browser keeps them all.

    It keeps one relation from one region to another. So what several departures share (a new
    employer, a date) is one relation with all their numbers; and where a PERSON both joined and left
    an ORG, the second is drawn from the ORG, with the arrow pointing back at it.
    """
    several = {link.person for link in links if link.number > 1}
    grouped: dict[tuple[str, str, str], list[Link]] = {}
    for link in links:
        grouped.setdefault((link.person, link.target, link.kind), []).append(link)
    drawn: set[tuple[str, str]] = set()
    result: list[dict[str, Any]] = []
    for (person, target, kind), same in grouped.items():
        labels = [kind, *(link.status for link in same[:1] if link.status)]
        if person in several:
            labels += [f"d{number}" for number in sorted({link.number for link in same})]
        ends, direction = ((person, target), "right") if (person, target) not in drawn else ((target, person), "left")
        drawn.add(ends)
        result.append(
            {"type": "relation", "from_id": ends[0], "to_id": ends[1], "direction": direction, "labels": labels}
        )
    return result
