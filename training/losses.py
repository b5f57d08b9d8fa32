"""What fine-tuning minimises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ie_model.relations import LINK_OUTPUTS
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
    """Binary cross-entropy of the three relations and cross-entropy of the status.

    Args:
        scores: [pairs, len(LINK_OUTPUTS)].
        links: [pairs, 4], see `features.WindowFeatures`.
    """
    relations = links[:, :3]
    known = relations != IGNORE
    binary = nn.functional.binary_cross_entropy_with_logits(
        scores[:, :3].float(), relations.clamp_min(0).float(), reduction="none"
    )
    # Divided by the positives rather than by all pairs: batches differ widely in how
    # many far-apart negatives they hold.
    scale = (relations == 1).sum().clamp_min(4)
    loss = (binary * known).sum() / scale
    status = nn.functional.cross_entropy(
        scores[:, 3 : len(LINK_OUTPUTS)].float(), links[:, 3], ignore_index=IGNORE, reduction="sum"
    )
    return loss + status / scale
