"""How fast: this package beside what else runs the same weights, in one process, taking turns.

    python -m training.benchmark
    python -m training.benchmark --rounds 15 --long 10000000

Every round runs every contender once on the same texts, so that a machine that slows down slows
them all; a figure is the median over the rounds, and a ratio the median of the rounds' ratios. Also:
cost against length, peak memory, time to the first answer of a new process, size of the
installed package. Writes results/speed.json and the plot beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, TypeVar

from packaging.requirements import Requirement
from rich.console import Console

from ie_model.cores import available_cores
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from training import benchmark_memory
from training.command import argument_parser, reported
from training.contenders import Contender, Work, ceiling, contenders, encoder_operations
from training.data.example import DataError, Example
from training.data.sources import read_source
from training.export import export
from training.recipe import DATA_ROOT
from training.report import check_writable, command_of, score, weights_fingerprint, write_results
from training.speed_plot import write_plot

T = TypeVar("T")
#: Whom ratios are over: the fastest of these.
REFERENCE = "transformers pipeline, float32"
#: Stands before the batch size in a contender's name.
SIZES = ", batches of "
LENGTHS = (100, 1_000, 10_000, 100_000)
#: How often the texts of a set are given, all in one call: what is timed is the work, not its beginning and end.
REPEATED = {"seed articles": 4, "news-units dev": 3}
#: Seconds of a turn; who would take longer is given the texts less often.
TURN = 10.0
_FIRST_ANSWER = (
    "import time;s=time.perf_counter();from ie_model import Extractor;i=time.perf_counter();"
    "ie=Extractor.load();l=time.perf_counter();ie('3月，阿里巴巴技术副总裁贾扬清宣布辞职创业。');e=time.perf_counter();"
    "print(i-s,l-i,e-l)"
)


def take_turns(
    workers: dict[str, Work], texts: Sequence[str], *, rounds: int, repeated: int = 1
) -> dict[str, list[float]]:
    """Characters per second of every contender in every round, after one that is not counted.

    Args:
        repeated: how often the texts are given in one call; less often, but once at least, to a contender
            whose turn would be longer than TURN by the round that is not counted.
    """
    characters = sum(map(len, texts))
    copies = {name: max(1, min(repeated, int(TURN / _seconds(work, texts)))) for name, work in workers.items()}
    speeds: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(rounds):
        for name, work in workers.items():
            speeds[name].append(copies[name] * characters / _seconds(work, list(texts) * copies[name]))
    return speeds


def _seconds(work: Callable[[T], object], given: T) -> float:
    started = time.perf_counter()
    work(given)
    return time.perf_counter() - started


def keep_best_sizes(workers: dict[str, Work], texts: Sequence[str]) -> dict[str, int]:
    """Take the batch sizes out with which a contender is not at its best; returns the speed of each.

    A contender with several sizes has them behind a comma: "…, batches of 8".
    """
    names = [name for name in workers if SIZES in name]
    speeds = {name: round(values[0]) for name, values in take_turns(_of(workers, names), texts, rounds=1).items()}
    for family in dict.fromkeys(name.partition(SIZES)[0] for name in names):
        members = [name for name in names if name.partition(SIZES)[0] == family]
        best = max(members, key=speeds.__getitem__)
        for name in members:
            if name != best:
                del workers[name]
    return speeds


def _of(workers: dict[str, Work], names: Sequence[str]) -> dict[str, Work]:
    return {name: workers[name] for name in names}


def summary(speeds: dict[str, list[float]]) -> dict[str, Any]:
    """Median and spread of every contender, and its ratio to the reference (the fastest, if there are several)."""
    references = [name for name in speeds if name.startswith(REFERENCE)]
    best = max(references, key=lambda name: statistics.median(speeds[name])) if references else None
    result: dict[str, Any] = {"reference": best, "contenders": {}}
    for name, values in speeds.items():
        row = {"median": round(statistics.median(values)), "least": round(min(values)), "most": round(max(values))}
        if best:
            ratios = [mine / theirs for mine, theirs in zip(values, speeds[best], strict=True)]
            row["ratio"] = round(statistics.median(ratios), 2)
            row["ratio_least"], row["ratio_most"] = round(min(ratios), 2), round(max(ratios), 2)
        result["contenders"][name] = row
    return result


def by_length(extractor: Extractor, text: str, lengths: Sequence[int]) -> dict[str, float]:
    """Microseconds per character of one document of each length."""
    result = {}
    for length in lengths:
        document = (text * (length // len(text) + 1))[:length]
        times = [_seconds(extractor, document) for _ in range(5 if length <= 100_000 else 1)]
        result[str(length)] = round(1e6 * statistics.median(times) / length, 2)
    return result


def in_new_process(code: str, *arguments: str) -> list[float]:
    """The numbers that a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    return [float(value) for value in done.stdout.split()]


def first_answer(times: int = 7) -> dict[str, float]:
    """Median seconds of a new process from its first import to its first document."""
    runs = [in_new_process(_FIRST_ANSWER) for _ in range(times)]
    parts = [statistics.median(column) for column in zip(*runs, strict=True)]
    names = ("import", "load", "first text")
    return {**{n: round(p, 3) for n, p in zip(names, parts, strict=True)}, "all": round(sum(parts), 3)}


