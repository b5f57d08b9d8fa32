"""The end of what connects processes; that two of them end well is tested where they train."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch.distributed as dist

from training.processes import ending_process_group


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def connect(folder: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder / 'store'}", rank=0, world_size=1)


def test_what_was_connected_inside_ends_with_the_block(tmp_path: Path) -> None:
    @ending_process_group()
    def work() -> None:
        connect(tmp_path)
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        work()
    assert not dist.is_initialized()


def test_what_was_connected_before_stays(tmp_path: Path) -> None:
    connect(tmp_path)
    with ending_process_group():
        assert dist.is_initialized()
    assert dist.is_initialized()


def test_nothing_to_end() -> None:
    @ending_process_group()
    def work() -> int:
        return 2

    assert (work(), work()) == (2, 2)
