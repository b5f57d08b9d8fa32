"""The batches of a stage of fine-tuning, drawn in advance from a seed: a resumed run sees those that it would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from training.features import WindowFeatures, batch_shapes, collate


@dataclass(frozen=True)
class SourceWindows:
    """The windows of a source: as it is, and with other names for each further pass.

    Attributes:
        weight: how often the source is seen in one epoch.
    """

    variants: Sequence[Sequence[WindowFeatures]]
    weight: float

    def variant(self, number: int) -> Sequence[WindowFeatures]:
        return self.variants[number % len(self.variants)]


class Batches(Dataset[dict[str, Tensor]]):
    """All batches of a stage, in the order in which they are trained on."""

    def __init__(
        self,
        sources: Sequence[SourceWindows],
        *,
        epochs: float,
        tokens: int,
        pad_id: int,
        seed: int,
        processes: int = 1,
    ) -> None:
        self._passes = [0] * len(sources)
        self._shapes = batch_shapes(tokens)
        self._pad_id, self._seed = pad_id, seed
        self._batches: list[tuple[int, list[WindowFeatures]]] = []
        random = np.random.default_rng(seed)
        whole, part = int(epochs), epochs - int(epochs)
        for epoch in range(whole + (part > 0)):
            share = 1.0 if epoch < whole else part
            self._batches += self._epoch(sources, share, random)
        # Every process of a run takes the same number of batches.
        self._batches = self._batches[: len(self._batches) // processes * processes]

    def _epoch(
        self,
        sources: Sequence[SourceWindows],
        share: float,
        random: np.random.Generator,
    ) -> list[tuple[int, list[WindowFeatures]]]:
        chosen: list[WindowFeatures] = []
        for index, source in enumerate(sources):
            times = source.weight * share
            for _ in range(int(times)):
                chosen += source.variant(self._passes[index])
                self._passes[index] += 1
            windows = source.variant(self._passes[index])
            rest = round((times - int(times)) * len(windows))
            chosen += [windows[i] for i in random.permutation(len(windows))[:rest]]
            self._passes[index] += rest > 0
        groups: list[list[WindowFeatures]] = [[] for _ in self._shapes]
        for index in random.permutation(len(chosen)):
            window = chosen[index]
            group = next(i for i, shape in enumerate(self._shapes) if len(window.ids) <= shape.length)
            groups[group].append(window)
        batches = []
        for index, (shape, group_windows) in enumerate(zip(self._shapes, groups, strict=True)):
            for at in range(0, len(group_windows), shape.windows):
                batches.append((index, group_windows[at : at + shape.windows]))
        return [batches[i] for i in random.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        shape, windows = self._batches[index]
        random = np.random.default_rng([self._seed, index])
        return collate(windows, self._shapes[shape], pad_id=self._pad_id, random=random)
