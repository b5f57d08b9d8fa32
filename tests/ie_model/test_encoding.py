from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from ie_model.encoding import Encoding, TextEncoder, is_latin
from ie_model.errors import ModelError


def tokens(encoder: TextEncoder, text: str) -> list[str]:
    return [text[start:end] for start, end in encoder(text).offsets]


def test_offsets_are_those_of_the_text_as_given(text_encoder: TextEncoder) -> None:
    text = "林知遠\r\n離開　ＯpenAI。\n\n３月"
    assert tokens(text_encoder, text) == ["林", "知", "遠", "離", "開", "ＯpenAI", "。", "３", "月"]


def test_traditional_and_full_width_have_the_same_tokens(text_encoder: TextEncoder) -> None:
    one, two = text_encoder("林知遠離開ＯpenAI。"), text_encoder("林知远离开OpenAI。")
    assert one.ids.tolist() == two.ids.tolist()
    assert one.offsets.tolist() == two.offsets.tolist()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.one_of(st.characters(), st.sampled_from("林离Aa1。\n 龍é\u0301😀\ufeff")), max_size=100))
def test_tokens_of_any_text(text_encoder: TextEncoder, text: str) -> None:
    encoding = text_encoder(text)
    last = 0
    for start, end in encoding.offsets.tolist():
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip() != ""
        last = end
    ends = encoding.sentence_ends.tolist()
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(encoding)
    assert encoding.within_word.shape == (len(encoding),)
    assert encoding.ids.min(initial=0) >= 0
    # No character that could stand in a name is lost.
    covered = {index for start, end in encoding.offsets.tolist() for index in range(start, end)}
    assert all(i in covered for i, character in enumerate(text) if character in "林离Aa1。龍é😀")


def test_special_tokens_spelt_out_are_plain_text(text_encoder: TextEncoder) -> None:
    encoding = text_encoder("林[MASK]知[SEP]")
    assert not {text_encoder.cls_id, text_encoder.sep_id, text_encoder.pad_id} & set(encoding.ids.tolist())
    assert len(encoding) > 4, "[MASK] is brackets and a word, not one token"


def test_an_empty_text(text_encoder: TextEncoder) -> None:
    encoding = text_encoder("")
    assert len(encoding) == 0
    assert encoding.offsets.shape == (0, 2)
    assert encoding.sentence_ends.tolist() == []


def test_sentences_end_after_their_last_token(text_encoder: TextEncoder) -> None:
    encoding = text_encoder("林走。\n \n远来。好")
    assert encoding.sentence_ends.tolist() == [3, 6, 7]


def test_no_span_may_start_within_a_latin_word(text_encoder: TextEncoder) -> None:
    text = "林Zqxj Zq1x远"
    encoding = text_encoder(text)
    starts = {
        int(start): bool(within) for (start, _), within in zip(encoding.offsets, encoding.within_word, strict=True)
    }
    assert starts[0] is starts[1] is False  # 林, and Zqxj's first piece
    assert [within for start, within in starts.items() if 1 < start < 5] != []
    assert all(within for start, within in starts.items() if 1 < start < 5)
    assert starts[6] is False  # after the space
    assert starts[8] is False  # the digit 1 is a token of its own
    assert starts[9] is False  # and what follows it begins anew
    assert starts[10] is False


@pytest.mark.parametrize(
    ("characters", "expected"),
    [("aZéßİﬁ", True), ("\u0301", True), ("1。林_ \u0e34тαあ😀", False)],
)
def test_latin_letters(characters: str, expected: bool) -> None:
    assert [is_latin(character) for character in characters] == [expected] * len(characters)


def test_tokens_of_a_character_span() -> None:
    encoding = Encoding(
        ids=np.arange(4),
        offsets=np.array([[0, 1], [1, 2], [3, 9], [9, 10]]),
        within_word=np.zeros(4, dtype=np.bool_),
        sentence_ends=np.array([4]),
    )
    assert encoding.tokens_of(0, 2) == (0, 2)
    assert encoding.tokens_of(2, 9) == (2, 3)  # the space before it is no token
    assert encoding.tokens_of(4, 6) == (2, 3)  # a part touches the whole token
    assert encoding.tokens_of(2, 3) is None
    assert encoding.tokens_of(9, 99) == (3, 4)


def test_whole_tokens_cut_no_token_and_no_word(text_encoder: TextEncoder) -> None:
    text = "林知远加入 OpenAI，离开OpenAIs。"
    encoding = text_encoder(text)
    latin = text.index("OpenAI")
    for start, end in ((0, 3), (latin, latin + 6)):
        assert encoding.whole_tokens(start, end) == encoding.tokens_of(start, end) is not None
    again = text.rindex("OpenAI")
    for start, end in ((latin - 1, latin + 6), (latin, latin + 4), (latin + 4, latin + 6), (again, again + 6), (5, 6)):
        assert encoding.whole_tokens(start, end) is None


def test_a_tokenizer_without_special_tokens() -> None:
    bare = Tokenizer(models.WordPiece({"[UNK]": 0, "[PAD]": 1}, unk_token="[UNK]"))
    with pytest.raises(ValueError, match=r"lacks the special tokens \[CLS\], \[SEP\], \[MASK\]"):
        TextEncoder(bare)


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": 3}', b"\xff\xfe"])
def test_a_broken_tokenizer_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json: not a usable model file .*install the model again"):
        TextEncoder.from_file(path)
