"""Weibo NER, second edition: microblog posts with names and nominal mentions.

PER.NAM → PERSON, ORG.NAM → ORG. Nominal mentions (.NOM: 女主人) are left out, places (LOC)
and political entities (GPE) too. Marks the names of PERSON and ORG completely; ROLE and
MONEY are not marked, so they are unknown. A benchmark only.

The character column carries the character's place in its word (``京1``, ``e12``). The
publisher has lost some emoji: each is two replacement characters on one line, and is read
as these two. A few spans begin with I; they are spans all the same.

Licence: none stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from training.data.columns import read_columns
from training.data.example import Example

MAPPING = {"PER.NAM": "PERSON", "ORG.NAM": "ORG"}
#: For a benchmark on the set's own labels.
OWN_LABELS = {
    label: label for label in (f"{kind}.{form}" for kind in ("GPE", "LOC", "ORG", "PER") for form in ("NAM", "NOM"))
}
_LINE = re.compile("(\ufffd\ufffd|.)[0-9]+\t(\\S+)")


def read_weibo(root: Path, split: str, labels: Mapping[str, str] = MAPPING) -> list[Example]:
    """The posts of one split: train, dev or test."""
    path = root / "WeiboNER" / f"weiboNER_2nd_conll.{split}"
    return read_columns(path, source="weibo", labels=labels, own_labels=OWN_LABELS, cells=_cells)


def _cells(line: str) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"the character with its place in the word, a tab and the tag; found {line!r}")
    return found[1], found[2]
