"""The words that the encoder knows as wholes, and a first vector for each, from packed tokens.

    python -m training.words --packed runs/pretrain

A transformer of a few layers that has read some tens of millions of tokens knows few names. What
stands next to a word can be counted in the whole corpus in minutes, so each word of the
lexicon starts from a vector that says in which company it is found: the positive pointwise
mutual information of the word and its neighbours, reduced by a truncated singular value
decomposition (Levy and Goldberg 2014; Levy, Goldberg and Dagan 2015). Pretraining goes on from there.

Writes words.safetensors into the folder of the packed files, which `training.pretrain` reads.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from scipy import sparse
from scipy.sparse.linalg import svds
from tokenizers import Tokenizer

from ie_model.arrays import Ints
from ie_model.runtime.words import LONGEST_WORD, TOKEN_BITS
from training.command import argument_parser, reported
from training.corpus import CONTINUES
from training.packed import WORDS_FILE, PretrainError, read_tokenizer, tokenizer_digest

#: A sequence of tokens is a word where it stands this many times, unless asked otherwise …
LEAST_COUNT = 25
#: … and e to this times as often as its parts would meet by chance, however it is cut in two.
LEAST_COHESION = 2.0
#: Neighbours that are counted: places relative to the word's first token (negative) or last one.
PLACES = (-2, -1, 1, 2)
#: Standard deviation of the vectors, such that they weigh as much as the tokens' at the start.
SCALE = 0.1


def plain_tokens(tokenizer: Tokenizer) -> npt.NDArray[np.bool_]:
    """[vocabulary] which tokens a word may consist of: letters of any script, no digits or marks."""
    plain = np.zeros(tokenizer.get_vocab_size(), dtype=bool)
    for token, index in tokenizer.get_vocab().items():
        plain[index] = token.removeprefix("##").isalpha() and not token.startswith("[")
    return plain


def ngram_keys(ids: Ints, length: int) -> Ints:
    """[tokens − length + 1] the key of the n-gram that starts at each token."""
    count = len(ids) - length + 1
    keys = np.zeros(max(count, 0), dtype=np.int64)
    for place in range(length):
        keys |= ids[place : place + count] << (TOKEN_BITS * place)
    return keys


def count_ngrams(ids: Ints, usable: npt.NDArray[np.bool_], length: int, *, least: int) -> tuple[Ints, Ints]:
    """Sorted keys of the n-grams that stand so many times at the usable places, and their counts."""
    keys, counts = np.unique(ngram_keys(ids, length)[usable], return_counts=True)
    frequent = counts >= least
    return keys[frequent], counts[frequent].astype(np.int64)


def choose_words(
    packed: npt.NDArray[np.uint16], plain: npt.NDArray[np.bool_], *, most: int, least: int = LEAST_COUNT
) -> tuple[Ints, Ints]:
    """Sorted keys of the words, at most so many, the most frequent first, each at least so frequent; and their counts.

    A word begins and ends where one of jieba's words does, so that it is no fragment; but it may be
    several of those, since jieba does not know the firms of this decade.
    """
    ids = (packed & (CONTINUES - 1)).astype(np.int64)
    borders = np.append((packed & CONTINUES) == 0, True)
    single = np.bincount(ids, minlength=len(plain)).astype(np.int64)
    known: list[tuple[Ints, Ints]] = [(np.arange(len(plain), dtype=np.int64), single)]
    chosen_keys, chosen_counts = [], []
    total = np.log(len(ids))
    for length in range(2, LONGEST_WORD + 1):
        usable = np.ones(len(ids) - length + 1, dtype=bool)
        for place in range(length):
            usable &= plain[ids[place : place + len(usable)]]
        known.append(count_ngrams(ids, usable, length, least=least))
        inner = usable & borders[: len(usable)] & borders[length:]
        keys, counts = count_ngrams(ids, inner, length, least=least)
        cohesion = np.full(len(keys), np.inf)
        for cut in range(1, length):
            parts = keys & ((1 << (TOKEN_BITS * cut)) - 1), keys >> (TOKEN_BITS * cut)
            chance = np.zeros(len(keys))
            for part, size in zip(parts, (cut, length - cut), strict=True):
                part_keys, part_counts = known[size - 1]
                # A part is at least as frequent as the whole, so it is among those that were kept.
                chance += np.log(part_counts[np.searchsorted(part_keys, part)]) - total
            cohesion = np.minimum(cohesion, np.log(counts) - total - chance)
        kept = cohesion >= LEAST_COHESION
        chosen_keys.append(keys[kept])
        chosen_counts.append(counts[kept])
    keys, counts = np.concatenate(chosen_keys), np.concatenate(chosen_counts)
    order = np.argsort(-counts, kind="stable")[:most]
    order = order[np.argsort(keys[order])]
    return keys[order], counts[order]


def neighbour_counts(ids: Ints, words: Ints, vocabulary: int) -> sparse.csr_matrix:
    """[words, places × vocabulary] how often each token stands at each place beside each word."""
    shape = (len(words), len(PLACES) * vocabulary)
    total = sparse.csr_matrix(shape, dtype=np.float32)
    block = 8_000_000  # tokens at a time, for memory
    for at in range(0, len(ids), block):
        part = ids[at : at + block]
        for length in range(2, LONGEST_WORD + 1):
            keys = ngram_keys(part, length)
            rows = np.minimum(np.searchsorted(words, keys), len(words) - 1)
            starts = np.flatnonzero(words[rows] == keys)
            starts = starts[(starts >= 2) & (starts + length + 2 <= len(part))]
            for index, place in enumerate(PLACES):
                neighbours = part[starts + place + (length - 1 if place > 0 else 0)] + index * vocabulary
                ones = np.ones(len(starts), dtype=np.float32)
                total = total + sparse.csr_matrix((ones, (rows[starts], neighbours)), shape=shape)
    return total


def word_vectors(counts: sparse.csr_matrix, *, width: int, seed: int = 1) -> npt.NDArray[np.float32]:
    """[words, width] vectors of standard deviation `SCALE` from the counts of neighbours.

    Contexts are smoothed by the power 3/4 and singular values enter by their square root, as
    Levy, Goldberg and Dagan (2015) recommend.
    """
    counts = counts.tocsr()
    rows = np.asarray(counts.sum(axis=1)).ravel()
    columns = np.asarray(counts.sum(axis=0)).ravel() ** 0.75
    columns /= columns.sum()
    entries = counts.tocoo()
    information = np.log(entries.data / (np.maximum(rows[entries.row], 1) * columns[entries.col]))
    kept = information > 0
    matrix = sparse.csr_matrix((information[kept], (entries.row[kept], entries.col[kept])), shape=counts.shape)
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    left, singular, _ = svds(matrix.astype(np.float64), k=width, v0=start, tol=1e-2)
    vectors = left * np.sqrt(singular)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(norms, 1e-9) * np.sqrt(width) * SCALE
    result: npt.NDArray[np.float32] = vectors.astype(np.float32)
    return result


def write_words(folder: Path, *, most: int, width: int, least: int = LEAST_COUNT) -> Path:
    """Choose at most so many words from a folder of packed files and write them with their first vectors.

    PretrainError: no packed files, a vocabulary beyond what keys hold, or too little text for words.
    """
    files = sorted(folder.glob("*.train.bin"))
    if not files:
        raise PretrainError(f"{folder}: no packed files here; make them with training.corpus")
    tokenizer = read_tokenizer(folder)
    vocabulary = tokenizer.get_vocab_size()
    if vocabulary > 1 << TOKEN_BITS:
        raise PretrainError(f"{folder}: words need a vocabulary of at most {1 << TOKEN_BITS} tokens, not {vocabulary}")
    packed = np.concatenate([np.fromfile(path, dtype="<u2") for path in files])
    words, counts = choose_words(packed, plain_tokens(tokenizer), most=most, least=least)
    if len(words) <= width:
        raise PretrainError(
            f"{folder}: {len(words)} words, too few for vectors of {width}; give it more text or a smaller --width, "
            "or pretrain with `words: false`"
        )
    print(f"{len(words)} words, each at least {counts.min()} times", flush=True)
    ids = (packed & (CONTINUES - 1)).astype(np.int64)
    vectors = word_vectors(neighbour_counts(ids, words, vocabulary), width=width)
    lexicon = {"keys": words, "vectors": np.ascontiguousarray(vectors, dtype=np.float16)}
    save_file(lexicon, folder / WORDS_FILE, metadata={"tokenizer": tokenizer_digest(folder)})
    return folder / WORDS_FILE


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Choose the encoder's words and give each a first vector.")
    parser.add_argument("--packed", type=Path, required=True, help="folder that training.corpus wrote")
    parser.add_argument("--words", type=int, default=100_000, help="how many to choose at most")
    parser.add_argument("--least", type=int, default=LEAST_COUNT, help="how often a word must stand in them")
    parser.add_argument("--width", type=int, default=64, help="values of a word's vector")
    options = parser.parse_args(arguments)
    path = write_words(options.packed, most=options.words, width=options.width, least=options.least)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
