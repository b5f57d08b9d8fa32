"""The one path from text to document: encode, run, decode, link, merge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import numpy as np

from ie_model import errors
from ie_model.decoding import Floats, Span, decode
from ie_model.document import Document, Entity
from ie_model.encoding import Encoding, TextEncoder
from ie_model.facts import departures_of
from ie_model.model_folder import TOKENIZER, ModelFolder
from ie_model.relations import candidate_pairs, frames_from, pair_matrix
from ie_model.runtime import Runtime
from ie_model.windows import Window, plan_windows

#: Tokens, padding included, that one call of the encoder takes at most.
TOKEN_BUDGET = 4096
#: Batches are padded to a multiple of this many tokens.
PAD_MULTIPLE = 32


class Extractor:
    """Finds entities and departures. Immutable once loaded; threads may share one.

    Example::

        ie = Extractor.load()
        doc = ie("3月，阿里巴巴技术副总裁贾扬清宣布辞职创业。")
        doc.departures[0].person  # '贾扬清'
    """

    def __init__(self, model: ModelFolder, runtime: Runtime, *, min_score: float = 0.0) -> None:
        if not 0.0 <= min_score <= 1.0:
            raise errors.bad_score(min_score)
        self._settings = model.settings
        self._scheme = model.scheme
        self._encoder = TextEncoder.from_file(model.path / TOKENIZER)
        self._runtime = runtime
        self._min_score = min_score

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        runtime: str = "onnx",
        device: str = "cpu",
        threads: int = 0,
        min_score: float = 0.0,
    ) -> Extractor:
        """Load the packaged model, or the one in a folder. Nothing is downloaded.

        Args:
            path: a model folder made by `python -m training.export`.
            runtime: "onnx" (default) or "torch" (needs the `train` extra; for GPUs).
            device: for the torch runtime: "cpu", "cuda" …
            threads: for the onnx runtime; 0 lets it choose.
            min_score: spans and departures below this score are left out.

        Raises:
            ModelError: the folder lacks a file, is broken, or has other labels.
        """
        if runtime not in ("onnx", "torch"):
            raise errors.InputError(f"runtime {runtime!r} is unknown; choose 'onnx' or 'torch'")
        if runtime == "onnx" and device != "cpu":
            raise errors.InputError(f"device {device!r} needs the torch runtime: pass runtime='torch'")
        model = ModelFolder.open(Path(path) if path is not None else None, runtime=runtime)
        engine: Runtime
        if runtime == "onnx":
            from ie_model.runtime.onnx import OnnxRuntime

            engine = OnnxRuntime(model.path, threads=threads)
        else:
            from ie_model.runtime.torch import TorchRuntime

            engine = TorchRuntime(model.path, device=device)
        return cls(model, engine, min_score=min_score)

    def __call__(self, text: str, *, id: str | None = None, published: str | None = None) -> Document:
        """Extract from one text of any length.

        Args:
            text: the article, as it is; it is never changed or cut.
            id: a name for the document.
            published: the article's ISO date, as exact as it is known: 2023, 2023-04, 2023-04-30.

        Raises:
            InputError: the text is not a str, or the date is not ISO.
        """
        if not isinstance(text, str):
            raise errors.not_a_text(type(text).__name__)
        if published is not None:
            check_date(published)
        encoding = self._encoder(text)
        logits, hidden = self.run(encoding)
        settings = self._settings
        spans = decode(logits, encoding, self._scheme, temperature=settings.temperature)
        spans = [span for span in spans if span.score >= self._min_score]
        pairs = candidate_pairs(spans)
        matrix = pair_matrix([(spans[a], spans[b]) for a, b in pairs], start=0, end=len(encoding))
        frames = frames_from(
            spans,
            pairs,
            self._runtime.link(hidden, matrix),
            threshold=max(settings.link_threshold, self._min_score),
        )
        return Document(
            text=text,
            entities=tuple(_entity(text, span) for span in spans),
            departures=departures_of(text, spans, frames),
            id=id,
            published=published,
        )

    def pipe(self, texts: Iterable[str], *, published: str | None = None) -> Iterator[Document]:
        """Extract from a stream of texts; documents come in the order of the texts."""
        for text in texts:
            yield self(text, published=published)

    def run(self, encoding: Encoding) -> tuple[Floats, Floats]:
        """Logits [tokens, tags] and hidden states [tokens, hidden] of a whole text.

        Every token's values come from the window that owns it.
        """
        windows = plan_windows(encoding.sentence_ends, size=self._settings.window, overlap=self._settings.overlap)
        logits: Floats = np.zeros((len(encoding), len(self._scheme)), dtype=np.float32)
        hidden: Floats = np.zeros((len(encoding), 0), dtype=np.float32)
        for batch in _batches(windows):
            ids, mask = self._pad(encoding, batch)
            batch_logits, batch_hidden = self._runtime.encode(ids, mask)
            if not hidden.shape[1]:
                hidden = np.zeros((len(encoding), batch_hidden.shape[2]), dtype=np.float32)
            for row, window in enumerate(batch):
                # +1: [CLS] stands before the window's first token.
                at = slice(window.first - window.start + 1, window.last - window.start + 1)
                logits[window.first : window.last] = batch_logits[row, at]
                hidden[window.first : window.last] = batch_hidden[row, at]
        return logits, hidden

    def _pad(self, encoding: Encoding, windows: list[Window]) -> tuple[np.ndarray, np.ndarray]:
        length = min(max(map(_padded, windows)), self._settings.window + 2)
        ids = np.full((len(windows), length), self._encoder.pad_id, dtype=np.int64)
        mask = np.zeros((len(windows), length), dtype=np.int64)
        for row, window in enumerate(windows):
            count = window.end - window.start
            ids[row, 0] = self._encoder.cls_id
            ids[row, 1 : count + 1] = encoding.ids[window.start : window.end]
            ids[row, count + 1] = self._encoder.sep_id
            mask[row, : count + 2] = 1
        return ids, mask


def check_date(value: str) -> None:
    """InputError unless the value is YYYY, YYYY-MM or YYYY-MM-DD of the calendar."""
    try:
        if not re.fullmatch(r"\d{4}(-\d\d){0,2}", value):
            raise ValueError(value)
        date.fromisoformat(value + "-01-01"[len(value) - 4 :])
    except (TypeError, ValueError):
        raise errors.bad_date(value) from None


def _padded(window: Window) -> int:
    """A window's length with its special tokens and padding."""
    return -(-(window.end - window.start + 2) // PAD_MULTIPLE) * PAD_MULTIPLE


def _batches(windows: list[Window]) -> Iterator[list[Window]]:
    """Windows of like length together, within the token budget."""
    ordered = sorted(windows, key=lambda window: window.end - window.start, reverse=True)
    at = 0
    while at < len(ordered):
        count = max(1, TOKEN_BUDGET // _padded(ordered[at]))
        yield ordered[at : at + count]
        at += count


def _entity(text: str, span: Span) -> Entity:
    return Entity(
        label=span.label,
        text=text[span.start : span.end],
        start=span.start,
        end=span.end,
        score=span.score,
    )
