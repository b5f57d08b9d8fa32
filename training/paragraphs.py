"""Put the project's marks and the paragraphs of the corpora that they belong to together.

    python -m training.paragraphs --corpora FOLDER --output runs/paragraphs.jsonl

The marks (`annotations/paragraphs/marks.jsonl`) know a paragraph by a hash of its text, so that nothing but the same
text gets them. A paragraph that shares 30 characters with a text on which models are scored is left out, whatever the
corpora hold. What is found, and what is not, is counted; a recipe names the file ``paragraphs:runs/paragraphs.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.corpus import CorpusError, corpus_files, read_documents
from training.data.example import DataError
from training.data.paragraphs import MARKS, paragraph_id, read_marks, with_text
from training.overlap import fold, shared_runs
from training.recipe import DATA_ROOT
from training.self_training import evaluated_texts


def find_paragraphs(marks: dict[str, dict[str, Any]], files: Sequence[Path]) -> dict[str, str]:
    """Id → text of the marked paragraphs that stand in the corpora."""
    found: dict[str, str] = {}
    for file in files:
        for document in read_documents(file):
            for text in document:
                key = paragraph_id(text)
                if key in marks:
                    found[key] = text
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Join the marks of paragraphs with their texts from the corpora.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--marks", type=Path, default=MARKS)
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="of the sets whose texts are left out")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        marks = read_marks(options.marks)
        found = find_paragraphs(marks, corpus_files(options.corpora))
        if not found:
            raise DataError(f"{options.corpora}: none of the {len(marks)} marked paragraphs stands in these corpora")
        texts = [(key, found[key]) for key in marks if key in found]
        evaluated = [fold(text) for text in evaluated_texts(options.data_root)]
        scored = {index for index, _, _ in shared_runs([fold(text) for _, text in texts], evaluated)}
        rows = [with_text(marks[key], text) for index, (key, text) in enumerate(texts) if index not in scored]
    except (CorpusError, DataError) as error:
        print(error, file=sys.stderr)
        return 2
    options.output.parent.mkdir(parents=True, exist_ok=True)
    partial = options.output.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    partial.replace(options.output)
    print(
        f"{len(marks)} marked paragraphs, {len(marks) - len(found)} not in these corpora, "
        f"{len(scored)} left out for what is scored, {len(rows)} → {options.output}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
