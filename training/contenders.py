"""What the speed benchmark runs side by side: this package, and what else would run the same weights.

Each contender takes a list of texts and reads all of every text, with the same windows and overlap.
Only this package also links departures, reads amounts and dates, and converts the script;
the others get the converted text and give spans alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ie_model.encoding import TextEncoder
from ie_model.extractor import Extractor
from ie_model.model_folder import ENCODER_ONNX, TOKENIZER, ModelFolder
from ie_model.runtime.words import SLOTS
from ie_model.script import model_view
from ie_model.windows import plan_windows

Work = Callable[[Sequence[str]], object]
PIPELINE_BATCH_SIZES = (1, 8, 32, 64)


@dataclass(frozen=True)
class Contender:
    """One way to run the model.

    Attributes:
        package: what must be installed for it.
        prepare: loads it; what this returns is timed.
    """

    name: str
    package: str
    prepare: Callable[[], Work]

    def available(self) -> bool:
        return find_spec(self.package) is not None


def contenders(int8: Path, floats: Path, *, threads: int) -> list[Contender]:
    """Everything that can be compared.

    Args:
        int8, floats: model folders with the same weights.
        threads: cores that each may use.
    """
    found = [
        Contender("ie-model", "onnxruntime", lambda: _pipe(int8, threads)),
        Contender("ie-model, one text at a time", "onnxruntime", lambda: _one_by_one(int8, threads)),
        Contender("ie-model, float", "onnxruntime", lambda: _pipe(floats, threads)),
        Contender("onnxruntime, int8, text by text", "onnxruntime", lambda: _plain_onnx(int8, threads)),
    ]
    for dtype in ("float32", "bfloat16"):
        for size in PIPELINE_BATCH_SIZES:
            name = f"transformers pipeline, {dtype}, batches of {size}"

            def prepare(dtype: str = dtype, size: int = size) -> Work:
                return _pipeline(floats, dtype, size, threads)

            found.append(Contender(name, "transformers", prepare))
    found.append(Contender("spaCy, its own encoder of 4 layers and 384", "spacy", _spacy))
    for size in PIPELINE_BATCH_SIZES:
        name = f"GLiNER, an encoder of this size, batches of {size}"
        found.append(Contender(name, "gliner", partial(_gliner, floats, size, threads)))
    return found


def _pipe(folder: Path, threads: int) -> Work:
    extractor = Extractor.load(folder, threads=threads)
    return lambda texts: list(extractor.pipe(texts))


def _one_by_one(folder: Path, threads: int) -> Work:
    extractor = Extractor.load(folder, threads=threads)
    return lambda texts: [extractor(text) for text in texts]


def _plain_onnx(folder: Path, threads: int) -> Work:
    """What one writes around an ONNX file: a text's windows, padded to the full window, as one batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / ENCODER_ONNX), options, providers=["CPUExecutionProvider"])
    encoder, settings = TextEncoder.from_file(folder / TOKENIZER), ModelFolder.open(folder).settings

    def run(texts: Sequence[str]) -> list[np.ndarray]:
        tags = []
        for text in texts:
            encoding = encoder(text)
            windows = plan_windows(encoding.sentence_ends, size=settings.window, overlap=settings.overlap)
            if not windows:
                continue
            ids = np.zeros((len(windows), settings.window + 2), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, window in enumerate(windows):
                count = window.end - window.start + 2
                ids[row, :count] = [encoder.cls_id, *encoding.ids[window.start : window.end], encoder.sep_id]
                mask[row, :count] = 1
            (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
            tags.append(logits.argmax(axis=-1))
        return tags

    return run


def _pipeline(folder: Path, dtype: str, size: int, threads: int) -> Work:
    """transformers' own pipeline, with the stride that makes it read whole texts."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    from ie_model.runtime.words import load_with_words

    torch.set_num_threads(threads)
    settings = ModelFolder.open(folder, runtime="torch").settings
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.model_max_length = settings.window + 2
    model = load_with_words(folder, AutoModelForTokenClassification, local_files_only=True)
    model = model.to(getattr(torch, dtype)).eval()
    run = pipeline(
        "token-classification",
        model=model,
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        stride=settings.overlap,
    )
    return lambda texts: run([model_view(text) for text in texts], batch_size=size)


def _gliner(folder: Path, size: int, threads: int) -> Work:
    """GLiNER over an encoder of the same size, with random weights, which are as fast as trained ones.

    A word is for it a Han character, a mark, or letters and digits in a row. It reads a text only to its longest
    length, so it is given pieces of as many words as a window has tokens, with the same overlap.
    """
    import torch
    from gliner.config import UniEncoderSpanConfig
    from gliner.model import UniEncoderSpanGLiNER
    from transformers import AutoConfig, AutoTokenizer

    torch.set_num_threads(threads)
    settings = ModelFolder.open(folder, runtime="torch").settings
    encoder = AutoConfig.from_pretrained(folder, local_files_only=True).to_dict()
    config = UniEncoderSpanConfig(
        model_name="none", encoder_config=encoder, hidden_size=encoder["hidden_size"], max_len=settings.window
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = UniEncoderSpanGLiNER(config, tokenizer=tokenizer, backbone_from_pretrained=False).float().eval()
    words = re.compile(r"[^\W\u2e80-\U0003ffff]+|\S")

    def split(text: str) -> Iterator[tuple[str, int, int]]:
        return ((match[0], match.start(), match.end()) for match in words.finditer(text))

    model.data_processor.words_splitter = split

    def run(texts: Sequence[str]) -> object:
        pieces = []
        for text in map(model_view, texts):
            starts = [start for _, start, _ in split(text)]
            for first in range(0, max(len(starts) - settings.overlap, 1), settings.window - settings.overlap):
                part = [*starts[first : first + settings.window + 1], len(text)]
                pieces.append(text[part[0] : part[min(settings.window, len(part) - 1)]])
        return model.inference(pieces, ["人物", "机构", "职务", "金额"], batch_size=size)

    return run


def _spacy() -> Work:
    """spaCy's entity recogniser over an encoder of its own, as deep and wide, with random weights."""
    import spacy

    encoder = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": 384,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
            "rows": [5000, 1000, 2500, 2500],
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": 384,
            "window_size": 1,
            "maxout_pieces": 3,
            "depth": 4,
        },
    }
    language = spacy.blank("zh")
    recogniser = language.add_pipe(
        "ner", config={"model": {"@architectures": "spacy.TransitionBasedParser.v2", "tok2vec": encoder,
                                 "state_type": "ner", "extra_state_tokens": False, "hidden_width": 64,
                                 "maxout_pieces": 2, "use_upper": True}}
    )  # fmt: skip
    for label in ("PERSON", "ORG", "ROLE", "MONEY"):
        recogniser.add_label(label)  # type: ignore[attr-defined]
    language.initialize()
    return lambda texts: list(language.pipe(texts))


