"""The texts on which models are scored: what is made from corpora for training leaves them out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from training.data.example import DataError, NotAtHandError
from training.data.sources import EVALUATED
from training.debug_data import read_split
from training.overlap import without_shared


def evaluated_texts(data_root: Path, passages: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The texts of all sets at hand on which models are scored, the seed articles among them.

    The others are named on standard error: what is made without them may hold their texts.

    Args:
        passages: further sets, each with its split: what of marked passages is scored (`training.paragraphs`).

    Raises:
        DataError: there is no such folder.
    """
    if not data_root.is_dir():
        raise DataError(
            f"{data_root}: no such folder; name with --data-root the one that has the sets on which models are "
            "scored, whose texts are left out"
        )
    texts, missing = [], []
    for name, split in (*EVALUATED, *passages):
        try:
            texts += [example.text for example in read_split(name, split, data_root).examples]
        except NotAtHandError:
            missing.append(f"{name} {split}")
    if missing:
        print(f"not at hand, so their texts are not left out: {', '.join(missing)}", file=sys.stderr)
    return texts


def without_evaluated(texts: Sequence[str], data_root: Path, passages: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The texts that share no run of 30 characters (`overlap.RUN`) with one that is scored."""
    return without_shared(texts, evaluated_texts(data_root, passages))
