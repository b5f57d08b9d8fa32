from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ie_model.date_values import date_value
from ie_model.dates import find_dates
from ie_model.script import to_traditional
from training.value_cases import DateCase, date_cases

#: By hand, `date_cases.tsv`: words, the article's date, whether they are still to come, value.
CASES = date_cases()
SURFACES = list(dict.fromkeys(case.surface for case in CASES if case.published == "2023-04-30" and not case.coming))
#: What the dates of a text are; | parts them.
TEXTS = [
    ("3月20日，星河科技总裁林知远离职，两年前他加入公司。", "3月20日|两年前"),
    ("星河科技總經理林知遠昨（3）日請辭，9/30 生效，民國112年7月1日前完成交接。", "昨（3）日|9/30|民國112年7月1日"),
    ("2006年7月至2011年3月，任星河科技工艺工程师。", "2006年7月|2011年3月"),
    ("2019年以来，三年来，去年底至今。", "2019年|去年底"),
    ("上周四凌晨，昨天下午四点，31 日晚間。", "上周四凌晨|昨天下午四点|31 日晚間"),
    ("2007：林知远离开\n2011：周若水离开", "2007|2011"),
    ("他将于花红派发后离职，股東會後公布。", "花红派发后|股東會後"),
    ("去年中秋前、2022 年春节刚过、五一之后。", "去年中秋前|2022 年春节|五一之后"),
    ("自下月起，即日生效，即刻起解聘，当天下午。", "下月|即日|即刻|当天下午"),
    ("3 月的最后一个工作日，他交还了工牌。", "3 月的最后一个工作日"),
    ("周一晚会上，10月1日晚报，昨日早盘，周五下午四点钟，今天稍早。", "周一|10月1日|昨日|周五下午|今天稍早"),
    ("8月1日（周四），当地时间8月2日（北京时间8月3日），（上周四）", "8月1日|8月2日|上周四"),
    ("8月1日-8月5日，2025财年第一季度，1960年代初。", "8月1日|1960年代初"),
    ("她会工作到六月底，任期至2024年12月，两份合同在3至5月到期。", "六月底|2024年12月"),
    ("近日与日前不同，目前没有，最近一个季度也没有。", "近日|日前"),
]
#: Ages, durations, counts and names are no dates; | parts them.
NONE_HERE = (
    "三十二岁|七年|三年来|39 年|十四年的经验|三个月的工资|三季亏损|三个季度|两周时间|五天四夜|1,016日|7日年化|2023款|"
    "Office 2019|2023年报|2022年年报|2023年度|五月天|三月花|1/3|2/3的股东|持股1/10|24/7|版本2.3.1|今后|如今|今日头条|"
    "明日方舟|前任|前景|后来|后者|目前|生日前|节目|年薪百万|年轻|全年|一年四季|周围|周年庆|本周刊|以上周期|上市|上线|"
    "下月球|本月饼|奥迪Q3|iPhone 3G|100 天|9000元|1980万|60后|端午节礼盒|圣诞老人|立春饼"
)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.surface} {c.published} {'coming' if c.coming else ''}")
def test_values(case: DateCase) -> None:
    assert date_value(case.surface, published=case.published, coming=case.coming) == case.value


def test_the_table_has_two_hundred_forms_with_a_published_date() -> None:
    assert len(SURFACES) >= 200
    assert len({(case.surface, case.published, case.coming) for case in CASES}) == len(CASES) >= 450


@pytest.mark.parametrize("published", ["30.4.2023", "2023-13", ""])
def test_no_date_of_the_article(published: str) -> None:
    assert date_value("去年底", published=published) is None


@pytest.mark.parametrize("surface", SURFACES)
def test_every_form_is_found_whole(surface: str) -> None:
    text = f"{surface}，林知远离职。"
    if surface == "2007":
        text = f"{surface}：林知远离职。"
    assert surface in [span.text for span in find_dates(text)]
    assert surface in [span.text for span in find_dates("林知远离职。\n" + text)]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_found_dates(text: str, expected: str) -> None:
    spans = find_dates(text)
    assert [span.text for span in spans] == expected.split("|")
    assert all(text[span.start : span.end] == span.text for span in spans)


@pytest.mark.parametrize("words", NONE_HERE.split("|"))
def test_no_dates(words: str) -> None:
    assert find_dates(words) == []
    assert find_dates(f"公司的{words}很好") == []


