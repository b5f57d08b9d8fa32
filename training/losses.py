"""What fine-tuning minimises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ie_model.relations import DATE_COLUMN, LINKS
from training.features import IGNORE


def tag_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Negative log of the probability that falls on allowed tags, mean over tokens.

    With one allowed tag this is cross-entropy; where a source leaves labels unmarked, O
    and all tags of those labels are allowed (marginal likelihood, as in Greenberg et al.
    2018 for NER from partially labelled corpora); where nothing is known, no loss.

    Args:
        logits: [windows, length, tags].
        allowed: [windows, length] bit sets of tags; 0 for no loss.
    """
    tags = logits.shape[-1]
    bits = (allowed.unsqueeze(-1) >> torch.arange(tags, device=allowed.device)) & 1
    every = logits.float().logsumexp(-1)
    right = logits.float().masked_fill(bits == 0, -1e9).logsumexp(-1)
    counted = allowed != 0
    return ((every - right) * counted).sum() / counted.sum().clamp_min(1)


def link_loss(scores: Tensor, links: Tensor) -> Tensor:
    """Binary cross-entropy of the links and cross-entropy of the status.

    Args:
        scores: [pairs, len(LINK_OUTPUTS)].
        links: [pairs, 5], see `features.WindowFeatures`.
    """
    relations = links[:, : len(LINKS)]
    known = relations != IGNORE
    binary = nn.functional.binary_cross_entropy_with_logits(
        scores[:, : len(LINKS)].float(), relations.clamp_min(0).float(), reduction="none"
    )
    # Divided by the positives rather than by all pairs: batches differ widely in how
    # many far-apart negatives they hold. Dates by their own, since most batches hold few.
    positives, counted = relations == 1, binary * known
    scale, date_scale = positives[:, :DATE_COLUMN].sum().clamp_min(4), positives[:, DATE_COLUMN].sum().clamp_min(4)
    loss = counted[:, :DATE_COLUMN].sum() / scale + counted[:, DATE_COLUMN].sum() / date_scale
    status = nn.functional.cross_entropy(
        scores[:, len(LINKS) :].float(), links[:, len(LINKS)], ignore_index=IGNORE, reduction="sum"
    )
    return loss + status / scale
