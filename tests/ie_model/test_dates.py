from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ie_model.dates import date_value, find_dates
from ie_model.script import to_traditional

#: Surface, value without a published date, then against 2023-04-30, a Sunday.
VALUES = """
2023年3月20日      2023-03-20  2023-03-20
2023_年_3_月_20_日  2023-03-20  2023-03-20
2023年3月20号      2023-03-20  2023-03-20
２０２３年３月２０日  2023-03-20  2023-03-20
2023年3月          2023-03     2023-03
2023_年_3_月       2023-03     2023-03
2023年3月份        2023-03     2023-03
2023年3月初        2023-03     2023-03
2023年11月底       2023-11     2023-11
2023年11月末       2023-11     2023-11
2024年4月中旬      2024-04     2024-04
2024年4月上旬      2024-04     2024-04
2023年3月的最后一个工作日  2023-03  2023-03
2008_年            2008        2008
1998年             1998        1998
2021年底           2021-12     2021-12
2021年年底         2021-12     2021-12
2021年末           2021-12     2021-12
2023年初           2023-01     2023-01
2023年中           2023        2023
2023年内           2023        2023
2023年底前         2023        2023
2023年第一季度     2023        2023
2023年Q3           2023        2023
2023年三季度末     2023-09     2023-09
2023年上半年       2023        2023
2022年春节         2022        2022
2019年春节后       2019        2019
2022年秋天         2022        2022
1979年冬           1979        1979
2023年立夏         2023        2023
二〇二三年三月二十四日  2023-03-24  2023-03-24
二零二三年三月     2023-03     2023-03
一九九八年         1998        1998
公元2023年         2023        2023
2023/3/20          2023-03-20  2023-03-20
2023/03/20         2023-03-20  2023-03-20
2023-03-20         2023-03-20  2023-03-20
2023.3.20          2023-03-20  2023-03-20
2023-03            2023-03     2023-03
2023/03            2023-03     2023-03
2007               2007        2007
民国112年7月1日    2023-07-01  2023-07-01
民國115年5月20日   2026-05-20  2026-05-20
民國_112_年_7_月   2023-07     2023-07
民國一百一十二年七月  2023-07  2023-07
民國98年           2009        2009
112年7月           2023-07     2023-07
112年7月1日        2023-07-01  2023-07-01
去（2022）年       2022        2022
今（112）年3月     2023-03     2023-03
2024年2月29日      2024-02-29  2024-02-29
2023年2月29日      -           -
2023年2月30日      -           -
2023年4月31日      -           -
2023-02-30         -           -
2月30日            -           -
去年               -           2022
去年底             -           2022-12
去年年底           -           2022-12
去年末             -           2022-12
去年初             -           2022-01
去年中             -           2022
去年9月            -           2022-09
去年_10_月         -           2022-10
去年11月底         -           2022-11
去年十月           -           2022-10
去年9月30日        -           2022-09-30
去年夏天           -           2022
去年中秋前         -           2022
去年国庆前后       -           2022
去年一季度         -           2022
去年第四季度末     -           2022-12
去年下半年         -           2022
今年               -           2023
今年初             -           2023-01
今年2月            -           2023-02
今年_7_月          -           2023-07
今年3月20日        -           2023-03-20
今年三月二十号     -           2023-03-20
今年底             -           2023-12
今年春天           -           2023
今年端午           -           2023
今年立夏           -           2023
今年Q1             -           2023
今年上半年         -           2023
前年               -           2021
前年底             -           2021-12
大前年             -           2020
明年               -           2024
明年三月           -           2024-03
明年初             -           2024-01
上年               -           2022
年初               -           2023-01
年底               -           2022-12
年末               -           2022-12
年内               -           2023
年底前             -           2023
上月               -           2023-03
上个月             -           2023-03
上個月             -           2023-03
上月底             -           2023-03
上月末             -           2023-03
上月初             -           2023-03
上月中旬           -           2023-03
上月18日           -           2023-03-18
本月               -           2023-04
这个月             -           2023-04
本月初             -           2023-04
本月底             -           2023-04
本月_25_日         -           2023-04-25
本月31日           -           -
下月               -           2023-05
下個月             -           2023-05
下月底             -           2023-05
下月1日            -           2023-05-01
月底               -           2023-04
月初               -           2023-04
3月                -           2023-03
3_月               -           2023-03
三月               -           2023-03
3月份              -           2023-03
４月               -           2023-04
5月                -           2022-05
12月               -           2022-12
十二月             -           2022-12
3月底              -           2023-03
4月中旬            -           2023-04
五月中             -           2022-05
12月初             -           2022-12
3月20日            -           2023-03-20
3_月_24_日         -           2023-03-24
三月二十四号       -           2023-03-24
三月廿四日         -           2023-03-24
八月一日           -           2022-08-01
4月30日            -           2023-04-30
5月1日             -           2022-05-01
12月31日           -           2022-12-31
2月29日            -           2020-02-29
9/30               -           2022-09-30
4/15               -           2023-04-15
16日               -           2023-04-16
30_日              -           2023-04-30
31日               -           2023-03-31
二十四日           -           2023-04-24
一季度             -           2023
第三季             -           2022
三季度             -           2022
一季度末           -           2023-03
Q1                 -           2023
Q4                 -           2022
上半年             -           2023
下半年             -           2022
今天               -           2023-04-30
今日               -           2023-04-30
今晨               -           2023-04-30
昨                 -           2023-04-29
昨天               -           2023-04-29
昨日               -           2023-04-29
昨晚               -           2023-04-29
前天               -           2023-04-28
明天               -           2023-05-01
今(30)日           -           2023-04-30
昨（29）日         -           2023-04-29
昨_(28)_日         -           2023-04-28
上周               -           2023-04
上週               -           2023-04
本周               -           2023-04
下周               -           2023-05
上周末             -           2023-04
上周五             -           2023-04-21
上週一             -           2023-04-17
上周日             -           2023-04-23
上星期三           -           2023-04-19
上个星期天         -           2023-04-23
上個禮拜二         -           2023-04-18
本周一             -           2023-04-24
本週五             -           2023-04-28
这周三             -           2023-04-26
下周一             -           2023-05-01
下星期五           -           2023-05-05
周五               -           2023-04-28
周日               -           2023-04-30
星期四             -           2023-04-27
两年前             -           2021
兩年前             -           2021
2年前              -           2021
三年之前           -           2020
十年前             -           2013
十一年前           -           2012
二十年前           -           2003
三个月前           -           2023-01
3_个月前           -           2023-01
四個月前           -           2022-12
两周前             -           2023-04
三週前             -           2023-04
五天前             -           2023-04-25
22年3月            -           2022-03
21年底             -           2021-12
98年3月            -           -
春节后             -           -
五一之后           -           -
圣诞前             -           -
農曆年後           -           -
腊月二十三         -           -
农历八月十五       -           -
股東會後           -           -
即日               -           -
当天               -           -
当晚               -           -
次日               -           -
第二天             -           -
同年5月            -           -
次年               -           -
第二年             -           -
当月               -           -
两年后             -           -
十二年後           -           -
三个月后           -           -
半年前             -           -
一年半前           -           -
几年前             -           -
多年前             -           -
两三年前           -           -
十几年前           -           -
一年多前           -           -
四十歲那年         -           -
近日               -           -
日前               -           -
近期               -           -
最近               -           -
不久前             -           -
早些时候           -           -
90年代             -           -
20世纪90年代       -           -
上世纪八十年代初   -           -
"""