def installed_megabytes(package: str = "ie-model") -> dict[str, float]:
    """Size on disk of a package and all that it needs to run, extras left out."""
    sizes: dict[str, float] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        try:
            found = distribution(name)
        except PackageNotFoundError:  # a marker of another platform
            continue
        if name in sizes:
            continue
        paths = [Path(str(found.locate_file(file))) for file in found.files or ()]
        sizes[name] = sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
        for line in found.requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name.lower())
    # An editable install lists no files: its own are the source tree's.
    own = sum(path.stat().st_size for path in Path("ie_model").rglob("*") if path.is_file()) / 1e6
    sizes[package] = max(sizes[package], own)
    return {name: round(size, 1) for name, size in sorted(sizes.items(), key=lambda item: -item[1])}


def quality(folders: dict[str, Path], examples: Sequence[Example], threads: int) -> dict[str, Any]:
    """Micro F1 of spans and F1 of departures of each model folder."""
    result = {}
    for name, folder in folders.items():
        extractor = Extractor.load(folder, threads=threads)
        report = score(examples, list(extractor.pipe([example.text for example in examples])))
        result[name] = {"spans": report["spans"]["micro"]["f1"], "departures": report["departures"]["pair"]["f1"]}
    return result


def benchmark(options: argparse.Namespace) -> dict[str, Any]:
    threads = options.threads or available_cores()
    console = Console(stderr=True)
    seeds = [path.read_text(encoding="utf-8") for path in sorted(Path("seeds").glob("*.txt"))]
    packaged = ModelFolder.open().path
    report: dict[str, Any] = {
        "model": weights_fingerprint(packaged),
        "machine": {"processor": _processor(), "threads": threads, "python": platform.python_version()},
        "rounds": options.rounds,
        "sets": {},
        "not_installed": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        floats = Path(folder)
        settings = ModelFolder.open(packaged).settings
        export(packaged, floats, settings=settings, precision="float")
        workers: dict[str, Work] = {}
        for contender in contenders(packaged, floats, threads=threads):
            if _chosen(contender, options.only):
                if contender.available():
                    workers[contender.name] = contender.prepare()
                else:
                    report["not_installed"].append(f"{contender.name}: pip install {contender.package}")
        report["batch_sizes"] = keep_best_sizes(workers, seeds)
        sets = {"seed articles": seeds}
        try:
            examples = read_source("news-units", data_root=Path(options.data_root), split="dev", purpose="evaluate")
            sets["news-units dev"] = [example.text for example in examples]
            report["quality_news_units_dev"] = quality({"int8": packaged, "float": floats}, examples, threads)
        except DataError as error:
            report["not_found"] = str(error)
        for name, texts in sets.items():
            console.print(f"{name}: {len(workers)} contenders, {options.rounds} rounds")
            one = summary(take_turns(workers, texts, rounds=options.rounds, repeated=REPEATED[name]))
            size = {"texts": len(texts), "characters": sum(map(len, texts)), "repeated": REPEATED[name]}
            report["sets"][name] = {**size, **one}
    extractor = Extractor.load(threads=threads)
    lengths = [*LENGTHS, *(n for n in (1_000_000, 10_000_000) if n <= options.long)]
    report["microseconds_per_character"] = by_length(extractor, "".join(seeds), lengths)
    report["peak_megabytes"] = {
        str(n): benchmark_memory.document(n, threads=threads)["peak_megabytes"] for n in (300, *lengths)
    }
    report["first_answer_seconds"] = first_answer()
    report["installed_megabytes"] = installed_megabytes()
    report["ceiling_billion_operations"] = top = ceiling(threads=threads)
    if ours := report["sets"]["seed articles"]["contenders"].get("ie-model"):
        operations, tokens = encoder_operations(packaged), _tokens_per_character(extractor, seeds)
        report["encoder"] = {
            "operations_per_token": operations,
            "tokens_run_per_character": round(tokens, 3),
            "share_of_ceiling": round(ours["median"] * tokens * operations / 1e9 / top["int8"], 3),
        }
    return report


def _tokens_per_character(extractor: Extractor, texts: Sequence[str]) -> float:
    """Tokens that the encoder is given for a character, those counted twice that windows share."""
    windows = [window for text in texts for window in extractor.windows(text)]
    return sum(window.end - window.start + 2 for window in windows) / sum(map(len, texts))


def _chosen(contender: Contender, only: str | None) -> bool:
    return only is None or only in contender.name


def _processor(info: Path = Path("/proc/cpuinfo")) -> str:
    """Name, family and model: virtual machines leave the name vague, and generations differ twofold."""
    if info.is_file():
        lines = (line.partition(":") for line in info.read_text(encoding="utf-8").splitlines())
        values = {key.strip(): value.strip() for key, _, value in lines}
        if "model name" in values:
            parts = [f"{key} {values[key]}" for key in ("cpu family", "model") if key in values]
            return ", ".join([values["model name"], *parts])
    return platform.processor() or platform.machine()


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Time the package beside what else runs the same weights.")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contender")
    parser.add_argument("--threads", type=int, default=0, help="cores that each contender may use; 0 for all")
    parser.add_argument("--long", type=int, default=1_000_000, help="characters of the longest document")
    parser.add_argument("--only", help="contenders whose name has this, e.g. 'ie-model'")
    parser.add_argument("--data-root", default=DATA_ROOT, help="folder of the publishers' raw files")
    parser.add_argument("--output", type=Path, default=Path("results/speed.json"), help="file to write the figures to")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    check_writable(options.output)
    report = benchmark(options)
    write_results(options.output, command=command_of("training.benchmark", options, parser), report=report)
    write_plot(report, options.output.with_suffix(".svg"))
    print(json.dumps({name: one["contenders"] for name, one in report["sets"].items()}, indent=1, ensure_ascii=False))
    print(f"figures in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
