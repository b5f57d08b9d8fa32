"""Constrained decoding, against a search of all paths."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ie_model.decoding import MAX_SEQUENCE, Span, best_tags, decode, log_softmax, viterbi
from ie_model.encoding import Encoding
from ie_model.scheme import TagScheme

SMALL = TagScheme(("A", "B"))
SCHEME = TagScheme()


def encoding_of(length: int, *, sentence_ends: list[int] | None = None, within: tuple[int, ...] = ()) -> Encoding:
    """Tokens of one character each."""
    word = np.zeros(length, dtype=np.bool_)
    word[list(within)] = True
    positions = np.arange(length)
    return Encoding(
        ids=positions,
        offsets=np.stack([positions, positions + 1], axis=1),
        within_word=word,
        sentence_ends=np.array(sentence_ends if sentence_ends is not None else [length], dtype=np.int64),
    )


def logits_for(*tags: str, scheme: TagScheme = SCHEME, strength: float = 10.0) -> np.ndarray:
    logits = np.zeros((len(tags), len(scheme)), dtype=np.float32)
    for row, tag in enumerate(tags):
        logits[row, scheme.tags.index(tag)] = strength
    return logits


def decode_one(logits: np.ndarray, encoding: Encoding, scheme: TagScheme, **options: float) -> list[Span]:
    (spans,) = decode([(logits, encoding)], scheme, **options)
    return spans


def valid(path: tuple[int, ...], within: np.ndarray, scheme: TagScheme) -> bool:
    steps = zip(path, path[1:], within[1:], strict=False)
    return bool(
        scheme.may_start[path[0]]
        and scheme.may_end[path[-1]]
        and all((scheme.follows_within_word if word else scheme.follows)[a, b] for a, b, word in steps)
    )


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_viterbi_finds_the_best_of_all_valid_paths(data: st.DataObject) -> None:
    lengths = np.array(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    rows, longest = len(lengths), int(lengths.max())
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    emissions = log_softmax(3 * random.standard_normal((rows, longest, len(SMALL))).astype(np.float32))
    within = random.random((rows, longest)) < 0.3
    within[:, 0] = False
    found = viterbi(emissions, within, lengths, SMALL)
    for row, length in enumerate(lengths.tolist()):

        def score(path: tuple[int, ...], row: int = row) -> float:
            return float(sum(emissions[row, step, tag] for step, tag in enumerate(path)))

        ours = tuple(found[row, :length].tolist())
        paths = [p for p in product(range(len(SMALL)), repeat=length) if valid(p, within[row, :length], SMALL)]
        assert valid(ours, within[row, :length], SMALL)
        assert score(ours) == pytest.approx(max(map(score, paths)), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_logits_give_flat_spans_within_sentences(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=5))
    ends = np.cumsum(lengths)
    total = int(ends[-1])
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    within = tuple(np.flatnonzero(random.random(total) < 0.2).tolist())
    encoding = encoding_of(total, sentence_ends=ends.tolist(), within=within)
    spans = decode_one(5 * random.standard_normal((total, 17)).astype(np.float32), encoding, SCHEME)
    last = 0
    for span in spans:
        assert last <= span.start < span.end <= total
        assert (span.first, span.last) == (span.start, span.end)
        assert 0.0 < span.score <= 1.0
        assert not any(span.start < end < span.end for end in ends.tolist()), "a span crosses a sentence"
        last = span.end


def test_spans_of_plain_logits() -> None:
    logits = logits_for("O", "B-ORG", "I-ORG", "E-ORG", "S-ROLE", "B-PERSON", "E-PERSON", "S-PERSON")
    found = [(s.label, s.start, s.end) for s in decode_one(logits, encoding_of(8), SCHEME)]
    assert found == [("ORG", 1, 4), ("ROLE", 4, 5), ("PERSON", 5, 7), ("PERSON", 7, 8)]


def test_invalid_tags_give_way() -> None:
    # The second token says I-ROLE, which nothing allows; its next best is E-ORG.
    logits = logits_for("B-ORG", "I-ROLE", "O")
    logits[1, SCHEME.tags.index("E-ORG")] = 8.0
    (span,) = decode_one(logits, encoding_of(3), SCHEME)
    assert (span.label, span.start, span.end) == ("ORG", 0, 2)


def test_no_span_ends_within_a_word() -> None:
    logits = logits_for("B-ORG", "E-ORG", "O", "O")
    logits[2:, SCHEME.tags.index("E-ORG")] = [0.0, 3.0]
    logits[1:3, SCHEME.tags.index("I-ORG")] = 4.0
    free = decode_one(logits, encoding_of(4), SCHEME)
    word = decode_one(logits, encoding_of(4, within=(2, 3)), SCHEME)
    assert [(s.start, s.end) for s in free] == [(0, 2)]
    assert [(s.start, s.end) for s in word] == [(0, 4)]


def test_the_score_is_the_geometric_mean() -> None:
    scheme = TagScheme(("A",))  # O B I E S
    probabilities = np.array([[0.02, 0.9, 0.02, 0.03, 0.03], [0.2, 0.1, 0.1, 0.4, 0.2]])
    (span,) = decode_one(np.log(probabilities).astype(np.float32), encoding_of(2), scheme)
    assert span == Span("A", 0, 2, 0, 2, pytest.approx(0.6))  # √(0.9 · 0.4)


def test_a_temperature_changes_scores_alone() -> None:
    logits = logits_for("B-ORG", "E-ORG", strength=4.0)
    (cold,) = decode_one(logits, encoding_of(2), SCHEME)
    (warm,) = decode_one(logits, encoding_of(2), SCHEME, temperature=2.0)
    assert (cold.start, cold.end, cold.label) == (warm.start, warm.end, warm.label)
    assert cold.score == pytest.approx(np.exp(4) / (np.exp(4) + 16))
    assert warm.score == pytest.approx(np.exp(2) / (np.exp(2) + 16))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), temperature=st.floats(0.2, 10))
def test_no_temperature_changes_the_spans(seed: int, temperature: float) -> None:
    logits = 3 * np.random.default_rng(seed).standard_normal((60, 17)).astype(np.float32)
    encoding = encoding_of(60, sentence_ends=[7, 40, 60], within=(3, 20, 21))
    plain = decode_one(logits, encoding, SCHEME)
    other = decode_one(logits, encoding, SCHEME, temperature=temperature)
    assert [replace(span, score=0.0) for span in other] == [replace(span, score=0.0) for span in plain]


def test_no_token_no_span() -> None:
    assert decode_one(np.zeros((0, 17), dtype=np.float32), encoding_of(0, sentence_ends=[]), SCHEME) == []


def test_a_sentence_without_end_is_cut_where_no_span_is() -> None:
    length = 3 * MAX_SEQUENCE
    tags = ["O"] * length
    for at in range(0, length - 8, 8):  # spans of six tokens, two tokens between
        tags[at : at + 6] = ["B-ORG", *["I-ORG"] * 4, "E-ORG"]
    spans = decode_one(logits_for(*tags), encoding_of(length), SCHEME)
    assert [(s.start, s.end) for s in spans] == [(at, at + 6) for at in range(0, length - 8, 8)]


def test_the_batch_a_sentence_is_in_does_not_matter() -> None:
    random = np.random.default_rng(0)
    lengths = random.integers(1, 30, 200)
    logits = random.standard_normal((int(lengths.sum()), 17)).astype(np.float32)
    ends = np.cumsum(lengths)
    together = best_tags([(logits, encoding_of(len(logits), sentence_ends=ends.tolist()))], SCHEME)[0]
    alone = [
        best_tags([(logits[end - length : end], encoding_of(int(length)))], SCHEME)[0]
        for length, end in zip(lengths, ends, strict=True)
    ]
    assert together.tolist() == np.concatenate(alone).tolist()


def test_log_softmax_of_large_values() -> None:
    result = log_softmax(np.array([[1000.0, 1000.0, -1000.0]], dtype=np.float32))
    assert result[0, :2].tolist() == pytest.approx([-np.log(2)] * 2)
    assert result[0, 2] == pytest.approx(-2000 - np.log(2))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_texts_do_not_change_one_another(data: st.DataObject) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    lengths = data.draw(st.lists(st.integers(0, 30), max_size=6))
    texts = [
        (4 * random.standard_normal((n, 17)).astype(np.float32), encoding_of(n, sentence_ends=[n] if n else []))
        for n in lengths
    ]
    assert decode(texts, SCHEME) == [decode_one(*text, SCHEME) for text in texts]
