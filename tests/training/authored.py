"""A tiny annotated set of our own sentences, and the file formats that it can be written in."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from training.data.example import Example, GoldDeparture, GoldSpan

_MARK = re.compile(r"\{(.+?)\|(PERSON|ORG|ROLE|MONEY)\}")
#: A marked sentence; its departure as span numbers: person, organisation, status, roles, joined.
_SENTENCES: list[tuple[str, tuple[int, int, str, list[int], list[int]] | None]] = [
    ("3月，{星河科技|ORG}{技术副总裁|ROLE}{林知远|PERSON}宣布辞职。", (2, 0, "stated", [1], [])),
    ("据悉，{周以安|PERSON}将离开{青木资本|ORG}。", (0, 1, "reported", [], [])),
    ("前{海潮集团|ORG}{首席财务官|ROLE}{陈若水|PERSON}也在场。", (2, 0, "former", [1], [])),
    ("{林知远|PERSON}告别{星河科技|ORG}，加入{云栖智能|ORG}。", (0, 1, "stated", [], [2])),
    ("{青木资本|ORG}投了{1.13亿美元|MONEY}。", None),
    ("他的年薪是{80万元|MONEY}。", None),
    ("{OpenAI|ORG}的{CEO|ROLE}{Sam Altman|PERSON}没有离开。", None),
    ("公司没有裁员，记者说。", None),
]


def mark(line: str) -> tuple[str, tuple[GoldSpan, ...]]:
    """A sentence without its marks, and the spans that they stand for."""
    text, spans, last = "", [], 0
    for match in _MARK.finditer(line):
        text += line[last : match.start()]
        spans.append(GoldSpan(len(text), len(text) + len(match[1]), match[2]))
        text += match[1]
        last = match.end()
    return text + line[last:], tuple(spans)


def examples() -> list[Example]:
    result = []
    for number, (line, departure) in enumerate(_SENTENCES, 1):
        text, spans = mark(line)
        departures = ()
        if departure is not None:
            person, organization, status, roles, joined = departure
            departures = (
                GoldDeparture(
                    spans[person],
                    spans[organization],
                    status,
                    roles=tuple(spans[i] for i in roles),
                    joined=tuple(spans[i] for i in joined),
                ),
            )
        result.append(Example(str(number), "authored", text, spans, departures=departures))
    return result


def write_news_units(root: Path, *, copies: int = 1, dev: bool = False) -> None:
    """The examples as `news-units/train.jsonl` under a data root, and the same as dev.jsonl."""

    def place(span: GoldSpan) -> list[int]:
        return [span.start, span.end]

    folder = root / "news-units"
    folder.mkdir(parents=True)
    with (folder / "train.jsonl").open("w", encoding="utf-8") as file:
        for example in examples() * copies:
            row = {
                "id": example.id,
                "text": example.text,
                "spans": [{"start": s.start, "end": s.end, "label": s.label} for s in example.spans],
                "departures": [
                    {
                        "person": place(d.person),
                        "organization": place(d.organization),
                        "status": d.status,
                        "roles": [place(role) for role in d.roles],
                        "joined": [place(target) for target in d.joined],
                    }
                    for d in example.departures or ()
                ],
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    if dev:
        shutil.copyfile(folder / "train.jsonl", folder / "dev.jsonl")
