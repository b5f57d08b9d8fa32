"""Fine-tune the token classifier and the link head on a recipe's sources.

    python -m training.finetune --recipe training/recipes/base.yaml
    python -m training.finetune --recipe … --leave-out 003_8d5c2cca22707c62
    python -m training.finetune --recipe … --first-stage 2 --start runs/published/stage1 --seed 2 --output …
    torchrun --nproc-per-node 2 -m training.finetune --recipe …

Runs on transformers' Trainer: CPU, one GPU, or several processes, in bfloat16 where the machine is faster in it
(`training.precision`). A stage is one Trainer run over batches that are drawn in advance from the recipe's seed, so
that a resumed run sees the batches that the interrupted one would have.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import set_seed

from ie_model.encoding import TextEncoder
from ie_model.model_folder import SAFETENSORS, TOKENIZER
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.scheme import LABELS, TagScheme
from training.augment import Names, harvest, substitute
from training.batches import Batches, SourceWindows
from training.command import argument_parser, reported
from training.data import label_studio
from training.data.authored import authored_files
from training.data.example import DataError, Example
from training.data.sources import AUTHORED, MADE, SEEDS, SOURCES, read_source
from training.features import MAX_LABELS, window_features
from training.modeling import build_model, load_weights, save_model, tokenizer_folder
from training.processes import ending_process_group
from training.recipe import RECIPE_VALUES, Recipe, RecipeError, check_values
from training.trainer import last_checkpoint, make_trainer

#: File in a stage's folder that says what the stage was made from.
IDENTITY = "identity.json"
#: … and how many processes share it.
PROCESSES = "processes"


def scheme_of(recipe: Recipe) -> TagScheme:
    """The labels to find: those of a benchmark's source, or of Label Studio's projects, or this project's.

    Projects beside other sources add their labels to this project's.
    """
    if not recipe.benchmark:
        names = list(dict.fromkeys(name for stage in recipe.stages for name in stage.sources))
        projects = [name for name in names if name.startswith(label_studio.PREFIX)]
        labels = [] if projects and projects == names else list(LABELS)
        labels += [label for name in projects for label in label_studio.labels_of(name)]
        scheme = TagScheme(tuple(dict.fromkeys(labels)))
        if not 0 < len(scheme.labels) <= MAX_LABELS:
            raise DataError(f"{', '.join(projects)}: {len(scheme.labels)} labels; a model has 1 to {MAX_LABELS}")
        return scheme
    name = next(iter(recipe.stages[0].sources))
    source = SOURCES.get(name)
    return TagScheme(source.own_labels) if source is not None and source.own_labels else TagScheme()


def read_recipe_source(recipe: Recipe, name: str, leave_out: str | None) -> list[Example]:
    """The examples of a source that a recipe trains on."""
    examples = read_source(
        name,
        data_root=Path(recipe.data_root),
        leave_out=leave_out,
        purpose="benchmark" if recipe.benchmark else "train",
        own_labels=recipe.benchmark,
    )
    if name not in recipe.limits:
        return examples
    # A larger limit takes what a smaller one took, and more.
    order = np.random.default_rng(recipe.seed).permutation(len(examples))
    return [examples[index] for index in np.sort(order[: recipe.limits[name]])]


def stage_windows(
    number: int, recipe: Recipe, encoder: TextEncoder, scheme: TagScheme, leave_out: str | None
) -> list[SourceWindows]:
    """The windows of a stage's sources, with as many variants as passes where names are replaced.

    The names are those of this stage's sources and of the stages' before it: none that a later stage will see first.

    Args:
        number: of the stage, from 0.
    """
    stage = recipe.stages[number]
    stages = recipe.stages[: number + 1] if stage.substitute else (stage,)
    needed = dict.fromkeys(name for each in (stage, *stages) for name in each.sources)
    read = {name: read_recipe_source(recipe, name, leave_out) for name in needed}
    names: Names = harvest(e for examples in read.values() for e in examples) if stage.substitute else {}
    result = []
    for name, weight in stage.sources.items():
        examples = read[name]
        random = np.random.default_rng([recipe.seed, len(result)])
        variants = []
        for turn in range(max(1, math.ceil(weight * stage.epochs)) if stage.substitute else 1):
            chosen = examples
            if turn:
                chosen = [substitute(e, names, share=stage.substitute, random=random) for e in examples]
            variants.append([w for example in chosen for w in window_features(example, encoder, scheme)])
        result.append(SourceWindows(variants, weight))
    return result


def finetune(
    recipe: Recipe,
    *,
    leave_out: str | None = None,
    resume: bool = False,
    stages: range | None = None,
    start: Path | None = None,
) -> Path:
    """Run the stages of a recipe; returns the folder of the trained model.

    Args:
        leave_out: id of a seed article that no stage may see.
        resume: go on from the last checkpoint of an interrupted run.
        stages: the stages to run, all by default.
        start: folder of an earlier stage's model to start from.
    """
    output = folder = Path(recipe.output)
    scheme = scheme_of(recipe)
    _make_folder(output)
    encoder = TextEncoder.from_file(tokenizer_folder(recipe) / TOKENIZER)
    set_seed(recipe.seed)
    network = build_model(recipe, scheme)
    if start is not None:
        load_weights(network, start)
    for number in stages if stages is not None else range(len(recipe.stages)):
        folder = output / f"stage{number + 1}"
        identity = run_identity(recipe, stage=number, leave_out=leave_out, start=start)
        if resume and folder.is_dir() and any(folder.iterdir()):
            _check_identity(folder, identity)
            if (folder / SAFETENSORS).is_file():
                load_weights(network, folder)
                continue
        elif (folder / IDENTITY).is_file():
            raise RecipeError(f"{folder} holds a run already: pass --resume, choose another output, or remove it")
        windows = stage_windows(number, recipe, encoder, scheme, leave_out)
        _run_stage(network, windows, recipe, number, folder, encoder=encoder, identity=identity, resume=resume)
    return folder


def _run_stage(
    network: SpanLinkModel,
    windows: Sequence[SourceWindows],
    recipe: Recipe,
    number: int,
    folder: Path,
    *,
    encoder: TextEncoder,
    identity: dict[str, Any],
    resume: bool,
) -> None:
    """Train a network by a stage (from 0) of a recipe, and save it."""
    stage = recipe.stages[number]
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    batches = Batches(
        windows,
        epochs=stage.epochs,
        tokens=recipe.tokens,
        pad_id=encoder.pad_id,
        seed=recipe.seed + number,
        processes=processes,
    )
    if not len(batches):
        raise RecipeError(
            f"stage {number + 1}: sources {stage.sources}, epochs {stage.epochs} and limits {recipe.limits} leave "
            f"no batch for each process ({processes}); raise one of them"
        )
    _make_folder(folder)
    checkpoint = last_checkpoint(folder) if resume else None
    if checkpoint is not None:
        _check_processes(folder, processes)
    trainer = make_trainer(network, batches, recipe, stage, folder)
    trainer.accelerator.wait_for_everyone()  # no process writes what another has yet to check
    if trainer.is_world_process_zero():
        text = json.dumps({**identity, PROCESSES: processes}, indent=1, ensure_ascii=False) + "\n"
        (folder / IDENTITY).write_text(text, encoding="utf-8")
    trainer.train(resume_from_checkpoint=checkpoint)
    if trainer.is_world_process_zero():
        settings = {"benchmark": next(iter(stage.sources))} if recipe.benchmark else None
        save_model(network, folder, tokenizer=tokenizer_folder(recipe), settings=settings)
    _round_as_saved(network)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecipeError(f"{folder}: cannot be made ({error.strerror}); choose another output") from error


def run_identity(recipe: Recipe, *, stage: int, leave_out: str | None, start: Path | None) -> dict[str, Any]:
    """What decides what a stage learns; a stage is resumed only where this is the same.

    How many processes share a run is not in it: a finished stage is what it is. `_check_processes` asks for that.
    The publishers' files under `data_root`, and sets of the Hub, are taken to be what they were.
    """
    files = {path.name: path for path in sorted(SEEDS.glob("*.json"))}
    for name in sorted({name for item in recipe.stages for name in item.sources}):
        if name == "authored":
            files |= {f"{name}/{path.name}": path for path in authored_files(AUTHORED)}
        elif name.startswith(label_studio.PREFIX):
            files |= {str(path): path for path in label_studio.files_of(name)}
        elif name.startswith(tuple(MADE)):
            files[name] = Path(name.partition(":")[2])
    files["encoder"] = Path(recipe.encoder) / SAFETENSORS
    files["tokenizer"] = Path(recipe.tokenizer or recipe.encoder) / TOKENIZER
    if start is not None:
        files["start"] = start / SAFETENSORS
    values = {key: value for key, value in recipe.to_dict().items() if key not in ("output", "data_root")}
    values["stages"] = [dict(item) for item in values["stages"][: stage + 1]]
    digests = {name: sha256(f.read_bytes()).hexdigest()[:16] for name, f in files.items() if f.is_file()}
    return {"recipe": values, "stage": stage + 1, "leave_out": leave_out, "files": digests}


def _check_identity(folder: Path, identity: dict[str, Any]) -> None:
    path = folder / IDENTITY
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found.pop(PROCESSES, None)
    if found != json.loads(json.dumps(identity)):
        raise RecipeError(
            f"{folder} holds another run (recipe, encoder or annotations differ); choose another output, or remove it"
        )


def _check_processes(folder: Path, processes: int) -> None:
    """They decide a step's batches, so that others would skip, or repeat, a part of them."""
    before = json.loads((folder / IDENTITY).read_text(encoding="utf-8")).get(PROCESSES, processes)
    if before != processes:
        raise RecipeError(
            f"{folder} was begun by {before} processes; go on with as many (torchrun --nproc-per-node {before}), or "
            "choose another output"
        )


