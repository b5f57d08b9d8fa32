"""What pretraining minimises: hidden tokens predicted, and guessed ones found out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import ModernBertForMaskedLM


class MaskedLoss(nn.Module):
    """Cross-entropy and hits at the masked positions; the head runs on these alone."""

    def __init__(self, model: ModernBertForMaskedLM) -> None:
        super().__init__()
        self.model = model

    def predict(self, ids: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """ids [sequences, length], flat positions [count] → hidden [tokens, hidden], logits [count, vocabulary]."""
        hidden = self.model.model(ids).last_hidden_state
        hidden = hidden.reshape(-1, hidden.shape[-1])
        return hidden, self.model.decoder(self.model.head(hidden.index_select(0, positions)))

    def forward(self, ids: Tensor, positions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        _, logits = self.predict(ids, positions)
        return nn.functional.cross_entropy(logits.float(), targets), hit_rate(logits, targets)


class ReplacedLoss(MaskedLoss):
    """Replaced-token detection beside masked prediction, in one network.

    At a share of the hidden positions the network is shown what it would itself have put there, drawn from its
    own prediction (no gradient flows through that). It is to tell of every token that it sees whether it is the text's
    (the detection of ELECTRA, Clark et al. 2020) and, at the hidden positions, which token is (the correction of
    COCO-LM, Meng et al. 2021). ELECTRA's second, smaller network is left out: it costs the drawing pass alone.

    Args:
        share: of the hidden positions that show a guess.
        weight: of the detection's mean cross-entropy beside that of the prediction.
        special: ids that are never judged: those of [MASK], [CLS] and [SEP].
    """

    def __init__(self, model: ModernBertForMaskedLM, *, share: float, weight: float, special: tuple[int, ...]) -> None:
        super().__init__(model)
        self.share, self.weight = share, weight
        self.detector = nn.Linear(model.config.hidden_size, 1)
        self.register_buffer("special", torch.tensor(special), persistent=False)

    def forward(  # type: ignore[override]
        self, ids: Tensor, positions: Tensor, targets: Tensor, chances: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As `MaskedLoss`; chances [2, count] in [0, 1): which positions show a guess, and which guess."""
        with torch.no_grad():
            _, logits = self.predict(ids, positions)
            guesses = draw(logits, chances[1])
        flat = ids.reshape(-1)
        text = flat.index_put((positions,), targets)
        shown = torch.where(chances[0] < self.share, guesses, flat[positions])
        seen = flat.index_put((positions,), shown)
        hidden, logits = self.predict(seen.view_as(ids), positions)
        prediction = nn.functional.cross_entropy(logits.float(), targets)
        judged = torch.isin(seen, self.special, invert=True)
        told = nn.functional.binary_cross_entropy_with_logits(
            self.detector(hidden).squeeze(-1).float(), (seen != text).float(), reduction="none"
        )
        detection = (told * judged).sum() / judged.sum()
        return prediction + self.weight * detection, hit_rate(logits, targets)


def hit_rate(logits: Tensor, targets: Tensor) -> Tensor:
    """The share of positions whose likeliest token is the right one."""
    return (logits.detach().argmax(-1) == targets).float().mean()


def draw(logits: Tensor, chances: Tensor) -> Tensor:
    """One token a row of logits [rows, vocabulary], where the summed probabilities pass chances [rows]."""
    summed = logits.float().softmax(-1).cumsum(-1)
    # Rounding can leave the last sum below 1.
    return torch.searchsorted(summed, chances.unsqueeze(-1)).squeeze(-1).clamp_max(logits.shape[-1] - 1)
