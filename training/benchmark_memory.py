"""Peak memory and speed against length: one long document, a stream of short ones, and a file of JSON lines.

    python -m training.benchmark_memory
    python -m training.benchmark_memory --long 10000000 --jsonl 20 100

Each figure is a process of its own, so that none sees what another one left. A document is the seed articles
repeated; the stream, and the lines of the file, are pieces of PIECE characters of them. Writes results/memory.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ie_model.cores import available_cores
from ie_model.model_folder import ModelFolder
from training.command import argument_parser, reported
from training.report import check_writable, command_of, weights_fingerprint, write_results

SEEDS = Path("seeds")
LENGTHS = (100, 1_000, 10_000, 100_000, 1_000_000)
#: On demand: 33 million characters of Chinese are 100 MB of UTF-8.
LONG = (10_000_000, 33_000_000)
#: Characters of a short document.
PIECE = 300
#: What a child's code begins with. Its own peak is VmHWM: ru_maxrss begins at that of the process that started it.
_PRELUDE = """
import json, resource, statistics, sys, time
from pathlib import Path
folder, length, piece, model, threads = sys.argv[1], *map(int, sys.argv[2:4]), sys.argv[4] or None, int(sys.argv[5])
def article():
    return "".join(path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.txt")))
def tell(seconds, characters, **more):
    status = Path("/proc/self/status")
    if status.exists():
        peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"peak_megabytes": round(peak / 2**20), "characters_per_second": round(characters / seconds),
                      **more}))
"""
_DOCUMENT = """
from ie_model import Extractor
ie = Extractor.load(model, threads=threads)
text = article()
text = (text * (length // len(text) + 1))[:length]
ie(text[:piece])
times = []
for _ in range(5 if length <= 100_000 else 1):
    document = None
    started = time.perf_counter()
    document = ie(text)
    times.append(time.perf_counter() - started)
tell(statistics.median(times), length, entities=len(document.entities), departures=len(document.departures))
"""
_PIPE = """
from ie_model import Extractor
ie = Extractor.load(model, threads=threads)
text = article()
ie(text[:piece])
def texts():
    for at in range(0, length, piece):
        first = at % (len(text) - piece)
        yield text[first : first + min(piece, length - at)]
started = time.perf_counter()
documents = sum(1 for _ in ie.pipe(texts()))
tell(time.perf_counter() - started, length, documents=documents)
"""
_BATCH = """
from ie_model.batch.chunks import ExtractorSpec
from ie_model.batch.job import Job, run
source = Path(folder)
spec = ExtractorSpec(Path(model) if model else None, threads=threads)
done = run(Job(input=str(source), output=source.with_name("out.jsonl"), extractor=spec, overwrite=True))
tell(done.seconds, done.characters, documents=done.documents)
"""


def measure(code: str, source: Path, length: int, *, model: Path | None = None, threads: int = 0) -> dict[str, Any]:
    """What a new process that runs the code finds: peak_megabytes, characters_per_second and counts."""
    arguments = [str(source), str(length), str(PIECE), str(model or ""), str(threads or available_cores())]
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + code, *arguments], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def document(length: int, **options: Any) -> dict[str, Any]:
    """One document of so many characters."""
    return measure(_DOCUMENT, SEEDS, length, **options)


def pipe(length: int, **options: Any) -> dict[str, Any]:
    """Short documents of so many characters together, as a stream."""
    return measure(_PIPE, SEEDS, length, **options)


def batch(megabytes: int, **options: Any) -> dict[str, Any]:
    """`ie-model batch`, in one process, on a file of JSON lines of so many megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jsonl"
        with source.open("wb") as file:
            for line in json_lines(megabytes * 10**6):
                file.write(line)
        return measure(_BATCH, source, 0, **options)


def json_lines(size: int) -> Iterator[bytes]:
    """Lines of at least so many bytes together, a piece of the seed articles each."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt")))
    written = number = 0
    while written < size:
        at = number * PIECE % (len(text) - PIECE)
        record = {"id": str(number), "text": text[at : at + PIECE]}
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        yield line
        written, number = written + len(line), number + 1


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Measure peak memory and speed against length.")
    parser.add_argument(
        "--long", type=int, choices=(*LENGTHS, *LONG), default=LENGTHS[-1], help="characters of the longest"
    )
    parser.add_argument(
        "--jsonl", type=int, nargs="+", action="extend", default=[], metavar="MB", help="also files of this size"
    )
    parser.add_argument("--model", type=Path, help="a model folder; the packaged model unless given")
    parser.add_argument("--threads", type=int, default=0, help="cores to use; 0 for all")
    parser.add_argument(
        "--output", type=Path, default=Path("results/memory.json"), help="file to write the figures to"
    )
    options = parser.parse_args(arguments)
    chosen = {"model": options.model, "threads": options.threads}
    lengths = [length for length in (*LENGTHS, *LONG) if length <= options.long]
    check_writable(options.output)
    model = ModelFolder.open(options.model)
    report: dict[str, Any] = {
        "model": weights_fingerprint(model.path),
        "threads": options.threads or available_cores(),
        "one document": {},
        f"documents of {PIECE}": {},
        "megabytes of JSON lines": {},
    }
    for key, work, sizes in (
        ("one document", document, lengths),
        (f"documents of {PIECE}", pipe, lengths),
        ("megabytes of JSON lines", batch, options.jsonl),
    ):
        for size in sizes:
            report[key][str(size)] = found = work(size, **chosen)
            print(f"{key}, {size}: {found}", flush=True)
    write_results(options.output, command=command_of("training.benchmark_memory", options, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
