"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/): a matrix's step is momentum made orthogonal.

`torch.optim.Muon` is the same, always in bfloat16, which many processors only imitate (`training.precision`): there a
step of fine-tuning took 16 seconds, 14 of them Muon's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.optim import Optimizer

from training.precision import bf16_pays
from training.processes import is_connected

#: Of all runs.
MOMENTUM = 0.95
#: x ↦ ax + bx³ + cx⁵ brings each singular value near 1 in five steps; the figures are the post's.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5
_EPS = 1e-7


def orthogonal(matrices: Tensor, *, dtype: torch.dtype) -> Tensor:
    """Each matrix with its singular values brought near 1 (0.7 to 1.2), its singular vectors kept.

    Args:
        matrices: (number, rows, columns).
        dtype: of the arithmetic. In float32 an oblong matrix is taken through its square product, which is a third
            less work for three times as many rows as columns; bfloat16 is too coarse for that.

    Returns:
        Of the same shape and type.
    """
    tall = matrices.size(-2) > matrices.size(-1)
    found = (matrices.mT if tall else matrices).to(dtype)
    found = found / found.norm(dim=(-2, -1), keepdim=True).clamp(min=_EPS)
    if dtype == torch.float32 and found.size(-1) >= 2 * found.size(-2):
        found = _product_of_polynomials(found @ found.mT) @ found
    else:
        for _ in range(_STEPS):
            found = torch.baddbmm(found, _without_a(found @ found.mT), found, beta=_A)
    return (found.mT if tall else found).to(matrices.dtype)


def _product_of_polynomials(square: Tensor) -> Tensor:
    """What all steps multiply a matrix X by, given XXᵀ: each factor is a polynomial of it, so that they commute."""
    product = factor = _factor(square)
    for _ in range(_STEPS - 1):
        square = factor @ square @ factor
        factor = _factor(square)
        product = factor @ product
    return product


def _factor(square: Tensor) -> Tensor:
    """What one step multiplies X by: a + bXXᵀ + c(XXᵀ)²."""
    factor = _without_a(square)
    factor.diagonal(dim1=-2, dim2=-1).add_(_A)
    return factor


def _without_a(square: Tensor) -> Tensor:
    return torch.baddbmm(square, square, square, beta=_B, alpha=_C)


def _shared_orthogonal(matrices: Tensor, *, dtype: torch.dtype) -> Tensor:
    """`orthogonal`, each process of a run its share: they have the same gradients, and so the same matrices."""
    if not is_connected() or dist.get_world_size() == 1:
        return orthogonal(matrices, dtype=dtype)
    own = slice(dist.get_rank(), None, dist.get_world_size())
    found = torch.zeros_like(matrices)
    found[own] = orthogonal(matrices[own], dtype=dtype)
    dist.all_reduce(found)
    return found


class Muon(Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay, in the precision that the device is fast in.

    The rate of a matrix grows with the square root of rows over columns where it has more rows. Matrices of one shape
    are made orthogonal together, and each process of a run has a share of them. The state's names are those of
    `torch.optim.Muon`.
    """

    def __init__(self, matrices: Iterable[nn.Parameter], *, rate: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": rate, "weight_decay": weight_decay, "momentum": MOMENTUM})
        for group in self.param_groups:
            if odd := [tuple(matrix.shape) for matrix in group["params"] if matrix.ndim != 2]:
                raise ValueError(f"Muon is for matrices, not for shapes {odd}; give these to AdamW")

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[Any, list[nn.Parameter]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike.setdefault((matrix.shape, matrix.dtype, matrix.device), []).append(matrix)
            for (shape, _, device), matrices in alike.items():
                dtype = torch.bfloat16 if bf16_pays(device.type) else torch.float32
                means = torch.stack([self._update(matrix, group["momentum"]) for matrix in matrices])
                updates = _shared_orthogonal(means, dtype=dtype)
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, update in zip(matrices, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=rate)

    def _update(self, matrix: nn.Parameter, momentum: float) -> Tensor:
        """The gradient, drawn towards the mean of those before it."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        mean: Tensor = state["momentum_buffer"].lerp_(matrix.grad, 1 - momentum)
        return matrix.grad.lerp(mean, momentum)
