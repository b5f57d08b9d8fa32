"""The torch engine: for a GPU, and for checking the ONNX files against floats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ie_model import errors
from ie_model.arrays import Floats, Ints
from ie_model.model_folder import SAFETENSORS
from ie_model.relations import LINK_OUTPUTS


class TorchRuntime:
    """Runs the model's safetensors in torch; see `ie_model.runtime.Runtime`.

    Args:
        folder: a model folder with config.json and model.safetensors.
        device: "cpu", "cuda", "cuda:1" …
        bf16: compute the encoder in bfloat16; by default on a GPU only. The link head stays in float32.
    """

    def __init__(self, folder: Path, *, device: str = "cpu", bf16: bool | None = None) -> None:
        try:
            import torch
            from safetensors import SafetensorError
            from safetensors.torch import load_file
            from transformers import AutoConfig, AutoModelForTokenClassification
        except ImportError as error:
            raise errors.missing_extra("torch or transformers", "train") from error
        from ie_model.runtime.modeling import SpanLinkModel
        from ie_model.runtime.words import add_words

        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
            model = SpanLinkModel(add_words(AutoModelForTokenClassification.from_config(config)))  # type: ignore[no-untyped-call]
            model.load_saved_state(load_file(folder / SAFETENSORS))
        except (OSError, RuntimeError, ValueError, TypeError, SafetensorError) as error:
            raise errors.broken_model_file(folder, errors.first_line(error)) from error
        self._torch = torch
        try:
            self._device = torch.device(device)
            self._model: Any = model.float().eval().to(self._device)
            if self._device.type == "cuda" if bf16 is None else bf16:
                self._model.classifier.bfloat16()
        except (RuntimeError, AssertionError) as error:  # the latter where torch has no CUDA
            raise errors.bad_device(device, errors.first_line(error)) from error
        # A GPU takes all that `pipe` hands over at once, while the next texts are read; on a CPU torch spreads one
        # call over the cores itself.
        on_gpu = self._device.type != "cpu"
        self.threads, self.token_budget = (2, 65536) if on_gpu else (1, 2048)

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        torch = self._torch
        with torch.inference_mode():
            logits, hidden = self._model(self._moved(ids), self._moved(mask))
        return logits.float().cpu().numpy(), hidden.float().cpu().numpy()

    def link(self, hidden: Floats, pairs: Ints) -> Floats:
        if not len(pairs):
            return np.zeros((0, len(LINK_OUTPUTS)), dtype=np.float32)
        torch = self._torch
        with torch.inference_mode():
            scores = self._model.link_head(self._moved(hidden), self._moved(pairs))
        result: Floats = scores.float().cpu().numpy()
        return result

    def _moved(self, values: Floats | Ints) -> Any:
        """On the device; a GPU takes pinned memory while the CPU goes on."""
        tensor = self._torch.from_numpy(values)
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)
