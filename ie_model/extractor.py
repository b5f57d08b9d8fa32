"""The one path from text to document: encode, run, decode, link, merge."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from ie_model import errors
from ie_model.arguments import Mark, check_article, check_score, known_spans
from ie_model.arrays import Floats
from ie_model.consistency import article_spans
from ie_model.dating import dating_pairs, sides_to_date, times_among, with_dates
from ie_model.decoding import Span
from ie_model.document import Article, Document, Entity
from ie_model.encoding import Encoding, TextEncoder
from ie_model.findings import Findings, Part, chunks_of, document_of
from ie_model.model_folder import TOKENIZER, ModelFolder
from ie_model.relations import LINK_OUTPUTS, Frame, candidate_pairs, frames_from, link_groups, pair_matrix
from ie_model.runner import Run, Runner
from ie_model.runtime import Runtime
from ie_model.scheme import TagScheme
from ie_model.sections import Section, plan_sections
from ie_model.windows import Window


class Extractor:
    """Finds entities and departures. Immutable once loaded; threads may share one.

    Memory: a text is read in sections, so that the work on it needs as much for a book as for an
    article; `link` alone reads it whole. What grows is what a document is: its text, which Python
    holds in 1 to 4 bytes a character (Chinese: 2, and 4 throughout where one character is an emoji or
    the like), and what is found in it, about 200 bytes an entity. Whoever has more text than memory
    gives it in parts: `pipe` holds none but the documents at hand. A text has at most 2^31 - 1
    characters.

    Example::

        ie = Extractor.load()
        doc = ie("3月，阿里巴巴技术副总裁贾扬清宣布辞职创业。")
        doc.departures[0].person  # '贾扬清'
    """

    def __init__(self, model: ModelFolder, runtime: Runtime, *, min_score: float = 0.0) -> None:
        check_score(min_score)
        self._settings = model.settings
        self._scheme = model.scheme
        self._encoder = TextEncoder.from_file(model.path / TOKENIZER)
        self._runtime = runtime
        self._runner = Runner(runtime, self._encoder, model.settings, tags=len(self._scheme))
        self._min_score = min_score
        self._loaded: Mapping[str, Any] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What the model finds: PERSON, ORG, ROLE and MONEY, or a model's own labels."""
        return self._scheme.labels

    @property
    def scheme(self) -> TagScheme:
        """The tags in the order of the logits, and which of them may follow each other."""
        return self._scheme

    @property
    def temperature(self) -> float:
        """By which the tags' logits are divided for the spans' scores."""
        return self._settings.temperature

    def tag_logits(self, texts: Sequence[str]) -> list[tuple[Encoding, Floats]]:
        """The tokens of every text, and [tokens, tags] logits of them, for those who decode by themselves."""
        encodings = [self._encoder(text) for text in texts]
        found = self._runner.start(encodings).results()
        return [(encoding, logits) for encoding, (logits, _) in zip(encodings, found, strict=True)]

    def with_min_score(self, min_score: float) -> Extractor:
        """This extractor with another least score, see `load`; the two share the model, which nothing changes."""
        check_score(min_score)
        other = copy(self)
        other._min_score = min_score
        return other

    def windows(self, text: str) -> list[Window]:
        """The windows in which the encoder reads a text, section by section."""
        return [
            window
            for section in plan_sections(text)
            for window in self._runner.plan(self._encoder(text[section.start : section.end]))
        ]

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
            threads: calls of the onnx runtime at once; 0 for as many as there are cores.
            min_score: spans and departures below this score are left out, and with a span the
                departures that need it. A score is the probability that a span, or the pair of a
                departure, is right, as calibrated on news like that of the training data
                (`python -m training.calibration`): 0.8 keeps what is right in four of five
                cases or more. Higher means fewer and surer; the model card has the curve.

        Raises:
            ModelError: the folder lacks a file or is broken.
            InputError: path is not a path, there is no such runtime or device, or threads or min_score are out of
                range.
            IEModelError: the torch runtime's packages are not installed.
        """
        if runtime not in ("onnx", "torch"):
            raise errors.InputError(f"runtime {runtime!r} is unknown; choose 'onnx' or 'torch'")
        if runtime == "onnx" and device != "cpu":
            raise errors.InputError(f"device {device!r} needs the torch runtime: pass runtime='torch'")
        try:
            folder = None if path is None else Path(path)
        except TypeError:
            raise errors.bad_model_path(path) from None
        model = ModelFolder.open(folder, runtime=runtime)
        engine: Runtime
        if runtime == "onnx":
            from ie_model.runtime.onnx import OnnxRuntime

            engine = OnnxRuntime(model.path, threads=threads, tags=len(model.scheme))
        else:
            from ie_model.runtime.torch import TorchRuntime

            engine = TorchRuntime(model.path, device=device)
        extractor = cls(model, engine, min_score=min_score)
        extractor._loaded = {
            "path": folder and folder.resolve(),
            "runtime": runtime,
            "device": device,
            "threads": threads,
        }
        return extractor

    def __reduce__(self) -> tuple[Callable[..., Extractor], tuple[Mapping[str, Any], float]]:
        """Another process loads the model for itself, from the same folder."""
        if self._loaded is None:
            raise errors.not_loaded()
        return _load_again, (self._loaded, self._min_score)

    def __copy__(self) -> Extractor:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: object) -> Extractor:
        return self

    def __call__(self, text: str, *, id: str | None = None, published: str | None = None) -> Document:
        """Extract from one text of any length.

        Args:
            text: the article, as it is; it is never changed or cut.
            id: a name for the document.
            published: the article's ISO date, as exact as it is known: 2023, 2023-04, 2023-04-30.

        Raises:
            InputError: the text is not a str or has more than 2^31 - 1 characters, the id is not a str, or the date
                is not ISO.
        """
        return next(self.pipe([Article(text, id, published)]))

    def pipe(self, texts: Iterable[str | Article], *, published: str | None = None) -> Iterator[Document]:
        """Extract from a stream of texts; documents come in the order of the texts.

        Short texts run together, and while some run, the next ones are read: up to
        2 × `findings.CHUNK_CHARACTERS` ahead.

        Args:
            published: the date of those that are given as str.

        Raises:
            InputError: this is one text and not several; or one of them is none, once the documents of the texts
                before it are out.
        """
        if isinstance(texts, str | Article):
            raise errors.one_text()
        if not isinstance(texts, Iterable):
            raise errors.not_iterable(texts)
        return self._run(chunks_of(texts, published), self._runner.pool())

    def _run(self, chunks: Iterator[list[Part]], pool: ThreadPoolExecutor | None) -> Iterator[Document]:
        started: deque[tuple[list[Part], Run]] = deque()
        bad: Exception | None = None
        while True:
            try:
                parts = next(chunks)
            except StopIteration:
                break
            except Exception as error:
                bad = error
                break
            started.append((parts, self._runner.start([self._encoder(part.text) for part in parts], pool)))
            if len(started) > 1:
                yield from self._documents(*started.popleft())
        while started:
            yield from self._documents(*started.popleft())
        if bad is not None:
            raise bad

    def _documents(self, parts: Sequence[Part], run: Run) -> Iterator[Document]:
        """The documents of which these parts are the last."""
        results = run.results()
        articles = [
            (part.text, logits, encoding)
            for part, (logits, _), encoding in zip(parts, results, run.encodings, strict=True)
        ]
        found = article_spans(articles, self._scheme, temperature=self._settings.temperature)
        for part, spans, encoding, (_, hidden) in zip(parts, found, run.encodings, results, strict=True):
            findings, section = part.findings, part.section
            local = findings.add_spans([s for s in spans if s.score >= self._min_score], section, encoding)
            self._link(findings, local, section, encoding, hidden)
            if section.last == len(findings.article.text):
                yield document_of(findings)

    def _link(
        self, findings: Findings, local: list[tuple[Span, int]], section: Section, encoding: Encoding, hidden: Floats
    ) -> None:
        """Add the departures of those persons of whom the section tells something new."""
        spans = [span for span, _ in local]
        known = [pair for pair in candidate_pairs(spans) if local[pair[0]][1] >= 0 and local[pair[1]][1] >= 0]
        persons = {pair[0] for pair in known if spans[max(pair)].start + section.start >= section.first}
        pairs = [pair for pair in known if pair[0] in persons]
        frames = frames_from(
            spans,
            pairs,
            self._link_scores(spans, pairs, encoding, hidden),
            threshold=self._settings.link_threshold,
            temperature=self._settings.link_temperature,
            bias=self._settings.link_bias,
            min_score=self._min_score,
        )
        text = findings.article.text[section.start : section.end]
        numbers = [index for _, index in local]
        for frame in self._dated(text, frames, spans, encoding, hidden):
            findings.frames.append(frame.renumbered(numbers, distance=section.start))

    def _dated(
        self, text: str, frames: list[Frame], spans: Sequence[Span], encoding: Encoding, hidden: Floats
    ) -> list[Frame]:
        """The frames of a section with their dates."""
        sides = sides_to_date(frames)
        if not sides:
            return frames
        times, places = times_among(text, spans, encoding)
        pairs = dating_pairs(spans, places, sides)
        return with_dates(frames, spans, times, pairs, self._link_scores([*spans, *places], pairs, encoding, hidden))

    def _link_scores(
        self, spans: Sequence[Span], pairs: Sequence[tuple[int, int]], encoding: Encoding, hidden: Floats
    ) -> Floats:
        """[pairs, len(LINK_OUTPUTS)] what the link head says of pairs of a section's spans."""
        matrix = pair_matrix(spans, pairs, sentence_ends=encoding.sentence_ends, start=0, end=len(encoding))
        scores = np.zeros((len(matrix), len(LINK_OUTPUTS)), dtype=np.float32)
        for rows, first, moved in link_groups(matrix):
            scores[rows] = self._runtime.link(hidden[first : first + int(moved[:, 7].max())], moved)
        return scores

    def link(
        self,
        text: str,
        marked: Iterable[Mark | Entity],
        *,
        id: str | None = None,
        published: str | None = None,
    ) -> Document:
        """The departures among spans that are known already: gold, or corrected by hand.

        The text is read as one section: the encoder's states of it, some 1.5 kB a token (in Chinese, a character), are
        held at once. Give a long text in parts.

        Args:
            marked: (label, start, end) of every span, in code points, end exclusive; or entities.

        Raises:
            InputError: as for a call, or a span lies outside the text, holds only space, overlaps another, or has a
                label that the model has not.
        """
        article = Article(text, id, published)
        check_article(article)
        findings = Findings(article)
        section = Section(0, len(text), 0, len(text))
        encoding = self._encoder(text)
        spans = known_spans(marked, encoding, length=len(text), labels=self.labels)
        [(_, hidden)] = self._runner.start([encoding], self._runner.pool()).results()
        self._link(findings, findings.add_spans(spans, section, encoding), section, encoding, hidden)
        return document_of(findings)


def _load_again(loaded: Mapping[str, Any], min_score: float) -> Extractor:
    return Extractor.load(**loaded, min_score=min_score)
