"""Examples to tensors. The tests write spans by their surfaces, so that they can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ie_model.encoding import TextEncoder
from ie_model.relations import LINKS, PAIR_FIELDS, PAIR_KINDS
from ie_model.scheme import DATE, TagScheme
from training.data.example import DataError, Example, GoldDeparture, GoldSpan
from training.data.sources import read_source
from training.features import (
    IGNORE,
    LENGTHS,
    BatchShape,
    WindowFeatures,
    batch_shapes,
    collate,
    tag_masks,
    window_features,
)

SCHEME = TagScheme()
EVERYTHING = (1 << len(SCHEME)) - 1


def span(text: str, surface: str, label: str, after: int = 0) -> GoldSpan:
    start = text.index(surface, after)
    return GoldSpan(start, start + len(surface), label)


def names(bits: int) -> set[str]:
    return {tag for index, tag in enumerate(SCHEME.tags) if bits >> index & 1}


def test_every_token_has_its_tag(text_encoder: TextEncoder) -> None:
    text = "林知远离开OpenAI的钱。"
    example = Example("1", "test", text, (span(text, "林知远", "PERSON"), span(text, "OpenAI", "ORG")))
    allowed, placed = tag_masks(example, text_encoder(text), SCHEME)
    found = [names(int(bits)) for bits in allowed]
    assert found[:5] == [{"B-PERSON"}, {"I-PERSON"}, {"E-PERSON"}, {"O"}, {"O"}]
    assert found[-3:] == [{"O"}] * 3
    latin = found[5:-3]
    assert latin in ([{"S-ORG"}], [{"B-ORG"}, *[{"I-ORG"}] * (len(latin) - 2), {"E-ORG"}])
    assert [at for _, at in placed] == [(0, 3), (5, 5 + len(latin))]


def test_labels_that_a_source_leaves_unmarked_are_unknown(text_encoder: TextEncoder) -> None:
    text = "林知远得1元"
    example = Example("1", "test", text, (span(text, "林知远", "PERSON"),), frozenset({"PERSON", "ORG", "ROLE"}))
    allowed, _ = tag_masks(example, text_encoder(text), SCHEME)
    found = [names(int(bits)) for bits in allowed]
    assert found[0] == {"B-PERSON"}
    assert found[3:] == [{"O", "B-MONEY", "I-MONEY", "E-MONEY", "S-MONEY"}] * 3


def test_half_a_latin_word_is_no_evidence(text_encoder: TextEncoder) -> None:
    text = "在Twitter上"
    example = Example("1", "test", text, (span(text, "Twit", "ORG"),))
    allowed, placed = tag_masks(example, text_encoder(text), SCHEME)
    assert placed == []
    offsets = text_encoder(text).offsets
    touched = [int(bits) for (start, end), bits in zip(offsets, allowed, strict=True) if start < 5 and end > 1]
    assert touched
    assert set(touched) == {EVERYTHING}
    assert names(int(allowed[0])) == names(int(allowed[-1])) == {"O"}


def test_spans_of_nothing_but_space_are_left_out(text_encoder: TextEncoder) -> None:
    example = Example("1", "test", "林 远", (GoldSpan(1, 2, "ORG"),))
    allowed, placed = tag_masks(example, text_encoder("林 远"), SCHEME)
    assert [names(int(bits)) for bits in allowed] == [{"O"}, {"O"}]
    assert placed == []


def test_overlapping_spans_are_refused() -> None:
    with pytest.raises(DataError, match="overlaps"):
        Example("1", "test", "林知远", (GoldSpan(0, 2, "PERSON"), GoldSpan(1, 3, "ORG")))
    with pytest.raises(DataError, match="outside"):
        Example("1", "test", "林知远", (GoldSpan(0, 4, "PERSON"),))


TEXT = "林知远辞去星河科技总裁，加入云栖智能。林知远说，星河仍是朋友，青木总裁也在。"


def departure_example() -> Example:
    person, role = span(TEXT, "林知远", "PERSON"), span(TEXT, "总裁", "ROLE")
    left, joined = span(TEXT, "星河科技", "ORG"), span(TEXT, "云栖智能", "ORG")
    again = span(TEXT, "林知远", "PERSON", after=5)
    short = span(TEXT, "星河", "ORG", after=again.end)
    other, other_role = span(TEXT, "青木", "ORG"), span(TEXT, "总裁", "ROLE", after=again.end)
    spans = (person, left, role, joined, again, short, other, other_role)
    departure = GoldDeparture(person, left, "reported", roles=(role,), joined=(joined,))
    return Example("1", "test", TEXT, spans, departures=(departure,))


def test_what_the_annotation_says_of_each_pair(text_encoder: TextEncoder) -> None:
    example = departure_example()
    (window,) = window_features(example, text_encoder, SCHEME)
    offsets = text_encoder(TEXT).offsets
    surfaces = {}
    for pair, link in zip(window.pairs, window.links, strict=True):
        # -1: [CLS] stands before the first token
        person, target = (TEXT[offsets[first - 1, 0] : offsets[last - 2, 1]] for first, last in (pair[0:2], pair[2:4]))
        mention = 1 if pair[0] == 1 else 2
        surfaces[f"{person}{mention}", target, int(pair[2]) > 20] = link.tolist()
    no = IGNORE
    assert surfaces == {
        ("林知远1", "星河科技", False): [1, no, 0, no, 1],
        ("林知远1", "总裁", False): [no, 1, no, no, no],
        ("林知远1", "云栖智能", False): [0, no, 1, no, no],
        # Another mention of either side is neither right nor wrong.
        ("林知远1", "星河", True): [no, no, 0, no, no],
        ("林知远1", "青木", True): [0, no, 0, no, no],
        ("林知远1", "总裁", True): [no, no, no, no, no],
        # The second mention departs from nowhere: its roles and employers carry no loss.
        ("林知远2", "星河科技", False): [no, no, no, no, no],
        ("林知远2", "总裁", False): [no, no, no, no, no],
        ("林知远2", "云栖智能", False): [0, no, no, no, no],
        ("林知远2", "星河", True): [no, no, no, no, no],
        ("林知远2", "青木", True): [0, no, no, no, no],
        ("林知远2", "总裁", True): [no, no, no, no, no],
    }


def test_times_are_asked_of_those_whose_departure_may_have_one(text_encoder: TextEncoder) -> None:
    text = "2023年3月，林知远离开星河科技，4月加入云栖智能。3月，青木前总裁周以安说，2023年3月是林知远走的。"
    left, other = span(text, "林知远", "PERSON"), span(text, "周以安", "PERSON")
    firm, former = span(text, "星河科技", "ORG"), span(text, "青木", "ORG")
    again = span(text, "林知远", "PERSON", after=other.end)
    departures = (
        GoldDeparture(left, firm, "stated", date=span(text, "2023年3月", DATE)),
        GoldDeparture(other, former, "former"),
    )
    spans = (left, firm, former, other, again)
    example = Example("1", "test", text, spans, departures=departures, dates=True)
    (window,) = window_features(example, text_encoder, SCHEME)
    offsets = text_encoder(text).offsets
    found = {}
    for pair, link in zip(window.pairs, window.links, strict=True):
        if PAIR_KINDS[pair[9]][1] == DATE:
            side, time = (int(offsets[first - 1, 0]) for first in (pair[0], pair[2]))
            found[side, text[time : offsets[pair[3] - 2, 1]], time > left.end] = link.tolist()
    no = IGNORE
    assert found == {
        (side.start, *time): [no, no, no, right, no]
        for side in (left, firm)
        for time, right in {
            ("2023年3月", False): 1,
            ("4月", True): 0,
            ("3月", True): 0,
            # The same words once more are neither right nor wrong.
            ("2023年3月", True): no,
        }.items()
    }
    unmarked = Example("1", "test", text, spans, departures=departures)
    (window,) = window_features(unmarked, text_encoder, SCHEME)
    assert all(PAIR_KINDS[kind][1] != DATE for kind in window.pairs[:, 9])


def test_authored_pieces_teach_when_somebody_left(text_encoder: TextEncoder) -> None:
    """What sources call a date is what the features look for."""
    column, found = LINKS.index("left_on"), []
    for example in read_source("authored-heldout", data_root=Path(), split="test", purpose="evaluate"):
        for window in window_features(example, text_encoder, SCHEME):
            found += window.links[:, column].tolist()
    assert 50 < found.count(1) < found.count(0) + found.count(1)


def test_a_window_is_wrapped_in_special_tokens(text_encoder: TextEncoder) -> None:
    (window,) = window_features(departure_example(), text_encoder, SCHEME)
    assert (window.ids[0], window.ids[-1]) == (text_encoder.cls_id, text_encoder.sep_id)
    assert (window.allowed[0], window.allowed[-1]) == (0, 0)
    assert window.ids[1:-1].tolist() == text_encoder(TEXT).ids.tolist()
    assert (window.allowed[1:-1] > 0).all()


def test_a_source_without_departures_has_no_pairs(text_encoder: TextEncoder) -> None:
    example = departure_example()
    bare = Example("1", "test", TEXT, example.spans)
    (window,) = window_features(bare, text_encoder, SCHEME)
    assert window.pairs.shape == (0, len(PAIR_FIELDS))
    assert window.links.shape == (0, len(LINKS) + 1)


def test_an_empty_text_has_no_windows(text_encoder: TextEncoder) -> None:
    assert list(window_features(Example("1", "test", " \n", ()), text_encoder, SCHEME)) == []


def test_a_span_that_the_window_cuts_carries_no_loss(text_encoder: TextEncoder) -> None:
    text = "的" * 240 + "星" * 40 + "的" * 120  # one token a character, no stop: windows end at 254
    example = Example("1", "test", text, (GoldSpan(240, 280, "ORG"),))
    first, second = window_features(example, text_encoder, SCHEME)
    assert len(first.ids) == 256
    assert names(int(first.allowed[240])) == {"O"}
    assert first.allowed[241:255].tolist() == [0] * 14
    start = 254 - 64
    inside = second.allowed[1 + 240 - start : 1 + 280 - start]
    assert names(int(inside[0])) == {"B-ORG"}
    assert names(int(inside[-1])) == {"E-ORG"}
    assert {int(bits) for bits in inside[1:-1]} == {1 << SCHEME.tags.index("I-ORG")}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(1, 900), cut=st.integers(5, 80))
def test_windows_show_every_token(text_encoder: TextEncoder, length: int, cut: int) -> None:
    # Every token but the stops stands in the text once.
    han = [bytes([row, cell]).decode("gb2312") for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xF0)]
    text = "".join("。" if index % cut == 0 else han[index] for index in range(1, length + 1))
    windows = list(window_features(Example("1", "test", text, ()), text_encoder, SCHEME))
    assert all(3 <= len(window.ids) <= LENGTHS[-1] for window in windows)
    ids = text_encoder(text).ids
    assert len(ids) == length
    assert {int(i) for window in windows for i in window.ids[1:-1]} == {int(i) for i in ids}


def test_batch_shapes() -> None:
    shapes = batch_shapes(2048)
    assert [shape.length for shape in shapes] == list(LENGTHS)
    by_length = {shape.length: (shape.windows, shape.pairs) for shape in shapes}
    assert (by_length[64], by_length[96], by_length[256]) == ((32, 512), (21, 512), (8, 512))
    assert {shape.windows for shape in batch_shapes(100) if shape.length > 50} == {1}


def shape_of(tokens: int, length: int) -> BatchShape:
    return next(shape for shape in batch_shapes(tokens) if shape.length == length)


def random_window(length: int, pairs: int, random: np.random.Generator, positive: float = 0.2) -> WindowFeatures:
    links = np.full((pairs, len(LINKS) + 1), IGNORE, dtype=np.int64)
    links[:, 0] = random.random(pairs) < positive
    return WindowFeatures(
        ids=random.integers(5, 100, length),
        allowed=random.integers(0, 1 << 17, length),
        pairs=random.integers(1, length, (pairs, len(PAIR_FIELDS))),
        links=links,
    )


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_batches_have_one_shape(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(batch_shapes(512)))
    random = np.random.default_rng(0)
    count = data.draw(st.integers(1, shape.windows))
    windows = [
        random_window(data.draw(st.integers(3, shape.length)), data.draw(st.integers(0, 90)), random)
        for _ in range(count)
    ]
    batch = collate(windows, shape, pad_id=0, random=random)
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "input_ids": (shape.windows, shape.length),
        "attention_mask": (shape.windows, shape.length),
        "allowed": (shape.windows, shape.length),
        "pairs": (shape.pairs, len(PAIR_FIELDS)),
        "links": (shape.pairs, len(LINKS) + 1),
    }
    for row, window in enumerate(windows):
        end = len(window.ids)
        assert batch["input_ids"][row, :end].tolist() == window.ids.tolist()
        assert batch["attention_mask"][row].tolist() == [1] * end + [0] * (shape.length - end)
        assert batch["allowed"][row].tolist() == window.allowed.tolist() + [0] * (shape.length - end)
    assert int(batch["allowed"][count:].sum()) == 0
    assert batch["attention_mask"][:, 0].tolist() == [1] * shape.windows
    assert (batch["pairs"][:, 1] > 0).all()
    pairs = sum(len(window.pairs) for window in windows)
    assert int((batch["links"][:, 0] != IGNORE).sum()) == min(pairs, shape.pairs)


def test_pairs_point_into_the_batch_as_one_row() -> None:
    shape = shape_of(256, 64)  # four windows
    pairs = np.array([[1, 4, 6, 8, 1, 1, 8, 20, 3, 1, 0, 2, 1]])
    links = np.array([[IGNORE, 1, IGNORE, IGNORE, IGNORE]])
    window = WindowFeatures(np.arange(30), np.ones(30, dtype=np.int64), pairs, links)
    batch = collate([window, window], shape, pad_id=0, random=np.random.default_rng(0))
    assert batch["pairs"][0].tolist() == [1, 4, 6, 8, 1, 1, 8, 20, 3, 1, 0, 2, 1]
    assert batch["pairs"][1].tolist() == [65, 68, 70, 72, 65, 65, 72, 84, 3, 1, 0, 2, 1]
    assert batch["links"][2:].unique().tolist() == [IGNORE]


def test_positive_pairs_are_never_dropped() -> None:
    random = np.random.default_rng(3)
    shape = shape_of(256, 64)  # 64 pairs
    window = random_window(60, 500, random, positive=0.1)
    positives = window.pairs[window.links[:, 0] == 1]
    assert 30 < len(positives) < 64
    batch = collate([window], shape, pad_id=0, random=random)
    kept = batch["pairs"][batch["links"][:, 0] == 1].tolist()
    assert kept == positives.tolist()
    assert int((batch["links"][:, 0] == 0).sum()) == 64 - len(positives)
