"""The network in torch: a token classifier and a link head over the same hidden states.

Training uses it, the torch runtime runs it, and the ONNX files are exported from it. The
only modules of the package that import torch are this one, `runtime.words` and `runtime.torch`; none is
imported unless the torch runtime is asked for.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ie_model.relations import BETWEEN_BUCKETS, DATE_COLUMN, DISTANCE_BUCKETS, LINK_OUTPUTS, PAIR_KINDS

#: Bound of the attention scores of the link head: keeps the prefix sums well conditioned.
SCORE_BOUND = 4.0


class RangePooling(nn.Module):
    """Attention pooling over token ranges, by prefix sums.

    Each head gives a token one weight, whatever the range, so the pooled value of a range
    [a, b) is (V[b] − V[a]) / (W[b] − W[a]) with running sums of weighted values V and
    weights W: every range costs the same, however long.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.weights = nn.Linear(width, heads)

    def forward(self, values: Tensor, ranges: Tensor) -> Tensor:
        """values [tokens, width], ranges [ranges, 2] → [ranges, width]; 0 where empty."""
        tokens, width = values.shape
        weights = torch.exp(SCORE_BOUND * torch.tanh(self.weights(values).float() / SCORE_BOUND))
        weighted = values.float().reshape(tokens, self.heads, width // self.heads) * weights.unsqueeze(-1)
        both = torch.cat([weighted.reshape(tokens, width), weights], dim=1).double()
        # Double precision: a difference of long sums must not lose a short range.
        sums = torch.cat([both.new_zeros(1, both.shape[1]), torch.cumsum(both, dim=0)])
        first, last = ranges[:, 0], torch.maximum(ranges[:, 0], ranges[:, 1])
        total = (sums[last] - sums[first]).float()
        mass = total[:, width:].clamp_min(1e-9)
        pooled = total[:, :width].reshape(-1, self.heads, width // self.heads) / mass.unsqueeze(-1)
        return pooled.reshape(-1, width)


class LinkHead(nn.Module):
    """Scores pairs of spans (PAIR_KINDS) from the hidden states of a text."""

    def __init__(self, hidden: int, *, width: int = 128, heads: int = 8, dropout: float = 0.2) -> None:
        super().__init__()
        self.spans = nn.Linear(hidden, width)
        self.context = nn.Linear(hidden, width)
        self.pool = RangePooling(width, heads)
        self.distance = nn.Embedding(DISTANCE_BUCKETS, 32)
        self.kind = nn.Embedding(len(PAIR_KINDS), 32)
        self.drop = nn.Dropout(dropout)
        self.between = nn.Embedding(3 * BETWEEN_BUCKETS, 32)
        self.hidden_layer = nn.Linear(8 * width + 64, 2 * width)
        self.norm = nn.LayerNorm(2 * width)
        self.output = nn.Linear(2 * width, len(LINK_OUTPUTS) - 1)
        # Dates have layers of their own, so that they can be learnt without changing what is said of departures.
        self.date_layer = nn.Linear(8 * width + 64, width)
        self.date_norm = nn.LayerNorm(width)
        self.date_output = nn.Linear(width, 1)

    def forward(self, hidden: Tensor, pairs: Tensor) -> Tensor:
        """hidden [tokens, hidden], pairs [pairs, 13] (PAIR_FIELDS) → [pairs, outputs]."""
        spans = self.spans(hidden)
        context = nn.functional.gelu(self.context(hidden))
        person, target = spans[pairs[:, 0]] + spans[pairs[:, 1] - 1], spans[pairs[:, 2]] + spans[pairs[:, 3] - 1]
        between = torch.stack(
            [torch.minimum(pairs[:, 1], pairs[:, 3]), torch.maximum(pairs[:, 0], pairs[:, 2])], dim=1
        )
        low = torch.minimum(pairs[:, 0], pairs[:, 2])
        whole = torch.stack([pairs[:, 4], pairs[:, 7]], dim=1)
        pooled = [
            self.pool(context, ranges)
            for ranges in (torch.stack([pairs[:, 4], low], dim=1), between, pairs[:, 6:8], whole)
        ]
        # The first token after the pair and the last before it often hold the verb.
        edges = [context[(low - 1).clamp_min(0)], context[pairs[:, 6].clamp_max(context.shape[0] - 1)]]
        place = self.distance(pairs[:, 8]) + self.kind(pairs[:, 9])
        counts = pairs[:, 10:13] + BETWEEN_BUCKETS * torch.arange(3, device=pairs.device)
        features = [person, target, *pooled, *edges, place, self.between(counts).sum(dim=1)]
        joined = self.drop(torch.cat(features, dim=1))
        answers = self.output(self.drop(nn.functional.gelu(self.norm(self.hidden_layer(joined)))))
        date = self.date_output(self.drop(nn.functional.gelu(self.date_norm(self.date_layer(joined)))))
        return torch.cat([answers[:, :DATE_COLUMN], date, answers[:, DATE_COLUMN:]], dim=1)


class SpanLinkModel(nn.Module):
    """A transformers token classifier with a link head beside it.

    The classifier keeps its own parameter names, the link head's begin with
    ``link_head.``; so `AutoModelForTokenClassification` reads the saved file and leaves
    the head out.
    """

    def __init__(self, classifier: Any, *, link_dropout: float = 0.2) -> None:
        super().__init__()
        self.classifier = classifier
        self.link_head = LinkHead(classifier.config.hidden_size, dropout=link_dropout)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """[windows, length] → logits [windows, length, tags], hidden [windows, length, hidden]."""
        model = self.classifier
        hidden = model.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        features = model.head(hidden) if hasattr(model, "head") else hidden
        # transformers names the dropout before the classifier differently by model.
        drop = getattr(model, "drop", None) or getattr(model, "dropout", None) or nn.Identity()
        return model.classifier(drop(features)), hidden

    def saved_state(self) -> dict[str, Tensor]:
        """The parameters under the names in which they are published."""
        state = dict(self.classifier.state_dict())
        state |= {f"link_head.{name}": value for name, value in self.link_head.state_dict().items()}
        return state

    def load_saved_state(self, state: dict[str, Tensor]) -> None:
        """Inverse of `saved_state`; RuntimeError names what is missing or too much."""
        prefix = "link_head."
        self.classifier.load_state_dict({k: v for k, v in state.items() if not k.startswith(prefix)})
        self.link_head.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
