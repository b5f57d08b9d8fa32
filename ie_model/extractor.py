"""The one path from text to document: encode, run, decode, link, merge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from ie_model import errors
from ie_model.decoding import Floats, Span, decode
from ie_model.document import Document, Entity
from ie_model.encoding import Encoding, TextEncoder
from ie_model.facts import departures_of
from ie_model.model_folder import TOKENIZER, ModelFolder
from ie_model.money import money_value
from ie_model.relations import candidate_pairs, frames_from, pair_matrix
from ie_model.runtime import Runtime
from ie_model.script import is_traditional
from ie_model.windows import Window, plan_windows

#: Tokens, padding included, that one call of the encoder takes at most.
TOKEN_BUDGET = 4096
#: Batches are padded to a multiple of this many tokens.
PAD_MULTIPLE = 8
#: `pipe` reads ahead this many characters, so that short texts share the encoder's calls.
CHUNK_CHARACTERS = 16384


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

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model finds: PERSON, ORG, ROLE and MONEY, or a model's own labels."""
        return self._scheme.labels

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
            ModelError: the folder lacks a file or is broken.
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
        check_input(text, published)
        encoding = self._encoder(text)
        [(logits, hidden)] = self.run([encoding])
        return self._document(text, self._spans(logits, encoding), encoding, hidden, id=id, published=published)

    def link(
        self,
        text: str,
        marked: Iterable[tuple[str, int, int]],
        *,
        id: str | None = None,
        published: str | None = None,
    ) -> Document:
        """The departures among spans that are known already: gold, or corrected by hand.

        Args:
            marked: (label, start, end) of every span, in code points, end exclusive.

        Raises:
            InputError: as for a call, or a span lies outside the text or holds only space.
        """
        check_input(text, published)
        encoding = self._encoder(text)
        [(_, hidden)] = self.run([encoding])
        spans = []
        for label, start, end in sorted(marked, key=lambda mark: mark[1:]):
            tokens = encoding.tokens_of(start, end) if 0 <= start < end <= len(text) else None
            if tokens is None:
                raise errors.bad_span(label, start, end, len(text))
            spans.append(Span(label, *tokens, start, end, 1.0))
        return self._document(text, spans, encoding, hidden, id=id, published=published)

    def _document(
        self,
        text: str,
        spans: list[Span],
        encoding: Encoding,
        hidden: Floats,
        *,
        id: str | None,
        published: str | None,
    ) -> Document:
        pairs = candidate_pairs(spans)
        ends = encoding.sentence_ends
        matrix = pair_matrix(spans, pairs, sentence_ends=ends, start=0, end=len(encoding))
        frames = frames_from(
            spans,
            pairs,
            self._runtime.link(hidden, matrix),
            threshold=max(self._settings.link_threshold, self._min_score),
        )
        return Document(
            text=text,
            entities=_entities(text, spans),
            departures=departures_of(text, spans, frames, published=published),
            id=id,
            published=published,
        )

    def pipe(self, texts: Iterable[str], *, published: str | None = None) -> Iterator[Document]:
        """Extract from a stream of texts; documents come in the order of the texts.

        A bad text raises InputError once the texts before it are done.
        """
        for chunk in _chunks(texts, published):
            encodings = [self._encoder(text) for text in chunk]
            for text, encoding, (logits, hidden) in zip(chunk, encodings, self.run(encodings), strict=True):
                yield self._document(
                    text, self._spans(logits, encoding), encoding, hidden, id=None, published=published
                )

    def _spans(self, logits: Floats, encoding: Encoding) -> list[Span]:
        spans = decode(logits, encoding, self._scheme, temperature=self._settings.temperature)
        return [span for span in spans if span.score >= self._min_score]

    def run(self, encodings: Sequence[Encoding]) -> list[tuple[Floats, Floats]]:
        """Logits [tokens, tags] and hidden states [tokens, hidden] of each text.

        Windows of like length run together, whichever text they are from. Every token's
        values come from the window that owns it.
        """
        size, overlap = self._settings.window, self._settings.overlap
        logits: list[Floats] = [np.zeros((len(e), len(self._scheme)), dtype=np.float32) for e in encodings]
        hidden: list[Floats] = [np.zeros((len(e), 0), dtype=np.float32) for e in encodings]
        windows = [
            (index, window)
            for index, encoding in enumerate(encodings)
            for window in plan_windows(encoding.sentence_ends, size=size, overlap=overlap)
        ]
        for batch in _batches(windows):
            ids, mask = self._pad(encodings, batch)
            batch_logits, batch_hidden = self._runtime.encode(ids, mask)
            for row, (index, window) in enumerate(batch):
                if not hidden[index].shape[1]:
                    hidden[index] = np.zeros((len(encodings[index]), batch_hidden.shape[2]), dtype=np.float32)
                # +1: [CLS] stands before the window's first token.
                at = slice(window.first - window.start + 1, window.last - window.start + 1)
                logits[index][window.first : window.last] = batch_logits[row, at]
                hidden[index][window.first : window.last] = batch_hidden[row, at]
        return list(zip(logits, hidden, strict=True))

    def _pad(self, encodings: Sequence[Encoding], batch: list[tuple[int, Window]]) -> tuple[np.ndarray, np.ndarray]:
        length = min(max(_padded(window) for _, window in batch), self._settings.window + 2)
        ids = np.full((len(batch), length), self._encoder.pad_id, dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.int64)
        for row, (index, window) in enumerate(batch):
            count = window.end - window.start
            ids[row, 0] = self._encoder.cls_id
            ids[row, 1 : count + 1] = encodings[index].ids[window.start : window.end]
            ids[row, count + 1] = self._encoder.sep_id
            mask[row, : count + 2] = 1
        return ids, mask


def check_input(text: str, published: str | None) -> None:
    """InputError unless these can be extracted from."""
    if not isinstance(text, str):
        raise errors.not_a_text(type(text).__name__)
    if published is not None:
        check_date(published)


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


def _chunks(texts: Iterable[str], published: str | None) -> Iterator[list[str]]:
    """Texts that are run together: as many as CHUNK_CHARACTERS hold, at least one."""
    chunk: list[str] = []
    characters = 0
    for text in texts:
        try:
            check_input(text, published)
        except errors.InputError:
            if chunk:
                yield chunk  # lose nothing: the texts before the bad one come first
            raise
        if chunk and characters + len(text) > CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
        chunk.append(text)
        characters += len(text)
    if chunk:
        yield chunk


def _batches(windows: list[tuple[int, Window]]) -> Iterator[list[tuple[int, Window]]]:
    """Windows of like length together, within the token budget."""
    ordered = sorted(windows, key=lambda item: item[1].end - item[1].start, reverse=True)
    at = 0
    while at < len(ordered):
        count = max(1, TOKEN_BUDGET // _padded(ordered[at][1]))
        yield ordered[at : at + count]
        at += count


def _entities(text: str, spans: Sequence[Span]) -> tuple[Entity, ...]:
    # Asked of the whole text, so only where an amount needs it.
    traditional = any(span.label == "MONEY" for span in spans) and is_traditional(text)
    return tuple(
        Entity(
            label=span.label,
            text=(surface := text[span.start : span.end]),
            start=span.start,
            end=span.end,
            score=span.score,
            value=money_value(surface, traditional=traditional) if span.label == "MONEY" else None,
        )
        for span in spans
    )
