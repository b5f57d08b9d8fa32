"""`ie-model label-studio …`: the annotation round trip on the command line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ie_model import errors
from ie_model.wording import many

if TYPE_CHECKING:
    from ie_model.labelstudio.articles import Prepared
    from ie_model.labelstudio.interface import Interface
    from ie_model.labelstudio.server import Project, Server

app = typer.Typer(help="Correct the model in Label Studio, and train on what you corrected.", no_args_is_help=True)


@app.callback()
def _main() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # a console that lacks a character shows a question mark
        sys.stdout.reconfigure(errors="replace")


# Enums of the options stand here, so that --help imports nothing heavy; `tests` holds them to their like.
class Query(StrEnum):
    """Which articles come first."""

    given = "given"
    uncertain = "uncertain"


class Choose(StrEnum):
    """Which completion of a task counts."""

    latest = "latest"
    first = "first"
    predictions = "predictions"


class Offsets(StrEnum):
    """What offsets count."""

    code_points = "code-points"
    utf_16 = "utf-16"
    code_points_lf = "code-points-lf"
    utf_16_lf = "utf-16-lf"


Config = Annotated[Path | None, typer.Option(help="The project's labelling configuration (labels.xml).")]
Model = Annotated[Path | None, typer.Option(help="A model folder instead of the packaged model.")]
Published = Annotated[str | None, typer.Option(help="Date of the articles: 2023, 2023-04 or 2023-04-30.")]
Encoding = Annotated[str, typer.Option(help="The texts' character encoding.")]
MinScore = Annotated[float, typer.Option(help="Omit spans and departures that score below this (0 to 1).")]
Texts = Annotated[Path | None, typer.Option(help="Folder of the texts of a .jsonl file that has none.")]
Order = Annotated[Query, typer.Option(help="uncertain: what the model is least sure of comes first.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many, after ordering.")]
Predictions = Annotated[bool, typer.Option(help="Let the model mark the texts first.")]
Url = Annotated[str | None, typer.Option(help="The server; by default $LABEL_STUDIO_URL.")]
ProjectName = Annotated[str, typer.Option("--project", help="The project's title or number.")]
Timeout = Annotated[int, typer.Option(min=1, help="Seconds to wait for each answer.")]
Retries = Annotated[int, typer.Option(min=0, help="Further attempts when the server stumbles.")]
Articles = Annotated[list[str], typer.Argument(metavar="PATH...", help="Texts, folders (their .txt files, not those of subfolders), - for standard input, or .jsonl files of documents.")]  # fmt: skip
Exports = Annotated[list[Path], typer.Argument(metavar="PATH...", help="Label Studio exports, or folders of them.")]


@contextmanager
def _reported() -> Iterator[None]:
    """A user's mistake is one line and exit code 2."""
    try:
        yield
    except errors.IEModelError as error:
        _complain(error)
        raise typer.Exit(2) from None


def _complain(error: object) -> None:
    print(f"error: {error}", file=sys.stderr)


def _print_or_write(content: str, output: Path | None) -> None:
    """For programs, which read UTF-8 whatever the console's encoding."""
    from ie_model.labelstudio.tasks import write

    if output is not None:
        write(content.encode("utf-8"), output)
        return
    sys.stdout.buffer.write(content.encode("utf-8"))
    sys.stdout.flush()


def _interface(config: Path | None) -> Interface | None:
    from ie_model.labelstudio.interface import Interface

    return None if config is None else Interface.read(config)


@app.command()
def config(
    labels: Annotated[str | None, typer.Option(help="The labels, with commas: PERSON,ORG,PRODUCT.")] = None,
    model: Model = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
) -> None:
    """Print the labelling configuration of a project: this model's labels, or your own."""
    from ie_model.labelstudio.interface import Interface
    from ie_model.model_folder import ModelFolder

    with _reported():
        if labels is not None:
            interface = Interface.of_labels(labels.split(","))
        else:
            interface = Interface.of_labels(ModelFolder.open(model).scheme.labels)
        _print_or_write(interface.to_xml(), output)


