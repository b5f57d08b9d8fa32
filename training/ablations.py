"""What each part of a recipe is worth: variants of it, trained alike and scored on dev.

    python -m training.ablations --variants training/recipes/ablations.yaml --data-root FOLDER

Variants and their values stand in the YAML file, the learning curve (fewer examples of a source) among them.
They are trained for a share of the recipe's epochs, so that the table takes hours and not days on a CPU; what
counts are the differences, and the sets' intervals say which of them mean something. A run that was stopped goes
on where it was.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ie_model.extractor import Extractor
from training.command import argument_parser, reported
from training.data import paragraphs
from training.data.example import Example
from training.data.sources import PASSAGES_SPLIT, read_source
from training.recipe import DATA_ROOT, Recipe, RecipeError
from training.report import (
    check_writable,
    command_of,
    departure_figures,
    fingerprint,
    link_gold_spans,
    score,
    write_results,
)
from training.trained_once import trained_once
from training.values import SHARE, TEXT, Allowed, check_values, is_count, read_yaml
from training.variants import add_only_option, check_folders, chosen, folder_name

OUTPUT = Path("results") / "ablations.json"
#: Sets that no variant is trained on, with the split that is scored; a recipe's marked paragraphs have one more.
SETS = {"news-units": "dev", "authored-heldout": "test"}


#: What the file may hold.
_VALUES = {
    "recipe": TEXT,
    "share": Allowed("a share above 0, up to 1", lambda value: SHARE.fits(value) and value > 0),
    "last_stage": Allowed("the number of one of the recipe's stages", is_count),
    "variants": Allowed(
        "names, each with values that replace the recipe's",
        lambda value: (
            isinstance(value, dict) and bool(value) and all(isinstance(each, dict) for each in value.values())
        ),
    ),
}


@dataclass(frozen=True)
class Ablations:
    """A recipe and the values that its variants replace.

    Attributes:
        recipe: without the stages after `last_stage`.
        share: of the epochs of each stage, also of a variant's own.
        variants: name → values of `Recipe`.
    """

    recipe: Recipe
    share: float
    variants: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Ablations:
        """Read the variants; RecipeError for a value that a recipe has not."""
        values = read_yaml(path)
        if not isinstance(values, dict) or set(values) != set(_VALUES):
            raise RecipeError(f"{path}: needs the keys {', '.join(_VALUES)}, and no others")
        check_values(values, _VALUES, where=f"{path}: ")
        base = Recipe.read(Path(values["recipe"]))
        if values["last_stage"] > len(base.stages):
            raise RecipeError(
                f"{path}: {values['recipe']} has {len(base.stages)} stages, and no {values['last_stage']}"
            )
        base = base.with_values(stages=base.stages[: values["last_stage"]])
        variants, share = dict(values["variants"]), float(values["share"])
        check_folders(variants, path)
        for name, changes in variants.items():
            if unfit := {"output", "data_root"} & set(changes):
                raise RecipeError(f"{path}, {name}: a variant cannot have {sorted(unfit)} of its own")
            _changed(base, changes, name=f"{path}, {name}")
        return cls(base, share, variants)

    def variant(self, name: str, *, folder: Path, data_root: str) -> Recipe:
        """The recipe of a variant, with its own output."""
        recipe = _changed(self.recipe, self.variants[name], name=name).for_share(self.share)
        return recipe.with_values(output=str(folder / folder_name(name)), data_root=data_root)

    @property
    def sets(self) -> dict[str, str]:
        """The sets that are scored, with their splits."""
        used = {name for stage in self.recipe.stages for name in stage.sources}
        return {**SETS, **{name: PASSAGES_SPLIT for name in sorted(used) if name.startswith(paragraphs.PREFIX)}}


def _changed(recipe: Recipe, changes: dict[str, Any], *, name: str) -> Recipe:
    """A recipe with other values; RecipeError for those that it cannot have."""
    return Recipe.from_dict({**recipe.to_dict(), **changes}, name=name)


def figures(model: Path, sets: dict[str, list[Example]]) -> dict[str, Any]:
    """F1 of the spans and of the departures' pairs on each set."""
    extractor = Extractor.load(model, runtime="torch")
    result = {}
    for name, examples in sets.items():
        report = score(examples, [extractor(example.text, id=example.id) for example in examples])
        linked = departure_figures(examples, link_gold_spans(extractor, examples))
        result[name] = {
            "spans": {label: found["f1"] for label, found in report["spans"].items()},
            "interval": report["spans"]["micro"]["f1_interval"],
            "pairs": report["departures"]["pair"]["f1"],
            "pairs_gold_spans": linked["pair"]["f1"],
        }
    return result


def run(ablations: Ablations, *, folder: Path, data_root: str, names: Sequence[str]) -> dict[str, Any]:
    """Train and score the variants of these names that have not been; returns the figures of all."""
    sets = {
        name: read_source(name, data_root=Path(data_root), split=split, purpose="evaluate")
        for name, split in ablations.sets.items()
    }
    fingerprints = {name: fingerprint(found) for name, found in sets.items()}
    rows = {}
    for name in names:
        recipe = ablations.variant(name, folder=folder, data_root=data_root)
        rows[name] = trained_once(recipe, lambda model: figures(model, sets), scored=list(fingerprints.values()))
        print(name, json.dumps({key: rows[name][key]["spans"]["micro"] for key in sets}), flush=True)
    return {
        "share": ablations.share,
        "last_stage": len(ablations.recipe.stages),
        "sets": {name: {"split": ablations.sets[name], "fingerprint": found} for name, found in fingerprints.items()},
        "variants": rows,
    }


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Train and score variants of a recipe.")
    parser.add_argument(
        "--variants",
        type=Path,
        default=Path("training/recipes/ablations.yaml"),
        help="YAML file of the recipe and its variants",
    )
    parser.add_argument("--data-root", default=DATA_ROOT, help="folder of the publishers' raw files")
    parser.add_argument("--folder", type=Path, default=Path("runs/ablations"), help="where the models are kept")
    add_only_option(parser)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write the figures to")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    ablations = Ablations.read(options.variants)
    names = chosen(options.only, ablations.variants, options.variants)
    report = run(ablations, folder=options.folder, data_root=options.data_root, names=names)
    write_results(options.output, command=command_of("training.ablations", options, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
