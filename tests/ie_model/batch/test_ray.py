"""The Ray engine on a real cluster: two nodes on this machine, each with processes of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ie_model.batch import chunks as chunking
from ie_model.batch.chunks import ExtractorSpec
from ie_model.batch.job import Job, Summary, run
from ie_model.batch.ray_engine import end_threads
from ie_model.errors import InputError, ModelError
from tests.ie_model.batch.files import records, write_lines

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    import ray.data
    from ray.cluster_utils import Cluster

    # The processes of the cluster find the package, and these tests, where this one does.
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False)
    # Else the first actor that is ready has done the little there is before the second one is.
    ray.data.DataContext.get_current().wait_for_min_actors_s = 120
    yield
    end_threads()
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture
def go(cluster: None, model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Summary]:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 4)
    write_lines(tmp_path / "in.jsonl", [*records(70), "bad", *records(9)])

    def call(name: str, **options: Any) -> Summary:
        watch = options.pop("watch", lambda result: None)
        options.setdefault("input", str(tmp_path / "in.jsonl"))
        options.setdefault("extractor", ExtractorSpec(model_dir))
        return run(Job(output=tmp_path / name, **options), watch=watch)

    return call


def same(tmp_path: Path, name: str) -> bool:
    return all(
        (tmp_path / f"{name}{ending}").read_bytes() == (tmp_path / f"local.jsonl{ending}").read_bytes()
        for ending in ("", ".errors.jsonl")
    )


def test_a_cluster_gives_what_this_process_gives(go: Callable[..., Summary], tmp_path: Path) -> None:
    import ray

    assert len([node for node in ray.nodes() if node["Alive"]]) == 2
    go("local.jsonl")
    workers: set[str] = set()
    summary = go("ray.jsonl", engine="ray", workers=2, watch=lambda result: workers.add(result.worker))
    assert same(tmp_path, "ray.jsonl")
    assert summary.workers == len(workers) == 2, "the work was not shared"
    assert not any(worker.endswith(f":{os.getpid()}") for worker in workers)
    assert (summary.documents, summary.bad) == (79, 1)


def test_a_run_goes_on_with_the_other_engine(go: Callable[..., Summary], tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(result: chunking.Result) -> None:
        if result.index in (3, 9):
            raise Stop

    go("local.jsonl")
    for engine in ("local", "ray"):
        with pytest.raises(Stop):
            go("both.jsonl", engine=engine, watch=stop)
    assert go("both.jsonl", engine="ray").resumed == 40
    assert same(tmp_path, "both.jsonl")


def test_a_killed_actor_is_replaced(go: Callable[..., Summary], tmp_path: Path) -> None:
    go("local.jsonl")
    killed: list[int] = []

    def kill(result: chunking.Result) -> None:
        if result.index == 2:
            killed.append(int(result.worker.partition(":")[2]))
            os.kill(killed[0], 9)

    go("ray.jsonl", engine="ray", workers=2, watch=kill)
    assert killed
    assert same(tmp_path, "ray.jsonl")


def test_errors_are_told_as_by_the_other_engines(go: Callable[..., Summary], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="the gzip data is damaged"):
        go("out.jsonl", engine="ray", input=str(tmp_path / "in.jsonl.gz"))
    with pytest.raises(ModelError, match=r"links\.onnx: not a usable model file"):
        go("out.jsonl", engine="ray", extractor=ExtractorSpec(broken(tmp_path)))


def broken(tmp_path: Path) -> Path:
    """A model folder that opens, with a file in it that does not load."""
    import shutil

    import ie_model

    folder = tmp_path / "broken"
    shutil.copytree(Path(ie_model.__file__).parent / "weights", folder)
    (folder / "links.onnx").write_bytes(b"no model")
    return folder
