"""Packed tokens as batches for masked-language-model pretraining."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.corpus import CONTINUES


class PretrainError(ValueError):
    """A recipe, packed file or checkpoint that cannot be used; the message says why."""


class PackedTokens:
    """Packed files of one split as a virtual list of fixed-length sequences.

    The order of an epoch is a permutation drawn from the seed; a file of weight 2 stands
    in it twice, one of weight 0.5 with half of its sequences.
    """

    def __init__(self, folder: Path, mix: dict[str, float], *, split: str, length: int, seed: int) -> None:
        self.body = length - 2
        self.seed = seed
        self.files: list[np.ndarray] = []
        weights = []
        for name, weight in mix.items():
            path = folder / f"{name}.{split}.bin"
            if not path.is_file():
                raise PretrainError(f"{path} is missing; make it with: python -m training.corpus --output {folder}")
            count = path.stat().st_size // 2
            if count < self.body:  # an empty file, moreover, cannot be mapped
                raise PretrainError(f"{path} holds {count} tokens, fewer than one sequence of {self.body}")
            tokens = np.memmap(path, dtype="<u2", mode="r", shape=(count,))
            self.files.append(tokens)
            weights.append(weight)
        self.weights = weights
        self._epoch = -1
        self._order = np.empty((0, 2), dtype=np.int64)

    def _epoch_order(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            random = np.random.default_rng([self.seed, epoch])
            rows = []
            for index, (tokens, weight) in enumerate(zip(self.files, self.weights, strict=True)):
                # The cut moves from epoch to epoch, so that sequences do not repeat exactly.
                shift = int(random.integers(self.body)) if epoch else 0
                starts = np.arange(shift, len(tokens) - self.body + 1, self.body)
                whole, part = int(weight), weight - int(weight)
                chosen = np.concatenate(
                    [np.tile(starts, whole), random.permutation(starts)[: int(part * len(starts))]]
                )
                rows.append(np.stack([np.full(len(chosen), index), chosen], axis=1))
            self._order = random.permutation(np.concatenate(rows), axis=0)
            self._epoch = epoch
        return self._order

    def sequences(self, first: int, count: int) -> np.ndarray:
        """Sequences first … first + count of the endless order: [count, body] uint16."""
        result = np.empty((count, self.body), dtype=np.uint16)
        epoch, position = 0, first
        while position >= len(self._epoch_order(epoch)):
            position -= len(self._epoch_order(epoch))
            epoch += 1
        for row in range(count):
            if position >= len(self._epoch_order(epoch)):
                position, epoch = 0, epoch + 1
            file, start = self._epoch_order(epoch)[position]
            result[row] = self.files[file][start : start + self.body]
            position += 1
        return result


def masked_batch(
    packed: np.ndarray,
    *,
    count: int,
    vocabulary: int,
    special: dict[str, int],
    random: np.random.Generator,
    whole_words: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose exactly `count` positions and hide them, in some sequences by whole words.

    Of the chosen positions 80 % become [MASK], 10 % a random token and 10 % stay, as in
    BERT (Devlin et al. 2019); jieba's words are chosen whole as in Cui et al. (2021).

    Returns input ids [sequences, length], flat positions [count] and their targets [count].
    """
    ids = (packed & (CONTINUES - 1)).astype(np.int64)
    rows, body = ids.shape
    full = np.empty((rows, body + 2), dtype=np.int64)
    full[:, 0], full[:, 1:-1], full[:, -1] = special["[CLS]"], ids, special["[SEP]"]
    starts = (packed & CONTINUES) == 0
    starts[:, 0] = True
    starts[random.random(rows) >= whole_words] = True
    words = np.cumsum(starts.reshape(-1)) - 1
    eligible = ids.reshape(-1) != special["[SEP]"]
    rank = random.random(words[-1] + 1)[words]
    rank[~eligible] = 2.0
    flat = np.argpartition(rank, count)[:count]
    positions = (flat // body) * (body + 2) + flat % body + 1
    targets = full.reshape(-1)[positions].copy()
    dice = random.random(count)
    hidden = np.where(dice < 0.8, special["[MASK]"], targets)
    replaced = (dice >= 0.8) & (dice < 0.9)
    hidden[replaced] = random.integers(len(special), vocabulary, int(replaced.sum()))
    full.reshape(-1)[positions] = hidden
    return torch.from_numpy(full), torch.from_numpy(positions), torch.from_numpy(targets)
