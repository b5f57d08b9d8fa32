"""Makes scores honest: what is scored 0.8 is to be right in four of five cases.

    python -m training.calibration            # fit, measure, write results/calibration.json and .svg
    python -m training.calibration --write    # and put what was fitted into the model's config.json

Spans' scores are fitted on news-units dev, departures' on it, the held-out authored pieces and the
marked passages that are kept apart, together, since dev alone has a few wrong ones among fifty. Both are measured
there, and with `--split test` on news-units test. Only scores change: which spans and departures come out is
decided on what the model says uncalibrated.

Spans: one temperature for the tags' logits, of least log loss of "this span is right". The
temperature of least loss of the tags themselves weighs the tokens outside of all names, four of
five, like those of a span; slope and bias on a span's log-odds would be a second way. All
are measured (`ways`). Departures: temperature and bias on the log-odds that the link and both
of its spans are right, the spans' probabilities being the calibrated ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ie_model.arrays import Floats, Ints
from ie_model.consistency import article_spans
from ie_model.decoding import Span
from ie_model.document import Document, Entity
from ie_model.encoding import Encoding
from ie_model.extractor import Extractor
from ie_model.model_folder import CONFIG, ModelFolder, Settings
from ie_model.relations import calibrated
from ie_model.runtime import Runtime
from ie_model.runtime.onnx import OnnxRuntime
from training.calibration_plot import write_plot
from training.command import argument_parser, reported
from training.data.example import Example, expect_file
from training.data.sources import PASSAGES, read_source, scored_passages, set_name
from training.fact_scoring import departure_counts, gold_facts, match_facts
from training.features import tag_masks
from training.losses import tag_loss
from training.recipe import DATA_ROOT
from training.reliability import (
    Scored,
    brier,
    expected_calibration_error,
    fit_log_odds,
    fit_temperature,
    log_loss,
    log_odds,
    reliability,
)
from training.report import (
    check_writable,
    command_of,
    complete_labels,
    fingerprint,
    weights_fingerprint,
    write_results,
)
from training.scoring import span_counts, total

RESULTS = Path("results/calibration.json")
#: The set that is fitted on, and one that is measured beside it, for departures fitted on too: (source, split). So are
#: the passages that are kept apart, where they are at hand.
FITTED = ("news-units", "dev")
HELD_OUT = ("authored-heldout", "test")
MIN_SCORES = tuple(round(0.05 * step, 2) for step in range(20))


class RememberingRuntime:
    """A runtime that encodes equal batches once, since every score is asked of the same texts."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.threads, self.token_budget = runtime.threads, runtime.token_budget
        self._known: dict[tuple[tuple[int, ...], bytes, bytes], tuple[Floats, Floats]] = {}

    def encode(self, ids: Ints, mask: Ints) -> tuple[Floats, Floats]:
        key = (ids.shape, ids.tobytes(), mask.tobytes())
        if key not in self._known:
            self._known[key] = self._runtime.encode(ids, mask)
        return self._known[key]

    def link(self, hidden: Floats, pairs: Ints) -> Floats:
        return self._runtime.link(hidden, pairs)


@dataclass(frozen=True)
class Subject:
    """A model that can be run with other settings than its own."""

    model: ModelFolder
    runtime: Runtime

    @property
    def uncalibrated(self) -> Settings:
        """The model's settings with all scores as the network gives them."""
        return replace(self.model.settings, temperature=1.0, link_temperature=1.0, link_bias=0.0)

    def extractor(self, settings: Settings) -> Extractor:
        return Extractor(replace(self.model, settings=settings), self.runtime)

    def documents(self, examples: Sequence[Example], settings: Settings, min_score: float = 0.0) -> list[Document]:
        extractor = self.extractor(settings).with_min_score(min_score)
        return list(extractor.pipe(example.text for example in examples))

    def logits(self, examples: Sequence[Example]) -> list[tuple[Encoding, Floats]]:
        """The tokens of every text, and [tokens, tags] logits of them."""
        return self.extractor(self.model.settings).tag_logits([example.text for example in examples])


def scored_spans(
    examples: Sequence[Example], found: Sequence[Sequence[Span | Entity]], *, label: str | None = None
) -> Scored:
    """The spans found, of one label or of all that a text marks completely; right as in strict F1."""
    items = []
    for example, spans in zip(examples, found, strict=True):
        gold = {(span.label, span.start, span.end) for span in example.spans}
        items += [
            (span.score, (span.label, span.start, span.end) in gold)
            for span in spans
            if span.label in example.complete and label in (None, span.label)
        ]
    return Scored.of(items)


