from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ie_model import departure_dates
from ie_model.dates import find_dates
from ie_model.decoding import Span
from ie_model.departure_dates import DepartureDates
from ie_model.document import Date
from ie_model.facts import departures_of
from ie_model.relations import Frame
from ie_model.script import model_view

WORDS = "林知远 星河科技 离职 加入 宣布 3月 去年底 两年前 ， 。"
PIECES = st.sampled_from([*WORDS.split(), "\r\n", "\ud800"])
TEXT = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


@given(text=TEXT, bounds=st.tuples(*[st.integers(0, 60)] * 4))
def test_a_departures_date_is_one_that_was_found(text: str, bounds: tuple[int, int, int, int]) -> None:
    a, b, c, d = (min(bound, len(text)) for bound in bounds)
    person, organization = (min(a, b), max(a, b)), (min(c, d), max(c, d))
    for dates in (DepartureDates(text), DepartureDates(text, persons=[person], organizations=[organization])):
        chosen = dates.of(person=person, organization=organization)
        assert chosen is None or chosen in find_dates(text)


#: Everybody and everything that the texts below name.
PERSONS, ORGANIZATIONS = re.compile("林知[远遠]|周若水|陈以宁"), re.compile("星河科技|青木(?:科技)?|云栖智能|阿里巴巴")


def chosen(text: str, person: str, organization: str) -> str | None:
    """The date of the departure between the first mentions of these two."""
    a, b = text.index(person), text.index(organization)
    persons, organizations = ([match.span() for match in names.finditer(text)] for names in (PERSONS, ORGANIZATIONS))
    dates = DepartureDates(text, persons=persons, organizations=organizations)
    found = dates.of(person=(a, a + len(person)), organization=(b, b + len(organization)))
    return found.text if found else None


