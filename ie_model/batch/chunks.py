"""Records in chunks, and a chunk to the lines of its documents.

A chunk is the unit of everything: what a worker gets, what is written at once, and what a killed run
does again. Its bounds follow from the input and the options alone, never from time or the number of
workers, so that every run cuts, and computes, alike.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ie_model import errors
from ie_model.batch.sources import Cursor, Source
from ie_model.records import BadRecord, Record

if TYPE_CHECKING:
    from ie_model.document import Document
    from ie_model.extractor import Extractor

#: How large chunks are: some seconds of work, and little to do again after a kill. Kept fields count too.
CHUNK_CHARACTERS = 100_000
CHUNK_RECORDS = 1_000


@dataclass(frozen=True)
class Shard:
    """Every `count`-th record, from the `index`-th on (1 is the first): shards are alike in size and kind."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, value: str) -> Shard:
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", value)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise errors.InputError(f"--shard {value}: write it as I/N with I from 1 to N: four shards are 1/4 to 4/4")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def holds(self, record: int) -> bool:
        """Whether the record with this number, from 1, belongs to the shard."""
        return (record - self.index) % self.count == 0


@dataclass(frozen=True)
class ExtractorSpec:
    """What a worker loads its extractor from; see `Extractor.load`."""

    model: Path | None = None
    runtime: str = "onnx"
    device: str = "cpu"
    threads: int = 0
    min_score: float = 0.0

    def load(self) -> Extractor:
        from ie_model.extractor import Extractor

        return Extractor.load(
            self.model, runtime=self.runtime, device=self.device, threads=self.threads, min_score=self.min_score
        )


@dataclass(frozen=True)
class Chunk:
    """Consecutive records of a shard; the cursor is where the next chunk starts."""

    index: int
    records: tuple[Record | BadRecord, ...]
    cursor: Cursor
    share: float | None = None


@dataclass(frozen=True)
class Result:
    """What became of a chunk: whole lines of UTF-8 for the two output files, and counts for both."""

    index: int
    documents: bytes
    errors: bytes
    count: int
    bad: int
    characters: int
    cursor: Cursor
    share: float | None
    worker: str


def chunks(
    source: Source,
    *,
    shard: Shard,
    start: Cursor,
    first: int,
    most_characters: int = CHUNK_CHARACTERS,
    most_records: int = CHUNK_RECORDS,
) -> Iterator[Chunk]:
    """The chunks of a shard from a cursor on; `first` is the number of the first one.

    A chunk ends with the record that brings it to so many characters, or records.
    """
    index, cursor, characters = first, start, 0
    records: list[Record | BadRecord] = []
    for entry in source.entries(start):
        if not shard.holds(entry.cursor.record):
            continue
        record = entry.load()
        records.append(record)
        cursor = entry.cursor
        characters += record.characters if isinstance(record, Record) else 0
        if characters >= most_characters or len(records) >= most_records:
            yield Chunk(index, tuple(records), cursor, source.share(cursor))
            index, characters, records = index + 1, 0, []
    if records:
        yield Chunk(index, tuple(records), cursor, source.share(cursor))


def work(extractor: Extractor, chunk: Chunk) -> Result:
    """Extract a chunk. A text that the extractor fails on becomes a bad record; the others go on.

    Raises IEModelError: the extractor fails on every text from some record on, as a GPU does after some errors.
    """
    from ie_model.exports import json_line

    good = [record for record in chunk.records if isinstance(record, Record)]
    found = iter(_extract(extractor, good))
    documents, bad, characters = [], [], 0
    for record in chunk.records:
        outcome = next(found) if isinstance(record, Record) else record
        if isinstance(outcome, BadRecord):
            bad.append(json_line(outcome.to_dict()))
        elif isinstance(record, Record):
            documents.append(json_line({**outcome.to_dict(), **record.kept}))
            characters += len(record.text)
    return Result(
        index=chunk.index,
        documents=_lines(documents),
        errors=_lines(bad),
        count=len(documents),
        bad=len(bad),
        characters=characters,
        cursor=chunk.cursor,
        share=chunk.share,
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


def answer(extractor: Extractor, chunk: Chunk) -> Result | errors.IEModelError:
    """What a worker process sends back: the result of `work`, or its error, for the main process to raise."""
    try:
        return work(extractor, chunk)
    except errors.IEModelError as error:
        return error


def extract_records(extractor: Extractor, records: Sequence[Record]) -> Iterator[Document]:
    """The records' documents, in order."""
    from ie_model.document import Article

    return extractor.pipe(Article(record.text, record.id, record.published) for record in records)


def _extract(extractor: Extractor, records: Sequence[Record]) -> list[Document | BadRecord]:
    try:
        return list(extract_records(extractor, records))
    except Exception as error:
        if len(records) == 1:
            [record] = records
            reason = f"{type(error).__name__}: {errors.first_line(error)}"
            _check_works(extractor, record, reason)
            return [BadRecord(record.place, f"extraction failed ({reason})", record.id)]
    # One of them did it: halves, so that it costs the others little.
    middle = len(records) // 2
    return _extract(extractor, records[:middle]) + _extract(extractor, records[middle:])


def _check_works(extractor: Extractor, record: Record, reason: str) -> None:
    """IEModelError if the extractor fails on a text that cannot be at fault."""
    try:
        list(extractor.pipe(["。"]))
    except Exception:
        raise errors.IEModelError(
            f"the model fails on every text from record {record.place} on ({reason}); see to its machine, then give "
            "the command again, without --overwrite: it goes on where it stopped"
        ) from None


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("utf-8")
