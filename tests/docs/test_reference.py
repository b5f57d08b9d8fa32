"""Whatever users import says what it is; `make docs` writes these docstrings down."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import ie_model

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def modules() -> list[str]:
    """Those that `make docs` describes."""
    (line,) = (line for line in MAKEFILE.read_text(encoding="utf-8").splitlines() if line.startswith("API_MODULES ="))
    return line.partition("=")[2].split()


def methods(name: str, kind: type) -> list[tuple[str, object]]:
    """The methods and properties that a class has of its own and shows to its users."""
    found: list[tuple[str, object]] = []
    for key, value in vars(kind).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not key.startswith("_") and inspect.isfunction(function):
            found.append((f"{name}.{key}", function))
    return found


def public_names() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [(name, getattr(ie_model, name)) for name in ie_model.__all__]
    for name in modules():
        module = importlib.import_module(f"ie_model.{name}")
        assert module.__doc__
        found += [
            (f"{name}.{key}", value)
            for key, value in vars(module).items()
            if not key.startswith("_")
            and (inspect.isclass(value) or inspect.isfunction(value))
            and value.__module__.startswith(module.__name__)
            and name != "errors"  # its functions are messages, and say so themselves
        ]
    of_classes = [one for name, value in found if inspect.isclass(value) for one in methods(name, value)]
    return [*found, *of_classes]


@pytest.mark.parametrize(("name", "value"), public_names(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_public_name_has_a_docstring(name: str, value: object) -> None:
    documentation = inspect.getdoc(value)
    assert documentation, name
    # A dataclass without one of its own would show its signature.
    assert not documentation.startswith(f"{name.rpartition('.')[2]}(")
