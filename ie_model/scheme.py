"""The tag scheme: BIOES over a list of labels, and which tag may follow which.

The one definition that training, evaluation and inference share. Tag 0 is O; label k
has the tags B, I, E, S at 1 + 4k … 4 + 4k.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ie_model.arrays import Bools

#: What the published model finds (the annotation guidelines define them).
LABELS = ("PERSON", "ORG", "ROLE", "MONEY")
#: What a time that dates a departure is called; it is found by its grammar and not by tags (`ie_model.dates`).
DATE = "DATE"


@dataclass(frozen=True)
class TagScheme:
    """BIOES tags of some labels: adjacent spans of one label stay two spans."""

    labels: tuple[str, ...] = LABELS

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Tag names by id: O, B-PERSON, I-PERSON, E-PERSON, S-PERSON, B-ORG …"""
        return ("O", *(f"{position}-{label}" for label in self.labels for position in "BIES"))

    @classmethod
    def from_tags(cls, tags: list[str]) -> TagScheme:
        """The scheme whose tags are these, in this order; ValueError if there is none."""
        labels = tuple(tag[2:] for tag in tags if tag.startswith("B-"))
        scheme = cls(labels)
        if list(scheme.tags) != list(tags):
            raise ValueError(f"not BIOES tags: {tags}")
        return scheme

    def __len__(self) -> int:
        return len(self.tags)

    def span_tags(self, label: str, length: int) -> list[int]:
        """The tag ids of a span of this many tokens."""
        first = 1 + 4 * self.labels.index(label)
        if length == 1:
            return [first + 3]
        return [first, *[first + 1] * (length - 2), first + 2]

    def label_tags(self, label: str) -> list[int]:
        """All tag ids of a label."""
        first = 1 + 4 * self.labels.index(label)
        return list(range(first, first + 4))

    @cached_property
    def may_start(self) -> Bools:
        """[tags] whether a tag may be the first of a sequence: O, B, S."""
        return np.array([tag[0] in "OBS" for tag in self.tags])

    @cached_property
    def may_end(self) -> Bools:
        """[tags] whether a tag may be the last of a sequence: O, E, S."""
        return np.array([tag[0] in "OES" for tag in self.tags])

    @cached_property
    def follows(self) -> Bools:
        """[tags, tags] whether the second tag may follow the first."""
        inside = np.array([[a[0] in "BI" and b[0] in "IE" and a[2:] == b[2:] for b in self.tags] for a in self.tags])
        return inside | (self.may_end[:, None] & self.may_start[None, :])

    @cached_property
    def follows_within_word(self) -> Bools:
        """[tags, tags] the same inside a Latin word, where no span may start or end."""
        inside = self.follows & ~(self.may_end[:, None] & self.may_start[None, :])
        inside[0, 0] = True
        return inside