def _rows() -> list[tuple[str, str | None, str | None]]:
    rows = []
    for line in VALUES.strip().splitlines():
        surface, alone, against = line.split()
        rows.append((surface.replace("_", " "), None if alone == "-" else alone, None if against == "-" else against))
    return rows


#: Surface, published, value: what a less exact date of the article leaves.
LESS_KNOWN = [
    ("去年底", "2023", "2022-12"),
    ("两年前", "2023", "2021"),
    ("年内", "2023", "2023"),
    ("年初", "2023", "2023-01"),
    ("今日", "2023", "2023"),
    ("本月", "2023", "2023"),
    ("今日", "2023-04", "2023-04"),
    ("上月", "2023-04", "2023-03"),
    ("三个月前", "2023-04", "2023-01"),
    ("4月20日", "2023-04", "2023-04-20"),
    ("12月", "2023-04", "2022-12"),
    ("昨日", "2023-04", "2023"),  # on 1 April, yesterday is in March
    ("昨日", "2023-01", None),
    ("上周五", "2023-04", "2023"),
    ("16日", "2023-04", "2023"),
    ("上月", "2023", None),
    ("3月", "2023", None),  # an article of January means 2022
    ("3月20日", "2023", None),
    ("上周五", "2023", None),
    ("昨日", "2023", None),
    ("三个月前", "2023", None),
    ("去年底", "30.4.2023", None),
    ("去年底", "2023-13", None),
    ("去年底", "", None),
]
#: Surface, value against 2023-04-30 where the text speaks of the time as still to come.
COMING = [
    ("6月30日", "2023-06-30"),
    ("4月30日", "2023-04-30"),
    ("3月20日", "2024-03-20"),
    ("5月", "2023-05"),
    ("4月", "2023-04"),
    ("年底", "2023-12"),
    ("三季度", "2023"),
    ("周五", "2023-05-05"),
    ("16日", "2023-05-16"),
    ("2月29日", "2024-02-29"),
    ("本月底", "2023-04"),
    ("明年", "2024"),
]
#: What the dates of a text are; | parts them.
TEXTS = [
    ("3月20日，星河科技总裁林知远离职，两年前他加入公司。", "3月20日|两年前"),
    ("星河科技總經理林知遠昨（3）日請辭，9/30 生效，民國112年7月1日前完成交接。", "昨（3）日|9/30|民國112年7月1日"),
    ("2006年7月至2011年3月，任星河科技工艺工程师。", "2006年7月|2011年3月"),
    ("2019年以来，三年来，去年底至今。", "2019年|去年底"),
    ("上周四凌晨，昨天下午四点，31 日晚間。", "上周四|昨天|31 日"),
    ("2007：林知远离开\n2011：周若水离开", "2007|2011"),
    ("他将于花红派发后离职，股東會後公布。", "花红派发后|股東會後"),
    ("去年中秋前、2022 年春节刚过、五一之后。", "去年中秋前|2022 年春节|五一之后"),
    ("自下月起，即日生效，即刻起解聘，当天下午。", "下月|即日|即刻|当天"),
    ("3 月的最后一个工作日，他交还了工牌。", "3 月的最后一个工作日"),
    ("近日与日前不同，目前没有，最近一个季度也没有。", "近日|日前"),
]
#: Ages, durations, counts and names are no dates; | parts them.
NONE_HERE = (
    "三十二岁|七年|三年来|39 年|十四年的经验|三个月的工资|三季亏损|三个季度|两周时间|五天四夜|1,016日|7日年化|2023款|"
    "Office 2019|2023年报|2022年年报|2023年度|五月天|三月花|1/3|2/3的股东|持股1/10|24/7|版本2.3.1|今后|如今|今日头条|"
    "明日方舟|前任|前景|后来|后者|目前|生日前|节目|年薪百万|年轻|全年|一年四季|周围|周年庆|本周刊|以上周期|上市|上线|"
    "下月球|本月饼|奥迪Q3|iPhone 3G|100 天|9000元|1980万|60后|端午节礼盒|圣诞老人|立春饼"
)


