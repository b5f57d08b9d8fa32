"""Muon beside torch's own, and matrices made orthogonal."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import training.muon as module
from training.muon import Muon, orthogonal

SHAPES = [(12, 4), (4, 12), (6, 6), (4, 6)]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_singular_values_are_brought_near_one(shape: tuple[int, int], dtype: torch.dtype) -> None:
    matrices = drawn(3, *shape)
    found = orthogonal(matrices, dtype=dtype)
    assert (found.shape, found.dtype) == (matrices.shape, matrices.dtype)
    large = torch.linalg.svdvals(matrices) > 0.2
    assert torch.linalg.svdvals(found)[large].min() > 0.6
    assert torch.linalg.svdvals(found).max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    inside = u.mT @ found @ v.mT
    off = inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1))
    assert off.abs().max() < (1e-4 if dtype == torch.float32 else 0.05), "the singular vectors are kept"


@pytest.mark.parametrize("shape", [(12, 4), (4, 12)])
def test_the_shorter_way_for_oblong_matrices_is_the_same(shape: tuple[int, int]) -> None:
    matrices = drawn(2, *shape)
    longer = orthogonal(matrices.double(), dtype=torch.float64)
    assert torch.allclose(orthogonal(matrices, dtype=torch.float32), longer.float(), atol=1e-5)


def test_nothing_stays_nothing() -> None:
    assert not orthogonal(torch.zeros(1, 4, 12), dtype=torch.float32).any()


@pytest.mark.parametrize(("pays", "tolerance"), [(True, 1e-6), (False, 0.02)])
def test_a_step_is_that_of_torch(pays: bool, tolerance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "bf16_pays", lambda device: pays)
    matrices = [nn.Parameter(drawn(*shape, seed=n)) for n, shape in enumerate([*SHAPES, (12, 4)])]
    theirs = [nn.Parameter(matrix.detach().clone()) for matrix in matrices]
    before = [matrix.detach().clone() for matrix in matrices]
    own = Muon(matrices, rate=0.1, weight_decay=0.2)
    other = torch.optim.Muon(theirs, lr=0.1, weight_decay=0.2, momentum=module.MOMENTUM)
    for step in range(3):
        for number, (mine, its) in enumerate(zip(matrices, theirs, strict=True)):
            mine.grad = its.grad = drawn(*mine.shape, seed=100 + 10 * step + number)
        own.step()
        other.step()
    for mine, its, first in zip(matrices, theirs, before, strict=True):
        assert (mine - its).norm() < tolerance * (its - first).norm()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_processes_share_the_matrices(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    matrices = drawn(number, 12, 4)
    added: list[Tensor] = []
    monkeypatch.setattr(module, "is_connected", lambda: True)
    monkeypatch.setattr(module.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(module.dist, "all_reduce", added.append)
    for rank in (0, 1):
        monkeypatch.setattr(module.dist, "get_rank", lambda rank=rank: rank)
        module._shared_orthogonal(matrices, dtype=torch.float32)
    assert torch.equal(added[0] + added[1], orthogonal(matrices, dtype=torch.float32))
    assert not added[0][1::2].any()


def test_a_matrix_without_a_gradient_stays() -> None:
    matrices = [nn.Parameter(drawn(4, 4)), nn.Parameter(drawn(4, 4, seed=1))]
    matrices[0].grad = drawn(4, 4, seed=2)
    Muon(matrices, rate=0.1, weight_decay=0.0).step()
    assert torch.equal(matrices[1].detach(), drawn(4, 4, seed=1))
    assert not torch.equal(matrices[0].detach(), drawn(4, 4))


def test_only_matrices_are_taken() -> None:
    with pytest.raises(ValueError, match=r"not for shapes \[\(4,\)\]; give these to AdamW"):
        Muon([nn.Parameter(torch.zeros(4, 4)), nn.Parameter(torch.zeros(4))], rate=0.1, weight_decay=0.0)
