"""`ie-model batch`: the command line's face of a job."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ie_model import errors
from ie_model.inputs import STDIN


class Engine(StrEnum):
    """Where the work is done."""

    local = "local"
    ray = "ray"


class RuntimeName(StrEnum):
    """What runs the model."""

    onnx = "onnx"
    torch = "torch"


def batch(
    input: Annotated[str, typer.Argument(metavar="INPUT", help="A .jsonl, .jsonl.gz, .parquet or .txt file, a folder of them (its subfolders are not read), or - for JSON lines from standard input.")],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The file to write: .jsonl or .parquet.")],
    workers: Annotated[int | None, typer.Option(help="Worker processes, which share the cores; unless given, one for every four cores, and with ray one for each core of the cluster.")] = None,
    shard: Annotated[str, typer.Option(metavar="I/N", help="Only every N-th record from the I-th on, to share the input between machines: 1/4 … 4/4.")] = "1/1",
    engine: Annotated[Engine, typer.Option(help="This machine, or a Ray cluster (RAY_ADDRESS, else one is started here).")] = Engine.local,
    text_field: Annotated[str, typer.Option(help="The field with the text.")] = "text",
    id_field: Annotated[str, typer.Option(help="The field with the id; a record without one is named FILE:LINE.")] = "id",
    published_field: Annotated[str, typer.Option(help="The field with the article's ISO date.")] = "published",
    keep: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="A field that goes to the output as it is (bytes in Parquet as base64); may be repeated.")] = None,
    encoding: Annotated[str, typer.Option(help="The character encoding of JSON lines and text files.")] = "utf-8",
    model: Annotated[Path | None, typer.Option(help="A model folder instead of the packaged model.")] = None,
    runtime: Annotated[RuntimeName, typer.Option(help="What runs the model.")] = RuntimeName.onnx,
    device: Annotated[str, typer.Option(help="For --runtime torch: cpu, cuda, cuda:1 …")] = "cpu",
    min_score: Annotated[float, typer.Option(help="Omit spans and departures that score below this (0 to 1).")] = 0.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start over, and replace what an earlier run left or wrote.")] = False,
) -> None:  # fmt: skip
    """Extract from many records: JSON lines, Parquet or text files, to one output file.

    Records are objects with "text" and, if you like, "id" and "published". OUTPUT has one document for each, in
    order; bad records go to OUTPUT.errors.jsonl with their place and the reason. OUTPUT appears when it is complete:
    give a command that was stopped again, and it goes on where it stopped.

    The exit code is 0 even if some records were bad (count the lines of OUTPUT.errors.jsonl), 2 if none was good or
    the command was wrong, and 130 after Ctrl-C.
    """
    from ie_model.batch.chunks import ExtractorSpec, Shard
    from ie_model.batch.job import Job, run
    from ie_model.batch.progress import Meter, summary_line
    from ie_model.records import Fields

    try:
        job = Job(
            input=input,
            output=output,
            fields=Fields(
                text=text_field, id=id_field, published=published_field, keep=tuple(dict.fromkeys(keep or ()))
            ),
            encoding=encoding,
            extractor=ExtractorSpec(model=model, runtime=runtime, device=device, min_score=min_score),
            shard=Shard.parse(shard),
            engine=engine,
            workers=_workers(engine, runtime) if workers is None else workers,
            overwrite=overwrite,
        )
        with Meter() as meter:
            summary = run(job, watch=meter.watch, warn=meter.warn)
    except errors.IEModelError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print(f"stopped; {_remedy(input, output, overwrite)}", file=sys.stderr)
        raise typer.Exit(130) from None
    print(summary_line(summary), file=sys.stderr)
    if summary.bad and not summary.documents:
        print(f"error: no record was good; see {summary.errors} for the reasons", file=sys.stderr)
        raise typer.Exit(2)


def _workers(engine: Engine, runtime: RuntimeName) -> int | None:
    """How many processes, where the user does not say.

    A fifth of the time is spent outside of the engine, by one thread: more than four threads would wait for it.
    """
    if engine is Engine.ray or runtime is RuntimeName.torch:
        return None
    from ie_model.cores import available_cores

    return max(1, available_cores() // 4)


def _remedy(input: str, output: Path, overwrite: bool) -> str:
    """How to go on after Ctrl-C."""
    from ie_model.batch.store import Places

    if input == STDIN:
        return "standard input cannot be read again from here: to start over, pass --overwrite"
    if not Places.of(output).work_manifest.exists():
        return "nothing was finished yet; give the same command again"
    return f"give the same command again{', without --overwrite,' if overwrite else ''} to go on from here"
