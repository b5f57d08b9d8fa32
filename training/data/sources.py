"""The sources that a recipe or an evaluation can name, in one place.

The sets themselves are not part of the project: `data_root` is a folder with the
publishers' raw files. Each reader's module says what it maps and marks completely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from training.data import cluener, label_studio, msra, paragraphs, peoples_daily, resume, self_training, uner, weibo
from training.data.authored import HELD_OUT, read_authored, read_held_out
from training.data.cluener import read_cluener
from training.data.duee import DuEEText, read_duee
from training.data.duee_fin import DuEEFinDocument, read_duee_fin
from training.data.example import DataError, Example, NotAtHandError
from training.data.fewfc import read_fewfc
from training.data.hub import PREFIX, read_hub
from training.data.msra import read_msra
from training.data.news_units import read_news_units
from training.data.peoples_daily import read_peoples_daily
from training.data.resume import read_resume
from training.data.seeds import read_seeds
from training.data.uner import read_uner_gsd, read_uner_pud
from training.data.weibo import read_weibo

SEEDS = Path("annotations") / "seeds"
AUTHORED = Path("annotations") / "authored"
#: Where training/README.md has `training.paragraphs` write the marked passages and their texts.
PASSAGES = Path("runs") / "paragraphs.jsonl"
#: … and what of it models are scored on.
PASSAGES_SPLIT = "dev"
#: Sources that are part of the project.
ANNOTATED = ("seeds", "authored", *HELD_OUT)

T = TypeVar("T")


def scored_passages(path: Path = PASSAGES) -> tuple[str, str]:
    """(source, split) of the marked passages in a file that models are scored on."""
    return f"{paragraphs.PREFIX}{path}", PASSAGES_SPLIT


@dataclass(frozen=True)
class Source(Generic[T]):
    """A set of labelled texts.

    Attributes:
        read: takes the data root and a split.
        splits: those that can be read.
        evaluation_only: no split of it may train a model.
        licence: as the publisher states it.
        own_labels: the publisher's, for a benchmark; empty where they are this project's.
        script: of its texts.
    """

    name: str
    read: Callable[..., list[T]]
    splits: tuple[str, ...]
    evaluation_only: bool
    licence: str
    own_labels: tuple[str, ...] = ()
    script: Literal["simplified", "traditional"] = "simplified"


_ALL = ("train", "dev", "test")

_UNSTATED = "none stated"

SOURCES: dict[str, Source[Example]] = {
    source.name: source
    for source in (
        Source("news-units", read_news_units, _ALL, False, "texts are their publishers'"),
        Source("cluener", read_cluener, ("train", "dev"), False, _UNSTATED, tuple(cluener.OWN_LABELS)),
        Source("resume", read_resume, _ALL, False, _UNSTATED, tuple(resume.OWN_LABELS)),
        Source("msra", read_msra, ("train", "test"), False, _UNSTATED, tuple(msra.OWN_LABELS)),
        Source("peoples-daily", read_peoples_daily, ("dev", "test"), True, _UNSTATED, tuple(peoples_daily.OWN_LABELS)),
        Source("uner-gsd", read_uner_gsd, _ALL, False, "CC BY-SA 4.0", tuple(uner.OWN_LABELS), "traditional"),
        Source("uner-pud", read_uner_pud, ("test",), True, "CC BY-SA 3.0", tuple(uner.OWN_LABELS), "traditional"),
        Source("weibo", read_weibo, _ALL, True, _UNSTATED, tuple(weibo.OWN_LABELS)),
        Source("fewfc", read_fewfc, ("train",), False, "CC BY-SA 4.0"),
    )
}

#: Sets of events, not spans: call their readers, `read_source` does not know them.
EVENT_SOURCES: tuple[Source[DuEEText] | Source[DuEEFinDocument], ...] = (
    Source("duee", read_duee, ("train", "dev"), True, "non-commercial research"),
    Source("duee-fin", read_duee_fin, ("train", "dev"), True, "non-commercial research (inferred)"),
)


@dataclass(frozen=True)
class Made:
    """A kind of file that was made from corpora.

    Attributes:
        read: takes the file and a split.
        writer: the module that writes such files.
        splits: those that can be read; ("train",) where all of a file is for training.
    """

    read: Callable[[Path, str], list[Example]]
    writer: str
    splits: tuple[str, ...] = ("train",)


#: By what their names start with.
MADE = {
    self_training.PREFIX: Made(lambda path, _: self_training.read_self_training(path), "training.self_training"),
    paragraphs.PREFIX: Made(paragraphs.read_paragraphs, "training.paragraphs", paragraphs.SPLITS),
}
#: How the sources that are a user's own, or made from corpora, are named.
OTHER_FORMS = (f"{PREFIX}NAME", f"{label_studio.PREFIX}PATH", *(f"{prefix}FILE" for prefix in MADE))

#: (source, split) of all texts on which models are scored, but for the passages of `training.paragraphs`.
EVALUATED = (
    ("seeds", "train"),
    *((name, "test") for name in HELD_OUT),
    *(
        (source.name, part)
        for source in SOURCES.values()
        for part in source.splits
        if part != "train" or source.evaluation_only
    ),
    *((source.name, "dev") for source in EVENT_SOURCES),
)


def has_splits(name: str) -> bool:
    """Whether a source that is named so has more than one split; the readers of the others pass over the option."""
    made = next((made for prefix, made in MADE.items() if name.startswith(prefix)), None)
    return name in SOURCES or name.startswith(PREFIX) or (made is not None and len(made.splits) > 1)


def read_source(
    name: str,
    *,
    data_root: Path,
    split: str = "train",
    leave_out: str | None = None,
    purpose: Literal["train", "evaluate", "benchmark"] = "train",
    own_labels: bool = False,
) -> list[Example]:
    """The examples of a source.

    Args:
        name: "seeds", "authored", one of `HELD_OUT` (never trained on), one of the sets under `data_root`, "hub:" and
            a Hub id or a local folder (`training/data/hub.py`), which has its publisher's splits, or "label-studio:"
            and an export or a folder of them (`training/data/label_studio.py`), which has no splits, or
            "self-training:" and a file that `training.self_training` wrote, or "paragraphs:" and one of
            `training.paragraphs`, which has a train and a dev split.
        leave_out: id of the one seed article that must not be seen.
        purpose: training gets train splits only, and none of an evaluation-only source. A
            benchmark may train on the train split of any source: its weights are not published.
        own_labels: keep the publisher's labels instead of mapping them to this project's.
    """
    if name == "seeds":
        examples = read_seeds(SEEDS)
        if leave_out is not None and leave_out not in {example.id for example in examples}:
            raise DataError(f"--leave-out {leave_out}: no such seed article")
        return [example for example in examples if example.id != leave_out]
    if name == "authored":
        return read_authored(AUTHORED)
    if name in HELD_OUT:
        if purpose != "evaluate":
            raise DataError(
                f"{name} is for evaluation only (it measures the others); take it out of the training sources"
            )
        return read_held_out(AUTHORED, name)
    if name.startswith(PREFIX):
        _check_purpose(name, split, purpose)
        return read_hub(name, split=split)
    if name.startswith(label_studio.PREFIX):
        return label_studio.read_named(name)
    for prefix, made in MADE.items():
        if name.startswith(prefix):
            path = Path(name.removeprefix(prefix))
            if not path.is_file():
                raise NotAtHandError(f"{name}: no such file; {made.writer} writes it")
            if len(made.splits) > 1:
                _check_split(name, split, made.splits, purpose)
            if not (examples := made.read(path, split)):
                raise NotAtHandError(f"{name}: no texts of the split {split}; {made.writer} writes them")
            return examples
    source = SOURCES.get(name)
    if source is None:
        raise DataError(f"unknown source {name!r}; known: {', '.join((*ANNOTATED, *SOURCES, *OTHER_FORMS))}")
    if purpose == "train" and source.evaluation_only:
        raise DataError(f"{name} is for evaluation only ({source.licence}); take it out of the training sources")
    _check_split(name, split, source.splits, purpose)
    if own_labels and source.own_labels:
        return source.read(data_root, split, {label: label for label in source.own_labels})
    return source.read(data_root, split)


def set_name(source: str, split: str) -> str:
    """What figures call a split; of a file that a user made the kind is named, and not where it lies."""
    return f"{source.partition(':')[0]} {split}"


def _check_split(name: str, split: str, splits: tuple[str, ...], purpose: str) -> None:
    if split not in splits:
        raise DataError(f"{name} has no split {split!r}; it has {', '.join(splits)}")
    _check_purpose(name, split, purpose)


def _check_purpose(name: str, split: str, purpose: str) -> None:
    if purpose != "evaluate" and split != "train":
        raise DataError(f"{name} {split} is held out for evaluation; training reads the train split")
