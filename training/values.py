"""What the values of a YAML recipe may be, and what is said of one that may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import yaml

from training.errors import TrainingError


class RecipeError(TrainingError):
    """A recipe that cannot be used; the message names the key and the known ones."""


@dataclass(frozen=True)
class Allowed:
    """What a value of a recipe may be: in words, and as a test of it."""

    words: str
    fits: Callable[[Any], bool]


def is_number(value: Any, *, least: float = 0) -> bool:
    return type(value) in (int, float) and least <= value < inf


def is_count(value: Any, *, least: int = 1) -> bool:
    return type(value) is int and value >= least


def entries(words: str, fits: Callable[[Any], bool], *, names: Mapping[str, Any] | None = None) -> Allowed:
    """Values by name: an own test for each of them, and the names that are known."""

    def all_fit(values: Any) -> bool:
        return isinstance(values, dict) and all(
            isinstance(name, str) and (names is None or name in names) and fits(value)
            for name, value in values.items()
        )

    return Allowed(words, all_fit)


TEXT = Allowed("text", lambda value: isinstance(value, str))
SWITCH = Allowed("true or false", lambda value: isinstance(value, bool))
NUMBER = Allowed("a number, 0 or more", is_number)
SHARE = Allowed("a share from 0 to 1", lambda value: is_number(value) and value <= 1)
PROBABILITY = Allowed("a probability below 1", lambda value: is_number(value) and value < 1)


def read_yaml(path: Path) -> Any:
    """What stands in a YAML file; RecipeError if it cannot be read."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such recipe; see training/recipes/") from None
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); see training/recipes/") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not
        raise RecipeError(f"{path}: not YAML ({str(error).splitlines()[0]})") from error


def keys_and_values(values: Any, *, name: str) -> dict[str, Any]:
    """The values of a recipe, if they are a mapping; RecipeError, which begins with the name, if not."""
    if not isinstance(values, dict):
        raise RecipeError(f"{name}: expected keys and values, not {values!r}")
    return values


def check_values(values: Mapping[str, Any], allowed: Mapping[str, Allowed], *, where: str) -> None:
    """RecipeError for the first value that is not allowed; `where` comes before its key."""
    for key, value in values.items():
        may = allowed[key]
        if may.fits(value):
            continue
        found = value
        if isinstance(value, dict) and value:
            found = {name: each for name, each in value.items() if not may.fits({name: each})}
        meant = _as_numbers(found)
        remedy = ""
        if meant != found and may.fits(meant):
            written = yaml.safe_dump(meant, default_flow_style=True, allow_unicode=True, width=inf).splitlines()[0]
            remedy = f"; that is text to YAML: write {written}"
        raise RecipeError(f"{where}{key} is {may.words}, not {found!r}{remedy}")


def _as_numbers(value: Any) -> Any:
    """Texts such as '1' and '1e-1' as the numbers that they mean, also inside of a mapping."""
    if isinstance(value, dict):
        return {name: _as_numbers(each) for name, each in value.items()}
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return int(number) if isinstance(number, float) and number.is_integer() else number
