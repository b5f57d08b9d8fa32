"""The path from text to document."""

from __future__ import annotations

import json
import math
import shutil
import tracemalloc
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ie_model import sections
from ie_model.document import Article, Document, Money
from ie_model.encoding import TextEncoder
from ie_model.errors import InputError
from ie_model.extractor import Extractor
from ie_model.model_folder import ModelFolder
from ie_model.relations import LINK_OUTPUTS
from ie_model.scheme import TagScheme

SCHEME = TagScheme()
TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业。\r\n据悉，周以安离开青木资本，获 1.13 亿美元。\n"


class Echo:
    """A runtime whose hidden states are the token ids, and whose tags are told by id."""

    def __init__(self, tags: dict[int, str], links: list[float] | None = None) -> None:
        self.tags, self.links = tags, links or [9.0, -9.0, -9.0, 9.0, 9.0, 0.0, 0.0]
        self.threads, self.token_budget = 1, 256
        self.shapes: list[tuple[int, int]] = []
        self.rows: list[tuple[list[int], list[int]]] = []

    def encode(self, ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.shapes.append(ids.shape)
        self.rows += [(row.tolist(), kept.tolist()) for row, kept in zip(ids, mask, strict=True)]
        logits = np.zeros((*ids.shape, len(SCHEME)), dtype=np.float32)
        tags = [[SCHEME.tags.index(self.tags.get(int(i), "O")) for i in row] for row in ids]
        np.put_along_axis(logits, np.array(tags)[:, :, None], 9.0, axis=2)
        return logits, ids[:, :, None].astype(np.float32)

    def link(self, hidden: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        return np.tile(np.array(self.links, dtype=np.float32), (len(pairs), 1))


def echo(
    model_dir: Path, tags: dict[str, str], links: list[float] | None = None, **options: Any
) -> tuple[Extractor, Echo]:
    """An extractor that tags these characters so."""
    encoder = TextEncoder.from_file(model_dir / "tokenizer.json")
    runtime = Echo({int(encoder(character).ids[0]): tag for character, tag in tags.items()}, links)
    return Extractor(ModelFolder.open(model_dir), runtime, **options), runtime


def facts(document: Document) -> list[tuple[str, str, str]]:
    return [(d.person, d.organization, d.status) for d in document.departures]


NAMES = {"林": "B-PERSON", "知": "I-PERSON", "远": "E-PERSON", "星": "B-ORG", "河": "E-ORG"}


def test_from_text_to_document(model_dir: Path) -> None:
    ie, _ = echo(model_dir, NAMES)
    document = ie("好，林知遠離開星河。", id="a", published="2023-04-30")
    assert [(e.label, e.text, e.start, e.end) for e in document.entities] == [
        ("PERSON", "林知遠", 2, 5),
        ("ORG", "星河", 7, 9),
    ]
    assert facts(document) == [("林知遠", "星河", "stated")]
    assert (document.id, document.published, document.text) == ("a", "2023-04-30", "好，林知遠離開星河。")
    (departure,) = document.departures
    assert document.text[departure.evidence.start : departure.evidence.end] == "林知遠離開星河"


def test_every_token_comes_from_the_window_that_owns_it(model_dir: Path) -> None:
    ie, runtime = echo(model_dir, {})
    encoder = TextEncoder.from_file(model_dir / "tokenizer.json")
    for text in (TEXT * 40, "的" * 500, "一。二三。" * 99, "林"):
        encoding = encoder(text)
        [(_, hidden)] = ie._runner.start([encoding]).results()
        assert hidden[:, 0].astype(int).tolist() == encoding.ids.tolist()
    for ids, mask in runtime.rows:
        length = sum(mask)
        assert mask == [1] * length + [0] * (len(ids) - length)
        assert (ids[0], ids[length - 1]) == (encoder.cls_id, encoder.sep_id)
        assert set(ids[length:]) <= {encoder.pad_id}
        assert length <= 64


def test_batches_stay_within_the_budget(model_dir: Path) -> None:
    ie, runtime = echo(model_dir, {})
    ie(TEXT * 300)
    assert len(runtime.shapes) > 1
    assert all(windows * length <= 256 for windows, length in runtime.shapes)
    assert all(length <= 64 and length % 32 == 0 for _, length in runtime.shapes)


def test_a_short_text_is_for_all_threads(model_dir: Path) -> None:
    ie, runtime = echo(model_dir, {})
    runtime.threads = 4
    expected = echo(model_dir, NAMES)[0](TEXT * 4)
    ie(TEXT * 4)
    assert [windows for windows, _ in runtime.shapes] == [1, 1, 1, 1], "its four windows, at once"
    runtime.shapes.clear()
    ie(TEXT * 300)
    assert max(windows for windows, _ in runtime.shapes) == 4, "a long one by the budget"
    several, runtime = echo(model_dir, NAMES)
    runtime.threads = 3
    assert several(TEXT * 4) == expected


def test_the_threads_are_shared_by_all_calls_of_a_process(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ie, runtime = echo(model_dir, {})
    assert ie._runner.pool() is None
    runtime.threads = 2
    pool = ie._runner.pool()
    assert pool is ie._runner.pool() is ie.with_min_score(0.5)._runner.pool()
    monkeypatch.setattr("os.getpid", lambda: 0)
    assert ie._runner.pool() is not pool, "a process that was forked has no threads"


def test_spans_across_a_window_edge_are_whole(model_dir: Path) -> None:
    ie, _ = echo(model_dir, NAMES)
    for shift in range(40, 70):
        text = "的" * shift + "林知远" + "的" * 100
        assert [(e.start, e.end) for e in ie(text).entities] == [(shift, shift + 3)]


@pytest.mark.parametrize("text", ["", " ", "\r\n\t　", "\0", "\ufeff"])
def test_texts_without_a_token(extractor: Extractor, text: str) -> None:
    assert extractor(text) == Document(text=text)


@pytest.mark.parametrize("text", [None, b"bytes", 3, ["list"]])
def test_a_text_is_a_str(extractor: Extractor, text: Any) -> None:
    remedy = "decode bytes first" if isinstance(text, bytes) else "give an article as a str"
    with pytest.raises(InputError, match=f"a text must be a str, not {type(text).__name__}; {remedy}"):
        extractor(text)


@pytest.mark.parametrize("value", ["2023", "2023-04", "2023-04-30", "2024-02-29"])
def test_published_dates(extractor: Extractor, value: str) -> None:
    assert extractor("林", published=value).published == value


@pytest.mark.parametrize("value", ["", "23", "2023-4", "2023-13", "2023-02-29", "20230430", "2023-W17", "2023-04-30T"])
def test_published_dates_that_are_none(extractor: Extractor, value: str) -> None:
    with pytest.raises(InputError, match="is not an ISO date; write it as 2023-04-30"):
        extractor("林", published=value)


@pytest.mark.parametrize("value", [5, b"weights", ["weights"]])
def test_a_model_is_named_by_a_path(value: Any) -> None:
    with pytest.raises(
        InputError, match=f"a str or Path, not {type(value).__name__}; give that, or none for the pack"
    ):
        Extractor.load(value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_bad_min_score(model_dir: Path, value: float) -> None:
    with pytest.raises(InputError, match=r"min_score must be between 0 and 1, .*; 0 keeps all"):
        Extractor.load(model_dir, min_score=value)


def test_the_link_head_dates_departures_in_every_section(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "SECTION_CHARACTERS", 300)
    monkeypatch.setattr(sections, "SECTION_MARGIN", 60)
    ie, runtime = echo(model_dir, NAMES, links=[9.0, -9.0, -9.0, 9.0, 9.0, 0.0, 0.0])
    text = "2021年。" + "好。" * 400 + "林知远与星河的2023年4月。"
    assert [(d.person, d.date and d.date.text) for d in ie(text).departures] == [("林知远", "2023年4月")]
    runtime.links[3] = -9.0
    assert [(d.person, d.date) for d in ie(text).departures] == [("林知远", None)]


def test_min_score_leaves_out_spans_and_departures(model_dir: Path) -> None:
    everything, _ = echo(model_dir, NAMES)
    score = everything("林知远离开星河。").entities[0].score
    assert 0.9 < score < 1
    strict, _ = echo(model_dir, NAMES, min_score=1.0)
    assert strict("林知远离开星河。") == Document(text="林知远离开星河。")
    lenient, runtime = echo(model_dir, NAMES, min_score=0.9)
    runtime.links = [2.0, -9.0, -9.0, -9.0, 9.0, 0.0, 0.0]  # a departure of 0.88
    document = lenient("林知远离开星河。")
    assert (len(document.entities), document.departures) == (2, ())
    runtime.links[0] = 3.0  # of 0.95
    assert len(lenient("林知远离开星河。").departures) == 1
    assert len(LINK_OUTPUTS) == len(runtime.links)


CALIBRATED = {"temperature": 1.7, "link_temperature": 2.5, "link_bias": -2.0}


def without_scores(document: Document) -> Document:
    return replace(
        document,
        entities=tuple(replace(entity, score=0.0) for entity in document.entities),
        departures=tuple(replace(departure, score=0.0) for departure in document.departures),
    )


def scores_of(document: Document) -> list[float]:
    return [one.score for one in (*document.entities, *document.departures)]


def with_settings(model_dir: Path, folder: Path, settings: dict[str, float]) -> Path:
    """A copy of a model with other values in its config.json."""
    shutil.copytree(model_dir, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["ie_model"] |= settings
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_calibration_changes_scores_alone(model_dir: Path, tmp_path: Path, runtime: str) -> None:
    of_spans = {"temperature": CALIBRATED["temperature"]}
    folders = [
        model_dir,
        with_settings(model_dir, tmp_path / "spans", of_spans),
        with_settings(model_dir, tmp_path / "both", CALIBRATED),
    ]
    plain, spans, both = (Extractor.load(folder, runtime=runtime)(TEXT * 3) for folder in folders)
    assert plain.departures
    assert without_scores(both) == without_scores(spans)
    assert all(a != b for a, b in zip(scores_of(plain), scores_of(both), strict=True))
    # A departure's score holds those of its spans, and they decide which passage is the surest.
    assert without_scores(spans).entities == without_scores(plain).entities
    # … so that the order, which is that of the evidence, may be another.
    assert sorted((d.person, d.organization) for d in spans.departures) == sorted(
        (d.person, d.organization) for d in plain.departures
    )
    assert both.entities == spans.entities
    for before, after in zip(spans.departures, both.departures, strict=True):
        odds = math.log(before.score / (1 - before.score))
        assert after.score == pytest.approx(1 / (1 + math.exp(-(odds / 2.5 - 2))), abs=1e-6)


def test_pipe_keeps_the_order_and_is_lazy(extractor: Extractor) -> None:
    texts = [TEXT, "", "林知远离开星河。", TEXT * 3]
    assert list(extractor.pipe(texts, published="2023")) == [extractor(text, published="2023") for text in texts]

    def endless() -> Any:
        while True:
            yield "林知远。"

    assert next(extractor.pipe(endless())).text == "林知远。"


def test_pipe_gives_the_texts_before_a_bad_one(extractor: Extractor) -> None:
    documents = extractor.pipe(["林知远。", "星河。", 3, "云栖。"])  # type: ignore[list-item]
    assert [next(documents).text, next(documents).text] == ["林知远。", "星河。"]
    with pytest.raises(InputError, match="int"):
        next(documents)


def test_departures_among_spans_that_are_given(extractor: Extractor) -> None:
    text = "林知遠離開了雲棲，任職青木。"
    marked = [("ORG", 6, 8), ("PERSON", 0, 3), ("ORG", 11, 13)]
    document = extractor.link(text, marked, id="a", published="2023-04")
    assert [(e.label, e.text, e.score) for e in document.entities] == [
        *(("PERSON", "林知遠", 1.0), ("ORG", "雲棲", 1.0), ("ORG", "青木", 1.0)),
    ]
    assert (document.id, document.published) == ("a", "2023-04")
    assert {(d.person, d.organization) for d in document.departures} <= {("林知遠", "雲棲"), ("林知遠", "青木")}
    assert extractor.link(text, []).entities == ()


@pytest.mark.parametrize(
    ("text", "surface", "value"),
    [
        ("估值 1.13 亿美元。", "1.13 亿美元", Money("113000000", None, "USD")),
        ("获得数千万元融资。", "数千万元", Money("20000000", "90000000", "CNY", True)),
        ("每張票價 359 元。", "359 元", Money("359", None, None)),  # whose 元, the script does not say
        ("花了很多钱。", "很多钱", None),
    ],
)
def test_money_has_its_value(extractor: Extractor, text: str, surface: str, value: Money | None) -> None:
    start = text.index(surface)
    (entity,) = extractor.link(text, [("MONEY", start, start + len(surface))]).entities
    assert entity.value == value
    (other,) = extractor.link(text, [("ORG", start, start + len(surface))]).entities
    assert other.value is None


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (0, 99), (4, 5)])
def test_given_spans_must_stand_in_the_text(extractor: Extractor, start: int, end: int) -> None:
    with pytest.raises(InputError, match=f"ORG span {start}-{end}"):
        extractor.link("林知远   离开", [("ORG", start, end)])  # 4-5 is white space


def test_sections_of_a_long_text_are_put_together(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = ("好，林知远离开星河。" + "的" * 30 + "。") * 60
    ie, _ = echo(model_dir, NAMES)
    whole = ie(text)
    assert len(whole.entities) == 120
    monkeypatch.setattr(sections, "SECTION_CHARACTERS", 300)
    monkeypatch.setattr(sections, "SECTION_MARGIN", 60)
    parts = ie(text)
    assert [(e.start, e.end, e.label) for e in parts.entities] == [(e.start, e.end, e.label) for e in whole.entities]
    assert facts(parts) == facts(whole) == [("林知远", "星河", "stated")]


def test_a_departure_across_sections(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "SECTION_CHARACTERS", 200)
    monkeypatch.setattr(sections, "SECTION_MARGIN", 100)
    ie, _ = echo(model_dir, NAMES)
    for shift in range(140, 215, 5):
        text = "的" * shift + "。林知远很久以前在那里。后来离开星河。" + "的" * 300
        assert facts(ie(text)) == [("林知远", "星河", "stated")], shift


def test_a_role_beyond_the_border_of_a_section(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Person, firm and role stand on both sides: what is found is what one window finds."""
    tags = {**NAMES, "总": "B-ROLE", "裁": "E-ROLE"}
    ie, _ = echo(model_dir, tags, links=[9.0, 9.0, -9.0, -9.0, 9.0, 0.0, 0.0])
    tail = "。林知远很久以前在那里。后来离开星河。那时他是总裁。" + "的" * 300
    texts = ["的" * shift + tail for shift in range(135, 215, 5)]
    whole = [[(d.person, d.organization, d.roles) for d in document.departures] for document in ie.pipe(texts)]
    assert whole == [[("林知远", "星河", ("总裁",))]] * len(texts)
    monkeypatch.setattr(sections, "SECTION_CHARACTERS", 200)
    monkeypatch.setattr(sections, "SECTION_MARGIN", 100)
    parts = [[(d.person, d.organization, d.roles) for d in document.departures] for document in ie.pipe(texts)]
    assert parts == whole


def test_a_text_that_is_too_long(extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ie_model.arguments.MAX_CHARACTERS", 9)
    assert extractor("林知远离开了星河。").text
    with pytest.raises(InputError, match="10 characters is too long, the limit is 9; split it"):
        extractor("林知远离开了星河科。")


def test_memory_beside_the_answer_does_not_grow_with_the_text(model_dir: Path) -> None:
    """What is traced: Python's and numpy's memory; the encoder's own is that of a batch."""
    ie, runtime = echo(model_dir, NAMES)
    runtime.shapes, runtime.rows = deque(maxlen=1), deque(maxlen=1)  # type: ignore[assignment]
    article = ("好，林知远离开星河。" + "的" * 490 + "。") * 40
    peaks, answers = [], []
    for times in (4, 16):  # both beyond the largest piece of a text that is worked on at once
        text = article * times
        ie(text[:2000])
        tracemalloc.start()
        try:
            document = ie(text)
            answer, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(document.entities) == 80 * times
        peaks.append(peak - answer)
        answers.append(answer)
    assert peaks[1] < 1.2 * peaks[0], "what is found is merged from little more than numbers"
    assert answers[1] < len(text) * 2, "no section is held once it has been read"


def test_articles_carry_their_own_id_and_date(extractor: Extractor) -> None:
    articles = [Article("林知远。", "a", "2023"), "林知远。", Article("", "c")]
    documents = list(extractor.pipe(articles, published="2024-05"))
    assert [(d.id, d.published) for d in documents] == [("a", "2023"), (None, "2024-05"), ("c", None)]


def test_an_error_of_the_callers_own_loses_no_document(extractor: Extractor) -> None:
    def texts() -> Any:
        yield "林知远。"
        raise ConnectionError("gone")

    documents = extractor.pipe(texts())
    assert next(documents).text == "林知远。"
    with pytest.raises(ConnectionError):
        next(documents)


def test_one_thread_answers_as_many_do(model_dir: Path) -> None:
    texts = [TEXT[shift:] * 9 for shift in range(9)]
    one, three = Extractor.load(model_dir, threads=1), Extractor.load(model_dir, threads=3)
    assert list(one.pipe(texts)) == list(three.pipe(texts))


def test_threads_may_share_an_extractor(extractor: Extractor) -> None:
    texts = [TEXT[shift:] * 3 for shift in range(16)] * 8
    expected = [extractor(text) for text in texts[:16]] * 8
    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(extractor, texts)) == expected


def test_traditional_text_has_the_spans_of_simplified_text(extractor: Extractor) -> None:
    simplified, traditional = extractor("林知远离开了云栖。"), extractor("林知遠離開了雲棲。")
    assert [(e.label, e.start, e.end) for e in simplified.entities] == [
        (e.label, e.start, e.end) for e in traditional.entities
    ]
    assert all(e.text == "林知遠離開了雲棲。"[e.start : e.end] for e in traditional.entities)
