"""The encoder's architecture: one definition for pretraining and for fine-tuning from random weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import ModernBertConfig

#: Ids of the special tokens in the tokenizers that `training.tokenizer` makes.
SPECIAL_IDS = {"[PAD]": 0, "[CLS]": 2, "[SEP]": 3}


def encoder_config(
    *,
    vocabulary: int,
    layers: int,
    hidden: int,
    intermediate: int,
    heads: int,
    special: Mapping[str, int] = SPECIAL_IDS,
    **values: Any,
) -> ModernBertConfig:
    """A ModernBERT of these sizes, of which every layer attends to the whole window.

    Args:
        special: ids of [PAD], [CLS] and [SEP].
        values: further values of the config.
    """
    return ModernBertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=512,
        layer_types=["full_attention"] * layers,
        rope_parameters={"full_attention": {"rope_type": "default", "rope_theta": 10_000.0}},
        pad_token_id=special["[PAD]"],
        cls_token_id=special["[CLS]"],
        bos_token_id=special["[CLS]"],
        sep_token_id=special["[SEP]"],
        eos_token_id=special["[SEP]"],
        **values,
    )