def _round_as_saved(network: SpanLinkModel) -> None:
    """Go on from what the file holds (fp16), as a run that is resumed after this stage does."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half())


@ending_process_group()
@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Fine-tune a model on a recipe's sources.")
    parser.add_argument("--recipe", type=Path, required=True, help="YAML file, see training/recipes/")
    parser.add_argument("--data-root", help="folder of the publishers' raw files, instead of the recipe's")
    parser.add_argument("--encoder", help="encoder to start from, instead of the recipe's")
    parser.add_argument("--output", help="folder to write to, instead of the recipe's")
    parser.add_argument("--seed", type=int, help="instead of the recipe's")
    parser.add_argument("--link-weight", type=float, help="instead of the recipe's")
    parser.add_argument("--start", type=Path, help="folder of an earlier stage's model, with --first-stage")
    parser.add_argument("--first-stage", type=int, default=1, help="go on at this stage, from --start")
    parser.add_argument("--last-stage", type=int, help="stop after this one, instead of the recipe's last")
    parser.add_argument("--leave-out", help="id of a seed article that must not be seen")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args(arguments)
    recipe = Recipe.read(options.recipe)
    changes = {name: getattr(options, name) for name in ("data_root", "encoder", "output", "seed", "link_weight")}
    changes = {name: value for name, value in changes.items() if value is not None}
    check_values(changes, RECIPE_VALUES, where="--")
    recipe = replace(recipe, **changes)
    if options.leave_out is not None:  # not only once a stage reads the articles, or never
        read_source("seeds", data_root=Path(recipe.data_root), leave_out=options.leave_out)
    if not 1 <= options.first_stage <= len(recipe.stages):
        raise RecipeError(f"--first-stage {options.first_stage}: {options.recipe} has {len(recipe.stages)} stages")
    last = len(recipe.stages) if options.last_stage is None else options.last_stage
    if not options.first_stage <= last <= len(recipe.stages):
        raise RecipeError(f"--last-stage {last}: write a number from {options.first_stage} to {len(recipe.stages)}")
    if (options.first_stage > 1) != (options.start is not None):
        raise RecipeError("--first-stage 2 and later ones go on from a model: name its folder with --start")
    stages = range(options.first_stage - 1, last)
    print(finetune(recipe, leave_out=options.leave_out, resume=options.resume, stages=stages, start=options.start))
    return 0


if __name__ == "__main__":
    sys.exit(main())