#: Texts about 林知远 and 星河科技: which time dates the departure, if any.
DATED = [
    ("林知远离职的消息于5月10日传出，星河科技随后确认，林知远已于4月30日离职。", "4月30日"),
    ("林知远自2013年起领导星河科技的研究院，林知远称要离开星河科技。", None),
    ("3月20日，星河科技副总裁林知远正式离职。", "3月20日"),
    ("林知远于2021年5月加入星河科技，2023年3月离职。", "2023年3月"),
    ("星河科技4月2日公告，董事林知远已于3月31日辞职。", "3月31日"),
    ("星河科技成立于2015年，创始人林知远去年底离开了公司。", "去年底"),
    ("今年5月，林知远从星河科技离职，6月加入云栖智能担任CEO。", "今年5月"),
    ("林知远此前在星河科技任职八年，上个月离职后创办青木。", "上个月"),
    ("据公告，林知远的辞职自2023年6月30日起生效，星河科技将另行选聘。", "2023年6月30日"),
    ("两年前离开星河科技的林知远，如今是云栖智能的CEO。", "两年前"),
    ("林知遠上週五向星河科技遞出辭呈，將轉戰新創。", "上週五"),
    ("星河科技總經理林知遠將於6月30日退休。", "6月30日"),
    ("星河科技執行長林知遠昨（3）日請辭，董事會今（4）日推舉周若水接任。", "昨（3）日"),
    ("林知远2023年3月卸任星河科技总裁，周若水同日接任。", "2023年3月"),
    ("2023年3月，林知远宣布卸任星河科技总裁。", "2023年3月"),
    ("林知远的最后工作日为4月28日，星河科技发言人拒绝评论。", "4月28日"),
    ("今年早些时候，林知远离开星河科技。", "今年早些时候"),
    ("2023 年 5 月，林知远在工作了十多年后离开星河科技。", "2023 年 5 月"),
    ("林知远在星河科技的最后一天是4月20日。", "4月20日"),
    ("林知远今天在朋友圈宣布，自己已从星河科技离职。", None),
    ("林知远与周若水分别于2018年和2019年离开星河科技。", "2018年"),
    ("周若水与林知远分别于2018年和2019年离开星河科技。", "2019年"),
    ("林知远与周若水于2018年和2019年离开星河科技。", None),
    ("2020年，在离开星河科技三年后，林知远创办了青木。", None),
    ("2020年，离开星河科技的林知远创办了青木。", None),
    ("2020年，林知远离开星河科技，创办了青木。", "2020年"),
    ("星河科技前CEO林知远，2011年离职。", "2011年"),
    ("前星河科技CEO林知远，2011年离开青木。", None),
    ("星河科技副总裁林知远被曝将于本月底离职。", "本月底"),
    ("林知远离开星河科技的时间是2021年10月。", "2021年10月"),
    ("林知远离开星河科技是在2021年10月。", "2021年10月"),
    ("早在2021年10月，林知远就离开了星河科技。", "2021年10月"),
    ("直到2021年10月，林知远才离开星河科技。", "2021年10月"),
    ("林知远2016年离开青木后加入星河科技，2020年又跳槽到云栖智能。", "2020年"),
    ("3月，林知远离开星河科技；5月，周若水离开青木。", "3月"),
    ("林知远3月离开星河科技，周若水5月离开青木。", "3月"),
    ("林知远在星河科技的任期将于2024年5月届满，他表示不会连任。", "2024年5月"),
    ("2019年，星河科技完成B轮融资，同年，联合创始人林知远退出。", "同年"),
    ("星河科技去年营收30亿元，但副总裁林知远已于今年2月辞职。", "今年2月"),
    ("林知远辞去星河科技职务一事发生在2022年夏天。", "2022年夏天"),
    ("林知远1月刚从星河科技离开，3月就出现在云栖智能的发布会上。", "1月"),
    ("2022年春天，身心俱疲的林知远做出了一个决定，离开星河科技。", "2022年春天"),
    ("林知远是在去年11月被星河科技解聘的。", "去年11月"),
    ("星河科技于去年11月解聘了林知远。", "去年11月"),
    ("去年11月被星河科技解聘后，林知远沉寂了半年。", "去年11月"),
    ("林知远近日已从星河科技离职。", "近日"),
    ("星河科技的林知远走了。上周三，他在内网发了告别信，正式离开。", "上周三"),
    ("日前，星河科技副总裁林知远因个人原因辞职，公司已于3月28日收到其辞职报告。", "日前"),
    ("董事会于2023年3月28日收到林知远先生的书面辞职报告，林知远申请辞去星河科技董事职务。", "2023年3月28日"),
    ("林知远计划年底前离开星河科技。", "年底前"),
    ("林知遠3月底從星河科技裸辭，休息兩個月後創辦青木。", "3月底"),
    ("星河科技6日公告，財務長林知遠因個人生涯規劃請辭，生效日為6月30日。", "6月30日"),
    ("據悉林知遠最快下月離巢，星河科技發言人表示不評論市場傳聞。", "下月"),
    ("林知遠去年十月辭任星河科技行政總裁，今年一月加盟青木。", "去年十月"),
    ("星河科技人事地震，繼周若水上月離職後，林知遠亦於昨日請辭。", "昨日"),
    ("周若水2月接替了林知远，后者去年12月离开星河科技。", "去年12月"),
    ("星河科技创始人林知远在朋友圈宣布，他已于3月31日卸任CEO。", "3月31日"),
    ("林知远曾是星河科技最年轻的合伙人。2022年6月，他递交了辞呈。三个月后，他在杭州注册了青木科技。", "2022年6月"),
    ("林知远和周若水都出自星河科技。前者2019年离开，后者2021年离开。", "2019年"),
    ("林知远2014年加入星河科技。2022年6月离职前，他是技术副总裁。", "2022年6月"),
    ("林知远2022年6月离职前是星河科技技术副总裁。", "2022年6月"),
    ("2021年从星河科技离职的林知远和周若水创办了青木。", "2021年"),
    ("星河科技（成立于2014年）的首席科学家林知远将在9月1日前离开。", "9月1日"),
    ("4月起，林知远不再担任星河科技CEO。", "4月"),
    ("从4月起，林知远不再担任星河科技CEO。", "4月"),
    ("星河科技裁员潮中，林知远于2023年春节前被裁。", "2023年春节前"),
    ("2022年底的一天，林知远走出了星河科技的大门，再也没有回去。", "2022年底"),
    ("林知远在2018年被星河科技开除，2019年起诉老东家。", "2018年"),
    ("在星河科技做了八年推荐系统的林知远换了工作。上周五办完离职手续，周一就去了云栖智能。", "上周五"),
    ("星河科技走了两个人：林知远、副总裁周若水和陈以宁，去年10月同时离开。", "去年10月"),
    ("林知远与周若水昔日同在星河科技，去年 10 月双双离开。", "去年 10 月"),
    ("星河科技的周若水接替上月离任的林知远。", "上月"),
    ("星河科技总裁林知远（陈以宁）3月31日辞任。", "3月31日"),
    ("林知远向周若水递交了辞呈，3月31日离开星河科技。", "3月31日"),
    ("星河科技总裁林知远今年开春离职。", "今年开春"),
    ("星河科技总裁林知远在11月的最后一个周五离职。", "11月的最后一个周五"),
    ("星河科技总裁林知远在春节后第一天离职。", "春节后第一天"),
    ("3月20日是林知远担任星河科技总裁的最后一天。", "3月20日"),
    ("星河科技的林知远宣布「畢業」，8/29是最後一個上班日。", "8/29"),
    ("星河科技总裁林知远在工位上贴了一张纸：今天毕业。", "今天"),
    ("3月20日，星河科技召开董事会，免去林知远的总裁职务。", "3月20日"),
    ("星河科技总裁林知远预计五一之后离开。", "五一之后"),
    ("林知远在星河科技待了十年。2022年，他离开武汉，加入青木。", "2022年"),
    ("林知远在星河科技待了十年。2022年，他离开待了十年的公司，加入青木。", "2022年"),
    ("林知远在星河科技做架构师，周若水在青木做产品。2020年4月，两人同时离职。", "2020年4月"),
    ("法院判了，林知远已于判决次日离开星河科技。", "判决次日"),
    ("多名前员工称，星河科技总监林知远今年4月就已不在公司。", "今年4月"),
]
UNDATED = [
    "星河科技4月2日公告，董事林知远辞职。",
    "林知远已从星河科技离职，并于4月1日入职云栖智能。",
    "林知远已经离开星河科技，知情人士4月3日告诉本报。",
    "4月3日，记者从知情人士处获悉，林知远已从星河科技离职。",
    "曾任星河科技副总裁的林知远于2022年8月出任云栖智能CEO。",
    "林知远，1980年出生，2016年至2020年任星河科技副总裁。",
    "星河科技2022年营收下滑，副总裁林知远随后离职。",
    "在星河科技工作十年后，林知远选择离开。",
    "2023年3月，星河科技宣布林知远卸任总裁。",
    "2021年10月至2023年3月，林知远任星河科技总裁。",
    "截至2023年3月，林知远已离开星河科技半年。",
    "今年以来，星河科技已有林知远等五名高管离职。",
    "昨日，有消息称林知远已从星河科技离职。",
    "近日，林知远从星河科技离职的消息引发关注。",
    "星河科技近日发生人事变动，林知远离任。",
    "公告显示，林知远原定任期至2025年6月，现提前离任，星河科技由周若水代理。",
    "星河科技財務長林知遠因個人生涯規劃請辭，公司6日公告，任期至6月30日止。",
    "继周若水去年离职后，林知远也离开了星河科技。",
    "2023年2月，周若水接替离任的林知远，出任星河科技总裁。",
    "林知远曾是星河科技最年轻的合伙人。2022年6月，他注册了青木科技。",
    "青木由前星河科技总监林知远于2021年创立。",
    "林知远2020年因病去世，生前任星河科技总裁。",
    "星河科技成立三年后，林知远退出。",
    "林知远在星河科技工作了 18 年后决定离开。",
    "在星河科技担任技术主管 3 年后，林知远离职。",
    "五一假期后，林知远没有回到星河科技上班。",
    "据星河科技2022年年报，林知远于报告期内离任。",
    "今年，林知远是星河科技第二位离开的高管。",
    "林知远离开了星河科技，周若水上月离职。",
    "林知远在星河科技待了十年，又去青木。2022年从云栖智能离开时，他是总监。",
    "林知远离开了星河科技。周若水在青木做了八年。两年前他走了。",
    "林知远离开了星河科技，后来加入青木。三年前入职的周若水上月离职。",
]
OTHERS = [
    ("林知远2016年离开青木后加入星河科技，2020年又跳槽到云栖智能。", "林知远", "青木", "2016年"),
    ("3月，林知远离开星河科技；5月，周若水离开青木。", "周若水", "青木", "5月"),
    ("林知远3月离开星河科技，周若水5月离开青木。", "周若水", "青木", "5月"),
    ("星河科技人事地震，繼周若水上月離職後，林知遠亦於昨日請辭。", "周若水", "星河科技", "上月"),
    ("继周若水去年离职后，林知远也离开了星河科技。", "周若水", "星河科技", "去年"),
    ("2021年，林知远与周若水双双从星河科技辞职，创办青木。", "周若水", "星河科技", "2021年"),
    ("3月，阿里巴巴技术副总裁贾林知远宣布辞职创业。", "林知远", "阿里巴巴", "3月"),
]


