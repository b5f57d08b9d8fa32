"""The benchmark's arithmetic and its faces; what it times is timed in no test."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from ie_model.extractor import Extractor
from ie_model.windows import Window
from training import benchmark, benchmark_memory
from training.benchmark import by_length, installed_megabytes, keep_best_sizes, summary, take_turns
from training.contenders import contenders, encoder_operations
from training.onnx_graph import matrix_graph
from training.speed_plot import write_plot

TEXTS = ["林知远离开星河科技。" * 9, "", "据悉，周以安离开青木资本。"]


def test_everybody_takes_turns() -> None:
    order: list[str] = []
    workers = {name: (lambda _, name=name: order.append(name)) for name in "ab"}
    speeds = take_turns(workers, ["text"], rounds=3)
    assert "".join(order) == "ab" * 4
    assert {name: len(values) for name, values in speeds.items()} == {"a": 3, "b": 3}, "the first is not counted"


def test_who_is_slow_is_given_the_texts_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "TURN", 0.2)
    given: dict[str, list[int]] = {"quick": [], "slow": []}
    workers = {
        "quick": lambda texts: given["quick"].append(len(texts)),
        "slow": lambda texts: (given["slow"].append(len(texts)), time.sleep(0.15 * len(texts))),
    }
    speeds = take_turns(workers, ["text"], rounds=2, repeated=4)
    assert given == {"quick": [1, 4, 4], "slow": [1, 1, 1]}
    assert all(speed < 4 / 0.15 for speed in speeds["slow"])


def test_a_processor_is_named_with_its_generation(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: Vague\nflags\t: a b\n")
    assert benchmark._processor(info) == "Vague, cpu family 25, model 17"
    assert benchmark._processor(tmp_path / "none"), "another system has its own name for it"


def test_ratios_are_those_of_a_round() -> None:
    speeds = {
        "ie-model": [100.0, 10.0, 90.0],
        "transformers pipeline, float32, batches of 1": [1.0, 1.0, 1.0],
        "transformers pipeline, float32, batches of 8": [10.0, 2.0, 10.0],
    }
    report = summary(speeds)
    assert report["reference"].endswith("batches of 8"), "the fastest of its batch sizes"
    ours = report["contenders"]["ie-model"]
    assert (ours["median"], ours["least"], ours["most"]) == (90, 10, 100)
    assert (ours["ratio"], ours["ratio_least"], ours["ratio_most"]) == (9.0, 5.0, 10.0)
    assert summary({"ie-model": [1.0]}) == {
        "reference": None, "contenders": {"ie-model": {"median": 1, "least": 1, "most": 1}},
    }  # fmt: skip


def test_of_several_batch_sizes_the_best_takes_part() -> None:
    def after(seconds: float) -> Any:
        return lambda _: time.sleep(seconds)

    workers = {"ie-model": after(0.0), "a, batches of 1": after(0.2), "a, batches of 8": after(0.0)}
    speeds = keep_best_sizes(workers, ["text"])
    assert set(workers) == {"ie-model", "a, batches of 8"}
    assert set(speeds) == {"a, batches of 1", "a, batches of 8"}


def test_every_contender_reads_every_text(model_dir: Path) -> None:
    ran = []
    for contender in contenders(model_dir, model_dir, threads=1):
        if contender.available() and "of 32" not in contender.name and "of 64" not in contender.name:
            contender.prepare()(TEXTS[:1] + TEXTS[2:])
            ran.append(contender.name)
    assert any(name.startswith("transformers pipeline, bfloat16") for name in ran)
    assert {"ie-model", "onnxruntime, int8, text by text"} <= set(ran)


def test_cost_by_length(extractor: Extractor) -> None:
    costs = by_length(extractor, "林知远离开星河。", [10, 100])
    assert set(costs) == {"10", "100"}
    assert all(cost > 0 for cost in costs.values())


def test_windows_of_a_text(extractor: Extractor) -> None:
    assert extractor.windows("") == []
    assert extractor.windows("林知远") == [Window(0, 3, 0, 3)]
    windows = extractor.windows("的" * 20_000)
    assert sum(window.last - window.first for window in windows) >= 20_000


def test_operations_are_those_of_the_matrices(model_dir: Path) -> None:
    # one layer, 32 wide and inside: qkv 3, out 1, up 2, down 1; the head 1; 17 tags
    assert encoder_operations(model_dir) == 2 * (7 * 32 * 32 + 32 * 32 + 32 * 17)


@pytest.mark.parametrize("int8", [True, False])
def test_the_matrix_of_the_ceiling(int8: bool) -> None:
    session = onnxruntime.InferenceSession(matrix_graph(8, 4, int8=int8).SerializeToString())
    values = np.full((3, 8), 130 if int8 else 2, dtype=np.uint8 if int8 else np.float32)
    assert session.run(None, {"values": values})[0].tolist() == [[16.0] * 4] * 3


def test_what_is_installed() -> None:
    sizes = installed_megabytes()
    assert {"ie-model", "numpy", "onnxruntime", "tokenizers"} <= set(sizes)
    assert not {"torch", "transformers", "pytest"} & set(sizes), "extras are left out"


def test_a_whole_run(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "ceiling", lambda threads: {"int8": 100.0, "float": 50.0})
    monkeypatch.setattr(benchmark, "in_new_process", lambda *_: [0.1, 0.1, 0.1])
    monkeypatch.setattr(benchmark_memory, "document", lambda length, threads: {"peak_megabytes": length})
    monkeypatch.setattr(benchmark, "LENGTHS", (10, 100))
    output = tmp_path / "speed.json"
    arguments = ["--rounds", "1", "--threads", "1", "--long", "100", "--only", "ie-model", "--output", str(output)]
    assert benchmark.main([*arguments, "--data-root", str(tmp_path)]) == 0
    report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert set(report["sets"]) == {"seed articles"}
    assert report["sets"]["seed articles"]["texts"] == 5
    assert "news-units" in report["not_found"]
    assert report["peak_megabytes"] == {"300": 300, "10": 10, "100": 100}
    assert report["command"].startswith("python -m training.benchmark --rounds 1")
    assert output.with_suffix(".svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_plot_escapes_and_orders(tmp_path: Path) -> None:
    rows = {"slow <b>": {"median": 10}, "ie-model": {"median": 100, "ratio": 10.0}}
    report = {"machine": {"threads": 2}, "sets": {"seed articles": {"contenders": rows}}}
    write_plot(report, tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert text.index("ie-model") < text.index("slow &lt;b&gt;")
    assert "10.0×" in text
    assert 'class="ours"' in text
