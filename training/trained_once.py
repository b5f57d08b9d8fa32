"""A model of a table of variants: trained once, measured once, however often the table is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import ie_model
from training.finetune import finetune
from training.recipe import Recipe
from training.report import weights_fingerprint

FIGURES = "figures.json"


def trained_once(
    recipe: Recipe, measure: Callable[[Path], dict[str, Any]], *, scored: Sequence[str]
) -> dict[str, Any]:
    """Figures of a recipe's model, with its fingerprint.

    Both the model and its figures are kept in the recipe's output. The model is made only where it is missing, and a
    run that was stopped goes on, so that no time is told; it is measured again where the examples are others than
    those of its figures, or the package's code is.

    Args:
        measure: figures of the model in a folder.
        scored: fingerprints of the examples that it is measured on.

    Raises:
        RecipeError: the output holds a model that was made from something else.
    """
    done = Path(recipe.output) / FIGURES
    known: dict[str, Any] = json.loads(done.read_text(encoding="utf-8")) if done.is_file() else {}
    model = finetune(recipe, resume=True)
    measured = {"model": weights_fingerprint(model), "examples": list(scored), "code": code_fingerprint()}
    if any(known.get(key) != value for key, value in measured.items()):
        known = {**measured, **measure(model)}
        done.write_text(json.dumps(known), encoding="utf-8")
    return {key: value for key, value in known.items() if key not in ("examples", "code")}


def code_fingerprint() -> str:
    """A hash of the package's code, which decides with the weights what a model answers."""
    folder = Path(ie_model.__file__).parent
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
