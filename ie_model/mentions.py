"""The spans of a long text in little memory: 18 bytes each, not some 200 as objects."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from ie_model.decoding import Span

#: Offsets are kept in 32 bits.
MAX_CHARACTERS = 2**31 - 1


class Mentions(Sequence[Span]):
    """Spans in the order of a text, which only grow in number; a `Span` is made when it is asked for.

    They have the text's offsets and no tokens (`first` and `last` are 0).
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._labels: dict[str, int] = {}
        self._names: list[str] = []
        self._label = array("H")
        self._start, self._end = array("i"), array("i")
        self._score = array("d")
        for span in spans:
            self.append(span)

    def append(self, span: Span) -> None:
        number = self._labels.get(span.label)
        if number is None:
            number = self._labels[span.label] = len(self._names)
            self._names.append(span.label)
        self._label.append(number)
        self._start.append(span.start)
        self._end.append(span.end)
        self._score.append(span.score)

    @property
    def end(self) -> int:
        """Where the last span ends; 0 without any."""
        return self._end[-1] if self._end else 0

    def __len__(self) -> int:
        return len(self._label)

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> list[Span]: ...
    def __getitem__(self, index: int | slice) -> Span | list[Span]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return Span(self._names[self._label[index]], 0, 0, self._start[index], self._end[index], self._score[index])

    def __iter__(self) -> Iterator[Span]:
        names = self._names
        for label, start, end, score in zip(self._label, self._start, self._end, self._score, strict=True):
            yield Span(names[label], 0, 0, start, end, score)
