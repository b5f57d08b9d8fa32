"""Corpora to packed tokens: what pretraining reads.

A corpus is a text file (plain or .xz): a paragraph a line, an empty line between
documents. Packing converts to the model's view, tokenizes, marks jieba's words and
writes one flat file of little-endian uint16 per corpus: the low 15 bits are the token id,
the high bit says that the token continues a word. Documents end with [SEP].

    python -m training.corpus --corpora FOLDER --output build/pretrain
"""

from __future__ import annotations

import json
import lzma
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from ie_model.model_folder import TOKENIZER
from ie_model.script import model_view
from training.command import argument_parser, reported
from training.errors import TrainingError
from training.tokenizer import train_tokenizer, write_tokenizer

CONTINUES = 0x8000
#: One document in this many is held out for measuring, chosen by its hash.
HOLD_OUT = 200


class CorpusError(TrainingError):
    """A corpus that cannot be read; the message names the file and the remedy."""


def corpus_files(folder: Path) -> list[Path]:
    """The corpora of a folder, sorted; CorpusError if there is none."""
    files = sorted([*folder.glob("*.txt"), *folder.glob("*.txt.xz")])
    if not files:
        raise CorpusError(f"{folder}: no .txt or .txt.xz corpus in this folder")
    for one, other in pairwise(files):
        if corpus_name(one) == corpus_name(other):
            raise CorpusError(f"{one} and {other.name} are corpora of one name; give one of them another")
    return files


def corpus_name(path: Path) -> str:
    return path.name.removesuffix(".xz").removesuffix(".txt")