@pytest.mark.parametrize(
    ("text", "coming"),
    [
        ("林知远将于6月30日离任", True),
        ("林知遠預計下月離巢", True),
        ("林知远拟于年内退出", True),
        ("6月30日起生效", False),
        ("林知远已于6月30日离任", False),
        ("林知远6月30日离任", False),
        ("公司将公布年报，林知远6月30日离任", False),
    ],
)
def test_times_to_come(text: str, coming: bool) -> None:
    assert [span.coming for span in find_dates(text)] == [coming]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("林知远的辞任自3月20日起生效", "2023-03-20"),
        ("林知远的辞任自5月20日起生效", "2023-05-20"),
        ("自5月1日起，林知远不再担任总裁", "2023-05-01"),
        ("5月31日，星河科技总裁林知远将离职", "2023-05-31"),
        ("5月31日，林知远宣布将离职", "2022-05-31"),
        ("林知远5月将离开星河", "2023-05"),
        ("林知远将离职，离职日期为5月2日", "2023-05-02"),
        ("林知远将在星河工作至5月2日", "2023-05-02"),
        ("林知远的最后工作日为5月10日", "2023-05-10"),
        ("林知远的最后一天是4月20日", "2023-04-20"),
        ("林知远的last day是去年12月30日", "2022-12-30"),
        ("2021年3月，林知远加入星河科技，10月离职", "2021-10"),
        ("2021年3月20日加入星河科技，24日便离职", "2021-03-24"),
        ("2021年10月加入星河科技，3月离职", None),
        ("2021年10月加入星河科技。3月离职", "2023-03"),
        ("2021年加入星河科技，3月离职", "2023-03"),
        ("2021年10月加入星河科技，去年3月离职", "2022-03"),
        ("2021年10月加入星河科技，上月升任总裁，3月离职", "2023-03"),
        ("林知远上上周离职", "2023-04"),
        ("林知远上上周三离职", "2023-04-12"),
        ("林知远上上个月离职", "2023-02"),
        ("林知远2019Q3离职", "2019"),
        ("林知远2023.03离职", "2023-03"),
        ("林知远2024年秋离开", "2024"),
        ("林知远今春离职", None),
    ],
)
def test_what_stands_around_a_time_tells_what_it_means(text: str, expected: str | None) -> None:
    time = find_dates(text)[-1]
    assert time.value(published="2023-04-30") == expected


