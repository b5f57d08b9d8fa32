"""Chunks through a Ray cluster. Needs ray (`pip install 'ie-model[ray]'`) on every node.

A task on this machine reads the chunks, a pool of actors on the whole cluster works them out, and this
process writes the results: only chunks travel, so the nodes need not share a disk. Ray keeps the order,
holds the reader back when the actors fall behind, and does a lost actor's chunk again.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ie_model import errors
from ie_model.batch.chunks import Chunk, ExtractorSpec, Result, answer

if TYPE_CHECKING:
    from ray.data import Datasource

    from ie_model.extractor import Extractor

#: The one column of the blocks that travel: a pickled chunk, or a pickled result.
COLUMN = "pickle"
#: How the names begin of Ray Data's threads that use the cluster while results are read: the one that runs the
#: tasks, the one that fetches what these tell of their blocks, and the one that fetches the blocks.
RAY_DATA_THREADS = ("StreamingExecutor", "ray-data-metadata-prefetch", "iter_threaded")


def run_ray(chunks: Callable[[], Iterator[Chunk]], spec: ExtractorSpec, *, workers: int | None) -> Iterator[Result]:
    """The results of the chunks, in order, worked out by a cluster.

    Connects to the cluster that `RAY_ADDRESS` or `ray start` names, or starts one on this machine.

    Args:
        chunks: makes the stream of chunks; called once, on this machine, in another process.
        workers: actors at most, each with one core; None for as many as the cluster has cores.

    Raises:
        IEModelError: ray is not installed, or the cluster failed.
        InputError, ModelError: as for the other engines.
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy, read_datasource
        from ray.exceptions import RayError
    except ImportError:
        raise errors.missing_extra("ray", "ray") from None

    on_gpu = spec.device.startswith("cuda")
    spec = replace(
        spec,
        threads=spec.threads or 1,
        model=spec.model.absolute() if spec.model else None,  # a worker has a working folder of its own
        device="cuda" if on_gpu else spec.device,  # an actor sees the one GPU that is its own
    )
    with _cluster():
        try:
            count = workers or max(1, int(ray.cluster_resources().get("GPU" if on_gpu else "CPU", 1)))
            with _unshaped_blocks(), _quiet():
                results = read_datasource(_datasource(chunks), num_cpus=0, override_num_blocks=1).map_batches(
                    _Actor,
                    batch_size=1,
                    fn_constructor_args=(spec,),
                    compute=ActorPoolStrategy(size=count),
                    num_cpus=1,
                    num_gpus=1 if on_gpu else None,
                )
                # Nothing is fetched ahead: the thread that does so is not ended with the iteration.
                for block in results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                    for item in block.column(COLUMN):
                        result = pickle.loads(item.as_py())
                        if isinstance(result, Exception):
                            raise result
                        yield result
        except RayError as error:
            raise errors.IEModelError(
                f"the Ray cluster failed ({_reason(error)}); see Ray's log, then give the same command again: it "
                "goes on where it stopped"
            ) from error


class _Actor:
    """A worker process of the cluster."""

    def __init__(self, spec: ExtractorSpec) -> None:
        self._loaded: Extractor | errors.IEModelError
        try:
            self._loaded = spec.load()
        except errors.IEModelError as error:  # Ray would try it again, and hide what it says
            self._loaded = error

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        item: Chunk | Exception = pickle.loads(batch[COLUMN][0])
        answered: Result | Exception
        if isinstance(item, Exception):
            answered = item
        elif isinstance(self._loaded, Exception):
            answered = self._loaded
        else:
            answered = answer(self._loaded, item)
        return {COLUMN: [pickle.dumps(answered)]}


def _datasource(chunks: Callable[[], Iterator[Chunk]]) -> Datasource:
    """One task that reads all chunks, each a block of one row."""
    import pyarrow
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    def read() -> Iterator[Any]:
        def block(item: Chunk | Exception) -> Any:
            return pyarrow.table({COLUMN: pyarrow.array([pickle.dumps(item)], pyarrow.large_binary())})

        try:
            for chunk in chunks():
                yield block(chunk)
        except errors.IEModelError as error:
            yield block(error)

    class Chunks(Datasource):
        @property
        def supports_distributed_reads(self) -> bool:
            return False

        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
            return [ReadTask(read, BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None))]

    return Chunks()


@contextmanager
def _cluster() -> Iterator[None]:
    """Connected to Ray; left as it was found."""
    import ray

    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray reports on its users unless told not to
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it warns of what Ray Data itself does
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise errors.IEModelError(
            f"no Ray cluster can be reached or started ({_reason(error)}); check RAY_ADDRESS and `ray status`"
        ) from error
    try:
        yield
    finally:
        end_threads()
        ray.shutdown()


def end_threads() -> None:
    """Wait for Ray Data's threads: one that meets Ray after it was shut down ends the whole process."""
    gc.collect()  # an execution that was given up ends when it is forgotten
    for thread in threading.enumerate():
        if thread.name.startswith(RAY_DATA_THREADS):
            thread.join(timeout=10)


@contextmanager
def _unshaped_blocks() -> Iterator[None]:
    """Blocks stay as they are yielded, in order; without Ray's own progress bars."""
    from ray.data import DataContext

    context = DataContext.get_current()
    before = (context.target_max_block_size, context.execution_options.preserve_order, context.enable_progress_bars)
    context.target_max_block_size = 1  # a block for each row: else small ones are put together
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        yield
    finally:
        context.target_max_block_size, context.execution_options.preserve_order, context.enable_progress_bars = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what Ray Data tells of each run; errors are raised all the same."""
    logger = logging.getLogger("ray.data")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"ray\.data")
            yield
    finally:
        logger.setLevel(level)


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
