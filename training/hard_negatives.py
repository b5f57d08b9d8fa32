"""How often the model invents a departure where a piece has its words but tells of none.

    python -m training.hard_negatives

What counts are the pieces that no model is trained on: all of them that have no departure were
written as hard ones. The held-out ones helped to choose models, the contrasts never did. Pieces
with such words that are training data of the published model stand beside them only to show how
far it has learnt them by heart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from ie_model.script import model_view
from training.command import argument_parser, reported
from training.data.authored import HELD_OUT
from training.data.example import Example
from training.data.sources import read_source
from training.report import (
    check_writable,
    command_of,
    fingerprint,
    link_gold_spans,
    negative_figures,
    weights_fingerprint,
    write_results,
)

RESULTS = Path("results/hard_negatives.json")
#: All pieces that no model is trained on.
UNTRAINED = "untrained"
#: A piece, what is told of its text, and what with the gold spans given.
Answered = tuple[Example, Document, Document]
#: Words that tell of departures elsewhere.
WORDS = re.compile(
    r"离[职任开]|辞[职去任呈]|请辞|退[出休任]|卸任|告别|前[^往面后者]|原[^因来则]|曾|出走|跳槽|解雇|解聘|裁|开除|交[棒班给]"
    r"|走人|转投|挖"
)


def is_hard(example: Example) -> bool:
    """Whether a piece names a person and an organisation and has such a word."""
    labels = {span.label for span in example.spans}
    return {"PERSON", "ORG"} <= labels and bool(WORDS.search(model_view(example.text)))


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Share of hard negatives in which a departure is invented.")
    parser.add_argument("--model", type=Path, help="a model folder; the packaged model by default")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file to write the figures to")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    extractor = Extractor.load(options.model)
    report: dict[str, Any] = {"model": weights_fingerprint(ModelFolder.open(options.model, runtime="onnx").path)}
    answered: dict[str, list[Answered]] = {}
    for name in (*HELD_OUT, "authored"):
        examples = [e for e in read_source(name, data_root=Path(), purpose="evaluate") if not e.departures]
        if name not in HELD_OUT:
            examples = [example for example in examples if is_hard(example)]
        documents = extractor.pipe(example.text for example in examples)
        answered[name] = list(zip(examples, documents, link_gold_spans(extractor, examples), strict=True))
    untrained = [one for name in HELD_OUT for one in answered[name]]
    for name, answers in {UNTRAINED: untrained, **answered}.items():
        examples = [example for example, _, _ in answers]
        one = {
            "trained_on": name == "authored",
            "fingerprint": fingerprint(examples),
            "raw_text": negative_figures(examples, [raw for _, raw, _ in answers]),
            "gold_spans": negative_figures(examples, [linked for _, _, linked in answers]),
        }
        report[name] = one
        for way in ("raw_text", "gold_spans"):
            figures = one[way]
            print(f"{name}, {way}: {figures['invented']} of {figures['texts']} invented, {figures['share']:.1%}")
    write_results(options.output, command=command_of("training.hard_negatives", options, parser), report=report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