#: What an article of 15 May 2024 means by the last of its times.
MEANT = [
    ("5月13日，林知远正式离开星河科技并将加入云栖智能担任CEO。", "2024-05-13"),
    ("5月10日，林知远离职并计划创业，星河科技未置评。", "2024-05-10"),
    ("周一，林知远离开星河科技打算创业。", "2024-05-13"),
    ("周五林知远从星河科技离职计划创业。", "2024-05-17"),
    ("星河科技董事会决定5月10日免去林知远总裁职务。", "2024-05-10"),
    ("星河副总裁将加盟青木 5月13日，星河科技副总裁林知远官宣离职。", "2024-05-13"),
    ("原定于5月10日，林知远离职。", "2024-05-10"),
    ("5月14日，林知远官宣将离任。", "2024-05-14"),
    ("6月30日，林知远将离任。", "2024-06-30"),
    ("林知远2023上半年离职。", "2023"),
    ("2022第三季度，林知远离职。", "2022"),
    ("22年Q2，林知远离职。", "2022"),
    ("Q2 2022，林知远离职。", "2022"),
    ("111年第四季，林知遠離職。", "2022"),
    ("去年首季，林知远离职。", "2023"),
    ("2021年，林知远于3月加入星河，10月离职。", "2021-10"),
    ("2021年3月，林知远从星河离职；5月，周若水从青木离职。", "2021-05"),
    ("林知远将做到年底。", "2024-12"),
    ("林知远做到6月底。", "2024-06"),
    ("星河成立于2012年，最近一次融资在1月。", "2024-01"),
    ("林知远的合同已于8月31日届满。", "2023-08-31"),
    ("2010年，他说10年后的技术会不同。", None),
    ("10月15日最后一天上班的林知远", "2023-10-15"),
    ("今年终于离职的林知远", "2024"),
    ("他三个月内离职，去年入职。", "2023"),
    ("他会在6月30日离开公司。", "2024-06-30"),
    ("6月30日才会离开。", "2024-06-30"),
    ("要到6月30日才正式离开。", "2024-06-30"),
    ("林知远任期至6月30日届满。", "2024-06-30"),
    ("合同6月30日到期，不再续约。", "2024-06-30"),
    ("5月31日是林知远在星河的最后工作日。", "2024-05-31"),
    ("最后工作日（5月31日）。", "2024-05-31"),
    ("去年尾牙前，林知远离职。", "2023"),
    ("林知远将于6月30日前离职。", "2024"),
    ("2022年之前，林知远离职。", None),
    ("2019年后，林知远离职。", None),
    ("2021年3月加入星河，次年5月离职。", "2022-05"),
    ("2018年加入星河，次年离职。", "2019"),
    ("2021年3月加入星河。同年10月，林知远离职。", "2021-10"),
    ("2019年9月加入星河，两年后离职。", "2021"),
    ("2019年9月加入星河，三个月后离职。", "2019-12"),
    ("2019年加入星河，三个月后离职。", None),
    ("2023年11月17日被罢免，次日辞职。", "2023-11-18"),
    ("2023年11月被罢免，次日辞职。", None),
    ("2023年11月17日，董事会开会，林知远当天离职。", "2023-11-17"),
    ("林知遠於7/1生效。", "2024-07-01"),
    ("事實發生日:113/05/14", "2024-05-14"),
    ("林知遠於113年離職。", "2024"),
    ("林知远已于14号离职。", "2024-05-14"),
    ("6月最后一天，林知远将离职。", "2024-06"),
    ("今年元旦，林知远离职。", "2024-01-01"),
    ("2023年国庆节，林知远离职。", "2023-10"),
    ("2023年国庆假期，林知远离职。", "2023"),
    ("元旦，林知远离职。", "2024-01-01"),
    ("林知远月中离职。", "2024-05"),
    ("林知远周末被免职。", "2024-05"),
    ("林知遠前日離職。", "2024-05-13"),
    ("林知远2019.03-2023.05任星河总裁。", "2023-05"),
    ("回到创业的.2016年，林知远离职。", "2016"),
    ("他2023年终离职。", "2023-12"),
    ("林知远2018年3月加入星河，将于6月30日正式离任。", "2024-06-30"),
    ("星河成立于2018年3月，其总裁林知远5月3日宣布辞职。", "2024-05-03"),
    ("林知远去年3月从星河离职，10月又离开青木。", "2023-10"),
    ("去年，林知远3月加入星河，10月离职。", "2023-10"),
    ("林知远在去年（2023年）3月加入星河，10月离职。", "2023-10"),
    ("三年前的5月，林知远离职。", "2021-05"),
    ("林知远今年1月加入星河，12月从青木离职。", "2023-12"),
    ("林知远去年离开星河。10月，周若水离职。", "2023-10"),
    ("林知遠9月將自星河退休。", "2024-09"),
    ("林知远提出辞职，6月30日正式离开。", "2024-06-30"),
    ("林知远的离任6月1日生效。", "2024-06-01"),
    ("林知远继续担任顾问至6月30日。", "2024-06-30"),
    ("林知远2019.8-2023.5任星河总裁。", "2023-05"),
    ("2019/8 – 2023/5，林知远任星河总裁。", "2023-05"),
    ("2019.8至今，林知远任星河总裁。", "2019-08"),
]


@pytest.mark.parametrize(("text", "expected"), MEANT)
def test_what_news_means(text: str, expected: str | None) -> None:
    assert find_dates(text)[-1].value(published="2024-05-15") == expected


@pytest.mark.parametrize(
    "words", ["2024财政年度第一季度", "2024财年的第一季度", "2024财年末", "年初五", "1号店", "3/4的股东"]
)
def test_what_names_no_time_that_has_a_value(words: str) -> None:
    assert [time.value(published="2024-05-15") for time in find_dates(f"{words}，林知远离职。")] in ([], [None])


WORDS = (
    "2023|年|3|月|20|日| |Q1|上|去|底|周|五|（|）|/|-|，|。|民國|112|两|三|个|前|后|離職|从|林知远|🙂|初|今|昨|至|在"
)
PIECES = st.sampled_from([*WORDS.split("|"), "\r\n", "\ud800"])
TEXT = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))
PUBLISHED = st.one_of(
    st.none(),
    st.builds(
        lambda day, length: day.isoformat()[:length],
        st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31)),
        st.sampled_from([4, 7, 10]),
    ),
)


@given(text=TEXT)
@example(text="3月20日\r\n🙂民國112年7月１日")
def test_offsets_are_those_of_the_text(text: str) -> None:
    last = 0
    for span in find_dates(text):
        assert last <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
        last = span.end


