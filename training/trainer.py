"""transformers' Trainer over ready-made batches, with the optimizers and the precision of a recipe."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments

from ie_model.runtime.modeling import SpanLinkModel
from training.batches import Batches
from training.modeling import TrainingModel
from training.muon import Muon
from training.optimizers import Together, is_hidden_matrix
from training.precision import bf16_pays
from training.recipe import Recipe, RecipeError, Stage

#: What Trainer writes last into a checkpoint.
CHECKPOINT_STATE = "trainer_state.json"


class BatchTrainer(Trainer):
    """A Trainer over ready-made batches, in their order, with two learning rates, and Muon if asked for."""

    head_factor: float = 1.0
    muon_rate: float = 0.0

    def _get_train_sampler(self, train_dataset: Any = None) -> SequentialSampler:
        dataset = train_dataset if train_dataset is not None else self.train_dataset
        return SequentialSampler(dataset)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            rate, decay = self.args.learning_rate, self.args.weight_decay
            encoder = set(self.model.network.classifier.base_model.parameters())
            matrices: list[torch.nn.Parameter] = []
            groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
            for name, parameter in self.model.named_parameters():
                if self.muon_rate and parameter.requires_grad and is_hidden_matrix(name, parameter):
                    matrices.append(parameter)
                elif parameter.requires_grad:
                    groups.setdefault((parameter in encoder, parameter.ndim > 1), []).append(parameter)
            self.optimizer = torch.optim.AdamW(
                [
                    {
                        "params": parameters,
                        "lr": rate if in_encoder else rate * self.head_factor,
                        "weight_decay": decay if is_matrix else 0.0,
                    }
                    for (in_encoder, is_matrix), parameters in groups.items()
                ],
                fused=True,
            )
            if self.muon_rate and not matrices:
                raise RecipeError("muon_rate: no matrices of layers are known in this encoder; set it to 0")
            if matrices:
                muon = Muon(matrices, rate=self.muon_rate, weight_decay=decay)
                self.optimizer = Together(muon, self.optimizer)
        return self.optimizer


def make_trainer(network: SpanLinkModel, batches: Batches, recipe: Recipe, stage: Stage, folder: Path) -> BatchTrainer:
    """A Trainer for one stage; of several GPUs it uses one, unless torchrun starts a process for each."""
    on_gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=1,
        learning_rate=stage.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=stage.warmup,
        lr_scheduler_type="linear",
        max_grad_norm=1.0,
        bf16=bf16_pays("cuda" if on_gpu else "cpu") if recipe.bf16 is None else recipe.bf16,
        use_cpu=not on_gpu,
        seed=recipe.seed,
        logging_steps=50,
        save_strategy="steps",
        save_steps=500,
        save_total_limit=1,
        report_to="none",
        dataloader_num_workers=0,
        remove_unused_columns=False,
        ddp_find_unused_parameters=False,
        disable_tqdm=not sys.stderr.isatty(),
    )
    if "WORLD_SIZE" not in os.environ:
        # Trainer would split each batch among the GPUs, though pairs index the batch as one row.
        arguments._n_gpu = min(1, arguments.n_gpu)
    trainer = BatchTrainer(
        model=TrainingModel(network, link_weight=recipe.link_weight),
        args=arguments,
        train_dataset=batches,
        data_collator=_only,
    )
    trainer.head_factor, trainer.muon_rate = stage.head_factor, stage.muon_rate
    return trainer


def _only(rows: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The one ready-made batch that Trainer takes at a time."""
    [batch] = rows
    return batch


def last_checkpoint(folder: Path) -> str | None:
    """The last checkpoint that was written whole, if there is one."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / CHECKPOINT_STATE).is_file()]
    return str(max(whole, key=lambda path: int(path.name.rpartition("-")[2]))) if whole else None
