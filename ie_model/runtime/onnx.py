"""The default engine: onnxruntime on the CPU, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ie_model import errors
from ie_model.arrays import Floats, Ints
from ie_model.cores import available_cores
from ie_model.model_folder import ENCODER_ONNX, LINKS_ONNX
from ie_model.relations import LINK_OUTPUTS

if TYPE_CHECKING:
    import onnxruntime


def _session(path: Path, *, inputs: set[str], outputs: set[str]) -> onnxruntime.InferenceSession:
    """A graph that takes and gives these."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a call: batches run side by side instead, and none waits for another.
    options.intra_op_num_threads = 1
    # A pattern is kept for every shape of a batch: tens of megabytes after a few texts, and nothing faster.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no public base class
        raise errors.broken_model_file(path, errors.first_line(error)) from error
    found = {one.name for one in (*session.get_inputs(), *session.get_outputs())}
    if found != inputs | outputs:
        raise errors.broken_model_file(path, f"it has {sorted(found)} where {sorted(inputs | outputs)} are expected")
    return session


class OnnxRuntime:
    """Runs model.onnx and links.onnx; see `ie_model.runtime.Runtime`.

    Args:
        threads: calls of `encode` that may run at once; 0 for as many as there are cores.
        tags: how many the encoder has to tell apart, if that is to be checked.
    """

    #: What is computed with so few tokens stays in a core's cache: 512 were a tenth faster than 4,096.
    token_budget = 512

    def __init__(self, folder: Path, *, threads: int = 0, tags: int | None = None) -> None:
        if not isinstance(threads, int) or threads < 0:
            raise errors.bad_threads(threads)
        self.threads = threads or available_cores()
        encoder, links = folder / ENCODER_ONNX, folder / LINKS_ONNX
        self._encoder = _session(encoder, inputs={"input_ids", "attention_mask"}, outputs={"logits", "hidden"})
        self._links = _session(links, inputs={"hidden", "pairs"}, outputs={"scores"})
        told = next(one.shape[-1] for one in self._encoder.get_outputs() if one.name == "logits")
        if tags is not None and isinstance(told, int) and told != tags:
            raise errors.broken_model_file(encoder, f"it tells {told} tags apart; config.json has labels for {tags}")
        answers = self._links.get_outputs()[0].shape[-1]
        if isinstance(answers, int) and answers != len(LINK_OUTPUTS):
            reason = f"of each pair it says {answers} things and not {len(LINK_OUTPUTS)}: another version made it"
            raise errors.broken_model_file(links, reason)

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        logits, hidden = self._encoder.run(["logits", "hidden"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(logits), np.asarray(hidden)

    def link(self, hidden: Floats, pairs: Ints) -> Floats:
        if not len(pairs):
            return np.zeros((0, len(LINK_OUTPUTS)), dtype=np.float32)
        (scores,) = self._links.run(["scores"], {"hidden": hidden, "pairs": pairs})
        return np.asarray(scores)
