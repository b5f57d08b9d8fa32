"""Where the time of an extraction goes: a sampled profile of one thread, and the encoder's operators.

    python -m training.benchmark_profile --data-root FOLDER

A second thread looks every two milliseconds at what the first one does, so nothing is slowed down, and the
parts add up to the whole. The encoder's batches are then run once more under onnxruntime's own profiler.
Writes `results/profile.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ie_model.arrays import Floats, Ints
from ie_model.extractor import Extractor
from ie_model.model_folder import ENCODER_ONNX, ModelFolder
from ie_model.runtime.onnx import OnnxRuntime
from training.command import argument_parser, reported
from training.data.sources import read_source
from training.recipe import DATA_ROOT
from training.report import check_writable, command_of, weights_fingerprint, write_results

OUTPUT = Path("results") / "profile.json"
INTERVAL = 0.002
#: What a function or, failing that, a file of the package is a part of; the innermost one counts.
PARTS = {
    "encode": "encoder",
    "link": "link head",
    "encoding.py": "text to tokens",
    "script.py": "text to tokens",
    "windows.py": "windows and batches",
    "sections.py": "windows and batches",
    "runner.py": "windows and batches",
    "decoding.py": "tags to spans",
    "consistency.py": "tags to spans",
    "relations.py": "pairs and departures",
}
FACTS = "names, amounts, dates and facts"
#: onnxruntime's operators by what they do.
OPERATORS = {
    "int8 matrices": ("QLinearMatMul", "MatMulInteger", "DynamicQuantizeMatMul", "QGemm", "MatMulIntegerToFloat"),
    "attention": ("MultiHeadAttention", "RotaryEmbedding"),
    "float matrices": ("MatMul", "FusedMatMul", "Gemm"),
    "to int8 and back": ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
    "norms": ("LayerNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization"),
    "gates": ("Gelu", "BiasGelu", "FastGelu", "QuickGelu", "Erf", "Mul", "Add", "Split"),
}


class RecordingRuntime(OnnxRuntime):
    """The engine, which keeps what it was asked to encode."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        super().__init__(folder, threads=threads)
        self.batches: list[tuple[Ints, Ints]] = []

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        self.batches.append((ids, mask))
        return super().encode(ids, mask)


def part_of(frame: FrameType | None) -> str | None:
    """The part of the work that a stack is in; None outside of the package."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.parent.name == "runtime":
            if frame.f_code.co_name in PARTS:
                return PARTS[frame.f_code.co_name]
        elif path.parent.name == "ie_model":
            return PARTS.get(path.name, "rest" if path.name == "extractor.py" else FACTS)
        frame = frame.f_back
    return None


def sampled(work: Callable[[], Any], *, interval: float = INTERVAL) -> Counter[str]:
    """How often this thread was seen in each part while it did the work."""
    counts: Counter[str] = Counter()
    mine, done = threading.get_ident(), threading.Event()

    def watch() -> None:
        while not done.wait(interval):
            part = part_of(sys._current_frames().get(mine))
            if part is not None:
                counts[part] += 1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return counts


def operator_times(model: Path, batches: Sequence[tuple[Ints, Ints]]) -> Counter[str]:
    """Microseconds that each kind of operator took in one pass over the batches."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        for ids, mask in batches:
            session.run(None, {"input_ids": ids, "attention_mask": mask})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    times: Counter[str] = Counter()
    kinds = {operator: kind for kind, operators in OPERATORS.items() for operator in operators}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            times[kinds.get(event["args"]["op_name"], "rest")] += event["dur"]
    return times


def shares(counts: Counter[str]) -> dict[str, float]:
    """Percent of the whole, the largest first."""
    total = sum(counts.values())
    return {name: round(100 * count / total, 1) for name, count in counts.most_common()}


def profile(model: ModelFolder, texts: Sequence[str], *, rounds: int) -> dict[str, Any]:
    """The parts of an extraction and of the encoder, in percent, and characters a second of one thread."""
    runtime = RecordingRuntime(model.path, threads=1)
    extractor = Extractor(model, runtime)
    list(extractor.pipe(texts))  # the first time is another
    batches, runtime.batches = runtime.batches, []
    started = time.perf_counter()
    parts = sampled(lambda: [list(extractor.pipe(texts)) for _ in range(rounds)])
    seconds = time.perf_counter() - started
    return {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "characters_per_second": round(rounds * sum(map(len, texts)) / seconds),
        "tokens_run": sum(ids.size for ids, _ in batches),
        "samples": sum(parts.values()),
        "parts": shares(parts),
        "operators": shares(operator_times(model.path / ENCODER_ONNX, batches)),
    }


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Where the time of an extraction goes.")
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="folder of the publishers' raw files")
    parser.add_argument("--rounds", type=int, default=10, help="times that each part is measured")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="file to write the figures to")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    model = ModelFolder.open(None, runtime="onnx")
    report: dict[str, Any] = {"model": weights_fingerprint(model.path), "rounds": options.rounds, "sets": {}}
    for name, split in (("seeds", "train"), ("news-units", "dev")):
        examples = read_source(name, data_root=options.data_root, split=split, purpose="evaluate")
        found = profile(model, [example.text for example in examples], rounds=options.rounds)
        report["sets"][f"{name} {split}"] = found
        print(name, split, json.dumps(found, ensure_ascii=False), flush=True)
    write_results(options.output, command=command_of("training.benchmark_profile", options, parser), report=report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
