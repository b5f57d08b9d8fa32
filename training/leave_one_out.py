"""The seed articles, each answered by a model that has not seen it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.model_folder import CONFIG, SAFETENSORS
from training.data.example import Example
from training.data.sources import read_source
from training.finetune import finetune
from training.recipe import Recipe, RecipeError
from training.report import departure_figures, fingerprint, link_gold_spans, score, seqeval_f1, weights_fingerprint


@dataclass(frozen=True)
class Folds:
    """The articles, the answers to them, and the answers with the gold spans given."""

    examples: list[Example]
    documents: list[Document]
    linked: list[Document]

    def report(self) -> dict[str, Any]:
        """The figures of all articles together, and of each."""
        each = {
            example.id: score([example], [document])
            for example, document in zip(self.examples, self.documents, strict=True)
        }
        return {
            "fingerprint": fingerprint(self.examples),
            **score(self.examples, self.documents),
            "departures_gold_spans": departure_figures(self.examples, self.linked),
            "seqeval_f1": round(seqeval_f1(self.examples, self.documents), 4),
            "articles": each,
        }


def leave_one_out(recipe: Recipe) -> Folds:
    """Train a model for each seed article and let it answer this article.

    The leading stages that do not use the seeds are the same for every article and run
    once; the others run once for each article, without it.
    """
    config = Path(recipe.encoder) / CONFIG
    if config.is_file() and "ie_model" in json.loads(config.read_text(encoding="utf-8")):
        raise RecipeError(
            f"{recipe.encoder} is a fine-tuned model, which may have seen the articles; "
            "name an encoder that was only pretrained"
        )
    shared = next((i for i, s in enumerate(recipe.stages) if "seeds" in s.sources), len(recipe.stages))
    start = None
    if shared:
        start = finetune(recipe, stages=range(shared), resume=True)
    folds = Folds(read_source("seeds", data_root=Path(recipe.data_root)), [], [])
    for example in folds.examples:
        fold = replace(recipe, output=str(Path(recipe.output) / "leave-one-out" / example.id))
        model = finetune(
            fold, leave_out=example.id, stages=range(shared, len(recipe.stages)), start=start, resume=True
        )
        extractor = Extractor.load(model, runtime="torch")
        folds.documents.append(extractor(example.text, id=example.id))
        folds.linked.extend(link_gold_spans(extractor, [example]))
    return folds


def provenance(recipe: Recipe) -> dict[str, Any]:
    """What the folds were trained from: the recipe, and a hash of the encoder's weights."""
    encoder = Path(recipe.encoder)
    found = weights_fingerprint(encoder) if (encoder / SAFETENSORS).is_file() else recipe.encoder
    return {"recipe": {k: v for k, v in recipe.to_dict().items() if k != "data_root"}, "encoder": found}
