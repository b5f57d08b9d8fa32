from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from ie_model.script import model_view
from training.tokenizer import SPECIAL_TOKENS, train_tokenizer, write_tokenizer


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return tokenizer.encode(text, add_special_tokens=False).tokens


def test_special_tokens_come_first(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]
    assert tokenizer.encode("林").tokens == ["[CLS]", "林", "[SEP]"]


def test_every_character_of_gb2312_is_a_token(tokenizer: Tokenizer) -> None:
    rows = [bytes([row, cell]) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    characters = "".join(data.decode("gb2312", "ignore") for data in rows)
    assert len(characters) == 6763
    assert pieces(tokenizer, characters) == list(characters)


@pytest.mark.parametrize(
    "text",
    ["“”‘’—…", "0123456789", "，。、；：？！", "《》〈〉「」『』【】", "￥¥$€£％%·", "×±→①②", "()[]{}<>+=#@&*"],
)
def test_marks_and_digits_are_tokens(tokenizer: Tokenizer, text: str) -> None:
    view = model_view(text)
    assert pieces(tokenizer, view) == list(view)


def test_symbols_part_words(tokenizer: Tokenizer) -> None:
    assert pieces(tokenizer, "OpenAI×Twitter→CEO") == ["OpenAI", "×", "Twitter", "→", "CEO"]
    assert pieces(tokenizer, "CEO😀😀") == ["CEO", "[UNK]", "[UNK]"]


def test_digits_stand_alone(tokenizer: Tokenizer) -> None:
    assert pieces(tokenizer, "1.13亿") == ["1", ".", "1", "3", "亿"]


def test_latin_is_cased_and_split_by_pieces(tokenizer: Tokenizer) -> None:
    assert pieces(tokenizer, "OpenAI") == ["OpenAI"]
    split = pieces(tokenizer, "Zqxj")
    assert len(split) > 1
    assert split[0][0] == "Z"
    assert all(piece.startswith("##") for piece in split[1:])
    assert "".join(piece.removeprefix("##") for piece in split) == "Zqxj"
    assert pieces(tokenizer, "openai") != pieces(tokenizer, "OpenAI")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_no_ascii_text_is_unknown(tokenizer: Tokenizer, text: str) -> None:
    assume(not any(token in text for token in SPECIAL_TOKENS))
    encoding = tokenizer.encode(text, add_special_tokens=False)
    assert "[UNK]" not in encoding.tokens
    covered = {index for start, end in encoding.offsets for index in range(start, end)}
    assert covered == {index for index, character in enumerate(text) if not character.isspace()}


def test_training_learns_words_and_counts_characters() -> None:
    texts = ["Zorblax 的龘龘龘", "Zorblax 的龗"] * 2
    tokenizer = train_tokenizer(texts, latin_entries=200, min_count=3)
    assert pieces(tokenizer, "Zorblax") == ["Zorblax"]
    assert pieces(tokenizer, "龘") == ["龘"]  # six times, outside GB 2312
    assert pieces(tokenizer, "龗") == ["[UNK]"]  # twice


def test_training_is_reproducible() -> None:
    texts = ["Boson Labs 与 Bosonic Lab", "林知远 Boson"] * 3
    one, two = (train_tokenizer(texts, latin_entries=90, min_count=1) for _ in range(2))
    assert one.to_str() == two.to_str()


def test_the_written_tokenizer_is_the_trained_one(tokenizer: Tokenizer, tmp_path: Path) -> None:
    write_tokenizer(tokenizer, tmp_path / "new")
    again = Tokenizer.from_file(str(tmp_path / "new" / "tokenizer.json"))
    assert again.get_vocab() == tokenizer.get_vocab()
    assert pieces(again, "林知远的OpenAI") == pieces(tokenizer, "林知远的OpenAI")
    config = json.loads((tmp_path / "new" / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["mask_token"] == "[MASK]"
