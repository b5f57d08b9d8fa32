"""The lexicon: which words are chosen, their first vectors, and the embedding that takes them in."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel, ModernBertForMaskedLM

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import Settings
from ie_model.runtime.modeling import SpanLinkModel
from ie_model.runtime.words import LONGEST_WORD, SLOTS, TOKEN_BITS, WordEmbedding, load_with_words
from ie_model.scheme import TagScheme
from training.corpus import CONTINUES
from training.export import export
from training.modeling import build_model, load_model, save_model
from training.modernbert_onnx import encoder_graph
from training.packed import WORDS_FILE, PretrainError, read_words
from training.pretrain import train
from training.pretrain_recipe import Recipe as PretrainRecipe
from training.quantize import measure_activations
from training.recipe import Recipe, RecipeError, Stage
from training.words import choose_words, main, ngram_keys, plain_tokens, word_vectors
from training.words_onnx import cuckoo_table, primes_below

TEXTS = ["3月，星河科技技术副总裁林知远宣布辞职创业。" * 3, "据悉，周以安离开青木资本，获 1.13 亿美元。"]


def key(*ids: int) -> int:
    return sum(token << (TOKEN_BITS * place) for place, token in enumerate(ids))


def embedding(words: list[tuple[int, ...]], *, width: int = 4, vocabulary: int = 50) -> WordEmbedding:
    """An embedding that knows these words; the vector of word i is i + 1 everywhere."""
    order = sorted(range(len(words)), key=lambda i: key(*words[i]))
    module = WordEmbedding(nn.Embedding(vocabulary, 8, padding_idx=0), count=len(words), width=width)
    vectors = torch.tensor([[i + 1.0] * width for i in order])
    module.fill(torch.tensor([key(*words[i]) for i in order]), vectors)
    return module


def covering(module: WordEmbedding, ids: list[int]) -> list[dict[tuple[int, int], int]]:
    """Per token: (length, place) → number of the word, 1 for the first of `words`."""
    rows = module.rows(torch.tensor([ids]))[0]
    numbers = module.words.weight[:, 0].detach()
    return [
        {slot: int(numbers[row]) for slot, row in zip(SLOTS, token.tolist(), strict=True) if row} for token in rows
    ]


def test_a_word_is_left_out_whole_and_only_in_training() -> None:
    module = embedding([(7, 8, 9)])
    ids = torch.tensor([[7, 8, 9, 3] * 500])
    every = module.rows(ids)
    module.dropout = 0.25
    assert torch.equal(module.eval().rows(ids), every)
    found = module.train().rows(ids).view(500, 4, len(SLOTS)).bool()
    kept = found.any(-1).float()
    assert torch.equal(kept[:, 0], kept[:, 1])
    assert torch.equal(kept[:, 0], kept[:, 2])
    assert 0.65 < float(kept[:, 0].mean()) < 0.85


def test_every_token_sees_the_words_that_cover_it() -> None:
    module = embedding([(7, 8), (7, 8, 9), (8, 9, 10, 11)])
    found = covering(module, [2, 7, 8, 9, 10, 3, 8, 9, 10, 11])
    assert found[0] == found[5] == {}
    assert found[1] == {(2, 0): 1, (3, 0): 2}
    assert found[2] == {(2, 1): 1, (3, 1): 2}
    assert found[3] == {(3, 2): 2}
    assert found[4] == {}, "a word that the window cuts is none"
    assert [list(token) for token in found[6:]] == [[(4, 0)], [(4, 1)], [(4, 2)], [(4, 3)]]


@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(st.lists(st.integers(5, 9), min_size=2, max_size=LONGEST_WORD).map(tuple), min_size=1, unique=True),
    ids=st.lists(st.integers(0, 10), min_size=1, max_size=12),
)
def test_it_finds_what_a_search_finds(words: list[tuple[int, ...]], ids: list[int]) -> None:
    found = covering(embedding(words), ids)
    for at in range(len(ids)):
        expected = {
            (len(word), place): number + 1
            for number, word in enumerate(words)
            for place in range(len(word))
            if at >= place and tuple(ids[at - place : at - place + len(word)]) == word
        }
        assert found[at] == expected


def test_a_token_without_words_keeps_its_own_embedding() -> None:
    module = embedding([(7, 8)])
    plain = nn.functional.embedding(torch.tensor([[5, 7, 9]]), module.weight)
    assert torch.equal(module(torch.tensor([[5, 7, 9]])), plain)
    assert not torch.equal(module(torch.tensor([[5, 7, 8]])), plain)


def test_a_vocabulary_that_the_keys_cannot_hold() -> None:
    with pytest.raises(ValueError, match="at most 16384 tokens, of which 0 is padding"):
        WordEmbedding(nn.Embedding((1 << TOKEN_BITS) + 1, 4, padding_idx=0), count=1, width=4)


@settings(max_examples=30, deadline=None)
@given(keys=st.lists(st.integers(0, 1 << 56), min_size=1, max_size=300, unique=True))
def test_cuckoo_table(keys: list[int]) -> None:
    values = np.array(sorted(keys), dtype=np.int64)
    table, moduli, indices = cuckoo_table(values)
    assert sorted(table[table >= 0].tolist()) == sorted(keys)
    for index, value in enumerate(values.tolist()):
        assert index in [indices[value % modulus] for modulus in moduli]


def test_primes() -> None:
    assert primes_below(20, count=3) == [19, 17, 13]


def packed_text(letters: list[int], *, stop: int, tokens: int = 30_000) -> np.ndarray:
    """Words (0, 1), (2, 3) and (4, 5, 6) and letters 7 and 8 in random order, a letter behind each and a full stop.

    The first two words stand before letters 9 to 11 alone, the third before 12 to 14 alone.
    """
    random = np.random.default_rng(0)
    pieces: list[list[int]] = []
    while sum(map(len, pieces)) < tokens:
        kind = random.integers(4)
        word = [[0, 1], [2, 3], [4, 5, 6], [int(random.integers(7, 9))]][kind]
        after = int(random.integers(9, 12) if kind < 2 else random.integers(12, 15))
        pieces += [[letters[x] | (CONTINUES if i else 0) for i, x in enumerate(word)], [letters[after]], [stop]]
    return np.array([x for piece in pieces for x in piece], dtype=np.uint16)


def test_words_are_cohesive_and_end_where_words_do() -> None:
    plain = np.ones(61, dtype=bool)
    plain[60] = False
    packed = packed_text(list(range(20, 35)), stop=60)
    words, counts = choose_words(packed, plain, most=100)
    assert words.tolist() == sorted(words.tolist())
    chosen = dict(zip(words.tolist(), counts.tolist(), strict=True))
    assert {key(20, 21), key(22, 23), key(24, 25, 26)} <= set(chosen)
    assert key(24, 25) not in chosen, "a fragment of a word"
    assert not any((k & 0x3FFF) == 60 or k >> TOKEN_BITS == 60 for k in chosen), "a mark is part of no word"
    fewest = choose_words(packed, plain, most=2)[1]
    assert sorted(fewest.tolist()) == sorted(counts.tolist())[-2:]


def test_words_of_one_company_have_like_vectors(tokenizer: Tokenizer, tokenizer_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    shutil.copytree(tokenizer_dir, folder)
    letters = np.flatnonzero(plain_tokens(tokenizer))[:15].tolist()
    packed_text(letters, stop=tokenizer.token_to_id("。")).astype("<u2").tofile(folder / "one.train.bin")
    assert main(["--packed", str(folder), "--words", "50", "--width", "3"]) == 0
    lexicon = load_file(folder / WORDS_FILE)
    place = {k: i for i, k in enumerate(lexicon["keys"].tolist())}
    vectors = lexicon["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second, other = (place[key(*letters[a:b])] for a, b in ((0, 2), (2, 4), (4, 7)))
    assert vectors[first] @ vectors[second] > 0.9 > vectors[first] @ vectors[other]


def test_vectors_do_not_depend_on_how_often_a_word_stands() -> None:
    from scipy import sparse

    counts = np.random.default_rng(0).integers(0, 9, (12, 20)).astype(np.float32)
    counts[1] = counts[0] * 10
    vectors = word_vectors(sparse.csr_matrix(counts), width=3)
    assert vectors[1] == pytest.approx(vectors[0], abs=0.02)


def test_text_that_gives_no_words(tokenizer_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packed", str(tmp_path)]) == 2
    assert "no packed files here; make them with training.corpus" in capsys.readouterr().err
    shutil.copytree(tokenizer_dir, tmp_path / "packed")
    np.full(200, 3, dtype="<u2").tofile(tmp_path / "packed" / "one.train.bin")
    assert main(["--packed", str(tmp_path / "packed")]) == 2
    assert "0 words, too few for vectors of 64; give it more text" in capsys.readouterr().err
    assert not (tmp_path / "packed" / WORDS_FILE).exists()


def test_a_lexicon_belongs_to_its_tokenizer(encoder_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(PretrainError, match=r"words\.safetensors: no lexicon .*training\.words"):
        read_words(tmp_path)
    folder = encoder_dir.parents[1]
    keys, vectors = read_words(folder)
    assert vectors.shape == (len(keys), 4)
    shutil.copyfile(folder / WORDS_FILE, tmp_path / WORDS_FILE)
    (tmp_path / "tokenizer.json").write_text("another", encoding="utf-8")
    with pytest.raises(PretrainError, match="of another tokenizer than the packed files"):
        read_words(tmp_path)


def test_keys_and_plain_tokens(tokenizer: Tokenizer) -> None:
    assert ngram_keys(np.array([5, 6, 7]), 2).tolist() == [key(5, 6), key(6, 7)]
    plain = plain_tokens(tokenizer)
    ids = [tokenizer.token_to_id(token) for token in ("林", "，", "3", "离")]
    assert plain[ids].tolist() == [True, False, False, True]
    assert not plain[:5].any(), "special tokens are part of no word"


@pytest.fixture(scope="module")
def encoder_dir(tokenizer_dir: Path, text_encoder: TextEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with words, after three steps of pretraining."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.copytree(tokenizer_dir, folder, dirs_exist_ok=True)
    ids = text_encoder("".join(TEXTS)).ids
    packed = np.tile(ids, 20).astype(np.uint16)
    for split in ("train", "heldout"):
        packed.astype("<u2").tofile(folder / f"one.{split}.bin")
    assert main(["--packed", str(folder), "--words", "30", "--width", "4"]) == 0
    recipe = PretrainRecipe(
        data=str(folder),
        output=str(folder / "run"),
        mix={"one": 1.0},
        words=True,
        layers=1,
        hidden=32,
        intermediate=32,
        heads=2,
        length=32,
        sequences=4,
        batches=2,
        total_tokens=3 * 4 * 2 * 32,
        warmup_tokens=1,
        compile=False,
    )
    return train(recipe)


@pytest.fixture(scope="module")
def network(encoder_dir: Path) -> SpanLinkModel:
    recipe = Recipe(encoder=str(encoder_dir), output="unused", stages=(Stage(sources={}),))
    model = build_model(recipe, TagScheme()).eval()
    with torch.no_grad():  # three steps of training have not made much of the words
        model.classifier.get_input_embeddings().projection.weight.mul_(20)
    return model


def test_fine_tuning_starts_from_the_encoders_words(encoder_dir: Path, network: SpanLinkModel) -> None:
    saved = load_file(encoder_dir / "model.safetensors")
    mine = network.classifier.get_input_embeddings()
    prefix = "model.embeddings.tok_embeddings"
    assert (mine.keys.numpy() == saved[f"{prefix}.keys"]).all()
    assert (mine.words.weight.detach().numpy() == saved[f"{prefix}.words.weight"].astype(np.float32)).all()
    assert (
        mine.projection.weight.detach().numpy() == 20 * saved[f"{prefix}.projection.weight"].astype(np.float32)
    ).all()
    assert mine.rows(torch.tensor([[2, *np.tile([10, 11], 5)]])).shape == (1, 11, len(SLOTS))


def test_the_words_can_be_left_as_they_are(encoder_dir: Path) -> None:
    for freeze in (False, True):
        recipe = Recipe(encoder=str(encoder_dir), output="unused", stages=(Stage(sources={}),), freeze_words=freeze)
        recipe = recipe.with_values(word_dropout=0.1)
        embedding = build_model(recipe, TagScheme()).classifier.get_input_embeddings()
        assert embedding.words.weight.requires_grad is not freeze
        assert embedding.dropout == 0.1
        assert embedding.projection.weight.requires_grad
        assert embedding.weight.requires_grad


def test_weights_without_the_words_that_their_config_speaks_of(encoder_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(encoder_dir, tmp_path / "damaged")
    weights = load_file(encoder_dir / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.endswith("words.weight")}
    save_file(kept, tmp_path / "damaged" / "model.safetensors", metadata={"format": "pt"})
    recipe = Recipe(encoder=str(tmp_path / "damaged"), output="unused", stages=(Stage(sources={}),))
    with pytest.raises(RecipeError, match="its config speaks of words that its weights do not hold"):
        build_model(recipe, TagScheme())


def test_words_survive_saving(network: SpanLinkModel, encoder_dir: Path, tmp_path: Path) -> None:
    save_model(network, tmp_path / "saved", tokenizer=encoder_dir)
    back = load_model(tmp_path / "saved")
    assert torch.equal(back.classifier.get_input_embeddings().keys, network.classifier.get_input_embeddings().keys)


def test_a_run_goes_on_from_an_encoder_with_words(encoder_dir: Path) -> None:
    model = load_with_words(encoder_dir, ModernBertForMaskedLM)
    assert model.decoder.weight is model.get_input_embeddings().weight, "the output stays tied to the input"
    assert model.get_input_embeddings().words.weight.dtype == torch.float32


def test_any_class_reads_the_words(encoder_dir: Path) -> None:
    one, other = (load_with_words(encoder_dir, kind) for kind in (ModernBertForMaskedLM, AutoModel))
    ids = torch.tensor([[2, *range(5, 25), 3]])
    found, expected = (model.get_input_embeddings()(ids) for model in (other, one))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("int8", [False, True])
def test_onnx_finds_the_same_words(network: SpanLinkModel, encoder_dir: Path, int8: bool) -> None:
    encoder = TextEncoder.from_file(encoder_dir / "tokenizer.json")
    ranges = measure_activations(network, encoder, TEXTS).ranges() if int8 else None
    session = onnxruntime.InferenceSession(encoder_graph(network, ranges).SerializeToString())
    ids = np.zeros((2, 30), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, text in enumerate(TEXTS):
        tokens = [2, *encoder(text).ids[:28].tolist(), 3]
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    logits, hidden = session.run(None, {"input_ids": ids, "attention_mask": mask})
    with torch.no_grad():
        expected = network(torch.from_numpy(ids), torch.from_numpy(mask))
        module = network.classifier.get_input_embeddings()
        assert (module.rows(torch.from_numpy(ids)) > 0).any(), "the texts hold words of the lexicon"
        wordless = deepcopy(network)
        wordless.classifier.get_input_embeddings().words.weight.zero_()
        without = wordless(torch.from_numpy(ids), torch.from_numpy(mask))
    seen = mask.astype(bool)
    for mine, theirs, bare in zip((logits, hidden), expected, without, strict=True):
        error = np.abs(mine - theirs.numpy())[seen].mean()
        effect = np.abs(theirs.numpy() - bare.numpy())[seen].mean()
        assert error < effect / 4, "what the words say is lost"


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_a_published_model_with_words(
    network: SpanLinkModel, encoder_dir: Path, tmp_path: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Between the tags of a network that has hardly been trained rounding decides more often.
    monkeypatch.setattr("training.export.TAG_AGREEMENT", 0.9)
    save_model(network, tmp_path / "trained", tokenizer=encoder_dir)
    export(tmp_path / "trained", tmp_path / "model", settings=Settings(window=62, overlap=16), precision=precision)
    for runtime in ("onnx", "torch"):
        document = Extractor.load(tmp_path / "model", runtime=runtime)(TEXTS[0])
        assert all(document.text[span.start : span.end] == span.text for span in document.entities)