def scored_departures(examples: Sequence[Example], documents: Sequence[Document]) -> Scored:
    """The departures found; right if the pair of person and organisation is."""
    items = []
    for example, document in zip(examples, documents, strict=True):
        right = {at for _, at in match_facts(gold_facts(example), document.departures)}
        items += [(departure.score, at in right) for at, departure in enumerate(document.departures)]
    return Scored.of(items)


def tags_loss(subject: Subject, examples: Sequence[Example]) -> Callable[[float], float]:
    """The tags' loss of fine-tuning as a function of the temperature."""
    answers = subject.logits(examples)
    allowed = [
        tag_masks(example, encoding, subject.model.scheme)[0]
        for example, (encoding, _) in zip(examples, answers, strict=True)
    ]
    logits = torch.cat([torch.from_numpy(values) for _, values in answers])[None]
    masks = torch.cat([torch.from_numpy(values) for values in allowed])[None]
    return lambda temperature: float(tag_loss(logits / temperature, masks))


def spans_at(subject: Subject, examples: Sequence[Example]) -> Callable[[float], Scored]:
    """The spans of some texts as a function of the temperature."""
    answers = subject.logits(examples)
    articles = [
        (example.text, logits, encoding) for example, (encoding, logits) in zip(examples, answers, strict=True)
    ]

    def scored(temperature: float) -> Scored:
        return scored_spans(examples, article_spans(articles, subject.model.scheme, temperature=temperature))

    return scored


def fit(subject: Subject, examples: Sequence[Example], *, further: Sequence[Example] = ()) -> Settings:
    """The model's settings with the temperatures and the bias that make its scores honest here.

    Args:
        further: examples for the scores of departures, beside the others.
    """
    spans = spans_at(subject, examples)
    fitted = replace(
        subject.uncalibrated, temperature=fit_temperature(lambda temperature: log_loss(spans(temperature)))
    )
    both = [*examples, *further]
    link_temperature, link_bias = fit_log_odds(scored_departures(both, subject.documents(both, fitted)))
    return replace(fitted, link_temperature=link_temperature, link_bias=link_bias)


def compare_ways(
    subject: Subject, sets: dict[str, list[Example]], *, fitted_on: str, temperature: float
) -> dict[str, dict[str, Any]]:
    """Other ways to calibrate the spans' scores, fitted on the one set, on all sets.

    Args:
        temperature: the one of least loss of the spans.
    """
    spans = {name: spans_at(subject, examples) for name, examples in sets.items()}
    of_tags = fit_temperature(tags_loss(subject, sets[fitted_on]))
    slope = fit_log_odds(spans[fitted_on](1.0))
    plain = {name: scored(1.0) for name, scored in spans.items()}
    found: dict[str, tuple[dict[str, Any], dict[str, Scored]]] = {
        "none": ({}, plain),
        "tags": ({"temperature": of_tags}, {name: scored(of_tags) for name, scored in spans.items()}),
        "spans": ({"temperature": temperature}, {name: scored(temperature) for name, scored in spans.items()}),
        "log-odds": (
            {"temperature": slope[0], "bias": slope[1]},
            {
                name: Scored(calibrated(log_odds(one.scores), temperature=slope[0], bias=slope[1]), one.right)
                for name, one in plain.items()
            },
        ),
    }
    return {way: {"fitted": fitted, "sets": _brief(scored)} for way, (fitted, scored) in found.items()}


def _brief(sets: dict[str, Scored]) -> dict[str, dict[str, float]]:
    figures = {"ece": expected_calibration_error, "brier": brier, "log_loss": log_loss}
    return {name: {key: round(of(scored), 4) for key, of in figures.items()} for name, scored in sets.items()}


def measure(subject: Subject, examples: Sequence[Example], settings: Settings) -> dict[str, Any]:
    """Reliability of spans and departures before and after, and what each least score keeps."""
    labels = complete_labels(examples)
    report: dict[str, Any] = {"fingerprint": fingerprint(examples), "documents": len(examples), "spans": {}}
    before, after = (subject.documents(examples, one) for one in (subject.uncalibrated, settings))
    for label in ("all", *labels):
        report["spans"][label] = {
            when: reliability(
                scored_spans(examples, [d.entities for d in documents], label=None if label == "all" else label)
            )
            for when, documents in (("before", before), ("after", after))
        }
    report["departures"] = {
        when: reliability(scored_departures(examples, documents))
        for when, documents in (("before", before), ("after", after))
    }
    report["curve"] = [kept(subject, examples, settings, min_score) for min_score in MIN_SCORES]
    return report