@app.command()
def export(
    paths: Articles,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of tasks, to be imported in Label Studio.")],
    config: Config = None,
    model: Model = None,
    predictions: Predictions = True,
    query: Order = Query.given,
    limit: Limit = None,
    published: Published = None,
    encoding: Encoding = "utf-8",
    min_score: MinScore = 0.0,
    texts: Texts = None,
    offsets: Annotated[Offsets, typer.Option(help="What offsets count; Label Studio 1.23 counts code points.")] = Offsets.code_points,
) -> None:  # fmt: skip
    """Write articles and what the model finds in them as tasks for Label Studio."""
    from ie_model.labelstudio.interface import Interface
    from ie_model.labelstudio.tasks import dump

    with _reported():
        interface = _interface(config)
        articles, failed = _articles(
            paths, query=query, limit=limit, model=model, predict=predictions, published=published,
            encoding=encoding, min_score=min_score, texts=texts,
        )  # fmt: skip
        if failed and not articles:  # what an earlier call wrote stays
            raise typer.Exit(2)
        tasks = _tasks(articles, interface or _interface_of(articles) or Interface(), offsets.value)
        dump(tasks, output)
        print(f"{many(len(tasks), 'task')} in {output}")
    if failed:
        raise typer.Exit(2)


def _articles(paths: list[str], *, query: Query, limit: int | None, **options: Any) -> tuple[list[Prepared], bool]:
    """The articles in the order that they are sent in, and whether an input failed."""
    from ie_model.labelstudio.articles import read_articles
    from ie_model.labelstudio.exporting import by_uncertainty

    articles: list[Prepared] = []
    failed = False
    for item in read_articles(paths, **options):
        if isinstance(item, errors.InputError):
            _complain(item)
            failed = True
        else:
            articles.append(item)
    if query is Query.uncertain:
        versions = {id(article.document): article for article in articles}
        articles = [versions[id(document)] for document in by_uncertainty(a.document for a in articles)]
    return articles[:limit], failed


def _interface_of(articles: list[Prepared]) -> Interface | None:
    """The interface of the labels that some documents have, where they are not this package's."""
    from ie_model.labelstudio.interface import Interface

    labels = dict.fromkeys(entity.label for article in articles for entity in article.document.entities)
    return None if set(labels) <= set(Interface().labels) else Interface.of_labels(list(labels))


def _tasks(articles: list[Prepared], interface: Interface, offsets: str) -> list[dict[str, Any]]:
    from ie_model.labelstudio.exporting import to_task
    from ie_model.labelstudio.offsets import Unit

    return [to_task(a.document, interface=interface, version=a.version, unit=Unit(offsets)) for a in articles]


@app.command(name="import")
def import_(
    paths: Exports,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")] = None,
    config: Config = None,
    choose: Annotated[Choose, typer.Option(help="Whose completion of a task counts; predictions are the model's.")] = Choose.latest,
    annotator: Annotated[str | None, typer.Option(help="Only this annotator's completions: e-mail or number.")] = None,
    drafts: Annotated[bool, typer.Option(help="Completions that were not submitted count too.")] = False,
    offsets: Annotated[Offsets | None, typer.Option(help="What offsets count; found out by default.")] = None,
    agreement: Annotated[Path | None, typer.Option(help="Write how far the annotators agree to this JSON file.")] = None,
) -> None:  # fmt: skip
    """Read annotations as documents, one a line, in the form of `extract --format jsonl` with their texts."""
    from ie_model.exports import json_line
    from ie_model.labelstudio.agreement import agreement_report
    from ie_model.labelstudio.documents import document_to
    from ie_model.labelstudio.importing import Choice, import_tasks
    from ie_model.labelstudio.offsets import Unit
    from ie_model.labelstudio.tasks import dump

    with _reported():
        lines, serious = [], False
        read: list[tuple[list[Any], Interface]] = []
        skipped = unannotated = 0
        for tasks, interface in _read(paths, config):
            found = import_tasks(
                tasks, interface, choice=Choice(choose.value), annotator=annotator, drafts=drafts,
                unit=Unit(offsets.value) if offsets else None,
            )  # fmt: skip
            lines += [json_line(document_to(document)) for document in found.documents]
            for fault in found.faults:
                _complain(fault) if fault.serious else print(f"note: {fault}", file=sys.stderr)
                serious |= fault.serious
            skipped += found.skipped
            unannotated += found.unannotated
            read.append((tasks, interface))
        _print_or_write("".join(f"{line}\n" for line in lines), output)
        if agreement is not None:
            reports = []
            for interface in dict.fromkeys(interface for _, interface in read):
                of_all = [task for tasks, own in read if own == interface for task in tasks]
                reports += agreement_report(of_all, interface)["pairs"]
            dump({"pairs": reports}, agreement)
        print(
            f"{many(len(lines), 'document')}; {many(skipped, 'task')} skipped by annotators, "
            f"{unannotated} not annotated",
            file=sys.stderr,
        )
    if serious:
        raise typer.Exit(2)