@given(text=TEXT, published=st.one_of(PUBLISHED, st.text(max_size=10)), coming=st.booleans())
@example(text="十年前", published="0005", coming=False)
@example(text="下月", published="9999-12-31", coming=False)
@example(text="2月29日", published="1903-01-01", coming=False)
def test_values_are_iso_dates(text: str, published: str | None, coming: bool) -> None:
    for surface in [text, *(span.text for span in find_dates(text))]:
        value = date_value(surface, published=published, coming=coming)
        if value is not None:
            assert re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", value)
            date.fromisoformat(value + "-01-01"[len(value) - 4 :])


@given(surface=st.sampled_from(SURFACES), day=st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_a_less_exact_article_never_makes_a_value_more_exact(surface: str, day: date) -> None:
    exact = date_value(surface, published=day.isoformat())
    for length in (7, 4):
        less = date_value(surface, published=day.isoformat()[:length])
        assert less is None or exact is None or len(less) <= len(exact)
    assert (date_value(surface, published=None) or "") in (exact or "")


@given(month=st.integers(1, 12), day=st.integers(1, 28), year=st.integers(1990, 2040), published=PUBLISHED)
def test_a_value_is_as_exact_as_the_words(month: int, day: int, year: int, published: str | None) -> None:
    for words, value in [
        (f"{year}年", f"{year}"),
        (f"{year} 年 {month} 月", f"{year}-{month:02}"),
        (f"{year}年{month}月{day}日", f"{year}-{month:02}-{day:02}"),
    ]:
        assert date_value(words, published=published) == value
    for words, length in [
        ("去年", 4),
        ("三年前", 4),
        (f"{month}月", 7),
        ("上月", 7),
        (f"{month}月{day}日", 10),
        ("昨日", 10),
    ]:
        assert len(date_value(words, published=published) or "") <= length


@given(surface=st.sampled_from(SURFACES))
def test_both_scripts_have_the_same_value(surface: str) -> None:
    there = to_traditional(surface)
    assert date_value(there, published="2023-04-30") == date_value(surface, published="2023-04-30")
    assert [span.text for span in find_dates(f"，{there}。")] == [
        to_traditional(s.text) for s in find_dates(f"，{surface}。")
    ]


#: Forms that JioNLP reads to the same days.
PLAIN = (
    "2023年3月20日 2023年3月 2023年 3月20日 去年 前年 去年9月 今年2月 昨天 昨日 上周五 本周三 下周一 "
    "两年前 一季度 2023年第一季度"
)
#: Surface, their first and last day against 2023-04-30, ours, who is right.
DIFFERENCES = [
    ("去年底", "2022-11-01 2022-12-31", "2022-12", "a convention: the end of a year is December here"),
    ("年初", "2023-01-01 2023-02-28", "2023-01", "a convention: the beginning of a year is January here"),
    ("三个月前", "2022-12-01 2023-01-31", "2023-01", "ours: the month that lies three back"),
    ("五月十六日", "2023-05-16 2023-05-16", "2022-05-16", "ours unless coming: news tells what has happened"),
    ("9/30", "2023-09-30 2023-09-30", "2022-09-30", "ours unless coming, as above"),
    ("民国112年7月1日", "112-07-01 112-07-01", "2023-07-01", "ours: a year of the Republic"),
    ("上月", None, "2023-03", "ours: theirs does not read it"),
    ("上个月", None, "2023-03", "ours: theirs does not read it"),
    ("本月", None, "2023-04", "ours: theirs does not read it"),
]


def jionlp_days(surface: str) -> tuple[str, str] | None:
    jionlp = pytest.importorskip("jionlp")
    try:
        first, last = jionlp.parse_time(surface, time_base={"year": 2023, "month": 4, "day": 30})["time"]
    except (ValueError, TypeError):
        return None
    return first.split()[0], last.split()[0]


@pytest.mark.parametrize("surface", PLAIN.split())
def test_as_jionlp_on_plain_forms(surface: str) -> None:
    days = jionlp_days(surface)
    value = date_value(surface, published="2023-04-30")
    assert days is not None
    assert value is not None
    assert {day[: len(value)] for day in days} == {value}


@pytest.mark.parametrize(("surface", "theirs", "ours", "verdict"), DIFFERENCES)
def test_differences_from_jionlp(surface: str, theirs: str | None, ours: str, verdict: str) -> None:
    assert verdict
    assert date_value(surface, published="2023-04-30") == ours
    assert jionlp_days(surface) == (tuple(theirs.split()) if theirs else None)
