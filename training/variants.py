"""Variants of a recipe: their names, their folders, and the option that chooses some of them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection, Sequence
from pathlib import Path

from training.recipe import RecipeError


def folder_name(variant: str) -> str:
    """The folder of a variant with this name."""
    return "".join(c if c.isalnum() else "-" for c in variant)


def check_folders(variants: Collection[str], path: Path) -> None:
    """RecipeError where two variants of a file would share a folder."""
    if len({folder_name(name) for name in variants}) < len(variants):
        raise RecipeError(f"{path}: two variants differ in marks alone, and would share a folder")


def add_only_option(parser: ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these variants")


def chosen(only: Sequence[str] | None, variants: Collection[str], path: Path) -> list[str]:
    """The variants that `--only` names, or all; RecipeError for one that the file has not."""
    names = list(only or variants)
    if unknown := [name for name in names if name not in variants]:
        raise RecipeError(f"no variants {unknown}; {path} has {list(variants)}")
    return names
