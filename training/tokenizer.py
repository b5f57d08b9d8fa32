"""The tokenizer: a Han character a token, cased WordPiece for Latin, single digits.

Words of Latin script are split by WordPiece pieces learned from the corpora; every Han
character, digit and punctuation mark is a token of its own, so that a span's edge can
fall on any of them. Han characters outside of GB 2312 that stand less than `min_count`
times are [UNK], one token each. Text is passed through `ie_model.script.model_view` first.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
#: Marks that no tokenizer of Chinese text may lack, however small its corpus.
REQUIRED = "“”‘’—…·、。《》〈〉「」『』【】〔〕〜～￥¥$€£％%℃№→×±≥≤①②③④⑤⑥⑦⑧⑨⑩•"
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN = re.compile(r"[^\W\d_\u2e80-\U0003ffff]+")


def _gb2312_han() -> list[str]:
    """The 6,763 characters of GB 2312-80, the standard's rows 16 to 87."""
    characters = []
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                characters.append(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return characters


def _shell() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=64))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.BertPreTokenizer(),
            pre_tokenizers.Digits(individual_digits=True),
            # Symbols (× → ￥ and emoji) part words too, or Meta×OpenAI would be one unknown token.
            pre_tokenizers.Split(Regex(r"\p{S}"), "isolated"),
        ]
    )
    return tokenizer


def train_tokenizer(texts: Iterable[str], *, latin_entries: int = 4000, min_count: int = 3) -> Tokenizer:
    """Train on texts that are already in the model's view.

    Args:
        texts: paragraphs; each is read once.
        latin_entries: size of the WordPiece inventory for Latin script.
        min_count: how often a character must occur to be a token (GB 2312 always is).
    """
    characters: Counter[str] = Counter()
    latin: Counter[str] = Counter()
    for text in texts:
        characters.update(text)
        latin.update(_LATIN.findall(text))
    words = {word: min(count, 200) for word, count in latin.items() if count >= 2}
    pieces = _shell()
    pieces.train_from_iterator(
        (" ".join([word] * count) for word, count in words.items()),
        trainers.WordPieceTrainer(
            vocab_size=latin_entries,
            # Their ids break ties between merges; the trainer would draw them by hash, each run anew.
            special_tokens=[f"##{letter}" for letter in sorted({letter for word in words for letter in word[1:]})],
            show_progress=False,
            continuing_subword_prefix="##",
        ),
    )
    vocabulary = list(SPECIAL_TOKENS)
    vocabulary += list("0123456789")
    vocabulary += [chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()]
    vocabulary += REQUIRED
    common = [c for c, n in characters.most_common() if n >= min_count and _is_token(c)]
    vocabulary += common + _gb2312_han()
    letters = [chr(code) for code in range(0x21, 0x7F) if chr(code).isalpha()]
    letters += [c for c in common if _LATIN.fullmatch(c)]
    vocabulary += letters + [f"##{letter}" for letter in letters]
    vocabulary += sorted(pieces.get_vocab(), key=lambda piece: pieces.get_vocab()[piece])
    entries = {token: index for index, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = _shell()
    tokenizer.model = models.WordPiece(vocab=entries, unk_token="[UNK]", max_input_chars_per_word=64)
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", entries["[CLS]"]), ("[SEP]", entries["[SEP]"])],
    )
    return tokenizer


def _is_token(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] != "C"


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write tokenizer.json and the config that transformers' AutoTokenizer reads."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 512,
        "clean_up_tokenization_spaces": False,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
