from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from ie_model.extractor import Extractor
from ie_model.model_folder import Settings
from ie_model.scheme import TagScheme
from training.export import TOLERANCE, export
from training.modeling import build_model, load_model, load_weights, save_model, tokenizer_folder
from training.recipe import Recipe, RecipeError, Stage


def recipe_for(encoder: Path | str, **values: Any) -> Recipe:
    return Recipe(encoder=str(encoder), output="unused", stages=(Stage(sources={}),), **values)


@pytest.fixture(scope="module")
def bert(tokenizer_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder of another architecture, as a user would bring it."""
    from tokenizers import Tokenizer

    folder = tmp_path_factory.mktemp("bert")
    size = Tokenizer.from_file(str(tokenizer_dir / "tokenizer.json")).get_vocab_size()
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder)
    shutil.copyfile(tokenizer_dir / "tokenizer.json", folder / "tokenizer.json")
    return folder


def test_another_bert_takes_the_encoders_place_up_to_extraction(bert: Path, tmp_path: Path) -> None:
    recipe = recipe_for(bert)
    assert tokenizer_folder(recipe) == bert
    network = build_model(recipe, TagScheme())
    assert type(network.classifier).__name__ == "BertForTokenClassification"
    assert network.classifier.config.num_labels == 17
    trained, folder = tmp_path / "trained", tmp_path / "model"
    save_model(network, trained, tokenizer=bert)
    assert export(trained, folder, settings=Settings())["difference"] <= TOLERANCE
    text = "3月，星河科技技术副总裁林知远离职。" * 20
    onnx, torch_ = Extractor.load(folder)(text), Extractor.load(folder, runtime="torch")(text)
    assert [(e.start, e.end, e.label) for e in onnx.entities] == [(e.start, e.end, e.label) for e in torch_.entities]


def test_the_encoders_weights_are_taken_over(bert: Path) -> None:
    network = build_model(recipe_for(bert), TagScheme())
    expected = BertModel.from_pretrained(bert).embeddings.word_embeddings.weight
    assert torch.equal(network.classifier.bert.embeddings.word_embeddings.weight, expected)


def test_a_saved_network_comes_back(bert: Path, tmp_path: Path) -> None:
    network = build_model(recipe_for(bert), TagScheme()).eval()
    save_model(network, tmp_path, tokenizer=bert)
    again = load_model(tmp_path)
    ids = torch.tensor([[2, 10, 11, 12, 3]])
    with torch.no_grad():
        logits, hidden = network(ids, torch.ones_like(ids))
        other_logits, other_hidden = again(ids, torch.ones_like(ids))
    assert torch.allclose(logits, other_logits, atol=2e-2)  # what fp16 storage rounds away
    assert torch.allclose(hidden, other_hidden, atol=2e-2)


@pytest.mark.parametrize("damage", ["another", "truncated"])
def test_weights_that_cannot_be_taken_over(bert: Path, tmp_path: Path, damage: str) -> None:
    network = build_model(recipe_for(bert), TagScheme())
    if damage == "truncated":
        save_model(network, tmp_path, tokenizer=bert)
        whole = (tmp_path / "model.safetensors").read_bytes()
        (tmp_path / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(RecipeError, match="the weights are damaged, or of another network"):
        load_weights(network, bert if damage == "another" else tmp_path)


def test_a_published_model_brings_its_link_head(bert: Path, tmp_path: Path) -> None:
    network = build_model(recipe_for(bert), TagScheme())
    save_model(network, tmp_path, tokenizer=bert)
    again = build_model(recipe_for(tmp_path), TagScheme())
    for name, value in network.link_head.state_dict().items():
        assert torch.equal(again.link_head.state_dict()[name], value.half().float()), name


def test_what_an_earlier_link_head_did_not_know_begins_anew(bert: Path, tmp_path: Path) -> None:
    network = build_model(recipe_for(bert), TagScheme())
    save_model(network, tmp_path, tokenizer=bert)
    state = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in state.items() if "link_head.date_" not in name}
    kept["link_head.kind.weight"] = kept["link_head.kind.weight"][:2].clone()
    save_file(kept, tmp_path / "model.safetensors")
    again = build_model(recipe_for(tmp_path), TagScheme()).link_head.state_dict()
    assert again.keys() == network.link_head.state_dict().keys()
    for name, value in network.link_head.state_dict().items():
        assert again[name].shape == value.shape
        rows = 2 if name == "kind.weight" else len(value)
        if "date_" not in name:
            assert torch.equal(again[name][:rows], value.half().float()[:rows]), name
    kept["link_head.kind.weight"] = torch.zeros(2, 5)
    save_file(kept, tmp_path / "model.safetensors")
    with pytest.raises(RecipeError, match=r"kind\.weight is of another network; start from an encoder"):
        build_model(recipe_for(tmp_path), TagScheme())


def test_a_missing_encoder_names_the_published_one(tmp_path: Path) -> None:
    recipe = recipe_for("runs/no/such/encoder", tokenizer="")
    with pytest.raises(RecipeError, match="--encoder ie_model/weights"):
        tokenizer_folder(recipe)
    with pytest.raises(RecipeError, match="--encoder ie_model/weights"):
        build_model(recipe, TagScheme())


def test_a_random_encoder_needs_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="name its folder with the key 'tokenizer'"):
        tokenizer_folder(recipe_for("random", tokenizer=str(tmp_path)))
