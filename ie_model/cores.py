"""How many processors there are to work with."""

from __future__ import annotations

import os
from pathlib import Path

#: Where Linux says how much of the processors a container may use: a quota and a period, or "max".
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cores() -> int:
    """The processors that this process may use, and its container's share of them, rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return max(1, min(cores, -(-int(quota) // int(period))))
    except (OSError, ValueError):  # no such file, or no quota
        return cores
