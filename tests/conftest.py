"""A tiny model and vocabulary, built in process: tests need no network and no weights."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor

os.environ.setdefault("HF_HUB_OFFLINE", "1")

#: Our own sentences: enough for a vocabulary that knows what the tests write.
SENTENCES = [
    "3月，星河科技技术副总裁林知远宣布辞职创业，加入了云栖智能。",
    "据悉，前青木资本合伙人周以安离开公司，创办了 Boson Labs，获得1.13亿美元融资。",
    "OpenAI 的 CEO Sam Altman 在 Twitter 上表示，公司估值达到 290 亿美元。",
    "“我们没有裁员。”海潮集团首席财务官陈若水告诉记者，年薪从80万元到200万元不等。",
]


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    from training.tokenizer import train_tokenizer

    return train_tokenizer(SENTENCES * 3, latin_entries=80, min_count=1)


@pytest.fixture(scope="session")
def text_encoder(tokenizer: Tokenizer) -> TextEncoder:
    return TextEncoder(tokenizer)


@pytest.fixture(scope="session")
def tokenizer_dir(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tokenizer.json and tokenizer_config.json."""
    from training.tokenizer import write_tokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def model_dir(tokenizer_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete model folder with random weights (it finds nonsense, at valid offsets)."""
    import torch

    from ie_model.model_folder import Settings
    from ie_model.scheme import TagScheme
    from training.export import export
    from training.modeling import build_model, save_model
    from training.recipe import Recipe, Stage

    recipe = Recipe(
        encoder="random",
        tokenizer=str(tokenizer_dir),
        output="unused",
        stages=(Stage(sources={}),),
        random_encoder={"layers": 1, "hidden": 32, "intermediate": 32, "heads": 2},
    )
    torch.manual_seed(0)
    network = build_model(recipe, TagScheme())
    with torch.no_grad():  # far from uniform, so that spans of every label come out
        network.classifier.classifier.weight.mul_(8.0)
        network.link_head.output.weight.mul_(8.0)
    trained = tmp_path_factory.mktemp("trained")
    save_model(network, trained, tokenizer=tokenizer_dir)
    folder = tmp_path_factory.mktemp("model")
    export(trained, folder, settings=Settings(window=62, overlap=16))
    return folder


@pytest.fixture(scope="session")
def extractor(model_dir: Path) -> Extractor:
    return Extractor.load(model_dir)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)
