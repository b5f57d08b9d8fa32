"""Packed tokens to pretrain on: documents of 40 random tokens, of two corpora."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from training.corpus import CONTINUES

SEPARATOR = 3


def write_packed(tokenizer_dir: Path, folder: Path) -> Path:
    shutil.copytree(tokenizer_dir, folder)
    random = np.random.default_rng(0)
    for name, count in (("one", 1600), ("two", 900)):
        for split in ("train", "heldout"):
            tokens = random.integers(5, 60, count).astype("<u2")
            tokens[1::3] |= CONTINUES
            tokens[39::40] = SEPARATOR
            tokens.tofile(folder / f"{name}.{split}.bin")
    return folder
