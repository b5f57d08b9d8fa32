"""Packed tokens as batches: which sequences come, and which of their tokens are hidden."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.training.packed_tokens import SEPARATOR, write_packed
from training.corpus import CONTINUES
from training.packed import PackedTokens, masked_batch

SPECIAL = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": SEPARATOR, "[MASK]": 4}
BODY = 30


@pytest.fixture
def data(tokenizer_dir: Path, tmp_path: Path) -> Path:
    return write_packed(tokenizer_dir, tmp_path / "data")


def batch(
    packed: np.ndarray, count: int, *, whole_words: float = 0.0, spans: float = 0.0, seed: int = 0
) -> tuple[Tensor, ...]:
    return masked_batch(
        packed,
        count=count,
        vocabulary=100,
        special=SPECIAL,
        random=np.random.default_rng(seed),
        whole_words=whole_words,
        spans=spans,
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 6),
    share=st.floats(0.02, 0.6),
    kinds=st.sampled_from([(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (0.0, 1.0), (0.3, 0.3)]),
)
def test_exactly_so_many_positions_are_hidden(seed: int, rows: int, share: float, kinds: tuple[float, float]) -> None:
    whole_words, spans = kinds
    random = np.random.default_rng(seed)
    packed = random.integers(5, 100, (rows, BODY)).astype(np.uint16)
    packed[random.random(packed.shape) < 0.5] |= CONTINUES
    packed[:, BODY // 2] = SPECIAL["[SEP]"]
    count = max(1, int(share * rows * BODY))
    ids, positions, targets = batch(packed, count, whole_words=whole_words, spans=spans, seed=seed)
    assert ids.shape == (rows, BODY + 2)
    assert len(set(positions.tolist())) == len(targets) == count
    plain = np.full((rows, BODY + 2), 2, dtype=np.int64)
    plain[:, 1:-1], plain[:, -1] = packed & (CONTINUES - 1), 3
    assert (plain.reshape(-1)[positions] == targets.numpy()).all()
    assert (targets >= 5).all(), "a special token was hidden"
    assert (ids[:, 0] == 2).all()
    assert (ids[:, -1] == 3).all()
    untouched = np.ones(rows * (BODY + 2), dtype=bool)
    untouched[positions] = False
    assert (ids.reshape(-1).numpy()[untouched] == plain.reshape(-1)[untouched]).all()
    shown = set(ids.reshape(-1)[positions].tolist())
    assert not shown & {0, 1, 2, 3}


def test_most_hidden_tokens_become_the_mask() -> None:
    packed = np.random.default_rng(0).integers(5, 100, (200, BODY)).astype(np.uint16)
    ids, positions, targets = batch(packed, 3000)
    shown = ids.reshape(-1)[positions]
    masked = (shown == SPECIAL["[MASK]"]).float().mean().item()
    kept = (shown == targets).float().mean().item()
    assert masked == pytest.approx(0.8, abs=0.03)
    assert kept == pytest.approx(0.1, abs=0.02)  # a hundredth of the random ones besides


def test_whole_words_are_hidden_together() -> None:
    packed = np.tile(np.arange(5, 5 + BODY, dtype=np.uint16), (8, 1))
    packed[:, 1::3] |= CONTINUES
    packed[:, 2::3] |= CONTINUES  # words of three tokens
    _, positions, _ = batch(packed, 24, whole_words=1.0)
    words = Counter((int(p) // (BODY + 2), (int(p) % (BODY + 2) - 1) // 3) for p in positions)
    assert sorted(words.values()) == [3] * 8
    _, positions, _ = batch(packed, 24, whole_words=0.0)
    words = Counter((int(p) // (BODY + 2), (int(p) % (BODY + 2) - 1) // 3) for p in positions)
    assert len(words) > 12


def test_runs_of_tokens_are_hidden_together() -> None:
    """Of hidden tokens the share whose next one is hidden too: the run goes on in two of three, or another follows."""
    packed = np.tile(np.arange(5, 5 + BODY, dtype=np.uint16), (200, 1))

    def together(**kinds: float) -> float:
        _, positions, _ = batch(packed, 1200, **kinds)  # type: ignore[arg-type]
        hidden = set(positions.tolist())
        return sum(position + 1 in hidden for position in hidden) / len(hidden)

    assert together() == pytest.approx(0.2, abs=0.03)
    assert together(spans=1.0) == pytest.approx(2 / 3 + 1 / 3 * 0.2, abs=0.06)
    assert together(spans=0.5) == pytest.approx(0.46, abs=0.06)


def test_files_hardly_longer_than_a_sequence(data: Path) -> None:
    for name in ("one", "two"):
        (data / f"{name}.heldout.bin").write_bytes(bytes(2 * (BODY + 3)))
    packed = PackedTokens(data, {"one": 1.0, "two": 0.01}, split="heldout", length=BODY + 2, seed=1)
    assert packed.sequences(0, 64).shape == (64, BODY)


def test_an_epoch_reads_every_sequence_by_its_weight(data: Path) -> None:
    packed = PackedTokens(data, {"one": 1.0, "two": 2.0}, split="train", length=BODY + 2, seed=1)
    one, two = (np.fromfile(data / f"{name}.train.bin", dtype="<u2") for name in ("one", "two"))
    epoch = packed.sequences(0, 1600 // BODY + 2 * (900 // BODY))
    expected = Counter(one[: 53 * BODY].reshape(-1, BODY)[row].tobytes() for row in range(53))
    for row in two.reshape(-1, BODY):
        expected[row.tobytes()] += 2
    assert Counter(row.astype("<u2").tobytes() for row in epoch) == expected


def test_sequences_depend_on_their_number_alone(data: Path) -> None:
    def tokens() -> PackedTokens:
        return PackedTokens(data, {"one": 1.0, "two": 0.5}, split="train", length=BODY + 2, seed=1)

    # 53 + 15 sequences an epoch: this reads into the third.
    everything = tokens().sequences(0, 160)
    for first, count in ((0, 7), (66, 5), (130, 30)):
        assert (tokens().sequences(first, count) == everything[first : first + count]).all()
    assert not (everything[:68] == everything[68:136]).all()
