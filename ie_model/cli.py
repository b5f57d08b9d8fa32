"""The command line. Thin: every command is a call of the functions that Python users have."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ie_model import __version__, errors
from ie_model.batch.command import batch
from ie_model.labelstudio.cli import app as label_studio
from ie_model.serving.command import serve
from ie_model.wording import many

if TYPE_CHECKING:
    from ie_model.document import Article, Departure, Document

app = typer.Typer(
    name="ie-model",
    help="Who left which organisation: information extraction from Chinese tech-business news.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(label_studio, name="label-studio")


class Format(StrEnum):
    """How `extract` prints."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"


def _version(value: bool) -> None:
    if value:
        print(f"ie-model {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Information extraction from Chinese tech-business news."""


@app.command()
def extract(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders (their .txt files, not those of subfolders), or - for standard input.")],
    format: Annotated[Format, typer.Option(help="A table for people; jsonl (one document a line) or csv (one departure a line) for programs.")] = Format.table,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write jsonl or csv to this file instead of standard output.")] = None,
    html: Annotated[Path | None, typer.Option(help="Also write a self-contained HTML page.")] = None,
    published: Annotated[str | None, typer.Option(help="Date of the articles: 2023, 2023-04 or 2023-04-30. Gives relative dates their values.")] = None,
    encoding: Annotated[str, typer.Option(help="The files' character encoding.")] = "utf-8",
    model: Annotated[Path | None, typer.Option(help="A model folder instead of the packaged model.")] = None,
    min_score: Annotated[float, typer.Option(help="Omit spans and departures that score below this (0 to 1).")] = 0.0,
) -> None:  # fmt: skip
    """Extract entities and departures from articles.

    Prints a table of departures: ie-model extract article.txt --published 2023-04-30.
    For programs: ie-model extract folder/ --format jsonl --output out.jsonl.

    A bad input is one line on standard error. The others are processed all the same, and the exit code is then 2.
    """
    from ie_model.document import Article
    from ie_model.exports import write_csv, write_jsonl
    from ie_model.extractor import Extractor
    from ie_model.inputs import check_outputs, check_texts, read_texts

    failed = False

    def articles() -> Iterator[Article]:
        nonlocal failed
        for item in read_texts(paths, encoding=encoding):
            if isinstance(item, errors.InputError):
                _complain(item)
                failed = True
            else:
                yield Article(item[1], id=item[0], published=published)

    try:
        if output is not None and format is Format.table:
            raise errors.InputError("--output needs --format jsonl or csv; the table goes to standard output")
        if output is None and sys.stdout is None:
            raise errors.closed_stdout()
        check_texts(paths)
        check_outputs(paths, [path for path in (output, html) if path is not None])
        found = Extractor.load(model, min_score=min_score).pipe(articles())
        first = list(islice(found, 1))
        if failed and not first:  # what an earlier call wrote stays
            raise typer.Exit(2)
        documents: Iterable[Document] = chain(first, found)
        if html is not None or format is Format.table:  # these show all at once, the others each as it is done
            documents = list(documents)
        if isinstance(sys.stdout, io.TextIOWrapper):
            if format is Format.table:  # a console that lacks a character shows a question mark
                sys.stdout.reconfigure(errors="replace")
            else:  # programs read UTF-8, whatever the console's encoding
                sys.stdout.reconfigure(encoding="utf-8", newline="", line_buffering=True)
        if format is Format.table:
            _print_table(list(documents))
        else:
            write = write_jsonl if format is Format.jsonl else write_csv
            if output is None:
                write(documents, sys.stdout)
            else:
                output.parent.mkdir(parents=True, exist_ok=True)
                # The mark lets spreadsheets see that a CSV file is UTF-8.
                with output.open("w", encoding="utf-8-sig" if format is Format.csv else "utf-8", newline="") as file:
                    write(documents, file)
        if html is not None:
            from ie_model.render import render_page

            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_text(render_page(list(documents)), encoding="utf-8", errors="replace")
        if sys.stdout is not None:
            sys.stdout.flush()
    except errors.IEModelError as error:
        _complain(error)
        raise typer.Exit(2) from None
    except BrokenPipeError:  # the reader (head, less) has seen enough
        sys.stderr.close()
        raise typer.Exit(0) from None
    except OSError as error:
        target = error.filename or output or html or "standard output"
        _complain(errors.cannot_write(target, error.strerror or str(error)))
        raise typer.Exit(2) from None
    if failed:
        raise typer.Exit(2)


app.command()(batch)


def _complain(error: errors.IEModelError) -> None:
    print(f"error: {error}", file=sys.stderr)


def _print_table(documents: list[Document]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ie_model.render import TABLE_COLUMNS

    console = Console()
    table = Table(title="Departures", title_justify="left")
    for name in ("document", *TABLE_COLUMNS):
        short = name in ("document", "status", "score")
        table.add_column(
            name,
            justify="right" if name == "score" else "left",
            overflow="fold",
            no_wrap=short,
            min_width=len("2023-03-20") if name == "when" else None,
        )
    count = 0
    shown = _short_names([document.id or "" for document in documents])
    for document in documents:
        for departure in document.departures:
            cells = (shown[document.id or ""], *_cells(departure))
            # Text, not str: a square bracket in an article is not markup.
            table.add_row(*(Text(cell) for cell in cells))
            count += 1
    if count:
        console.print(table)
    entities = sum(len(document.entities) for document in documents)
    counts = f"{many(count, 'departure')} and {many(entities, 'entity', 'entities')}"
    console.print(f"{counts} in {many(len(documents), 'document')}")


def _cells(departure: Departure) -> tuple[str, ...]:
    """A departure's cells; of a date the ISO value where it has one, which is shorter than the words."""
    from ie_model.render import TABLE_COLUMNS, table_cells

    cells = list(table_cells(departure))
    if departure.date is not None and departure.date.value is not None:
        cells[TABLE_COLUMNS.index("when")] = departure.date.value
    return tuple(cells)


def _short_names(names: Sequence[str]) -> dict[str, str]:
    """Names for a narrow column: their first twelve characters, or as many as tell them apart."""
    different = list(dict.fromkeys(names))
    width = 12
    while len({name[:width] for name in different}) < len(different):
        width += 1
    return {name: name if len(name) <= width + 1 else f"{name[:width]}…" for name in different}


app.command()(serve)
