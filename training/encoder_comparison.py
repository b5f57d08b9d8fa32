"""What an encoder's pretraining is worth: the same fine-tuning from it and from random weights.

    python -m training.encoder_comparison --data-root FOLDER
    python -m training.encoder_comparison --encoders random training/encoder my/encoder --seeds 1 2 3

Every set is trained on by its benchmark recipe (`training/recipes/benchmarks/`), with its own labels, once from
each encoder and seed, and scored in strict micro F1. Runs that are finished are kept, so that more seeds or
encoders can be added later, and several processes can share the sets (`--sets`). `--add` keeps what the output has
of other encoders, sets and seeds, whose runs need not be there any more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from ie_model.extractor import Extractor
from ie_model.model_folder import SAFETENSORS
from training.command import argument_parser, reported
from training.data.example import Example
from training.data.sources import read_source
from training.recipe import DATA_ROOT, Recipe, RecipeError
from training.report import check_writable, command_of, fingerprint, score, weights_fingerprint, write_results
from training.trained_once import trained_once

RECIPES = Path("training") / "recipes" / "benchmarks"
OUTPUT = Path("results") / "encoders.json"
#: The split of each set that is scored: what others report on, and of our own the one that choices are made on.
SPLITS = {"cluener": "dev", "resume": "test", "msra": "test", "news-units": "dev"}
RANDOM = "random"


@dataclass(frozen=True)
class Comparison:
    """What is compared: each encoder on each set with each seed.

    Attributes:
        encoders: folders, or "random": random weights (`training.modeling.RANDOM_ENCODER`), without words, and the
            tokenizer of the first folder.
        folder: where the fine-tuned models are kept.
    """

    encoders: tuple[str, ...]
    sets: tuple[str, ...]
    seeds: tuple[int, ...]
    folder: Path
    data_root: str
    recipes: Path = RECIPES

    def __post_init__(self) -> None:
        if unknown := [name for name in self.sets if name not in SPLITS]:
            raise RecipeError(f"no benchmark {unknown}; choose from {list(SPLITS)}")
        if not self.pretrained:
            raise RecipeError("name at least one folder of an encoder: it has the tokenizer for 'random' too")
        if missing := [name for name in self.pretrained if not (Path(name) / SAFETENSORS).is_file()]:
            raise RecipeError(f"no {SAFETENSORS} in {missing}; an encoder is a folder in the transformers format")

    @property
    def pretrained(self) -> tuple[str, ...]:
        return tuple(name for name in self.encoders if name != RANDOM)

    def recipe(self, name: str, encoder: str, seed: int) -> Recipe:
        """How the model of one cell of the table is made."""
        which = RANDOM if encoder == RANDOM else weights_fingerprint(Path(encoder))
        return Recipe.read(self.recipes / f"{name}.yaml").with_values(
            encoder=encoder,
            tokenizer=self.pretrained[0] if encoder == RANDOM else None,
            output=str(self.folder / f"{name}-{which}-{seed}"),
            data_root=self.data_root,
            seed=seed,
        )


def scored_examples(name: str, data_root: str) -> list[Example]:
    """What a benchmark's models are scored on, with its own labels."""
    return read_source(name, data_root=Path(data_root), split=SPLITS[name], purpose="evaluate", own_labels=True)


def measure(model: Path, examples: Sequence[Example]) -> dict[str, Any]:
    """Strict micro F1 of a benchmark's model, and its interval over the texts."""
    extractor = Extractor.load(model, runtime="torch")
    micro = score(examples, [extractor(example.text, id=example.id) for example in examples])["spans"]["micro"]
    return {"f1": micro["f1"], "f1_interval": micro["f1_interval"]}


def run(comparison: Comparison) -> dict[str, Any]:
    """Train and score what has not been yet; returns the whole table."""
    table = {}
    for name in comparison.sets:
        examples = scored_examples(name, comparison.data_root)
        runs: dict[str, list[dict[str, Any]]] = {encoder: [] for encoder in comparison.encoders}
        for encoder, seed in product(comparison.encoders, comparison.seeds):
            recipe = comparison.recipe(name, encoder, seed)
            made = trained_once(recipe, partial(measure, examples=examples), scored=[fingerprint(examples)])
            runs[encoder].append({"seed": seed, **made})
            print(f"{name} {SPLITS[name]}, {encoder}, seed {seed}: {100 * made['f1']:.1f}", flush=True)
        table[name] = {
            "split": SPLITS[name],
            "fingerprint": fingerprint(examples),
            "mean": means(runs),
            "runs": runs,
        }
    digests = {encoder: weights_fingerprint(Path(encoder)) for encoder in comparison.pretrained}
    return {"encoders": digests, "sets": table}


def means(runs: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """The mean F1 of each encoder's seeds."""
    return {encoder: round(mean(row["f1"] for row in rows), 4) for encoder, rows in runs.items()}


def with_earlier(report: dict[str, Any], earlier: dict[str, Any]) -> dict[str, Any]:
    """The report, and what an earlier one has of other encoders, sets and seeds.

    An earlier encoder of the same folder and other weights is called FOLDER@FINGERPRINT. Figures of both stand side
    by side, so they must be of the same examples; RecipeError where they are not.
    """
    encoders = dict(report["encoders"])
    names = {RANDOM: RANDOM}
    for folder, digest in earlier["encoders"].items():
        names[folder] = folder if encoders.get(folder, digest) == digest else f"{folder}@{digest}"
        encoders[names[folder]] = digest
    sets = {name: {**one, "runs": dict(one["runs"])} for name, one in report["sets"].items()}
    for name, before in earlier["sets"].items():
        one = sets.setdefault(name, {**before, "runs": {}})
        if one["fingerprint"] != before["fingerprint"]:
            raise RecipeError(f"{name}: the figures that are there are of other examples; leave out --add")
        for encoder, rows in before["runs"].items():
            by_seed = {row["seed"]: row for row in (*rows, *one["runs"].get(names[encoder], ()))}
            one["runs"][names[encoder]] = [by_seed[seed] for seed in sorted(by_seed)]
        one["mean"] = means(one["runs"])
    return {"earlier": [*earlier.get("earlier", []), earlier["command"]], "encoders": encoders, "sets": sets}


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Compare encoders by what fine-tuning makes of them.")
    parser.add_argument(
        "--encoders",
        nargs="+",
        default=[RANDOM, "training/encoder"],
        metavar="FOLDER",
        help=f"folders of encoders; {RANDOM} for none",
    )
    parser.add_argument("--sets", nargs="+", default=list(SPLITS), metavar="NAME", help="benchmarks to fine-tune on")
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[1, 2], metavar="N", help="one run of each encoder and set for each"
    )
    parser.add_argument("--data-root", default=DATA_ROOT, help="folder of the publishers' raw files")
    parser.add_argument("--recipes", type=Path, default=RECIPES, help="a folder with NAME.yaml for each set")
    parser.add_argument("--folder", type=Path, default=Path("runs/encoders"), help="where the models are kept")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write the figures to")
    parser.add_argument(
        "--add", action="store_true", help="keep what the output has of other encoders, sets and seeds"
    )
    options = parser.parse_args(arguments)
    check_writable(options.output)
    comparison = Comparison(
        encoders=tuple(options.encoders),
        sets=tuple(options.sets),
        seeds=tuple(options.seeds),
        folder=options.folder,
        data_root=options.data_root,
        recipes=options.recipes,
    )
    report = run(comparison)
    if options.add and options.output.is_file():
        report = with_earlier(report, json.loads(options.output.read_text(encoding="utf-8")))
    write_results(options.output, command=command_of("training.encoder_comparison", options, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
