"""One process of a pretraining run: what it trains, how, where it stands, and how that is kept."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import ModernBertForMaskedLM

from training.muon import Muon
from training.objectives import MaskedLoss, ReplacedLoss
from training.optimizers import is_hidden_matrix
from training.packed import PretrainError
from training.precision import bf16_pays
from training.pretrain_recipe import Recipe

CHECKPOINT = "checkpoint.pt"
#: Values that may be others when a run goes on.
_FREE = {"output", "total_tokens", "decay", "data", "compile", "attention"}


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the device is faster in it; float32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16_pays(device.type))


def optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices, AdamW for all else; AdamW alone where the recipe has no rate for Muon."""
    matrices = [p for n, p in model.named_parameters() if recipe.muon_lr and is_hidden_matrix(n, p)]
    rest = [p for n, p in model.named_parameters() if not (recipe.muon_lr and is_hidden_matrix(n, p))]
    decay = recipe.weight_decay
    adam = torch.optim.AdamW(rest, lr=recipe.adam_lr, betas=(0.9, 0.98), weight_decay=decay, fused=True)
    return [Muon(matrices, rate=recipe.muon_lr, weight_decay=decay), adam] if matrices else [adam]


def learning_rate_factor(tokens: int, recipe: Recipe) -> float:
    """Warm-up, plateau, then a linear fall to zero over the last `decay` of the tokens."""
    if tokens < recipe.warmup_tokens:
        return max(tokens, 1) / recipe.warmup_tokens
    fall = recipe.total_tokens * recipe.decay
    return max(0.0, min(1.0, (recipe.total_tokens - tokens) / max(fall, 1)))


@dataclass
class Run:
    """One process of a training run: objective with the model in it, optimizers, and where it stands.

    Attributes:
        data: what tells its packed files from others (`packed.data_identity`).
        losses, hits: of the batches since the log's last record.
    """

    recipe: Recipe
    objective: MaskedLoss
    data: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    losses: list[Tensor] = field(default_factory=list)
    hits: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = own_device()
        self.objective.to(self.device)
        self.loss: nn.Module = self.objective
        if self.recipe.batches % self.world:
            raise PretrainError(
                f"{self.world} processes cannot share {self.recipe.batches} batches a step; make `batches` a multiple"
            )
        if self.recipe.compile:
            self.loss = torch.compile(self.objective)  # type: ignore[assignment]
        self.optimizers = optimizers(self.objective, self.recipe)
        self.base_rates = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]

    @property
    def model(self) -> ModernBertForMaskedLM:
        return self.objective.model

    @property
    def step_tokens(self) -> int:
        return self.recipe.sequences * self.recipe.batches * self.recipe.length

    def set_rates(self) -> float:
        """Give the optimizers the rates of this step; returns their share of the peak."""
        factor = learning_rate_factor(self.step * self.step_tokens, self.recipe)
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group, rate in zip(groups, self.base_rates, strict=True):
            group["lr"] = rate * factor
        return factor

    def update(self) -> None:
        """One step, by the gradients of all processes."""
        self._share_gradients()
        nn.utils.clip_grad_norm_(self.objective.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1

    def _share_gradients(self) -> None:
        """Sum the gradients of all processes, in one message."""
        if self.world > 1:
            gradients = [p.grad for p in self.objective.parameters() if p.grad is not None]
            together = torch.cat([gradient.reshape(-1) for gradient in gradients])
            dist.all_reduce(together)
            parts = together.split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    def agreed(self, answer: float) -> float:
        """The first process's answer, which all act on: their clocks, and their disks, differ."""
        if self.world == 1:
            return answer
        told = torch.tensor([float(answer)], dtype=torch.float64, device=self.device)
        dist.broadcast(told, 0)
        return float(told)

    def mean_loss(self) -> float:
        """Of the batches since the log's last record.

        PretrainError: it is no number any more; what was saved before stays as it is.
        """
        loss = float(torch.stack(self.losses).mean())
        if not math.isfinite(loss):
            raise PretrainError(
                f"the loss is {loss} at step {self.step}: the rates are too high; go on from the checkpoint, or start "
                "again, with a lower muon_lr and adam_lr in another `output`"
            )
        return loss

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        PretrainError: it is damaged, or of another recipe, model or data; nothing is changed.
        """
        state = _read(path, self.device)
        mine = {k: v for k, v in asdict(self.recipe).items() if k not in _FREE}
        # What a recipe did not yet say when the checkpoint was made is as it was then: the default.
        theirs = {k: v for k, v in {**asdict(Recipe()), **state["recipe"]}.items() if k not in _FREE}
        if mine != theirs:
            changed = sorted(k for k in mine if mine[k] != theirs.get(k))
            raise PretrainError(
                f"{path} was made with other values of {changed}; choose another `output`, or the old values"
            )
        known = state.get("data", {})
        if changed := sorted(name for name in known if known[name] != self.data.get(name)):
            raise PretrainError(f"{path} was made from other packed files ({changed}); choose another `output`")
        try:
            self.model.load_state_dict(state["model"])
            if isinstance(self.objective, ReplacedLoss):
                self.objective.detector.load_state_dict(state["detector"])
        except RuntimeError as error:
            raise PretrainError(f"{path} is of another model or other words; choose another `output`") from error
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step = state["step"]
        self.losses, self.hits = (list(state.get(key, torch.empty(0)).to(self.device)) for key in ("losses", "hits"))

    def save(self, path: Path) -> None:
        """PretrainError: the loss is no number, or the file cannot be written; one that was there stays as it is."""
        if self.losses:
            self.mean_loss()
        state = {
            "recipe": asdict(self.recipe),
            "data": self.data,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "losses": torch.stack(self.losses) if self.losses else torch.empty(0),
            "hits": torch.stack(self.hits) if self.hits else torch.empty(0),
        }
        if isinstance(self.objective, ReplacedLoss):
            state["detector"] = self.objective.detector.state_dict()
        partial = path.with_suffix(".partial")
        try:
            torch.save(state, partial)
            partial.replace(path)  # a kill while writing leaves the old checkpoint whole
        except (OSError, RuntimeError) as error:  # RuntimeError: torch's own, of a full disk
            partial.unlink(missing_ok=True)
            reason = str(error).splitlines()[0]
            raise PretrainError(f"{path} cannot be written ({reason}); is there room on the disk?") from error


def own_device() -> torch.device:
    """The GPU of this process, or the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    damaged = f"{path} is damaged and cannot be resumed; remove it to start again"
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError, ValueError, KeyError) as error:
        raise PretrainError(damaged) from error
    if not isinstance(state, dict) or not {"recipe", "model", "optimizers", "step"} <= state.keys():
        raise PretrainError(f"{path} is no checkpoint of a pretraining run; choose another `output`")
    return state
