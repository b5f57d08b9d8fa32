"""One name, one label: what an article calls a firm in one place is a firm in another.

The encoder reads windows, and where a name stands without anything that tells what it is, it has to
guess. The same name told apart a sentence before is better evidence than the guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ie_model.arrays import Floats
from ie_model.decoding import Span, decode, log_softmax
from ie_model.edges import well_formed
from ie_model.encoding import Encoding
from ie_model.names import name_words
from ie_model.scheme import TagScheme

#: The labels of names. Titles and amounts are told by what they are, not by what they were elsewhere.
NAMES = ("PERSON", "ORG")
#: A name of one character may be a part of any word.
SHORTEST = 2
#: An unmarked place of a known name is one too unless its tags speak against it by more than this:
#: nats a token, `O` against the name's tags. Chosen on news-units dev (training/experiments.md).
MOST_AGAINST = 3.0
#: … and if it was found with this probability somewhere.
LEAST_PROBABILITY = 0.5


def article_spans(
    articles: Sequence[tuple[str, Floats, Encoding]], scheme: TagScheme, *, temperature: float = 1.0
) -> list[list[Span]]:
    """The spans of some texts: `decode` for each sentence by itself, then for each text as a whole `well_formed`
    and `consistent`.

    Args:
        articles: a text, its [tokens, tags] logits and its tokens.
    """
    found = decode([(logits, encoding) for _, logits, encoding in articles], scheme, temperature=temperature)
    return [
        consistent(well_formed(spans, text, encoding), text, logits, encoding, scheme)
        for spans, (text, logits, encoding) in zip(found, articles, strict=True)
    ]


def consistent(spans: Sequence[Span], text: str, logits: Floats, encoding: Encoding, scheme: TagScheme) -> list[Span]:
    """The spans of a text with each name told alike wherever it stands.

    Three things change: a name with several labels gets the one with most evidence in the whole text; a
    place where a name stands and nothing was found gets it, if the tags there allow for it; a role
    that begins with an organisation's name is cut in two. The first or the last word of a person's name
    (克里斯·安德森, Sam Altman) is known with the whole. A changed or added span has the
    mean score of those that were found with its label.

    Args:
        spans: as `decode` gives them, sorted and flat.
        logits: [tokens, tags] for the tokens of the encoding.

    Returns:
        sorted and flat again.
    """
    mentions: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span.label in NAMES and span.end - span.start >= SHORTEST:
            mentions[text[span.start : span.end]].append(span)
    if not mentions:
        return list(spans)
    tags = _Tags(logits, scheme)
    persons = _parts_of_names(mentions)
    for part in persons.keys() - mentions.keys():
        mentions[part] = []
    changed = {span.start: span for span in spans}
    taken = np.zeros(len(text), dtype=np.bool_)
    for span in spans:
        taken[span.start : span.end] = True
    # The longest first: where 云帆科技 was missed, it is not 云帆 that is added.
    for name, found in sorted(mentions.items(), key=lambda item: -len(item[0])):
        known = persons.get(name, ())
        label = tags.likeliest([*found, *known])
        score = float(np.mean([span.score for span in (*found, *known) if span.label == label]))
        for span in found:
            if span.label != label:
                changed[span.start] = replace(span, label=label, score=score)
        if max(tags.probability(label, span) for span in (*found, *known)) < LEAST_PROBABILITY:
            continue
        for start in _places(name, text):
            end = start + len(name)
            tokens = None if taken[start:end].any() else encoding.whole_tokens(start, end)
            if tokens and tags.against(label, *tokens) <= MOST_AGAINST:
                changed[start] = Span(label, *tokens, start, end, score)
                taken[start:end] = True
    organizations = [name for name, found in mentions.items() if found and changed[found[0].start].label == "ORG"]
    organizations.sort(key=len, reverse=True)
    result = []
    for start in sorted(changed):
        result += _without_organization(changed[start], organizations, text, encoding)
    return result


def _parts_of_names(mentions: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    """The first and the last word of persons' names of several words, each with the mentions of the whole."""
    parts: dict[str, list[Span]] = defaultdict(list)
    for name, found in mentions.items():
        persons = [span for span in found if span.label == "PERSON"]
        words = name_words(name)
        if persons and len(words) > 1:
            for word in (words[0], words[-1]):
                if len(word) >= SHORTEST:
                    parts[word] += persons
    return parts


class _Tags:
    """What the tags of a text say of a span that they may not have chosen."""

    def __init__(self, logits: Floats, scheme: TagScheme) -> None:
        self._logits, self._scheme = logits, scheme

    def _mean(self, label: str, first: int, last: int) -> tuple[float, float]:
        """The mean log-probability a token of the label's tags, and that of O, over tokens [first, last)."""
        logs = log_softmax(self._logits[first:last])
        chosen = self._scheme.span_tags(label, last - first)
        return float(logs[np.arange(last - first), chosen].mean()), float(logs[:, 0].mean())

    def probability(self, label: str, span: Span) -> float:
        """As in a span's score, but for any label and without the temperature, which is to change scores alone."""
        return float(np.exp(self._mean(label, span.first, span.last)[0]))

    def likeliest(self, found: Sequence[Span]) -> str:
        """The label with the highest sum of probabilities over all mentions of a name."""
        labels = sorted({span.label for span in found})
        if len(labels) == 1:
            return labels[0]
        return max(labels, key=lambda label: sum(self.probability(label, span) for span in found))

    def against(self, label: str, first: int, last: int) -> float:
        """Nats a token by which O is likelier than the label."""
        name, outside = self._mean(label, first, last)
        return outside - name


def _places(name: str, text: str) -> Iterator[int]:
    """Where a name stands, but not inside a number."""
    start = text.find(name)
    while start >= 0:
        if not _digits(text, start) and not _digits(text, start + len(name)):
            yield start
        start = text.find(name, start + 1)


def _digits(text: str, place: int) -> bool:
    """Whether a number goes on across this place."""
    return 0 < place < len(text) and text[place - 1].isdigit() and text[place].isdigit()


def _without_organization(span: Span, organizations: Sequence[str], text: str, encoding: Encoding) -> list[Span]:
    """A role that begins with one of these names as that organisation and the role behind it."""
    if span.label != "ROLE":
        return [span]
    title = text[span.start : span.end]
    for name in organizations:
        rest = title.removeprefix(name)
        if rest.strip() and rest != title:
            cut, start = span.start + len(name), span.end - len(rest.lstrip())
            before, behind = encoding.tokens_of(span.start, cut), encoding.whole_tokens(start, span.end)
            if before and behind:
                organization = replace(span, label="ORG", first=before[0], last=before[1], end=cut)
                return [organization, replace(span, first=behind[0], last=behind[1], start=start)]
    return [span]