def read_documents(path: Path) -> Iterator[list[str]]:
    """The documents of a corpus file, each as its paragraphs in the model's view."""
    if not path.is_file():
        raise CorpusError(f"{path}: no such corpus file; --corpora takes a folder of .txt or .txt.xz files")
    paragraphs: list[str] = []
    try:
        opener = lzma.open if path.suffix == ".xz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    paragraphs.append(model_view(line.strip()))
                elif paragraphs:
                    yield paragraphs
                    paragraphs = []
    except (lzma.LZMAError, EOFError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: damaged corpus file ({error}); fetch it again, nothing was changed") from error
    if paragraphs:
        yield paragraphs


#: The tokenizer of a worker process, under one key.
_worker: dict[str, Tokenizer] = {}


def _start_worker(tokenizer: str) -> None:
    import jieba

    jieba.setLogLevel(60)
    jieba.initialize()
    _worker["tokenizer"] = Tokenizer.from_str(tokenizer)


def _encode(documents: list[list[str]]) -> list[tuple[bool, np.ndarray]]:
    """(held out?, packed tokens) per document."""
    import jieba

    tokenizer = _worker["tokenizer"]
    separator = tokenizer.token_to_id("[SEP]")
    results = []
    for paragraphs in documents:
        pieces = []
        for text, encoding in zip(
            paragraphs, tokenizer.encode_batch(paragraphs, add_special_tokens=False), strict=True
        ):
            starts = np.zeros(len(text) + 1, dtype=bool)
            position = 0
            for word in jieba.cut(text):
                starts[position] = True
                position += len(word)
            ids = np.array(encoding.ids, dtype=np.uint16)
            offsets = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
            pieces.append(np.where(starts[offsets], ids, ids | CONTINUES).astype(np.uint16))
        pieces.append(np.array([separator], dtype=np.uint16))
        digest = sha256("\n".join(paragraphs).encode()).digest()
        results.append((int.from_bytes(digest[:4], "big") % HOLD_OUT == 0, np.concatenate(pieces)))
    return results


def _chunks(documents: Iterator[list[str]], size: int = 64) -> Iterator[list[list[str]]]:
    chunk: list[list[str]] = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def pack(corpus: Path, *, tokenizer: Tokenizer, output: Path, workers: int) -> dict[str, int]:
    """Pack one corpus to NAME.train.bin and NAME.heldout.bin; returns their token counts."""
    name = corpus_name(corpus)
    counts = {"train": 0, "heldout": 0}
    output.mkdir(parents=True, exist_ok=True)
    partial = {split: output / f"{name}.{split}.bin.partial" for split in counts}
    try:
        with (
            multiprocessing.Pool(workers, _start_worker, (tokenizer.to_str(),)) as pool,
            partial["train"].open("wb") as train,
            partial["heldout"].open("wb") as heldout,
        ):
            for results in pool.imap(_encode, _chunks(read_documents(corpus))):
                for held_out, tokens in results:
                    (heldout if held_out else train).write(tokens.astype("<u2").tobytes())
                    counts["heldout" if held_out else "train"] += len(tokens)
    except BaseException:
        for path in partial.values():
            path.unlink(missing_ok=True)
        raise
    for split, path in partial.items():  # only whole files get their name
        path.rename(output / f"{name}.{split}.bin")
    return counts


def load_tokenizer(path: Path) -> Tokenizer:
    """CorpusError if the file holds no tokenizer, or one of more entries than a packed token can tell apart."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers has no class of its own for it
        raise CorpusError(f"{path}: no tokenizer ({error}); --tokenizer takes a tokenizer.json") from error
    if tokenizer.get_vocab_size() > CONTINUES:
        raise CorpusError(f"{path}: {tokenizer.get_vocab_size()} entries; packed tokens hold at most {CONTINUES}")
    return tokenizer


def is_packed(output: Path, name: str) -> bool:
    return all((output / f"{name}.{split}.bin").is_file() for split in ("train", "heldout"))


def _known_tokenizer(output: Path, given: Path | None) -> Tokenizer | None:
    """The tokenizer that is given, or that stands beside packed files; None if one is to be trained.

    CorpusError: there is none for packed files that are there, or they are another one's.
    """
    beside = output / TOKENIZER
    packed = any(output.glob("*.train.bin"))
    if given is None and not beside.is_file():
        if packed:
            raise CorpusError(
                f"{output}: packed files without their tokenizer.json; name with --tokenizer the one that packed "
                "them, or choose another output"
            )
        return None
    tokenizer = load_tokenizer(given or beside)
    if beside.is_file() and load_tokenizer(beside).to_str() != tokenizer.to_str():
        raise CorpusError(
            f"{output} has another tokenizer than {given}; leave --tokenizer out, or choose another output"
        )
    return tokenizer


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Train the tokenizer and pack the corpora for pretraining.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of .txt or .txt.xz files")
    parser.add_argument("--output", type=Path, required=True, help="folder to write the packed tokens to")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json to use instead of training one")
    parser.add_argument("--latin-entries", type=int, default=4000, help="entries of the tokenizer for Latin script")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count(), help="processes that pack")
    options = parser.parse_args(arguments)
    try:
        files = corpus_files(options.corpora)
        tokenizer_file = options.output / TOKENIZER
        tokenizer = _known_tokenizer(options.output, options.tokenizer)
        if tokenizer is None:
            paragraphs = (text for file in files for document in read_documents(file) for text in document)
            tokenizer = train_tokenizer(paragraphs, latin_entries=options.latin_entries)
            write_tokenizer(tokenizer, options.output)
            print(f"tokenizer: {tokenizer.get_vocab_size()} entries → {tokenizer_file}", flush=True)
        for file in files:
            if is_packed(options.output, corpus_name(file)):
                print(f"{file.name}: packed before, left as it is", flush=True)
                continue
            counts = pack(file, tokenizer=tokenizer, output=options.output, workers=options.workers)
            print(f"{file.name}: {json.dumps(counts)} tokens", flush=True)
            if not counts["heldout"]:
                print(
                    f"{file.name}: nothing is held out, which pretraining measures itself by: one document in "
                    f"{HOLD_OUT} is, and an empty line parts two",
                    file=sys.stderr,
                )
            if not tokenizer_file.is_file():  # one that was given: pretraining reads it beside the packed files
                write_tokenizer(tokenizer, options.output)
    except OSError as error:
        print(f"{error.filename or options.output}: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
