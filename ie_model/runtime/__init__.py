"""Engines that turn token ids into logits and hidden states, and pairs into link scores."""

from __future__ import annotations

from typing import Protocol

from ie_model.arrays import Floats, Ints


class Runtime(Protocol):
    """One loaded model. Immutable; safe to call from several threads at once.

    Attributes:
        threads: how many calls of `encode` are worth running at once.
        token_budget: tokens, padding included, that one call of `encode` should take at most.
    """

    threads: int
    token_budget: int

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        """Run windows through the encoder and the tag classifier.

        Args:
            ids: [windows, length] token ids with [CLS] and [SEP], padded.
            mask: [windows, length] 1 for tokens, 0 for padding.

        Returns:
            logits [windows, length, tags] and hidden states [windows, length, hidden].
        """
        ...

    def link(self, hidden: Floats, pairs: Ints) -> Floats:
        """Score pairs of spans.

        Args:
            hidden: [tokens, hidden] of one text.
            pairs: [pairs, 13], see `ie_model.relations.PAIR_FIELDS`.

        Returns:
            [pairs, len(LINK_OUTPUTS)] logits.
        """
        ...