@pytest.mark.parametrize(("surface", "alone", "against"), _rows())
def test_values(surface: str, alone: str | None, against: str | None) -> None:
    assert date_value(surface, published=None) == alone
    assert date_value(surface, published="2023-04-30") == against


def test_the_table_has_two_hundred_forms() -> None:
    assert len({surface for surface, _, _ in _rows()}) >= 200


@pytest.mark.parametrize(("surface", "published", "value"), LESS_KNOWN)
def test_values_against_a_less_exact_date(surface: str, published: str, value: str | None) -> None:
    assert date_value(surface, published=published) == value


@pytest.mark.parametrize(("surface", "value"), COMING)
def test_values_of_times_to_come(surface: str, value: str) -> None:
    assert date_value(surface, published="2023-04-30", coming=True) == value


@pytest.mark.parametrize("surface", [surface for surface, _, _ in _rows()])
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
        ("6月30日起生效", True),
        ("林知远已于6月30日离任", False),
        ("林知远6月30日离任", False),
        ("公司将公布年报，林知远6月30日离任", False),
    ],
)
def test_times_to_come(text: str, coming: bool) -> None:
    assert [span.coming for span in find_dates(text)] == [coming]


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


@given(
    surface=st.sampled_from([surface for surface, _, _ in _rows()]), day=st.dates(date(1990, 1, 1), date(2040, 1, 1))
)
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


@given(surface=st.sampled_from([surface for surface, _, _ in _rows()]))
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
