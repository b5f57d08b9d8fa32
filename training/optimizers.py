"""Which parameters Muon is for, and several optimizers as one: for pretraining and fine-tuning."""

from __future__ import annotations

import re
from typing import Any

from torch import nn
from torch.optim import Optimizer

_LAYER = re.compile(r"\.layers?\.\d+\.")


def is_hidden_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter is one of the matrices within the encoder's layers, which Muon is for.

    ModernBERT calls them `layers.N`, BERT `layer.N`.
    """
    return parameter.ndim == 2 and _LAYER.search(name) is not None


class Together(Optimizer):
    """Several optimizers of different parameters as one, for code that knows of a single one.

    Its groups are those of its parts, so that a schedule of the learning rate reaches all of them; its state is the
    list of theirs.
    """

    def __init__(self, *parts: Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})

    # The parts' own lists: a part that loads a state makes new groups, and a schedule must find these.
    @property
    def param_groups(self) -> list[dict[str, Any]]:  # type: ignore[override]
        return [group for part in self.parts for group in part.param_groups]

    @param_groups.setter
    def param_groups(self, groups: list[dict[str, Any]]) -> None:
        """The base class sets what the parts have already."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As above."""

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
