"""Packed tokens as batches for masked-language-model pretraining."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from torch import Tensor

from training.corpus import CONTINUES, HOLD_OUT, CorpusError, load_tokenizer
from training.errors import TrainingError


class PretrainError(TrainingError):
    """A recipe, packed file or checkpoint that cannot be used; the message says why."""


WORDS_FILE = "words.safetensors"
#: Tokens of a run that is hidden, on average.
SPAN = 3


def tokenizer_digest(folder: Path) -> str:
    """What tells the tokenizer of packed files from others."""
    return sha256((folder / "tokenizer.json").read_bytes()).hexdigest()


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder of packed files; PretrainError without one, or with one that is damaged."""
    path = folder / "tokenizer.json"
    remedy = f"make it with: python -m training.corpus --corpora FOLDER --output {folder}"
    if not path.is_file():
        raise PretrainError(f"{path} is missing; {remedy}")
    try:
        return load_tokenizer(path)
    except CorpusError as error:
        raise PretrainError(f"{path} is damaged ({error}); {remedy}") from error


def data_identity(folder: Path, mix: Mapping[str, float]) -> dict[str, Any]:
    """What tells the packed files of a mix from others: their tokenizer, and how many bytes each has."""
    sizes = {
        f"{name}.{split}.bin": (folder / f"{name}.{split}.bin").stat().st_size
        for name in sorted(mix)
        for split in ("train", "heldout")
    }
    return {"tokenizer.json": tokenizer_digest(folder), **sizes}


def read_words(folder: Path) -> tuple[Tensor, Tensor]:
    """Keys [words] and vectors [words, width] of the lexicon beside the packed files.

    PretrainError without one, or with one that was made with another tokenizer.
    """
    path = folder / WORDS_FILE
    remedy = f"make it with: python -m training.words --packed {folder}"
    try:
        with safe_open(path, framework="pt") as lexicon:
            made_with = (lexicon.metadata() or {}).get("tokenizer")
            keys, vectors = lexicon.get_tensor("keys"), lexicon.get_tensor("vectors").float()
    except (OSError, SafetensorError) as error:
        raise PretrainError(f"{path}: no lexicon ({error}); {remedy}") from error
    if made_with != tokenizer_digest(folder):
        raise PretrainError(f"{path} is of another tokenizer than the packed files; {remedy}")
    return keys, vectors


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
                there = sorted(file.name.removesuffix(".train.bin") for file in folder.glob("*.train.bin"))
                raise PretrainError(
                    f"{path} is missing; make it with: python -m training.corpus --corpora FOLDER --output {folder}, "
                    f"or say in `mix` which corpora are read; there are {there}"
                )
            count = path.stat().st_size // 2
            if count < self.body:  # an empty file, moreover, cannot be mapped
                remedy = "pack more text, or make `length` smaller"
                if split == "heldout":
                    remedy = f"one document in {HOLD_OUT} is held out, an empty line parts two: {remedy}"
                raise PretrainError(f"{path} holds {count} tokens, fewer than one sequence of {self.body}; {remedy}")
            tokens = np.memmap(path, dtype="<u2", mode="r", shape=(count,))
            self.files.append(tokens)
            weights.append(weight)
        self.weights = weights
        #: Of the last two epochs: a batch may end in the next one.
        self._orders: dict[int, np.ndarray] = {}
        self._sizes: list[int] = []

    def _epoch_order(self, epoch: int) -> np.ndarray:
        if epoch not in self._orders:
            random = np.random.default_rng([self.seed, epoch])
            rows = []
            for index, (tokens, weight) in enumerate(zip(self.files, self.weights, strict=True)):
                # The cut moves from epoch to epoch, so that sequences do not repeat exactly.
                shift = int(random.integers(min(self.body, len(tokens) - self.body + 1))) if epoch else 0
                starts = np.arange(shift, len(tokens) - self.body + 1, self.body)
                whole, part = int(weight), weight - int(weight)
                some = max(int(part * len(starts)), 1 if part else 0)
                chosen = np.concatenate([np.tile(starts, whole), random.permutation(starts)[:some]])
                rows.append(np.stack([np.full(len(chosen), index), chosen], axis=1))
            self._orders = {key: order for key, order in self._orders.items() if key == epoch - 1}
            self._orders[epoch] = random.permutation(np.concatenate(rows), axis=0)
        return self._orders[epoch]

    def _size(self, epoch: int) -> int:
        """Sequences in an epoch; the shifted cut makes a few more or fewer."""
        while len(self._sizes) <= epoch:
            self._sizes.append(len(self._epoch_order(len(self._sizes))))
        return self._sizes[epoch]

    def sequences(self, first: int, count: int) -> np.ndarray:
        """Sequences first … first + count of the endless order: [count, body] uint16."""
        result = np.empty((count, self.body), dtype=np.uint16)
        epoch, position = 0, first
        while position >= self._size(epoch):
            position -= self._size(epoch)
            epoch += 1
        for row in range(count):
            if position >= self._size(epoch):  # no epoch is empty: `_epoch_order`
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
    spans: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose exactly `count` positions and hide them, in some sequences by whole words or by runs.

    Of the chosen positions 80 % become [MASK], 10 % a random token and 10 % stay, as in
    BERT (Devlin et al. 2019); jieba's words are chosen whole as in Cui et al. (2021), runs of tokens, of geometric
    length and SPAN on average, in the manner of SpanBERT (Joshi et al. 2020).

    Args:
        whole_words, spans: shares of the sequences in which it goes by words, and by runs; by tokens in the rest.

    Returns input ids [sequences, length], flat positions [count] and their targets [count].
    """
    ids = (packed & (CONTINUES - 1)).astype(np.int64)
    rows, body = ids.shape
    full = np.empty((rows, body + 2), dtype=np.int64)
    full[:, 0], full[:, 1:-1], full[:, -1] = special["[CLS]"], ids, special["[SEP]"]
    starts = (packed & CONTINUES) == 0
    kind = random.random(rows)
    starts[kind >= whole_words] = True
    in_runs = (kind >= whole_words) & (kind < whole_words + spans)
    starts[in_runs] = random.random((int(in_runs.sum()), body)) < 1 / SPAN
    starts[:, 0] = True
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
