"""A run's peak memory does not grow with its input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SENTENCES

MB = 2**20

#: Runs the command line and tells its peak memory in KB; "nothing" takes the model's place by one that finds nothing,
#: so that a gigabyte of text is read and written in minutes.
CODE = """
import sys
from pathlib import Path
from ie_model.batch.chunks import ExtractorSpec
from ie_model.document import Document
class Nothing:
    def pipe(self, texts, *, published=None):
        return (Document(text=one.text) for one in texts)
if sys.argv.pop(1) == "nothing":
    ExtractorSpec.load = lambda self: Nothing()
from ie_model.cli import app
app(standalone_mode=False)
# Not ru_maxrss, which begins with what the process that started this one held.
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def peak(folder: Path, model: Path, *, extractor: str, size: int, text: int, other: int) -> float:
    """Megabytes at most, for `size` bytes of records with so many sentences, and other bytes that are not read."""
    folder.mkdir()
    record = json.dumps({"text": SENTENCES[0] * text, "html": "x" * other}, ensure_ascii=False).encode() + b"\n"
    with (folder / "in.jsonl").open("wb") as file:
        for _ in range(size // len(record)):
            file.write(record)
    arguments = [extractor, "batch", folder / "in.jsonl", folder / "out.jsonl", "--model", model]
    done = subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=True)
    assert f"{size // len(record):,} documents" in done.stderr
    (folder / "in.jsonl").unlink()
    return int(done.stdout) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("extractor", "text", "other"), [("nothing", 100, 0), ("model", 1, 400_000)])
def test_a_gigabyte_takes_no_more_memory_than_a_megabyte(
    tmp_path: Path, model_dir: Path, extractor: str, text: int, other: int
) -> None:
    short, long = (
        peak(tmp_path / str(size), model_dir, extractor=extractor, size=size * MB, text=text, other=other)
        for size in (1, 1024)
    )
    print(f"\n{extractor}: peak {short:.1f} MB for 1 MB, {long:.1f} MB for 1 GB")
    assert long < short + 100
