"""A run: from an input, through an engine, to an output."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import ie_model
from ie_model import errors
from ie_model.batch import chunks as chunking
from ie_model.batch import store as storing
from ie_model.batch.chunks import Chunk, ExtractorSpec, Result, Shard
from ie_model.batch.sources import Source
from ie_model.records import Fields

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Job:
    """What to run.

    Attributes:
        input: a file or folder of records, or "-" (see `ie_model.batch.sources`).
        output: a .jsonl or .parquet file.
        fields: where records have their parts.
        encoding: of JSON lines and text files.
        extractor: model, runtime, least score.
        shard: the part of the records that this run takes.
        engine: "local", or "ray".
        workers: processes; None is one for "local", and one for each of the cluster's cores for "ray".
        overwrite: start over, and replace what is there.
    """

    input: str
    output: Path
    fields: Fields = field(default_factory=Fields)
    encoding: str = "utf-8"
    extractor: ExtractorSpec = field(default_factory=ExtractorSpec)
    shard: Shard = field(default_factory=Shard)
    engine: str = "local"
    workers: int | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Summary:
    """What came of it.

    Attributes:
        documents, bad, characters: in the output, earlier runs of it included.
        resumed: documents and bad records that were there when this run began.
        new_characters, seconds, workers: of this run alone; `workers` are processes that did something.
        output, errors: where it is; `errors` is None if no record was bad.
    """

    documents: int
    bad: int
    characters: int
    resumed: int
    new_characters: int
    seconds: float
    workers: int
    output: Path
    errors: Path | None


def run(
    job: Job,
    *,
    watch: Callable[[Result], None] = lambda result: None,
    warn: Callable[[str], None] = lambda message: None,
) -> Summary:
    """Run a job, or go on with one that was stopped. A job that is complete already is left alone.

    With more than one worker, call it from a module that can be imported without running anything
    (`if __name__ == "__main__":`), as for all of Python's processes.

    Args:
        watch: told of each chunk when it is written.
        warn: told what went wrong and was mended.

    Raises:
        InputError, ModelError: as the message says; what is finished stays, and is gone on from.
    """
    started = time.monotonic()
    if job.engine not in ENGINES:
        raise errors.InputError(f"--engine {job.engine}: choose local or ray")
    if job.workers is not None and job.workers < 1:
        raise errors.InputError(f"--workers {job.workers}: give 1 or more")
    source = Source(job.input, fields=job.fields, encoding=job.encoding)
    _check_output(job, source)
    settings = _settings(job, source)
    workers = set()
    with storing.open_store(
        job.output,
        settings=settings,
        keep=job.fields.keep,
        overwrite=job.overwrite,
        read_before=source.fingerprint_before,
    ) as store:
        before = store.state
        if not before.complete:
            make = partial(
                chunking.chunks,
                source,
                shard=job.shard,
                start=before.cursor,
                first=before.chunks,
                most_characters=chunking.CHUNK_CHARACTERS,
                most_records=chunking.CHUNK_RECORDS,
            )
            for result in _results(job, make, warn):
                store.append(result)
                workers.add(result.worker)
                watch(result)
            store.finish()
        state = store.state
        return Summary(
            documents=state.documents,
            bad=state.bad,
            characters=state.characters,
            resumed=before.documents + before.bad,
            new_characters=state.characters - before.characters,
            seconds=time.monotonic() - started,
            workers=len(workers),
            output=job.output,
            errors=store.places.errors if state.bad else None,
        )


def _results(job: Job, make: Callable[[], Iterator[Chunk]], warn: Callable[[str], None]) -> Iterator[Result]:
    if job.engine == "ray":
        from ie_model.batch.ray_engine import run_ray

        return run_ray(make, job.extractor, workers=job.workers)
    from ie_model.batch.local import run_here, run_workers

    if (job.workers or 1) == 1:
        return run_here(make(), job.extractor)
    return run_workers(make(), job.extractor, workers=job.workers or 1, warn=warn)


def _check_output(job: Job, source: Source) -> None:
    output, suffix = job.output, job.output.suffix.lower()
    if suffix not in (storing.OUTPUT_LINES, storing.OUTPUT_PARQUET) or os.path.isdir(output):
        raise errors.InputError(f"{output}: the output is one file; let its name end in .jsonl or .parquet")
    if suffix == storing.OUTPUT_PARQUET:
        from ie_model.batch.parquet import need_pyarrow

        need_pyarrow()
    if source.is_stdin:
        if job.engine == "ray":
            raise errors.InputError("--engine ray cannot read standard input; write it to a file first")
        return
    # What os.path answers of paths that cannot be looked at, pathlib raises.
    places = storing.Places.of(output)
    written = {places.output, places.errors, places.manifest}
    if any(Path(os.path.realpath(file)) in written for file in source.files):
        raise errors.same_file(output)
    if os.path.isdir(job.input) and places.output.parent == Path(os.path.realpath(job.input)):
        raise errors.InputError(f"{output}: the output would be part of the input folder; put it elsewhere")


def _settings(job: Job, source: Source) -> dict[str, Any]:
    """All that the output depends on. Workers and engine do not matter: a run may go on with others."""
    return {
        "input": source.fingerprint,
        "model": _model_fingerprint(job.extractor),
        "version of ie-model": ie_model.__version__,
        "chunk size": [chunking.CHUNK_CHARACTERS, chunking.CHUNK_RECORDS],
        "--runtime": job.extractor.runtime,
        "--device": job.extractor.device,
        "--min-score": job.extractor.min_score,
        "--shard": str(job.shard),
        "--encoding": job.encoding,
        "--text-field": job.fields.text,
        "--id-field": job.fields.id,
        "--published-field": job.fields.published,
        "--keep": list(job.fields.keep),
    }


def _model_fingerprint(spec: ExtractorSpec) -> str:
    from ie_model.model_folder import ModelFolder, needed_files

    folder = ModelFolder.open(spec.model, runtime=spec.runtime).path
    digest = hashlib.blake2b(digest_size=16)
    for name in needed_files(spec.runtime):
        try:
            with (folder / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        except OSError as error:
            raise errors.unreadable_model(folder / name, error) from error
    return digest.hexdigest()
