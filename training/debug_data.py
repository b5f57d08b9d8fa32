"""What is wrong with the labelled data, and how much of it there is.

    python -m training.debug_data --output runs/debug_data.json
    python -m training.debug_data --source news-units msra hub:path/to/your/data
    python -m training.debug_data --source label-studio:path/to/your/export seeds authored-heldout

Reads every split of every source (those that are not at hand are named and passed over),
prints how much each holds and what `training/data_checks.py` finds. The exit status is 1
where a finding is an error, 2 where the command was wrong or names a source of which nothing is there.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from ie_model.scheme import LABELS
from training.command import argument_parser, reported
from training.data import label_studio
from training.data.authored import HELD_OUT
from training.data.duee import DuEEText
from training.data.example import DataError, Example, NotAtHandError
from training.data.hub import PREFIX, hub_splits
from training.data.sources import ANNOTATED, EVENT_SOURCES, MADE, OTHER_FORMS, SOURCES, read_source
from training.data_checks import SEVERITIES, SPLIT_CHECKS, Finding, Split, findings_at
from training.recipe import DATA_ROOT
from training.report import check_writable


def _parts(name: str) -> Sequence[str]:
    """The splits of a source."""
    if name.startswith(PREFIX):
        return hub_splits(name)
    if name.startswith(label_studio.PREFIX):
        return ("train",)
    for prefix, made in MADE.items():
        if name.startswith(prefix):
            return made.splits
    known = {source.name: source.splits for source in (*SOURCES.values(), *EVENT_SOURCES)}
    if name in HELD_OUT:
        return ("test",)
    if name not in (*ANNOTATED, *known):
        raise DataError(f"unknown source {name!r}; known: {', '.join((*ANNOTATED, *known, *OTHER_FORMS))}")
    return known.get(name, ("train",))


def read_split(name: str, part: str, data_root: Path) -> Split:
    """One split of any source; the texts of the event sources come without spans."""
    for source in EVENT_SOURCES:
        if source.name == name:
            examples, events = [], 0
            for row in source.read(data_root, part):
                if isinstance(row, DuEEText):
                    text, held = row.text, len(row.departures)
                else:
                    text, held = f"{row.headline}\n{row.text}", len(row.changes)
                examples.append(Example(row.id, name, text, (), complete=frozenset()))
                events += held
            return Split(name, part, tuple(examples), trains=False, events=events)
    texts = read_source(name, data_root=data_root, split=part, purpose="evaluate")
    kept_out = name in SOURCES and SOURCES[name].evaluation_only
    return Split(name, part, tuple(texts), trains=part == "train" and not kept_out)


@dataclass
class Found:
    """What is there of some sources, and what is wrong with it.

    Attributes:
        missing: (source, split, why) of the splits that are not at hand.
    """

    splits: list[Split] = field(default_factory=list)
    missing: list[tuple[str, str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def read(self, name: str, part: str, data_root: Path) -> None:
        """Add a split of a source; one that is not at hand, or cannot be read, is noted as such."""
        try:
            self.splits.append(read_split(name, part, data_root))
        except NotAtHandError as error:
            self.missing.append((name, part, str(error)))
        except DataError as error:
            self.findings += findings_at("unreadable", name, part, [str(error)], "splits cannot be read")

    def absent(self) -> dict[str, str]:
        """The sources of which nothing is there, and why."""
        there = {split.source for split in self.splits} | {finding.source for finding in self.findings}
        return {name: why for name, _, why in self.missing if name not in there}

    def check(self) -> None:
        """Add what the checks find in all splits together; the worst comes first."""
        for check in track(SPLIT_CHECKS, "checking", console=Console(stderr=True), transient=True):
            # An export has whatever labels its project has, and a recipe trains them (`training/finetune.py`).
            self.findings += (
                finding
                for finding in check(self.splits)
                if not (finding.check == "unknown-label" and finding.source.startswith(label_studio.PREFIX))
            )
        self.findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))

    def not_found(self) -> list[str]:
        return [f"{name} {part}" for name, part, _ in self.missing]

    def report(self) -> dict[str, Any]:
        return {
            "not_found": self.not_found(),
            "splits": [split.figures() for split in self.splits],
            "findings": [asdict(finding) for finding in self.findings],
        }

    def print(self) -> None:
        console = Console(width=max(110, Console().width), highlight=False, markup=False)
        console.print(_table(self.splits))
        if self.missing:
            console.print(f"not found: {', '.join(self.not_found())}")
        for finding in self.findings:
            head = f"{finding.severity}  {finding.check}  {finding.source} {finding.split}"
            console.print(f"{head}: {finding.count:,} {finding.what} ({finding.remedy})", soft_wrap=True)
            for example in finding.examples:
                console.print(f"    {example}", soft_wrap=True)
        totals = Counter(finding.severity for finding in self.findings)
        console.print(", ".join(f"{totals[severity]} {severity}" for severity in SEVERITIES))


def _table(splits: Sequence[Split]) -> Table:
    """A row for each split: its use, and how much is in it."""
    table = Table(title="Labelled data", title_justify="left")
    for column in ("source", "split", "use"):
        table.add_column(column)
    for column in ("texts", "characters", *LABELS, "departures"):
        table.add_column(column, justify="right")
    for split in splits:
        row = split.figures()
        numbers = (row["texts"], row["characters"], *row["labels"].values(), row["departures"])
        cells = ("–" if number is None else f"{number:,}" for number in numbers)
        table.add_row(row["source"], row["split"], row["use"], *cells)
    return table


@reported
def main(arguments: Sequence[str] | None = None) -> int:
    parser = argument_parser("Check the labelled data and what its splits have in common.")
    parser.add_argument("--data-root", type=Path, default=Path(DATA_ROOT), help="folder of the publishers' raw files")
    parser.add_argument(
        "--source",
        nargs="+",
        metavar="NAME",
        help=f"only these; {PREFIX}NAME and {label_studio.PREFIX}PATH read your own sets",
    )
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write everything here too")
    options = parser.parse_args(arguments)
    if options.output:
        check_writable(options.output)
    everything = (*ANNOTATED, *SOURCES, *(source.name for source in EVENT_SOURCES))
    parts = [(name, part) for name in options.source or everything for part in _parts(name)]
    found = Found()
    for name, part in track(parts, "reading", console=Console(stderr=True), transient=True):
        found.read(name, part, options.data_root)
    if options.source and (absent := found.absent()):
        for name, reason in absent.items():
            print(f"{name} is not there: {reason}; relative paths start at {Path.cwd()}", file=sys.stderr)
        return 2
    found.check()
    found.print()
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(found.report(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return int(any(finding.severity == "error" for finding in found.findings))


if __name__ == "__main__":
    sys.exit(main())
