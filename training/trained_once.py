"""A model of a table of variants: trained once, measured once, however often the table is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.finetune import finetune
from training.recipe import Recipe
from training.report import weights_fingerprint

FIGURES = "figures.json"


def trained_once(recipe: Recipe, measure: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Figures of a recipe's model, with its fingerprint and the minutes that it took.

    Both the model and its figures are kept in the recipe's output and made only where they are missing; a run that
    was stopped goes on.

    Args:
        measure: figures of the model in a folder.

    Raises:
        RecipeError: the output holds a model that was made from something else.
    """
    started = time.monotonic()
    model = finetune(recipe, resume=True)
    minutes = round((time.monotonic() - started) / 60, 1)
    done = Path(recipe.output) / FIGURES
    if not done.is_file():
        figures = {"model": weights_fingerprint(model), "minutes": minutes, **measure(model)}
        done.write_text(json.dumps(figures), encoding="utf-8")
    result: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    return result
