"""The Trainer of a stage: rates, precision, and one batch at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from transformers import BertConfig, BertForTokenClassification

from ie_model.encoding import TextEncoder
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.scheme import TagScheme
from tests.training.authored import examples
from training import trainer as module
from training.batches import Batches, SourceWindows
from training.features import window_features
from training.modeling import build_model
from training.recipe import Recipe, RecipeError, Stage

SCHEME = TagScheme()


def test_head_and_encoder_learn_at_their_rates(recipe: Recipe, text_encoder: TextEncoder, tmp_path: Path) -> None:
    windows = [w for example in examples() for w in window_features(example, text_encoder, SCHEME)]
    batches = Batches([SourceWindows([windows], 1.0)], epochs=1, tokens=128, pad_id=0, seed=1)
    stage = Stage(sources={}, learning_rate=1e-3, head_factor=3.0)
    network = build_model(recipe, SCHEME)
    trainer = module.make_trainer(network, batches, recipe, stage, tmp_path)
    groups = trainer.create_optimizer().param_groups
    rates = {id(p): (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert len(rates) == len(list(network.parameters()))
    model = network.classifier.model
    assert rates[id(model.embeddings.tok_embeddings.weight)] == (1e-3, 0.01)
    assert rates[id(model.final_norm.weight)] == (1e-3, 0.0)
    assert rates[id(network.link_head.output.weight)] == (3e-3, 0.01)
    assert rates[id(network.classifier.classifier.bias)] == (3e-3, 0.0)


@pytest.mark.parametrize("pays", [True, False])
def test_the_precision_is_the_machines_unless_the_recipe_says_it(
    pays: bool, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "bf16_pays", lambda device: pays)
    none = Batches([SourceWindows([[]], 1.0)], epochs=1, tokens=128, pad_id=0, seed=1)
    for asked, used in ((None, pays), (True, True), (False, False)):
        recipe = replace(recipe, bf16=asked)
        trainer = module.make_trainer(build_model(recipe, SCHEME), none, recipe, Stage(sources={}), tmp_path)
        assert trainer.args.bf16 is used


def test_muon_trains_the_matrices_of_the_layers(recipe: Recipe, text_encoder: TextEncoder, tmp_path: Path) -> None:
    windows = [w for example in examples() for w in window_features(example, text_encoder, SCHEME)]
    batches = Batches([SourceWindows([windows], 1.0)], epochs=1, tokens=128, pad_id=0, seed=1)
    stage = Stage(sources={}, learning_rate=1e-3, muon_rate=0.01)
    recipe = replace(recipe, weight_decay=0.3)
    network = build_model(recipe, SCHEME)
    optimizer = module.make_trainer(network, batches, recipe, stage, tmp_path).create_optimizer()
    rates = {id(p): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == len(list(network.parameters()))
    layer = network.classifier.model.layers[0]
    assert {rates[id(p)] for p in (layer.attn.Wqkv.weight, layer.mlp.Wo.weight)} == {(0.01, 0.3)}
    assert rates[id(network.classifier.model.embeddings.tok_embeddings.weight)] == (1e-3, 0.3)
    assert rates[id(network.classifier.head.dense.weight)] == (3e-3, 0.3)


@pytest.mark.parametrize("known", [True, False])
def test_muon_knows_the_layers_of_bert_and_refuses_what_it_does_not_know(
    known: bool, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    network = SpanLinkModel(BertForTokenClassification(BertConfig(vocab_size=50, **sizes)))
    batches = Batches([SourceWindows([[]], 1.0)], epochs=1, tokens=128, pad_id=0, seed=1)
    trainer = module.make_trainer(network, batches, recipe, Stage(sources={}, muon_rate=0.01), tmp_path)
    if not known:
        monkeypatch.setattr(module, "is_hidden_matrix", lambda name, parameter: False)
        with pytest.raises(RecipeError, match="no matrices of layers are known in this encoder; set it to 0"):
            trainer.create_optimizer()
        return
    rates = {id(p): group["lr"] for group in trainer.create_optimizer().param_groups for p in group["params"]}
    layer = network.classifier.bert.encoder.layer[0]
    assert rates[id(layer.intermediate.dense.weight)] == 0.01


def test_no_batch_is_dropped_in_silence() -> None:
    assert module._only([{}]) == {}
    with pytest.raises(ValueError, match="too many values"):
        module._only([{}, {}])


def test_the_last_whole_checkpoint(tmp_path: Path) -> None:
    assert module.last_checkpoint(tmp_path) is None
    for step, whole in ((9, True), (10, True), (11, False)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            (tmp_path / f"checkpoint-{step}" / module.CHECKPOINT_STATE).touch()
    assert module.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
