"""Documents for the tests of what is rendered."""

from __future__ import annotations

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money

EVIL = "<script>alert('x')</script>\"&\u202e"


def evil_document() -> Document:
    """A document in which everything that can be a text is an attack."""
    departure = Departure(
        EVIL, EVIL, EVIL, 0.5, Evidence(0, len(EVIL)), (EVIL,), (EVIL,), (EVIL,), (EVIL,), Date(EVIL, EVIL)
    )
    entity = Entity(EVIL, EVIL, 0, len(EVIL), 0.5, Money(EVIL, EVIL, EVIL))
    return Document(EVIL * 2, (entity,), (departure,), id=EVIL)


#: Two departures that rest on one sentence, and a third on a piece of it and beyond.
TEXT = "3月，林知远和周以安离开星河科技，获1.13亿美元。陈若水随后加入云栖。"
DOCUMENT = Document(
    TEXT,
    (
        Entity("PERSON", "林知远", 3, 6, 0.98),
        Entity("PERSON", "周以安", 7, 10, 0.4),
        Entity("ORG", "星河科技", 12, 16, 0.9),
        Entity("MONEY", "1.13亿美元", 18, 25, 0.8, Money("113000000", None, "USD")),
    ),
    (
        Departure(
            "林知远", "星河科技", "stated", 0.876, Evidence(3, 16), roles=("总裁", "CEO"), joined=("云栖",),
            date=Date("3月", "2023-03"), organization_aliases=("星河",),
        ),
        Departure("周以安", "星河科技", "reported", 0.5, Evidence(3, 16)),
        Departure("陈若水", "青木", "former", 0.7, Evidence(14, 36), joined=("云栖", "远山")),
    ),
    id="a.txt",
    published="2023-04",
)  # fmt: skip
