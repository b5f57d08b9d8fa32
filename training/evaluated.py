"""The texts on which models are scored: what is made from corpora for training leaves them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.data.example import NotAtHandError
from training.data.sources import EVALUATED
from training.debug_data import read_split
from training.overlap import fold, shared_runs


def evaluated_texts(data_root: Path) -> list[str]:
    """The texts of all sets at hand on which models are scored, the seed articles among them."""
    texts = []
    for name, split in EVALUATED:
        try:
            texts += [example.text for example in read_split(name, split, data_root).examples]
        except NotAtHandError:
            continue
    return texts


def without_evaluated(texts: Sequence[str], data_root: Path) -> list[str]:
    """The texts that share no run of 30 characters (`overlap.RUN`) with one that is scored."""
    scored = [fold(text) for text in evaluated_texts(data_root)]
    known = {index for index, _, _ in shared_runs([fold(text) for text in texts], scored)}
    return [text for index, text in enumerate(texts) if index not in known]
