"""Building and saving the network that is trained (its definition is in ie_model)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    ModernBertForTokenClassification,
)

from ie_model.files import write_whole
from ie_model.model_folder import CONFIG, SAFETENSORS, TOKENIZER
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.runtime.words import WordEmbedding, add_words, load_with_words
from ie_model.scheme import TagScheme
from training.architecture import encoder_config
from training.losses import link_loss, tag_loss
from training.recipe import RANDOM_ENCODER, Recipe, RecipeError


def _labels(scheme: TagScheme) -> dict[str, Any]:
    return {
        "id2label": dict(enumerate(scheme.tags)),
        "label2id": {tag: index for index, tag in enumerate(scheme.tags)},
        "num_labels": len(scheme),
    }


def tokenizer_folder(recipe: Recipe) -> Path:
    """The folder whose tokenizer.json the model uses; a hub encoder's is saved first."""
    folder = Path(recipe.tokenizer or recipe.encoder)
    if (folder / TOKENIZER).is_file():
        return folder
    if recipe.encoder == "random" or folder.is_dir():
        raise RecipeError(f"{folder}: no {TOKENIZER} here; name its folder with the key 'tokenizer'")
    saved = Path(recipe.output) / "tokenizer"
    try:
        AutoTokenizer.from_pretrained(recipe.encoder, use_fast=True).save_pretrained(saved)
    except (OSError, ValueError) as error:
        raise _no_encoder(recipe.encoder, error) from error
    return saved


def _no_encoder(encoder: str, error: Exception) -> RecipeError:
    # What the Hub's client says of a path is that it is no id of a model.
    is_path = Path(encoder).is_absolute() or encoder.startswith(".") or encoder.count("/") > 1
    fault = "no such folder." if is_path and not Path(encoder).is_dir() else str(error).splitlines()[0]
    return RecipeError(
        f"encoder {encoder}: {fault} Pretrain one (training/README.md), or start "
        "from the published model with --encoder ie_model/weights"
    )


def build_model(recipe: Recipe, scheme: TagScheme) -> SpanLinkModel:
    """The network of a recipe: its encoder, with new tag and link heads."""
    if recipe.encoder == "random":
        sizes = {**RANDOM_ENCODER, **recipe.random_encoder}
        tokenizer = Tokenizer.from_file(str(tokenizer_folder(recipe) / TOKENIZER))
        config = encoder_config(vocabulary=tokenizer.get_vocab_size(), **sizes, **_labels(scheme))
        _set_dropout(config, recipe.dropout)
        return SpanLinkModel(ModernBertForTokenClassification(config))
    try:
        config = AutoConfig.from_pretrained(recipe.encoder, **_labels(scheme))
        _set_dropout(config, recipe.dropout)
        classifier = load_with_words(
            recipe.encoder, AutoModelForTokenClassification, config=config, ignore_mismatched_sizes=True
        )
    except (OSError, ValueError) as error:
        raise _no_encoder(recipe.encoder, error) from error
    embedding = classifier.get_input_embeddings()
    if isinstance(embedding, WordEmbedding):
        embedding.words.weight.requires_grad_(not recipe.freeze_words)
        embedding.dropout = recipe.word_dropout
    _take_over_tags(classifier, Path(recipe.encoder), scheme)
    network = SpanLinkModel(classifier)
    _take_over_link_head(network, Path(recipe.encoder) / SAFETENSORS)
    return network


def _take_over_tags(classifier: Any, folder: Path, scheme: TagScheme) -> None:
    """Where the encoder is a token classifier with other tags: what it knows of those that are in both."""
    if not ((folder / CONFIG).is_file() and (folder / SAFETENSORS).is_file()):
        return
    saved = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("id2label", {})
    tags = [saved[str(index)] for index in range(len(saved))]
    if tags == list(scheme.tags):
        return
    head = classifier.classifier
    with torch.no_grad(), safe_open(folder / SAFETENSORS, framework="pt") as tensors:
        head.weight.normal_(std=0.02)
        head.bias.zero_()
        if "classifier.weight" not in tensors.keys():  # noqa: SIM118
            return
        weight, bias = tensors.get_tensor("classifier.weight").float(), tensors.get_tensor("classifier.bias").float()
        for index, tag in enumerate(scheme.tags):
            if tag in tags and len(weight) == len(tags):
                head.weight[index], head.bias[index] = weight[tags.index(tag)], bias[tags.index(tag)]


