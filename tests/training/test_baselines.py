"""The baselines: offsets, what counts as a name, and the trigger rule on given spans."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ie_model.decoding import Span
from ie_model.document import Departure
from training import baselines
from training.baselines import BASELINES, Baseline, BaselineError, gold_spans, jieba_names, jionlp_money, nearest_names
from training.data.example import Example, GoldSpan


def marked(text: str, **labels: str) -> list[Span]:
    """Spans of the surfaces named per label (`PERSON="林知远 周以安"`), at their first place."""
    places = [
        (text.index(surface), surface, label) for label, surfaces in labels.items() for surface in surfaces.split()
    ]
    return [Span(label, at, at + len(s), at, at + len(s), 1.0) for at, s, label in sorted(places)]


def departures(text: str, **labels: str) -> tuple[Departure, ...]:
    return nearest_names(text, marked(text, **labels)).departures


def facts(text: str, **labels: str) -> list[tuple[str, str, str]]:
    return [(d.person, d.organization, d.status) for d in departures(text, **labels)]


def tagged(monkeypatch: pytest.MonkeyPatch, tokens: str) -> list[tuple[str, str]]:
    """What `jieba_names` makes of tokens given as `词/tag`."""
    words = [SimpleNamespace(word=t.rpartition("/")[0], tag=t.rpartition("/")[2]) for t in tokens.split()]
    cut = lambda _: ((w.word, w.tag) for w in words)  # noqa: E731
    monkeypatch.setattr(baselines, "_tagger", lambda: SimpleNamespace(cut=cut))
    text = "".join(w.word for w in words)
    return [(span.label, text[span.start : span.end]) for span in jieba_names(text)]


def test_neighbouring_person_tokens_are_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tagged(monkeypatch, "总裁/n 林/nr 知远/nr 和/c 周以安/nr") == [("PERSON", "林知远"), ("PERSON", "周以安")]
    assert tagged(monkeypatch, "林/nr 说/v") == []
    assert tagged(monkeypatch, "罗伯/nrt ·/x 格林/n 说/v ·/x") == [("PERSON", "罗伯·格林")]
    assert tagged(monkeypatch, "林知远/nr ·/x") == [("PERSON", "林知远")]


def test_organizations_take_the_place_before_and_the_ending_after(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tagged(monkeypatch, "在/p 北川/ns 财政部/nt 任职/v") == [("ORG", "北川财政部")]
    assert tagged(monkeypatch, "星河/nr 科技/n 集团/n 的/uj") == [("ORG", "星河科技集团")]
    assert tagged(monkeypatch, "一家/m 公司/n 的/uj 财政部/nt 财政部/nt") == [("ORG", "财政部财政部")]
    assert tagged(monkeypatch, "海潮/nz 集团/n 青木/nz 资本/n") == [("ORG", "海潮集团"), ("ORG", "青木资本")]


def test_jieba_sees_simplified_text_in_the_view_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def cut(text: str) -> list[tuple[str, str]]:
        seen.append(text)
        return []

    monkeypatch.setattr(baselines, "_tagger", lambda: SimpleNamespace(cut=cut))
    jieba_names("張三（董事長）")
    jieba_names("張三（董事長）", view=True)
    assert seen == ["張三（董事長）", "张三(董事长)"]


@pytest.mark.skipif(not BASELINES["jieba"].available(), reason=BASELINES["jieba"].remedy())
def test_jieba_offsets_hold_in_the_text_as_given(capfd: pytest.CaptureFixture[str]) -> None:
    text = "😀國務院總理朱镕基\r\n訪問清華大學"
    found = [(span.label, span.text, text[span.start : span.end]) for span in BASELINES["jieba-view"](text).entities]
    assert ("ORG", "國務院", "國務院") in found
    assert ("PERSON", "朱镕基", "朱镕基") in found
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not BASELINES["jionlp"].available(), reason=BASELINES["jionlp"].remedy())
def test_money_without_hedges_and_with_whole_ranges(capfd: pytest.CaptureFixture[str]) -> None:
    text = "融资约 1.13亿美元 ，年薪从80万元到200万元不等，三元组售价 200 至 300 美元。达到超过5000万元以上"
    found = [text[span.start : span.end] for span in jionlp_money(text)]
    assert found == ["1.13亿美元", "80万元到200万元", "200 至 300 美元", "5000万元"]
    text = "从 200 涨到 300 美元，超过5000万元"  # the extractor begins the second one at 美元
    assert text[jionlp_money(text)[-1].start :] == "5000万元"
    text = "融資約１.１３億美元，年薪80萬元到200萬元"
    assert [text[span.start : span.end] for span in jionlp_money(text)] == ["１.１３億美元", "80萬元到200萬元"]
    entity = BASELINES["jionlp"]("😀赔偿12万元。").entities[0]
    assert (entity.label, entity.text, entity.start, entity.end) == ("MONEY", "12万元", 3, 7)
    assert capfd.readouterr().out == ""


def test_the_nearest_names_of_the_sentence() -> None:
    text = "周以安执掌海潮集团。林知远从星河科技离职。陈若水仍在青木资本。"
    assert facts(text, PERSON="周以安 林知远 陈若水", ORG="海潮集团 星河科技 青木资本") == [
        ("林知远", "星河科技", "stated")
    ]
    assert facts("林知远在星河科技上班。", PERSON="林知远", ORG="星河科技") == []
    assert facts("星河科技的人都离职了。", ORG="星河科技") == []


def test_an_organization_after_the_trigger_is_its_object() -> None:
    text = "青木资本说，林知远已离开星河科技，陈若水接任。"
    assert facts(text, PERSON="林知远 陈若水", ORG="青木资本 星河科技") == [("林知远", "星河科技", "stated")]


def test_names_of_an_earlier_sentence_stand_in() -> None:
    text = "林知远在星河科技四年。昨天他离职了。"
    assert facts(text, PERSON="林知远", ORG="星河科技") == [("林知远", "星河科技", "stated")]


def test_a_trigger_inside_a_name_or_with_a_stay_is_none() -> None:
    assert facts("林知远在离职管理公司上班。", PERSON="林知远", ORG="离职管理公司") == []
    assert facts("星河科技的林知远否认离职。", PERSON="林知远", ORG="星河科技") == []


@pytest.mark.parametrize(
    "text",
    [
        "前星河科技总裁林知远",
        "星河科技前总裁林知远",
        "原星河科技总裁林知远",
        "林知远曾任星河科技总裁",
        "林知远曾在云栖和星河科技",
    ],
)
def test_former_titles(text: str) -> None:
    assert facts(text, PERSON="林知远", ORG="星河科技") == [("林知远", "星河科技", "former")]


def test_not_every_qian_is_a_former_title() -> None:
    assert facts("星河科技前往北川见林知远", PERSON="林知远", ORG="星河科技") == []
    assert facts("前星河科技总裁的公司，林知远说", PERSON="林知远", ORG="星河科技") == []


def test_hedges_roles_and_new_employers() -> None:
    text = "林知远被曝从星河科技离职，加入云栖智能。"
    (left,) = departures(text, PERSON="林知远", ORG="星河科技 云栖智能")
    assert (left.organization, left.status, left.joined) == ("星河科技", "reported", ("云栖智能",))
    (left,) = departures("星河科技总裁林知远辞职，任顾问。", PERSON="林知远", ORG="星河科技", ROLE="总裁 顾问")
    assert left.roles == ("总裁",)


def test_facts_are_merged_with_the_strongest_status() -> None:
    text = "前星河科技总裁林知远说了话。林知远昨天从星河离职。"
    spans = [*marked(text, PERSON="林知远", ORG="星河科技"), Span("PERSON", 0, 0, 14, 17, 1.0)]
    spans.append(Span("ORG", 0, 0, 20, 22, 1.0))
    (left,) = nearest_names(text, spans).departures
    assert (left.status, {left.organization, *left.organization_aliases}) == ("stated", {"星河科技", "星河"})
    assert text[left.evidence.start : left.evidence.end] == "林知远昨天从星河离职"


def test_traditional_text_meets_the_same_rule() -> None:
    text = "林知遠從星河科技離職。"
    assert facts(text, PERSON="林知遠", ORG="星河科技") == [("林知遠", "星河科技", "stated")]


def test_gold_spans_keep_their_offsets() -> None:
    example = Example("1", "test", "林知远辞去星河科技总裁", (GoldSpan(0, 3, "PERSON"), GoldSpan(5, 9, "ORG")))
    document = nearest_names(example.text, gold_spans(example))
    assert [(e.label, e.start, e.end) for e in document.entities] == [("PERSON", 0, 3), ("ORG", 5, 9)]
    assert document.departures[0].organization == "星河科技"


def test_a_missing_package_is_named_with_its_remedy() -> None:
    baseline = Baseline("x", ("MONEY",), False, ("no_such_package", "json"), lambda text: nearest_names(text, []))
    assert not baseline.available()
    with pytest.raises(BaselineError, match=r"x needs no_such_package: pip install 'ie-model\[baselines\]'"):
        baseline("文")
    whole = Baseline("x", (), False, ("json",), lambda text: nearest_names(text, []))
    assert (whole.available(), whole.remedy(), whole("文").text) == (True, "", "文")


def test_names_and_keys_agree() -> None:
    assert all(name == baseline.name for name, baseline in BASELINES.items())
    assert [b.name for b in BASELINES.values() if b.departures] == ["nearest-name"]