def _read(paths: list[Path], config: Path | None) -> Iterator[tuple[list[Any], Interface]]:
    from ie_model.labelstudio.tasks import find_interface, read_tasks

    for path in paths:
        interface = _interface(config) or find_interface(path)
        yield list(read_tasks(path, interface)), interface


@app.command()
def check(
    paths: Exports,
    config: Config = None,
    offsets: Annotated[Offsets | None, typer.Option(help="What offsets count; found out by default.")] = None,
) -> None:
    """List every fault of the annotations: task, region, what is wrong, what to do."""
    from ie_model.labelstudio.checking import check_tasks
    from ie_model.labelstudio.offsets import Unit

    with _reported():
        count = serious = notes = 0
        for tasks, interface in _read(paths, config):
            count += len(tasks)
            for fault in check_tasks(tasks, interface, unit=Unit(offsets.value) if offsets else None):
                print(f"{'error' if fault.serious else 'note'}: {fault}")
                serious += fault.serious
                notes += not fault.serious
        print(f"{many(count, 'task')}, {many(serious, 'error')}, {many(notes, 'note')}")
    if serious:
        raise typer.Exit(2)


@app.command()
def push(
    paths: Articles,
    project: ProjectName,
    url: Url = None,
    config: Config = None,
    model: Model = None,
    predictions: Predictions = True,
    query: Order = Query.given,
    limit: Limit = None,
    published: Published = None,
    encoding: Encoding = "utf-8",
    min_score: MinScore = 0.0,
    texts: Texts = None,
    timeout: Timeout = 60,
    retries: Retries = 3,
) -> None:
    """Send articles and what the model finds in them to a project, which is made if there is none.

    Repeat it as you like: what is there already stays as it is. The token is that of $LABEL_STUDIO_API_KEY.
    """
    from ie_model.labelstudio import sync
    from ie_model.labelstudio.interface import Interface
    from ie_model.labelstudio.server import Server
    from ie_model.model_folder import ModelFolder

    with _reported():
        server = Server.connect(url, timeout=timeout, retries=retries)
        wanted = _interface(config) or (
            Interface.of_labels(ModelFolder.open(model).scheme.labels) if predictions else None
        )
        articles, failed = _articles(
            paths, query=query, limit=limit, model=model, predict=predictions, published=published,
            encoding=encoding, min_score=min_score, texts=texts,
        )  # fmt: skip
        if failed and not articles:  # no project is made for nothing
            raise typer.Exit(2)
        there, interface = sync.open_project(server, project, wanted)
        tasks = _tasks(articles, interface, Offsets.code_points.value)
        with _progress("pushing") as progress:
            done = sync.push(server, there, tasks, interface, progress)
        print(
            f"project {there.number} at {server.url}/projects/{there.number}: "
            f"{many(len(done.created), 'new task')}, {len(done.updated)} updated, {len(done.unchanged)} unchanged"
        )
        for name in done.conflicts:
            _complain(f"{name}: its text has changed since it was annotated; push it under another name")
    if failed or done.conflicts:
        raise typer.Exit(2)


@app.command()
def pull(
    folder: Annotated[Path, typer.Argument(help="Where the files go: a task a file, and labels.xml.")],
    project: ProjectName,
    url: Url = None,
    timeout: Timeout = 60,
    retries: Retries = 3,
) -> None:
    """Fetch the completed tasks of a project; only those that were changed since the last time."""
    from ie_model.labelstudio import sync
    from ie_model.labelstudio.errors import no_project
    from ie_model.labelstudio.server import Server

    with _reported():
        server: Server = Server.connect(url, timeout=timeout, retries=retries)
        there: Project | None = server.project(project)
        if there is None:
            raise no_project(project)
        with _progress("pulling") as progress:
            done = sync.pull(server, there, folder, progress)
        print(
            f"{many(len(done.written), 'task')} written to {folder}, {len(done.unchanged)} unchanged, "
            f"{done.untouched} not annotated yet"
        )
        for number in done.gone:
            print(f"note: {folder / f'{number}.json'}: the project no longer has this task", file=sys.stderr)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title)
        yield lambda done, total: bar.update(task, completed=done, total=total)
