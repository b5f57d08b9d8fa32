"""Requests and answers as pydantic models: what OpenAPI describes, and what is checked on the way in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from ie_model import document as doc
from ie_model.errors import InputError
from ie_model.records import is_whole

EXAMPLE_TEXT = "3月，星河科技技术副总裁林知远宣布辞职，加入了云栖智能。"

#: The tag of an object among `texts`; it stands in the places of pydantic's errors, where no client knows it.
ITEM = "(item)"
ONE, MANY = "(one text)", "(many texts)"
#: Names of alternatives, which stand in the places of pydantic's errors and in no request.
TAGS = frozenset({ITEM, ONE, MANY})


def _string(value: Any) -> Any:
    return str(int(value)) if is_whole(value) else value


def _given(value: Any) -> Any:
    """An empty date is none, as in `ie-model batch`."""
    return None if value == "" else value


Published = Annotated[
    str | None,
    BeforeValidator(_given),
    Field(
        description="The article's ISO date as exact as it is known (2023, 2023-04, 2023-04-30), for relative dates.",
        examples=["2023-04-30"],
    ),
]
Identity = Annotated[
    str | None,
    BeforeValidator(_string),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
    Field(description="A name for the document; it comes back as it is, a whole number as a string."),
]
MinScore = Annotated[float, Field(ge=0.0, le=1.0, description="Omit spans and departures that score below this.")]
Score = Annotated[float, Field(ge=0.0, le=1.0, description="How probably it is right.")]
Offset = Annotated[int, Field(ge=0, description="In code points of the text as given.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextItem(_Strict):
    """A text with its own name and date."""

    text: str
    id: Identity = None
    published: Published = None


def _form(value: Any) -> str | None:
    if isinstance(value, str):
        return "text"
    return ITEM if isinstance(value, dict | TextItem) else None


AnyText = Annotated[
    Annotated[str, Tag("text")] | Annotated[TextItem, Tag(ITEM)],
    Discriminator(
        _form,
        custom_error_type="text_or_item",
        custom_error_message="Input should be a string or an object with a text",
    ),
]


class OneText(_Strict):
    """Extract from one text; the answer is its document."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": EXAMPLE_TEXT, "published": "2023-04-30", "min_score": 0.5}]}
    )

    text: Annotated[str, Field(description="The article as it is, of any length up to the server's limit.")]
    id: Identity = None
    published: Published = None
    min_score: MinScore = 0.0

    def items(self) -> list[TextItem]:
        return [TextItem(text=self.text, id=self.id, published=self.published)]


class ManyTexts(_Strict):
    """Extract from many texts; the answer has their documents in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"texts": [EXAMPLE_TEXT, {"text": "周以安已离开青木资本。", "id": "b", "published": "2024"}]}]
        }
    )

    texts: list[AnyText]
    published: Published = None
    min_score: MinScore = 0.0

    def items(self) -> list[TextItem]:
        """The texts; one without a date of its own has the request's."""
        items = [TextItem(text=text) if isinstance(text, str) else text for text in self.texts]
        return [
            item if item.published is not None else item.model_copy(update={"published": self.published})
            for item in items
        ]


def _kind(value: Any) -> str:
    return MANY if isinstance(value, ManyTexts) or (isinstance(value, dict) and "texts" in value) else ONE


ExtractRequest = Annotated[Annotated[OneText, Tag(ONE)] | Annotated[ManyTexts, Tag(MANY)], Discriminator(_kind)]


class MoneyModel(_Strict):
    amount: str
    amount_max: str | None
    currency: str | None
    approximate: bool = False


class EntityModel(_Strict):
    label: str
    text: str
    start: Offset
    end: Offset
    score: Score
    value: MoneyModel | None


class DateModel(_Strict):
    text: str
    value: str | None


class EvidenceModel(_Strict):
    start: Offset
    end: Offset


class DepartureModel(_Strict):
    person: str
    person_aliases: list[str]
    organization: str
    organization_aliases: list[str]
    roles: list[str]
    joined: list[str]
    date: DateModel | None
    status: str
    score: Score
    evidence: EvidenceModel


class DocumentModel(_Strict):
    """One document, as `Document.to_dict` gives it."""

    id: str | None
    chars: Offset
    entities: list[EntityModel]
    departures: list[DepartureModel]


class Documents(_Strict):
    """The documents of many texts, in order."""

    documents: list[DocumentModel]


class ErrorModel(_Strict):
    """What went wrong, and the remedy."""

    error: str


class GivenDocument(DocumentModel):
    """A document together with its text, to be written in another format."""

    text: str
    published: Published = None

    def to_document(self) -> doc.Document:
        """Raises:
        InputError: an offset lies outside the text, or a span's text is not what stands there.
        """
        if self.chars != len(self.text):
            raise InputError(f"chars is {self.chars}, but the text has {len(self.text)}; send the text as it was")
        entities = tuple(doc.Entity(e.label, e.text, e.start, e.end, e.score, _money(e.value)) for e in self.entities)
        last = 0
        for entity in entities:
            if entity.start < last or not entity.text or self.text[entity.start : entity.end] != entity.text:
                raise InputError(
                    f"the {entity.start}-{entity.end} span is out of order or not what stands in the text there; "
                    "send documents as they were extracted"
                )
            last = entity.end
        departures = tuple(self._departure(departure) for departure in self.departures)
        return doc.Document(self.text, entities, departures, self.id, self.published)

    def _departure(self, given: DepartureModel) -> doc.Departure:
        evidence = doc.Evidence(given.evidence.start, given.evidence.end)
        if not evidence.start < evidence.end <= len(self.text):
            raise InputError(
                f"evidence {evidence.start}-{evidence.end} is not in the text; send documents as they were extracted"
            )
        return doc.Departure(
            person=given.person,
            organization=given.organization,
            status=given.status,
            score=given.score,
            evidence=evidence,
            person_aliases=tuple(given.person_aliases),
            organization_aliases=tuple(given.organization_aliases),
            roles=tuple(given.roles),
            joined=tuple(given.joined),
            date=doc.Date(given.date.text, given.date.value) if given.date else None,
        )


def _money(given: MoneyModel | None) -> doc.Money | None:
    return doc.Money(**given.model_dump()) if given else None


class ExportRequest(_Strict):
    """Documents to be written as a file."""

    format: Literal["jsonl", "csv", "html", "label-studio"]
    documents: list[GivenDocument]


class ExampleModel(_Strict):
    name: str
    text: str
    published: Published = None


class Info(_Strict):
    """What this server is and allows."""

    version: str
    labels: list[str]
    formats: list[str]
    max_chars: int
    max_texts: int
    examples: list[ExampleModel]
