"""The batches of a stage, drawn from windows that are made up."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ie_model.relations import LINKS, PAIR_FIELDS
from training.batches import Batches, SourceWindows
from training.features import WindowFeatures


def window(number: int, length: int = 10) -> WindowFeatures:
    pairs, links = np.zeros((0, len(PAIR_FIELDS)), dtype=np.int64), np.zeros((0, len(LINKS) + 1), dtype=np.int64)
    return WindowFeatures(np.full(length, number), np.ones(length, dtype=np.int64), pairs, links)


def source(windows: list[WindowFeatures], weight: float = 1.0) -> SourceWindows:
    return SourceWindows([windows], weight)


def counts(batches: Batches) -> Counter[int]:
    """How often each window (by its token) is seen."""
    rows = [row for index in range(len(batches)) for row in batches[index]["input_ids"]]
    return Counter(int(row[0]) for row in rows if row[0] != 0)


def test_stage_weights_and_epochs() -> None:
    once, twice, half = ([window(10 * k + i) for i in range(1, 5)] for k in (1, 2, 3))
    batches = Batches([source(once), source(twice, 2.0), source(half, 0.5)], epochs=2.5, tokens=128, pad_id=0, seed=1)
    seen = counts(batches)
    totals = [sum(count for number, count in seen.items() if number // 10 == k) for k in (1, 2, 3)]
    # 2.5 epochs of four windows, of eight, and of two (the half epoch has one of these).
    assert totals == [10, 20, 5]
    assert all(seen[number] in (2, 3) for number in (11, 12, 13, 14))
    assert all(seen[number] == 5 for number in (21, 22, 23, 24))


def test_windows_go_to_the_shortest_shape_that_holds_them() -> None:
    sizes = [64, 65, 128, 129, 256]
    batches = Batches([source([window(i, n) for i, n in enumerate(sizes, 1)])], epochs=1, tokens=64, pad_id=0, seed=1)
    found = {int(b["input_ids"][0, 0]): b["input_ids"].shape[1] for b in (batches[i] for i in range(len(batches)))}
    assert found == {1: 64, 2: 96, 3: 128, 4: 192, 5: 256}


def test_every_process_gets_as_many_batches() -> None:
    windows = [window(i) for i in range(1, 8)]
    arguments = {"epochs": 1, "tokens": 32, "pad_id": 0, "seed": 1}  # a window is a batch
    assert len(Batches([source(windows)], **arguments)) == 7
    assert len(Batches([source(windows)], **arguments, processes=2)) == 6


def test_batches_depend_on_the_seed_alone() -> None:
    windows = [window(i) for i in range(1, 30)]

    def order(seed: int) -> list[int]:
        batches = Batches([source(windows)], epochs=1, tokens=32, pad_id=0, seed=seed)
        return [int(batches[i]["input_ids"][0, 0]) for i in range(len(batches))]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(2)) == list(range(1, 30))


def test_a_part_of_a_pass_has_names_of_its_own_too() -> None:
    """With a weight of a half, every epoch draws from the next variant."""
    variants = [[window(number) for number in range(first, first + 4)] for first in (1, 5)]
    seen = counts(Batches([SourceWindows(variants, 0.5)], epochs=2, tokens=32, pad_id=0, seed=1))
    assert sum(seen[number] for number in (1, 2, 3, 4)) == sum(seen[number] for number in (5, 6, 7, 8)) == 2
