"""News that a trained model labels, for the next one to learn from: self-training.

    python -m training.self_training --corpora FOLDER --model TEACHER --output runs/self-training.jsonl

Pieces of the corpora are drawn by the hash of their text. Spans that the teacher is sure of become labels;
tokens of which it is not sure carry no loss (`Example.unsure`). Departures are not taken over: too many of those
told are wrong. Pieces that share 30 characters with a text on which models are scored are left out, the seed
articles among them.

A recipe names the file as a source: ``self-training:runs/self-training.jsonl``. Where a seed article is to be
scored by a model without it, the teacher must not have been trained on it either.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from ie_model.arrays import Bools, Floats
from ie_model.consistency import article_spans
from ie_model.decoding import Span, log_softmax
from ie_model.encoding import Encoding
from ie_model.extractor import Extractor
from training.command import argument_parser, reported
from training.corpus import corpus_files, read_documents
from training.data.files import write_json_lines
from training.data.sources import PASSAGES, scored_passages
from training.evaluated import without_evaluated
from training.recipe import DATA_ROOT
from training.report import check_writable

#: Characters of a piece: paragraphs of a document are put together until there are as many.
PIECE = (60, 240)
LONGEST = 600
#: A span's score, and the probability of O, from which on the teacher is sure.
SURE = 0.9


def pieces(documents: Iterable[Sequence[str]]) -> Iterator[str]:
    """Consecutive paragraphs of documents, joined to texts of some 240 characters."""
    for document in documents:
        held: list[str] = []
        size = 0
        for paragraph in document:
            if len(paragraph) > LONGEST:
                continue
            held.append(paragraph)
            size += len(paragraph)
            if size >= PIECE[1]:
                yield "\n".join(held)
                held, size = [], 0
        if size >= PIECE[0]:
            yield "\n".join(held)


def draw(texts: Iterable[str], count: int, *, seed: int) -> list[str]:
    """As many of the texts, drawn by hash: the same whatever their order; a larger count takes these and more."""
    keyed = {sha256(f"{seed} {text}".encode()).digest(): text for text in texts}
    return [keyed[key] for key in heapq.nsmallest(count, keyed)]


def label(text: str, encoding: Encoding, logits: Floats, extractor: Extractor) -> dict[str, Any] | None:
    """A row of the file: the sure spans, and [start, end) wherever the teacher is not; None without a sure span."""
    (spans,) = article_spans([(text, logits, encoding)], extractor.scheme, temperature=extractor.temperature)
    sure = [span for span in spans if span.score >= SURE]
    if not sure:
        return None
    settled = np.exp(log_softmax(logits)[:, 0]) >= SURE
    for span in spans:
        settled[span.first : span.last] = span.score >= SURE
    return {
        "id": sha256(text.encode()).hexdigest()[:12],
        "text": text,
        "spans": [_row(span, text) for span in sure],
        "unsure": [
            [int(encoding.offsets[first, 0]), int(encoding.offsets[last - 1, 1])] for first, last in _runs(~settled)
        ],
    }


def _row(span: Span, text: str) -> dict[str, Any]:
    return {"label": span.label, "start": span.start, "end": span.end, "text": text[span.start : span.end]}


def _runs(chosen: Bools) -> Iterator[tuple[int, int]]:
    """[first, last) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def label_all(texts: Sequence[str], extractor: Extractor) -> Iterator[dict[str, Any]]:
    """The rows of the texts that have a sure span."""
    for start in range(0, len(texts), 64):
        some = texts[start : start + 64]
        for text, (encoding, logits) in zip(some, extractor.tag_logits(some), strict=True):
            row = label(text, encoding, logits, extractor)
            if row is not None:
                yield row


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Label pieces of corpora with a trained model.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--model", type=Path, help="an exported model; the packaged one by default")
    parser.add_argument("--texts", type=int, default=4000, help="pieces drawn from each corpus")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="of the sets whose texts are left out")
    parser.add_argument(
        "--passages", type=Path, default=PASSAGES, help="what training.paragraphs wrote: its dev split is scored too"
    )
    parser.add_argument("--output", type=Path, required=True, help="JSON lines file to write")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    files = corpus_files(options.corpora)
    extractor = Extractor.load(options.model)
    texts = [text for file in files for text in draw(pieces(read_documents(file)), options.texts, seed=options.seed)]
    kept = without_evaluated(texts, options.data_root, [scored_passages(options.passages)])
    rows = list(track(label_all(kept, extractor), "labelling", total=len(kept), transient=True))
    write_json_lines(options.output, rows)
    spans = sum(len(row["spans"]) for row in rows)
    characters = sum(len(row["text"]) for row in rows)
    unsure = sum(end - start for row in rows for start, end in row["unsure"])
    print(
        f"{len(texts)} pieces drawn, {len(texts) - len(kept)} left out for what is scored, {len(rows)} with a sure "
        f"span: {spans} spans, {characters} characters, {unsure} of them unsure → {options.output}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
