"""What the processes of a run under torchrun share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist


@contextmanager
def ending_process_group() -> Iterator[None]:
    """What connects the processes ends with the block, unless it was there before; a decorator too.

    Its threads, left to themselves, can abort a process that is ending.
    """
    before = is_connected()
    try:
        yield
    finally:
        if not before and is_connected():
            dist.destroy_process_group()


def is_connected() -> bool:
    """Whether this process is one of several, or was started as one of them."""
    return dist.is_available() and dist.is_initialized()