def ceiling(*, threads: int) -> dict[str, float]:
    """Multiplications and additions a second, in billions, of the encoder's matrices alone.

    The widest matrix of the model at a batch of tokens, in int8 and in float, on as many calls at
    once as there are threads: what onnxruntime can do on this machine where nothing else is to be done.
    """
    import time
    from concurrent.futures import ThreadPoolExecutor

    import onnxruntime

    from ie_model.runtime.onnx import OnnxRuntime
    from training.onnx_graph import matrix_graph

    rows, inner, outer = OnnxRuntime.token_budget, 384, 1152
    result = {}
    for precision in ("int8", "float"):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        model = matrix_graph(inner, outer, int8=precision == "int8").SerializeToString()
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        kind = np.uint8 if precision == "int8" else np.float32
        values = np.ones((rows, inner), dtype=kind)

        def work(session: object = session, values: np.ndarray = values) -> int:
            calls, until = 0, time.perf_counter() + 1.0
            while time.perf_counter() < until:
                session.run(None, {"values": values})  # type: ignore[attr-defined]
                calls += 1
            return calls

        work()
        with ThreadPoolExecutor(threads) as pool:
            calls = sum(pool.map(lambda _: work(), range(threads)))
        result[precision] = round(2 * rows * inner * outer * calls / 1e9, 1)
    return result


def encoder_operations(folder: Path) -> int:
    """Multiplications and additions of the encoder's matrices per token, attention left out."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    width, inner = config.hidden_size, config.intermediate_size
    layer = 3 * width * width + width * width + 2 * width * inner + inner * width
    words = getattr(config, "words", None)
    looked_up = len(SLOTS) * words["width"] * width if words else 0
    return 2 * (config.num_hidden_layers * layer + width * width + width * config.num_labels + looked_up)