def _take_over_link_head(network: SpanLinkModel, path: Path) -> None:
    """Where the encoder is a model of ours, its link head is trained on too."""
    if not path.is_file():
        return
    prefix = "link_head."
    with safe_open(path, framework="pt") as tensors:
        state = {k.removeprefix(prefix): tensors.get_tensor(k).float() for k in tensors.keys() if k.startswith(prefix)}  # noqa: SIM118
    own = network.link_head.state_dict()
    for name, value in state.items():
        if name not in own or value.shape[1:] != own[name].shape[1:] or len(value) > len(own[name]):
            raise RecipeError(f"{path}: its link head's {name} is of another network; start from an encoder")
        own[name][: len(value)] = value  # what an earlier version's did not know begins anew
    network.link_head.load_state_dict(own)


def _set_dropout(config: Any, rate: float) -> None:
    # Not on attention weights: torch then leaves its fused kernel, and a step takes twice as long.
    for name in ("mlp_dropout", "classifier_dropout", "embedding_dropout", "hidden_dropout_prob"):
        if hasattr(config, name):
            setattr(config, name, rate)


class TrainingModel(torch.nn.Module):
    """The network with its losses, as transformers' Trainer calls it."""

    def __init__(self, network: SpanLinkModel, *, link_weight: float) -> None:
        super().__init__()
        self.network = network
        self.link_weight = link_weight

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, allowed: Tensor, pairs: Tensor, links: Tensor
    ) -> dict[str, Tensor]:
        logits, hidden = self.network(input_ids, attention_mask)
        scores = self.network.link_head(hidden.reshape(-1, hidden.shape[-1]), pairs)
        loss = tag_loss(logits, allowed) + self.link_weight * link_loss(scores, links)
        return {"loss": loss, "logits": logits, "scores": scores}


def save_model(
    network: SpanLinkModel, folder: Path, *, tokenizer: Path, settings: dict[str, Any] | None = None
) -> None:
    """Write config.json, the tokenizer's files and, when all else is there, model.safetensors (fp16).

    Its presence says that the model is finished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if value.is_floating_point() else value).detach().contiguous()
        for name, value in network.saved_state().items()
    }
    config = network.classifier.config.to_dict()
    config["architectures"] = [type(network.classifier).__name__]
    config["dtype"] = "float16"
    config["ie_model"] = settings or {}
    config.pop("_name_or_path", None)
    (folder / CONFIG).write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name in (TOKENIZER, "tokenizer_config.json"):
        if (tokenizer / name).is_file() and tokenizer.resolve() != folder.resolve():
            shutil.copyfile(tokenizer / name, folder / name)
    # Not save_file, whose files only their owner may read.
    write_whole(folder / SAFETENSORS, save(state, metadata={"format": "pt"}))


def load_weights(network: SpanLinkModel, folder: Path) -> None:
    """Fill a network with what `save_model` wrote; its own precision stays."""
    if not (folder / SAFETENSORS).is_file():
        raise RecipeError(f"{folder}: no {SAFETENSORS} here; name the folder of a trained model")
    try:
        network.load_saved_state(load_file(folder / SAFETENSORS))
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(
            f"{folder}: the weights are damaged, or of another network ({reason}); name another folder, or remove "
            f"{SAFETENSORS} and train the model again"
        ) from error


def load_model(folder: Path) -> SpanLinkModel:
    """A saved network, in float32 and evaluation mode."""
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    network = SpanLinkModel(add_words(AutoModelForTokenClassification.from_config(config))).float()
    load_weights(network, folder)
    return network.eval()