def kept(subject: Subject, examples: Sequence[Example], settings: Settings, min_score: float) -> dict[str, Any]:
    """Precision, recall and F1 of spans and of departures with a least score."""
    documents = subject.documents(examples, settings, min_score)
    labels = complete_labels(examples)
    pairs = list(zip(examples, documents, strict=True))
    spans = total(counts for e, d in pairs for counts in span_counts(e, d, labels).values())
    departures = total(departure_counts(e, d)["pair"] for e, d in pairs)
    return {"min_score": min_score, "spans": spans.to_dict(), "departures": departures.to_dict()}


def write_settings(folder: Path, settings: Settings) -> None:
    """Put the fitted values into a model folder's config.json, and leave the rest of it as it is."""
    path = folder / CONFIG
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    config["ie_model"] = {**config.get("ie_model", {}), **fitted_values(settings)}
    path.write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def fitted_values(settings: Settings) -> dict[str, float]:
    return {name: getattr(settings, name) for name in ("temperature", "link_temperature", "link_bias")}


def departure_sets(passages: Path) -> list[tuple[str, str]]:
    """(source, split) of the sets that departures' scores are fitted on beside `FITTED`.

    DataError: there are no such passages, and they are not those that may be missing.
    """
    if passages != PASSAGES:
        expect_file(passages)
    return [HELD_OUT, scored_passages(passages)] if passages.is_file() else [HELD_OUT]


def calibration_report(
    subject: Subject,
    settings: Settings,
    found: Mapping[tuple[str, str], list[Example]],
    *,
    further: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """What was fitted on which sets, what other ways would have given, and the figures of every set.

    Args:
        found: the examples by (source, split).
        further: what `departure_sets` says.
    """
    sets = {set_name(*one): examples for one, examples in found.items()}
    fitted_on = set_name(*FITTED)
    return {
        "model": weights_fingerprint(subject.model.path),
        "fitted_on": fitted_on,
        "departures_fitted_on": [set_name(*one) for one in (FITTED, *further)],
        "fitted": fitted_values(settings),
        "ways": compare_ways(subject, sets, fitted_on=fitted_on, temperature=settings.temperature),
        "sets": {name: measure(subject, examples, settings) for name, examples in sets.items()},
    }


def print_report(report: dict[str, Any]) -> None:
    """What was fitted, and a line with the calibration errors of each set's spans and departures."""
    print(", ".join(f"{name} {value}" for name, value in report["fitted"].items()))
    for name, one in report["sets"].items():
        for kind, figures in (("spans", one["spans"]["all"]), ("departures", one["departures"])):
            before, after = (f"{100 * figures[when]['ece']:.1f}" for when in ("before", "after"))
            chance = 100 * figures["after"]["ece_by_chance"][0]
            print(f"{name}, {kind}: calibration error {before} before, {after} after; {chance:.1f} by chance alone")


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Fit spans' scores on news-units dev and departures' on three sets, and measure both.")
    parser.add_argument("--model", type=Path, help="a model folder; the packaged model by default")
    parser.add_argument("--data-root", default=DATA_ROOT, help="folder of the publishers' raw files")
    parser.add_argument(
        "--split",
        choices=("dev", "test"),
        default="dev",
        help="of news-units: what to measure on; test comes beside dev and is never fitted on",
    )
    parser.add_argument(
        "--passages",
        type=Path,
        default=PASSAGES,
        help="what training.paragraphs wrote; without it departures are fitted on two sets",
    )
    parser.add_argument("--write", action="store_true", help="put what was fitted into the model's config.json")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file to write the figures to")
    options = parser.parse_args(arguments)
    check_writable(options.output)
    model = ModelFolder.open(options.model)
    subject = Subject(model, RememberingRuntime(OnnxRuntime(model.path)))
    further = departure_sets(options.passages)
    wanted = dict.fromkeys((FITTED, *further, (FITTED[0], options.split)))
    found = {
        one: read_source(one[0], data_root=Path(options.data_root), split=one[1], purpose="evaluate") for one in wanted
    }
    settings = fit(subject, found[FITTED], further=[example for one in further for example in found[one]])
    report = calibration_report(subject, settings, found, further=further)
    print_report(report)
    write_results(options.output, command=command_of("training.calibration", options, parser), report=report)
    write_plot(report, options.output.with_suffix(".svg"))
    print(f"figures in {options.output}, plot in {options.output.with_suffix('.svg')}")
    if options.write:
        write_settings(model.path, settings)
        print(f"wrote what was fitted into {model.path / CONFIG}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
