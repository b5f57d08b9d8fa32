"""Texts that stand in two places: exactly, nearly, or with a long run in common.

Texts are compared as the model sees them (`ie_model/script.py`), without case and white
space: publishers of one corpus differ in these. Two are near duplicates where their sets of
5-character shingles have a Jaccard index of at least 4/5; a text of 10 characters or more
may also stand within a longer one. The search is exact, not sampled, and takes seconds for
100,000 sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ie_model.script import model_view

SHINGLE = 5
#: Shorter texts (谢谢各位。) stand within others by chance.
LEAST = 10
#: A run of this many characters in common is no accident.
RUN = 30

Hashes = npt.NDArray[np.uint64]


def fold(text: str) -> str:
    """What two texts have in common where only script, width, case or white space differ."""
    return "".join(model_view(text).lower().split())


def _windows(texts: Sequence[str], size: int) -> tuple[Hashes, list[tuple[int, int]]]:
    """A hash of every run of `size` characters, and where those of each text stand."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    hashes = np.zeros(max(0, len(codes) - size + 1), dtype=np.uint64)
    for shift in range(size):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + codes[shift : shift + len(hashes)]
    ends = np.cumsum([len(text) for text in texts]).tolist()
    return hashes, [(end - len(t), max(end - size + 1, end - len(t))) for t, end in zip(texts, ends, strict=True)]


def near_pairs(texts: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of folded texts whose shingles have a Jaccard index of 4/5 or more; all of them.

    Two sets that similar share a member among the rarest n - ⌈4n/5⌉ + 1 of each. The
    position of the first such member bounds what they can share, so that few are compared.
    """
    hashes, bounds = _windows(texts, SHINGLE)
    _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    ranks = np.empty(len(counts), dtype=np.int32)
    ranks[np.argsort(counts, kind="stable")] = np.arange(len(counts), dtype=np.int32)
    tokens = ranks[inverse]  # the rarer, the lower
    sets = [np.unique(tokens[start:end]) for start, end in bounds]
    sizes = np.array([len(members) for members in sets], dtype=np.int64)
    prefixes = np.where(sizes > 0, sizes - (4 * sizes + 4) // 5 + 1, 0)
    if not prefixes.any():
        return []
    flat = np.concatenate([members[:length] for members, length in zip(sets, prefixes, strict=True)])
    owners = np.repeat(np.arange(len(sets)), prefixes)
    left = np.repeat(sizes, prefixes) - np.concatenate([np.arange(length) for length in prefixes])
    order = np.argsort(flat, kind="stable")
    flat, owners, left = flat[order], owners[order], left[order]
    borders = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), len(flat)]
    candidates: set[tuple[int, int]] = set()
    for start, end in pairwise(borders):
        if end - start < 2:
            continue
        a, b = np.triu_indices(end - start, 1)
        a, b = a + start, b + start
        enough = 9 * np.minimum(left[a], left[b]) >= 4 * (sizes[owners[a]] + sizes[owners[b]])
        candidates.update(zip(owners[a[enough]].tolist(), owners[b[enough]].tolist(), strict=True))
    return sorted(
        (i, j)
        for i, j in candidates
        if 9 * len(np.intersect1d(sets[i], sets[j], assume_unique=True)) >= 4 * (len(sets[i]) + len(sets[j]))
    )


def contained(texts: Sequence[str], longer: Sequence[str]) -> list[int]:
    """The indices of the folded texts of 10 characters or more that stand within one of the longer ones."""
    long = [(index, text[:LEAST]) for index, text in enumerate(texts) if len(text) >= LEAST]
    heads, starts = _windows([head for _, head in long], LEAST)
    beginning: dict[int, list[int]] = defaultdict(list)  # hash of the first characters → texts
    for (index, _), (start, _) in zip(long, starts, strict=True):
        beginning[int(heads[start])].append(index)
    values, bounds = _windows(longer, LEAST)
    hits = np.isin(values, np.fromiter(beginning, dtype=np.uint64, count=len(beginning)))
    found: set[int] = set()
    for whole, (start, end) in zip(longer, bounds, strict=True):
        for place in np.flatnonzero(hits[start:end]).tolist():
            candidates = beginning[int(values[start + place])]
            found.update(i for i in candidates if len(texts[i]) < len(whole) and whole.startswith(texts[i], place))
    return sorted(found)


def shared_runs(texts: Sequence[str], targets: Sequence[str]) -> list[tuple[int, int, str]]:
    """(text, target, longest run) for all folded texts that share 30 characters or more."""
    hashes, bounds = _windows(targets, RUN)
    owners: dict[int, set[int]] = defaultdict(set)
    for target, (start, end) in enumerate(bounds):
        for value in hashes[start:end].tolist():
            owners[value].add(target)
    values, bounds = _windows(texts, RUN)
    hits = np.isin(values, np.fromiter(owners, dtype=np.uint64, count=len(owners)))
    found = []
    for index, (start, end) in enumerate(bounds):
        runs: dict[int, tuple[int, int]] = {}  # target → the run that goes on: where it starts and ends
        longest: dict[int, tuple[int, int]] = {}
        for place in np.flatnonzero(hits[start:end]).tolist():
            for target in owners[int(values[start + place])]:
                first, last = runs.get(target, (place, -1))
                runs[target] = (first if place == last + 1 else place, place)
                longest[target] = max(runs[target], longest.get(target, (0, -1)), key=lambda run: run[1] - run[0])
        found += [(index, target, texts[index][a : b + RUN]) for target, (a, b) in longest.items()]
    return found


def without_shared(texts: Sequence[str], others: Sequence[str]) -> list[str]:
    """The texts that share no run of 30 characters with one of the others, once both are folded."""
    folded = [[fold(text) for text in group] for group in (texts, others)]
    known = {index for index, _, _ in shared_runs(*folded)}
    return [text for index, text in enumerate(texts) if index not in known]