@pytest.mark.parametrize(("text", "expected"), DATED)
def test_the_date_of_a_departure(text: str, expected: str) -> None:
    assert chosen(text, "林知遠" if "林知遠" in text else "林知远", "星河科技") == expected


@pytest.mark.parametrize("text", UNDATED)
def test_dates_of_other_things(text: str) -> None:
    assert chosen(text, "林知遠" if "林知遠" in text else "林知远", "星河科技") is None


@pytest.mark.parametrize(("text", "person", "organization", "expected"), OTHERS)
def test_each_departure_has_its_own_date(text: str, person: str, organization: str, expected: str | None) -> None:
    assert chosen(text, person, organization) == expected


def test_a_filing_names_the_date_on_a_line_of_its_own() -> None:
    text = "1.發生變動日期：民國115年5月20日\n2.舊任者姓名：林知遠，星河科技股份有限公司獨立董事\n3.異動情形：辭職"
    assert chosen(text, "林知遠", "星河科技") == "民國115年5月20日"


def test_without_spans_or_dates_there_is_none() -> None:
    assert DepartureDates("").of(person=(0, 0), organization=(0, 0)) is None
    assert DepartureDates("林知远离开星河。").of(person=(0, 3), organization=(5, 7)) is None


def test_who_the_sentence_is_about_decides() -> None:
    text = "林知远离开了星河科技。上周五，周若水也离职了。"
    assert chosen(text, "林知远", "星河科技") is None
    assert DepartureDates(text).of(person=(0, 3), organization=(6, 10)) is None  # 也 without a pronoun says nothing


def test_a_text_is_converted_once_for_all_its_departures(monkeypatch: pytest.MonkeyPatch) -> None:
    converted = 0

    def count(text: str) -> str:
        nonlocal converted
        converted += len(text)
        return model_view(text)

    monkeypatch.setattr(departure_dates, "model_view", count)
    text = "林知远去年底离开星河科技。\n" * 200
    spans = [Span(label, at, at + size, at, at + size, 1.0) for row in range(200) for label, at, size in
             (("PERSON", 14 * row, 3), ("ORG", 14 * row + 8, 4))]  # fmt: skip
    frames = [Frame(2 * row, 2 * row + 1, 0.9, "stated") for row in range(200)]
    (fact,) = departures_of(text, spans, frames, published="2023")
    assert fact.date == Date("去年底", "2022-12")
    assert converted == len(text)
