"""What is found of a text while its sections are worked on, and the document that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ie_model.arguments import check_article
from ie_model.decoding import Span
from ie_model.document import Article, Document, Entity
from ie_model.encoding import Encoding
from ie_model.facts import departures_of
from ie_model.mentions import Mentions
from ie_model.money import Amounts
from ie_model.relations import Frame
from ie_model.sections import Section, plan_sections

#: Characters that are run together, so that short texts share the encoder's calls.
CHUNK_CHARACTERS = 16384


@dataclass
class Findings:
    """What has been found of a text so far; spans have the text's offsets, and no tokens."""

    article: Article
    spans: Mentions = field(default_factory=Mentions)
    frames: list[Frame] = field(default_factory=list)

    def add_spans(self, found: Sequence[Span], section: Section, encoding: Encoding) -> list[tuple[Span, int]]:
        """Keep a section's own spans.

        Args:
            found: the spans of the section and its margins, with the section's offsets.

        Returns:
            the spans that stand in the section and its margins, with the section's tokens and
            offsets, and each one's number in `spans` (-1 in the margin behind the section).
        """
        result = []
        for number in range(len(self.spans) - 1, -1, -1):
            span = self.spans[number]
            tokens = encoding.tokens_of(span.start - section.start, span.end - section.start)
            if span.start < section.start or tokens is None:
                break
            here = replace(span, first=tokens[0], last=tokens[1])
            result.append((_moved(here, -section.start), number))
        result.reverse()
        for span in found:
            moved = _moved(span, section.start)
            if moved.start >= section.last:
                result.append((span, -1))
            elif moved.start >= max(section.first, self.spans.end):
                result.append((span, len(self.spans)))
                self.spans.append(moved)
        return result


@dataclass(frozen=True)
class Part:
    """A section of a text that is being worked on."""

    findings: Findings
    section: Section

    @property
    def text(self) -> str:
        return self.findings.article.text[self.section.start : self.section.end]


def chunks_of(texts: Iterable[str | Article], published: str | None) -> Iterator[list[Part]]:
    """Sections that are run together: as many as CHUNK_CHARACTERS hold, at least one."""
    chunk: list[Part] = []
    characters = 0
    try:
        for text in texts:
            article = text if isinstance(text, Article) else Article(text, published=published)
            check_article(article)
            findings = Findings(article)
            for section in plan_sections(article.text):
                if chunk and characters + section.end - section.start > CHUNK_CHARACTERS:
                    yield chunk
                    chunk, characters = [], 0
                chunk.append(Part(findings, section))
                characters += section.end - section.start
    except Exception:  # of a bad text, or of the caller's own iterator
        if chunk:
            yield chunk  # lose nothing: the texts before the bad one come first
        raise
    if chunk:
        yield chunk


def document_of(findings: Findings) -> Document:
    article = findings.article
    return Document(
        text=article.text,
        entities=_entities(article.text, findings.spans),
        departures=departures_of(article.text, findings.spans, findings.frames, published=article.published),
        id=article.id,
        published=article.published,
    )


def _entities(text: str, spans: Sequence[Span]) -> tuple[Entity, ...]:
    amounts = Amounts(text)
    surfaces: dict[str, str] = {}  # a name that is repeated is held once
    return tuple(
        Entity(
            label=span.label,
            text=surfaces.setdefault(found := text[span.start : span.end], found),
            start=span.start,
            end=span.end,
            score=span.score,
            value=amounts.value(span.start, span.end) if span.label == "MONEY" else None,
        )
        for span in spans
    )


def _moved(span: Span, distance: int) -> Span:
    return replace(span, start=span.start + distance, end=span.end + distance) if distance else span
