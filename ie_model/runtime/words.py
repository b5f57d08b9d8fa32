"""Words as input: a token's embedding, and that of the known words which cover it.

A lexicon of words (sequences of 2 to 4 tokens) has an embedding each. A token takes in all of
those that cover it, every place in a word by a matrix of its own, so that the encoder knows
from the first layer on where names that it has seen may begin and end. The idea is that of
lexicon-enhanced Chinese NER (SoftLexicon, Ma et al. 2020), with pretraining: a hidden token
hides the words around it too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers.utils.hub import cached_file

from ie_model.model_folder import SAFETENSORS

#: Tokens of the longest words.
LONGEST_WORD = 4
#: Bits of a token's id in the key of a word: the ids side by side, the first one lowest.
TOKEN_BITS = 14
#: (tokens of the word, which of them the token is), in the order of the projection's inputs.
SLOTS = tuple((length, place) for length in range(2, LONGEST_WORD + 1) for place in range(length))
#: Names of what a model with words has beyond one without.
WORD_PARAMETERS = re.compile(r"\.(keys|words\.weight|projection\.weight)$")


class WordEmbedding(nn.Embedding):
    """Token embeddings with the words' added; takes the place of a model's token embedding.

    Args:
        tokens: the token embedding that it replaces.
        count: words in the lexicon.
        width: of a word's vector.

    The buffer `keys` [count] holds the words, sorted: fill it before use. Row 0 of `words` is no word.

    In training mode each word of a text is left out with a probability of `dropout`, at all tokens that it covers:
    so the encoder learns not to rest a name's end on a known word that runs over it (林知远 in 林知远离开).
    """

    keys: Tensor
    dropout: float = 0.0

    def __init__(self, tokens: nn.Embedding, *, count: int, width: int) -> None:
        super().__init__(
            tokens.num_embeddings, tokens.embedding_dim, padding_idx=tokens.padding_idx, _weight=tokens.weight.data
        )
        if tokens.num_embeddings > 1 << TOKEN_BITS or tokens.padding_idx != 0:
            raise ValueError(f"words need a vocabulary of at most {1 << TOKEN_BITS} tokens, of which 0 is padding")
        self.words = nn.Embedding(count + 1, width, padding_idx=0)
        self.projection = nn.Linear(len(SLOTS) * width, tokens.embedding_dim, bias=False)
        self.register_buffer("keys", torch.zeros(count, dtype=torch.int64))

    def fill(self, keys: Tensor, vectors: Tensor) -> None:
        """Take over a lexicon: keys [count], ascending, and vectors [count, width] of a standard deviation of 0.1."""
        with torch.no_grad():
            self.keys.copy_(keys)
            self.words.weight[1:] = vectors.to(self.words.weight.dtype)
            # Two or three such vectors then weigh at the start as much as a token's own embedding.
            nn.init.normal_(self.projection.weight, std=0.02)

    def rows(self, ids: Tensor) -> Tensor:
        """ids [windows, length] → [windows, length, slots] rows of `words`; 0 where there is no word."""
        found = []
        for length in range(2, LONGEST_WORD + 1):
            # Beyond the window's end there are tokens 0, [PAD], which would make a longer word of a shorter one.
            padded = nn.functional.pad(ids, (0, length - 1))
            key = sum(padded[:, place : place + ids.shape[1]] << (TOKEN_BITS * place) for place in range(length))
            at = torch.searchsorted(self.keys, key).clamp(max=len(self.keys) - 1)
            known = (self.keys[at] == key) & (padded[:, length - 1 :] != 0)
            if self.training and self.dropout:
                known &= torch.rand(known.shape, device=known.device) >= self.dropout
            row = torch.where(known, at + 1, 0)
            found += [nn.functional.pad(row, (place, 0))[:, : ids.shape[1]] for place in range(length)]
        return torch.stack(found, dim=-1)

    def forward(self, input: Tensor) -> Tensor:
        """input [windows, length] → [windows, length, hidden]."""
        covering = self.words(self.rows(input)).flatten(start_dim=2)
        result: Tensor = super().forward(input) + self.projection(covering)
        return result


def add_words(model: Any) -> Any:
    """Give a transformers model the word embedding that its config's `words` speaks of, if it does; returns it.

    The words are empty until a saved state is loaded or `WordEmbedding.fill` is called.
    """
    sizes = getattr(model.config, "words", None)
    if sizes:
        model.set_input_embeddings(WordEmbedding(model.get_input_embeddings(), **sizes))
        model.tie_weights()
    return model


def load_with_words(name: str | Path, kind: Any, **values: Any) -> Any:
    """A transformers model of a folder or a hub id, in float32, with its words if it has any.

    transformers alone reads such a folder too, but passes its words over.

    Args:
        kind: the class that reads it: AutoModelForTokenClassification, ModernBertForMaskedLM …
        values: passed on to its `from_pretrained`.

    Raises ValueError: the config speaks of words that the weights do not hold.
    """
    # Not the precision of its file: fp16 overflows in training.
    model = add_words(kind.from_pretrained(name, dtype=torch.float32, **values))
    if getattr(model.config, "words", None):
        # The classes put different prefixes before the names of one module's weights.
        saved = load_file(str(cached_file(name, SAFETENSORS)))
        found = ((WORD_PARAMETERS.search(key), value) for key, value in saved.items())
        words = {match[1]: value for match, value in found if match}
        embedding = model.get_input_embeddings()
        if missing := embedding.state_dict().keys() - words.keys() - {"weight"}:
            raise ValueError(f"{name}: its config speaks of words that its weights do not hold ({sorted(missing)})")
        embedding.load_state_dict(words, strict=False)
    return model
