"""A recipe that trains in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.recipe import Recipe, Stage


@pytest.fixture
def recipe(tokenizer_dir: Path, tmp_path: Path) -> Recipe:
    return Recipe(
        encoder="random",
        tokenizer=str(tokenizer_dir),
        output=str(tmp_path / "run"),
        stages=(Stage(sources={"authored": 1}, epochs=4, learning_rate=3e-3),),
        random_encoder={"layers": 1, "hidden": 32, "intermediate": 32, "heads": 2},
        tokens=128,
        bf16=False,
    )
