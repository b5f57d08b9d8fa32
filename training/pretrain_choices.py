"""What a choice in pretraining is worth: variants of a recipe, by what fine-tuning makes of their encoders.

    python -m training.pretrain_choices --choices training/recipes/pretrain-choices.yaml --data-root FOLDER

Each variant is pretrained on the same few tokens and then fine-tuned on benchmarks (`training/recipes/benchmarks/`),
all alike, since the losses of unlike masks and sizes cannot be compared. What is finished is kept, a run that was
stopped goes on where it was, and several processes can share the variants (`--only`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from training.command import argument_parser, reported
from training.encoder_comparison import RECIPES, SPLITS, measure, scored_examples
from training.pretrain import train
from training.pretrain_log import Log
from training.pretrain_recipe import Recipe as PretrainRecipe
from training.recipe import DATA_ROOT, Recipe, RecipeError
from training.report import check_writable, command_of, fingerprint, write_results
from training.trained_once import trained_once
from training.values import SHARE, check_values, entries, read_yaml
from training.variants import add_only_option, check_folders, chosen, folder_name

OUTPUT = Path("results") / "pretraining.json"
_VALUES = {
    "sets": entries(
        f"names of {', '.join(SPLITS)}, each with a share of its epochs above 0",
        lambda value: SHARE.fits(value) and value > 0,
        names=SPLITS,
    ),
    "variants": entries("names, each with values of the recipe", lambda value: isinstance(value, dict)),
}
PRETRAINED = "pretrained.json"


@dataclass(frozen=True)
class Choices:
    """Variants of a pretraining recipe, and what their encoders are fine-tuned on.

    Attributes:
        recipe: what all variants have in common.
        sets: benchmark → the share of its recipe's epochs that an encoder is fine-tuned for.
        variants: name → values that replace the recipe's.
    """

    recipe: PretrainRecipe
    sets: dict[str, float]
    variants: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Choices:
        """Read the variants; RecipeError for values that a pretraining recipe has not."""
        values = read_yaml(path)
        try:
            base, sets, variants = dict(values["recipe"]), dict(values["sets"]), dict(values["variants"])
        except (KeyError, TypeError, ValueError) as error:
            raise RecipeError(f"{path}: needs the keys recipe, sets and variants ({error})") from error
        check_values({"sets": sets, "variants": variants}, _VALUES, where=f"{path}: ")
        check_folders(variants, path)
        for name, changes in {"recipe": {}, **variants}.items():
            PretrainRecipe.from_dict({**base, **changes}, name=f"{path}, {name}")
        return cls(PretrainRecipe(**base), sets, variants)

    def variant(self, name: str, *, folder: Path) -> PretrainRecipe:
        """How the encoder of a variant is made, in a folder of its own."""
        return replace(self.recipe, **{**self.variants[name], "output": str(folder / folder_name(name))})


def pretrained_once(recipe: PretrainRecipe) -> dict[str, Any]:
    """Tokens, minutes and the last figures of a variant's pretraining, which is done where it has not been."""
    done = Path(recipe.output) / PRETRAINED
    if not done.is_file():
        train(recipe)
        log = Log(Path(recipe.output))
        kept = {key: log.records()[-1][key] for key in ("tokens", "heldout_loss", "heldout_accuracy")}
        done.write_text(json.dumps({**kept, "minutes": log.minutes(), "recipe": asdict(recipe)}), encoding="utf-8")
    result: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
    if {**asdict(PretrainRecipe()), **result.pop("recipe")} != asdict(recipe):
        raise RecipeError(f"{recipe.output} holds an encoder of other values; choose another --folder, or remove it")
    return result


def fine_tuning(name: str, *, share: float, encoder: Path, data_root: str, recipes: Path) -> Recipe:
    """A benchmark's recipe from an encoder, for a share of its epochs."""
    recipe = Recipe.read(recipes / f"{name}.yaml").for_share(share)
    return recipe.with_values(
        encoder=str(encoder), output=str(encoder.parent / f"{name}-{share:g}"), data_root=data_root
    )


def run(choices: Choices, *, folder: Path, data_root: str, recipes: Path, names: Sequence[str]) -> dict[str, Any]:
    """Make and score the variants of these names that have not been; returns the figures of all."""
    sets = {name: scored_examples(name, data_root) for name in choices.sets}
    rows: dict[str, Any] = {}
    for name in names:
        recipe = choices.variant(name, folder=folder)
        pretraining = pretrained_once(recipe)
        tuned = {
            benchmark: trained_once(
                fine_tuning(
                    benchmark,
                    share=choices.sets[benchmark],
                    encoder=Path(recipe.output) / "encoder",
                    data_root=data_root,
                    recipes=recipes,
                ),
                partial(measure, examples=examples),
                scored=[fingerprint(examples)],
            )
            for benchmark, examples in sets.items()
        }
        rows[name] = {"changes": choices.variants[name], "pretraining": pretraining, "sets": tuned}
        print(name, json.dumps({key: figures["f1"] for key, figures in tuned.items()}), flush=True)
    return {
        "sets": {
            name: {"split": SPLITS[name], "share": choices.sets[name], "fingerprint": fingerprint(examples)}
            for name, examples in sets.items()
        },
        "variants": rows,
    }


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Pretrain variants of an encoder and score them by fine-tuning.")
    parser.add_argument(
        "--choices",
        type=Path,
        default=Path("training/recipes/pretrain-choices.yaml"),
        help="YAML file of the recipe and its variants",
    )
    parser.add_argument("--data-root", default=DATA_ROOT, help="folder of the publishers' raw files")
    parser.add_argument("--recipes", type=Path, default=RECIPES, help="a folder with NAME.yaml for each set")
    parser.add_argument("--folder", type=Path, default=Path("runs/choices"), help="where the encoders are kept")
    add_only_option(parser)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write the figures to")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    choices = Choices.read(options.choices)
    names = chosen(options.only, choices.variants, options.choices)
    report = run(choices, folder=options.folder, data_root=options.data_root, recipes=options.recipes, names=names)
    write_results(options.output, command=command_of("training.pretrain_choices", options, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
