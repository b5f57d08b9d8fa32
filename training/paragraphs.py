"""Put the project's marks and the paragraphs of the corpora that they belong to together.

    python -m training.paragraphs --corpora FOLDER --output runs/paragraphs.jsonl

The marks (`annotations/paragraphs/marks.jsonl`) know a paragraph by a hash of its text, so that nothing but the same
text gets them. A paragraph that shares 30 characters with a text on which models are scored is left out, whatever the
corpora hold; so is one for training that shares them with one of the dev split. What is found, and what is not, is
counted; a recipe names the file ``paragraphs:runs/paragraphs.jsonl``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.command import argument_parser, reported
from training.corpus import corpus_files, read_documents
from training.data.example import DataError
from training.data.files import write_json_lines
from training.data.paragraphs import MARKS, paragraph_id, passage_length, passages, read_marks, split_of, with_text
from training.evaluated import without_evaluated
from training.overlap import without_shared
from training.recipe import DATA_ROOT
from training.report import check_writable


def find_paragraphs(marks: dict[str, dict[str, Any]], files: Sequence[Path]) -> dict[str, str]:
    """Id → text of the marked paragraphs, and passages of several, that stand in the corpora."""
    found: dict[str, str] = {}
    lengths = sorted({passage_length(row) for row in marks.values()})
    for file in files:
        for document in read_documents(file):
            for length in lengths:
                for text in passages(document, length):
                    key = paragraph_id(text)
                    if key in marks:
                        found[key] = text
    return found


def without_dev(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, without those for training that share a run of 30 characters with one that is for evaluation."""
    dev, train = ([row["text"] for row in rows if split_of(row) == split] for split in ("dev", "train"))
    kept = {*dev, *without_shared(train, dev)}
    return [row for row in rows if row["text"] in kept]


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Join the marks of paragraphs with their texts from the corpora.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--marks", type=Path, default=MARKS, help="the marks, without their texts")
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="of the sets whose texts are left out")
    parser.add_argument("--output", type=Path, required=True, help="JSON lines file to write")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    marks = read_marks(options.marks)
    found = find_paragraphs(marks, corpus_files(options.corpora))
    if not found:
        raise DataError(f"{options.corpora}: none of the {len(marks)} marked paragraphs stands in these corpora")
    kept = set(without_evaluated(list(found.values()), options.data_root))
    rows = without_dev([with_text(row, found[key]) for key, row in marks.items() if found.get(key) in kept])
    write_json_lines(options.output, rows)
    print(
        f"{len(marks)} marked paragraphs, {len(marks) - len(found)} not in these corpora, "
        f"{len(found) - len(rows)} left out for what is scored, {len(rows)} → {options.output}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
