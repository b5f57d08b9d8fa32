"""What a caller gives: texts, their dates and names, and spans that are known already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from operator import index
from typing import Any

from ie_model import errors
from ie_model.decoding import Span
from ie_model.document import Article, Entity
from ie_model.encoding import Encoding
from ie_model.mentions import MAX_CHARACTERS

#: A known span: label, start and end in code points, end exclusive.
Mark = tuple[str, int, int]


def check_article(article: Article) -> None:
    """InputError unless this can be extracted from."""
    check_input(article.text, article.published)
    if article.id is not None and not isinstance(article.id, str):
        raise errors.bad_id(article.id)


def check_input(text: str, published: str | None) -> None:
    """InputError unless these can be extracted from."""
    if not isinstance(text, str):
        raise errors.not_a_text(text)
    if len(text) > MAX_CHARACTERS:
        raise errors.too_long(len(text), MAX_CHARACTERS)
    if published is not None:
        check_date(published)


def check_date(value: str) -> None:
    """InputError unless the value is YYYY, YYYY-MM or YYYY-MM-DD of the calendar."""
    try:
        if not re.fullmatch(r"\d{4}(-\d\d){0,2}", value):
            raise ValueError(value)
        date.fromisoformat(value + "-01-01"[len(value) - 4 :])
    except (TypeError, ValueError):
        raise errors.bad_date(value) from None


def check_score(value: float) -> None:
    """InputError unless the value can be a least score."""
    if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise errors.bad_score(value)


def known_spans(
    marked: Iterable[Mark | Entity], encoding: Encoding, *, length: int, labels: Sequence[str]
) -> list[Span]:
    """Spans that a caller gives, in the order of the text, as if they had been decoded.

    Args:
        length: of the text, in code points.
        labels: those of the model.

    Raises:
        InputError: a span is none, lies outside the text, holds only space, overlaps another, or has a label that
            the model has not.
    """
    spans: list[Span] = []
    for label, start, end in sorted(map(_mark, marked), key=lambda mark: mark[1:]):
        if label not in labels:
            raise errors.unknown_label(label, labels)
        tokens = encoding.tokens_of(start, end) if 0 <= start < end <= length else None
        if tokens is None:
            raise errors.bad_span(label, start, end, length)
        if spans and start < spans[-1].end:
            raise errors.overlapping_spans((spans[-1].label, spans[-1].start, spans[-1].end), (label, start, end))
        spans.append(Span(label, *tokens, start, end, 1.0))
    return spans


def _mark(given: Any) -> Mark:
    if isinstance(given, Entity):
        return given.label, given.start, given.end
    try:
        label, start, end = given
        mark = label, index(start), index(end)  # numpy's whole numbers too
    except (TypeError, ValueError):
        raise errors.not_a_span(given) from None
    if not isinstance(label, str):
        raise errors.not_a_span(given)
    return mark
