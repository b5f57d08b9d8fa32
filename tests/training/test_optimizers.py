"""Two optimizers as one."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from training.muon import Muon
from training.optimizers import Together, is_hidden_matrix


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(9, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 4)])
        self.head = nn.Linear(4, 2)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = Network()

    def loss(self) -> Tensor:
        hidden = self.network.layers[0](self.network.embedding(torch.arange(9)))
        return nn.functional.cross_entropy(self.network.head(hidden), torch.arange(9) % 2)


def together(model: Model) -> Together:
    matrices = [p for n, p in model.named_parameters() if is_hidden_matrix(n, p)]
    rest = [p for n, p in model.named_parameters() if not is_hidden_matrix(n, p)]
    return Together(Muon(matrices, rate=0.02, weight_decay=0.01), torch.optim.AdamW(rest, lr=1e-2))


def train(model: Model, optimizer: torch.optim.Optimizer, steps: int) -> float:
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model.loss()
        loss.backward()
        optimizer.step()
    return float(model.loss().detach())


def test_muon_is_for_the_matrices_within_layers() -> None:
    names = [n for n, p in Model().named_parameters() if is_hidden_matrix(n, p)]
    assert names == ["network.layers.0.weight"], "not the embedding, the head or a bias"


def test_all_parts_step() -> None:
    model = Model()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    first = float(model.loss().detach())
    optimizer = together(model)
    assert train(model, optimizer, 20) < first
    assert not [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert all(p.grad is not None for p in model.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_schedule_reaches_all_parts() -> None:
    model = Model()
    optimizer = together(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    # As accelerate does when it takes an optimizer over; the parts then have other groups than before.
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    schedule.step()
    assert [group["lr"] for part in optimizer.parts for group in part.param_groups] == pytest.approx([0.01, 0.005])


def test_a_resumed_run_goes_on_as_the_other() -> None:
    model = Model()
    optimizer = together(model)
    train(model, optimizer, 3)
    other = copy.deepcopy(model)
    resumed = together(other)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert train(model, optimizer, 3) == train(other, resumed, 3)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
