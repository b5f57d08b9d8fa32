from __future__ import annotations

from ie_model.document import Document, Entity
from training.data.example import Example, GoldSpan
from training.scoring import Counts, bootstrap_interval, figures, span_counts, total

TEXT = "星河科技技术副总裁林知远离职。"
EXAMPLE = Example("1", "test", TEXT, (GoldSpan(0, 4, "ORG"), GoldSpan(4, 9, "ROLE"), GoldSpan(9, 12, "PERSON")))


def test_counts_add_up_and_divide() -> None:
    counts = Counts(1, 2, 4) + Counts(1, 2, 0)
    assert (counts.precision, counts.recall, counts.f1) == (0.5, 0.5, 0.5)
    assert Counts().f1 == 0.0


def test_a_span_is_right_only_with_label_and_both_edges() -> None:
    entities = (
        Entity("ORG", "星河科技", 0, 4, 1.0),
        Entity("PERSON", "技术副总裁", 4, 9, 1.0),  # the label is wrong
        Entity("PERSON", "林知", 9, 11, 1.0),  # an edge is wrong
    )
    counts = span_counts(EXAMPLE, Document(text=TEXT, entities=entities), ("PERSON", "ORG", "ROLE"))
    assert counts["ORG"] == Counts(1, 1, 1)
    assert counts["PERSON"] == Counts(0, 2, 1)
    assert counts["ROLE"] == Counts(0, 0, 1)
    assert total(counts.values()) == Counts(1, 3, 3)


def test_the_interval_holds_the_figure_and_is_reproducible() -> None:
    counts = [Counts(8, 10, 10), Counts(5, 10, 10), Counts(9, 10, 10), Counts(7, 10, 10)]
    low, high = bootstrap_interval(counts)
    assert 0.5 <= low < 0.725 < high <= 0.9
    assert bootstrap_interval(counts) == (low, high)
    assert bootstrap_interval([Counts(8, 10, 10)] * 5) == (0.8, 0.8)


def test_figures_hold_the_counts_and_the_interval() -> None:
    assert figures([Counts(1, 2, 4), Counts(1, 2, 0)]) == {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "right": 2,
        "predicted": 4,
        "gold": 4,
        "f1_interval": [0.3333, 1.0],
    }
