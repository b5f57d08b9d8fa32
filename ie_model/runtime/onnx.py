"""The default engine: onnxruntime on the CPU, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ie_model import errors
from ie_model.decoding import Floats
from ie_model.relations import LINK_OUTPUTS
from ie_model.scheme import Ints

if TYPE_CHECKING:
    import onnxruntime


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads that spin would slow everything else on a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no public base class
        raise errors.broken_model_file(path, str(error).splitlines()[0]) from error


class OnnxRuntime:
    """Runs model.onnx and links.onnx; see `ie_model.runtime.Runtime`."""

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        self._encoder = _session(folder / "model.onnx", threads)
        self._links = _session(folder / "links.onnx", threads)

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        logits, hidden = self._encoder.run(["logits", "hidden"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(logits), np.asarray(hidden)

    def link(self, hidden: Floats, pairs: Ints) -> Floats:
        if not len(pairs):
            return np.zeros((0, len(LINK_OUTPUTS)), dtype=np.float32)
        (scores,) = self._links.run(["scores"], {"hidden": hidden, "pairs": pairs})
        return np.asarray(scores)
