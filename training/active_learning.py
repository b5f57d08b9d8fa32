"""Does it pay to annotate first what the model is least sure of? F1 against the number of annotated units.

    python -m training.active_learning --data-root FOLDER

The pool is the train split of news-units, the dev split is scored. Both orders begin with the same
model, which has not seen the pool: a small random encoder trained on this project's authored pieces.
In each round an order chooses the next units, their gold annotations are written as Label Studio
tasks, and the beginning model is fine-tuned on all that have been chosen so far (the `label-studio:`
source, as users do), with a share of the authored pieces beside them: on a few units alone it forgets more
than it learns. "uncertain" is `ie-model label-studio push --query uncertain`: the units with the
lowest score of any span or departure of the last round's model first. "random" is a shuffled pool.

The model is far smaller than the published one, so the figures compare the orders; they are no measure of it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from ie_model.extractor import Extractor
from ie_model.labelstudio.exporting import by_uncertainty
from ie_model.labelstudio.interface import Interface, Link, draw
from ie_model.labelstudio.tasks import CONFIG_NAME, dump
from training.command import argument_parser, reported
from training.data.example import DataError, Example, GoldSpan
from training.data.label_studio import PREFIX
from training.data.sources import read_source
from training.finetune import finetune
from training.recipe import DATA_ROOT, Recipe, Stage
from training.report import check_writable, command_of, fingerprint, score, write_results

ORDERS = ("random", "uncertain")
OUTPUT = Path("results") / "active_learning.json"


@dataclass(frozen=True)
class Study:
    """What is compared.

    Attributes:
        sizes: numbers of annotated units, ascending.
        seeds: each is a run of both orders; it decides the shuffling and the training. All runs
            begin with the model of the first.
        start_epochs, start_rate: passes over the authored pieces, and the learning rate there.
        epochs, rate: the same for each round; in an epoch the units are seen `repeat` times, and of the
            authored pieces the share `replay`.
        encoder: sizes of the random encoder.
    """

    sizes: tuple[int, ...] = (40, 80, 160)
    seeds: tuple[int, ...] = (1, 2)
    start_epochs: float = 2
    start_rate: float = 1e-3
    epochs: float = 3
    rate: float = 3e-4
    repeat: float = 2
    replay: float = 0.2
    encoder: tuple[tuple[str, int], ...] = (("layers", 2), ("hidden", 96), ("intermediate", 144), ("heads", 4))
    tokenizer: str = "ie_model/weights"


def to_task(example: Example, number: int) -> dict[str, Any]:
    """A gold example as a task that somebody has annotated."""
    interface = Interface()
    ids = {span: f"s{index}" for index, span in enumerate(example.spans)}
    result = [
        interface.region(id=id, label=s.label, start=s.start, end=s.end, text=example.text[s.start : s.end])
        for s, id in ids.items()
    ]
    counts: dict[GoldSpan, int] = {}
    links = []
    for departure in example.departures or ():
        nth = counts[departure.person] = counts.get(departure.person, 0) + 1
        person = ids[departure.person]
        links.append(Link(person, "departed_from", ids[departure.organization], nth, departure.status))
        links += [Link(person, "left_role", ids[role], nth) for role in departure.roles]
        links += [Link(person, "joined", ids[target], nth) for target in departure.joined]
    annotation = {"id": number, "completed_by": 1, "result": result + draw(links)}
    return {"id": number, "data": {"id": example.id, "text": example.text}, "annotations": [annotation]}


def run(study: Study, *, data_root: Path, folder: Path) -> dict[str, Any]:
    """All rounds of both orders; returns the report."""
    pool = read_source("news-units", data_root=data_root)
    dev = read_source("news-units", data_root=data_root, split="dev", purpose="evaluate")
    if study.sizes[-1] > len(pool):
        raise DataError(f"{study.sizes[-1]} units are more than the pool's {len(pool)}; choose smaller --sizes")
    rounds: list[dict[str, Any]] = []
    start = _train(study, folder / "start", {"authored": 1.0}, seed=study.seeds[0])
    rounds.append({"order": "start", "seed": study.seeds[0], "units": 0, **_figures(start, dev)})
    print(rounds[-1], flush=True)
    for seed in study.seeds:
        base = folder / f"seed{seed}"
        for order in ORDERS:
            model, chosen = start, []
            for size in study.sizes:
                chosen += _next(order, pool, chosen, size - len(chosen), model=model, seed=seed)
                at = base / f"{order}{size}"
                tasks = at / "annotated"
                dump([to_task(example, number) for number, example in enumerate(chosen, 1)], tasks / "tasks.json")
                (tasks / CONFIG_NAME).write_text(Interface().to_xml(), encoding="utf-8")
                sources = {f"{PREFIX}{tasks}": study.repeat, "authored": study.replay}
                model = _train(study, at / "run", sources, seed=seed, start=start)
                spans = sum(len(example.spans) for example in chosen)
                rounds.append({"order": order, "seed": seed, "units": size, "spans": spans, **_figures(model, dev)})
                print(rounds[-1], flush=True)
    return {
        "study": asdict(study),
        "pool": {"units": len(pool), "fingerprint": fingerprint(pool)},
        "dev": {"units": len(dev), "fingerprint": fingerprint(dev)},
        "mean": _means(rounds),
        "rounds": rounds,
    }


def _train(study: Study, output: Path, sources: dict[str, float], *, seed: int, start: Path | None = None) -> Path:
    epochs, rate = (study.start_epochs, study.start_rate) if start is None else (study.epochs, study.rate)
    recipe = Recipe(
        encoder="random",
        tokenizer=study.tokenizer,
        output=str(output),
        stages=(Stage(sources=sources, epochs=epochs, learning_rate=rate),),
        random_encoder=dict(study.encoder),
        seed=seed,
    )
    return finetune(recipe, start=start)


def _next(
    order: str, pool: Sequence[Example], chosen: Sequence[Example], count: int, *, model: Path, seed: int
) -> list[Example]:
    """The units that are annotated next."""
    seen = {example.id for example in chosen}
    shuffled = [pool[index] for index in np.random.default_rng(seed).permutation(len(pool))]
    left = [example for example in shuffled if example.id not in seen]
    if order == "random":
        return left[:count]
    extractor = Extractor.load(model, runtime="torch")
    by_id = {example.id: example for example in left}
    documents = [extractor(example.text, id=example.id) for example in left]
    return [by_id[document.id or ""] for document in by_uncertainty(documents)[:count]]


def _figures(model: Path, dev: Sequence[Example]) -> dict[str, Any]:
    extractor = Extractor.load(model, runtime="torch")
    report = score(dev, [extractor(example.text, id=example.id) for example in dev])
    return {"spans_f1": report["spans"]["micro"]["f1"], "departures_f1": report["departures"]["pair"]["f1"]}


def _means(rounds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean over the seeds of each order and size."""
    keys = dict.fromkeys((row["order"], row["units"]) for row in rounds)
    result = []
    for order, units in keys:
        rows = [row for row in rounds if (row["order"], row["units"]) == (order, units)]
        names = [name for name in ("spans", "spans_f1", "departures_f1") if name in rows[0]]
        result.append({"order": order, "units": units, **{n: round(mean(row[n] for row in rows), 4) for n in names}})
    return result


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Uncertain against random order of annotation.")
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="folder with news-units/")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=list(Study.sizes),
        help="how many annotated units to train on, each in turn",
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=list(Study.seeds), help="one run of each size and order for each"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write the figures to")
    options = parser.parse_args(arguments)
    study = Study(sizes=tuple(sorted(options.sizes)), seeds=tuple(options.seeds))
    check_writable(options.output)
    with tempfile.TemporaryDirectory() as folder:
        report = run(study, data_root=options.data_root, folder=Path(folder))
    write_results(options.output, command=command_of("training.active_learning", options, parser), report=report)
    for row in report["mean"]:
        figures = f"spans {row['spans_f1']:.3f}  departures {row['departures_f1']:.3f}"
        print(f"{row['order']:10} {row['units']:5} units  {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
