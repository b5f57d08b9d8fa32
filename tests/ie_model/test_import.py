"""What is imported, and what is not: each in a Python of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = (
    *("torch", "onnxruntime", "transformers", "tokenizers", "numpy", "opencc"),
    *("fastapi", "uvicorn", "label_studio_sdk", "pyarrow", "ray"),
)


def python(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, ie_model; print(*sorted({{m.split('.')[0] for m in sys.modules}} & set({HEAVY})))"
    assert python(code) == "\n"


def test_the_public_names_are_there() -> None:
    code = "import ie_model; print(*(getattr(ie_model, name).__name__ for name in ie_model.__all__))"
    assert (
        python(code)
        == "Article Date Departure Document Entity Evidence Extractor IEModelError InputError ModelError Money\n"
    )
    code = "import ie_model\ntry: ie_model.nothing\nexcept AttributeError as error: print(error)"
    assert python(code) == "module 'ie_model' has no attribute 'nothing'\n"


def test_help_answers_without_loading_a_model() -> None:
    program = Path(sys.executable).with_name("ie-model")
    for arguments in (
        ["--help"],
        ["extract", "--help"],
        ["batch", "--help"],
        ["serve", "--help"],
        ["label-studio", "--help"],
        ["label-studio", "push", "--help"],
    ):
        done = subprocess.run(
            [program, *arguments],
            env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0
        imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
        assert "typer" in imported
        assert not imported & set(HEAVY)
    assert "--published" in done.stdout


def test_extraction_needs_no_torch(model_dir: Path) -> None:
    code = """
import sys
for name in ("torch", "transformers", "safetensors", "onnx", "yaml"):
    sys.modules[name] = None  # importing it raises ImportError
from ie_model import Extractor
print(len(Extractor.load(sys.argv[1])("3月，林知远离开星河科技。" * 30).entities))
"""
    assert int(python(code, model_dir)) > 0


def test_the_torch_runtime_without_torch_names_the_extra(model_dir: Path) -> None:
    code = """
import sys
sys.modules["torch"] = None
from ie_model import Extractor, IEModelError
try:
    Extractor.load(sys.argv[1], runtime="torch")
except IEModelError as error:
    print(error)
"""
    assert python(code, model_dir) == (
        "torch or transformers is not installed; install it with: pip install 'ie-model[train]'\n"
    )


def test_loading_changes_no_global_state(model_dir: Path) -> None:
    """No signal handler, no environment variable, no warning filter, no thread left over."""
    code = """
import os, signal, sys, threading, warnings
def state():
    handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    return dict(os.environ), handlers, list(warnings.filters), threading.active_count(), os.getcwd()
import numpy
before = state()
from ie_model import Extractor
Extractor.load(sys.argv[1])("林知远离开星河科技。")
print(state() == before)
"""
    assert python(code, model_dir) == "True\n"
