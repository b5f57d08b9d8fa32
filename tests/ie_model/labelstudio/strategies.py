"""Documents of every kind for property tests: emoji, CRLF, full-width forms, combining marks."""

from __future__ import annotations

from hypothesis import strategies as st

from ie_model.document import Date, Departure, Document, Entity, Evidence, Money
from ie_model.relations import STATUSES
from ie_model.scheme import LABELS

#: Pieces that count differently in code points and UTF-16 units, or that look like something else.
PIECES = (
    "林知远", "星河科技", "云栖", "首席执行官", "1.13 億美元", "去年底", "2023年3月", "离开", "，", "。", "\n",
    "\r\n", "\r", "😀", "👨‍👩‍👧", "𠮷", "ＡＢＣ", "e\u0301", "\u200b", "\u2028", "\t",
    "  ", "<b>&amp;", "\\n", "{{x}}", "Sam Altman",
)  # fmt: skip
text = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join)
score = st.floats(min_value=0, max_value=1)
name = st.sampled_from(("林知远", "星河科技", "云栖", "首席执行官", "😀", "x")) | st.text(max_size=4)
amount = st.none() | st.builds(
    Money, st.sampled_from(("80", "113000000")), st.none() | st.just("200"), st.none() | st.just("USD")
)


@st.composite
def entities(draw: st.DrawFn, of: str) -> tuple[Entity, ...]:
    """Flat spans of a text, none of them only white space."""
    cuts = draw(st.lists(st.integers(0, len(of)), unique=True, max_size=16).map(sorted))
    found = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        if of[start:end].strip():
            label = draw(st.sampled_from(LABELS))
            value = draw(amount) if label == "MONEY" else None
            found.append(Entity(label, of[start:end], start, end, draw(score), value))
    return tuple(found)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document: its departures may name what no entity marks."""
    of = draw(text)
    found = draw(entities(of))
    return Document(
        text=of,
        entities=found,
        departures=tuple(draw(st.lists(departures(of, found), max_size=4))),
        id=draw(st.none() | st.just("a.txt")),
        published=draw(st.none() | st.just("2023-04")),
    )


def departures(of: str, found: tuple[Entity, ...]) -> st.SearchStrategy[Departure]:
    def named(label: str) -> st.SearchStrategy[str]:
        surfaces = [entity.text for entity in found if entity.label == label]
        return (st.sampled_from(surfaces) | name) if surfaces else name

    place = st.tuples(st.integers(0, len(of)), st.integers(0, len(of))).map(sorted)
    return st.builds(
        Departure,
        person=named("PERSON"),
        organization=named("ORG"),
        status=st.sampled_from(STATUSES),
        score=score,
        evidence=place.map(lambda ends: Evidence(*ends)),
        mentions=st.lists(place.map(lambda ends: Evidence(*ends)), max_size=2).map(tuple),
        person_aliases=st.lists(named("PERSON"), max_size=2).map(tuple),
        organization_aliases=st.lists(named("ORG"), max_size=2).map(tuple),
        roles=st.lists(named("ROLE"), max_size=2, unique=True).map(tuple),
        joined=st.lists(named("ORG"), max_size=2, unique=True).map(tuple),
        date=st.none() | st.builds(Date, st.sampled_from(("去年底", "2023年3月")) | name, st.none() | st.just("2023")),
    )
