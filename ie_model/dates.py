"""Time expressions: where they stand, and what they amount to.

Everything is read in the model's view (simplified, half-width). A value is ISO 8601 and
never more precise than the words and the article's date together: words become the first
and the last day that they can mean, and these become the ISO prefix that covers both.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from ie_model.script import model_view


@dataclass(frozen=True, order=True)
class TimeSpan:
    """A time expression: text[start:end] is its surface.

    Attributes:
        coming: the text speaks of it as still to come (将于, 预计 …).
        either: it may be past or to come (自3月20日起生效, 最后工作日为3月20日).
        within: the ISO month that the sentence names before it, to which a month or day without a year belongs:
            2021年3月加入快手，10月离职. Empty where that cannot be.
    """

    start: int
    end: int
    text: str
    coming: bool = field(default=False, compare=False)
    either: bool = field(default=False, compare=False)
    within: str | None = field(default=None, compare=False)


# --- The grammar. Guards keep out what only looks like a time: 三月天, 年报, 五一路, 上市, 1/3 … ---

_S = r"[ \t\u00a0]{0,2}"
_N = "一二两三四五六七八九"
#: 2023年, 二〇二三年, 民国112年, 112年7月 (three digits are a year of the Republic), 今(2023)年, 22年3月.
_YEAR = (
    rf"(?:公元|西元|[去今前明本]{_S}\({_S})?(?<![0-9.])(?P<year>(?:19|20)[0-9]{{2}}|[一二][九〇零○][〇零○{_N}]{{2}}"
    rf"|民国{_S}(?:[0-9]{{2,3}}|[{_N}十百〇零]{{1,5}})|1[0-9]{{2}}(?=\)|{_S}年{_S}[0-9]{{1,2}}{_S}月)"
    rf"|[0-9]{{2}}(?={_S}年(?:[初底末]|{_S}[0-9]{{1,2}}{_S}月)))(?:{_S}\))?{_S}年(?!年?[度报款版鉴审薪龄终轻代])"
)
_YEAR_OFFSETS = {"大前年": -3, "前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_YEAR_WORD = (
    r"(?P<year_word>大前年|(?<![以之此目])前年|去年|(?<!以)上年|今年|(?<![基日])本年|明年|(?<!年)后年"
    r"|当年|同年|次年|翌年|隔年|那年|第[二三四五六]年)(?!度|份|龄|级|会|报)"
)
#: 今年早些时候, 今天稍早
_PART = r"(?:的?[早晚]些时候|稍[早晚](?:时候)?)?"
_MONTH = (
    rf"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[{_N}]){_S}"
    r"月(?!天|花|期|龄|有余|内|薪|均|度|报|球|租|供|饼|费|销|产)份?"
)
_MONTH_WORD = (
    r"(?P<month_word>(?<![以马上])上{1,2}个?月|(?<![基日])本月|这个月|(?<![以之])下个?月"
    r"|当月|同月|次月|隔月)(?!薪|球|饼)"
)
#: 中 mostly begins another word (中国, 中信), so what follows is asked for.
_MID = r"中(?=[ ,、。;:)\n]|就|便|已|先|正|离|辞|卸|退|请|递|$)"
_MONTH_PART = (
    rf"(?:初(?!次|步|期|创|衷|级|始|心)|底(?!层|盘|部|价|气|线)|末(?!端|日|位|班|轮)|[头尾](?!部|号|牌|条|版)"
    rf"|[上中下]旬|{_MID})"
)
#: 周二晚间, 3月20日上午, 今天下午四点: the part of a day, and the hour.
_DAYTIME = (
    rf"(?:{_S}(?:[凌清早]晨|一大?早|早[上间]|[上中下]午|午[间后夜]|傍晚|深夜|夜[里间晚]|晚[间上]"
    r"|晚(?![会报宴点期餐安年班高些于了霞辈育婚])|[早夜](?=[ ,、。;:)\n离辞卸退]|$))"
    rf"(?:{_S}(?:[0-9]{{1,2}}|[{_N}十]{{1,3}}){_S}(?:[点时](?:半|整|许|[0-9]{{1,2}}分)?|:[0-9]{{2}})(?!钟))?)?"
)
_LONG_DAY = rf"3[01]|[12][0-9]|0?[1-9]|三十一?|卅一?|廿[{_N}]?|二?十[{_N}]?"
_DAY = rf"(?P<day>{_LONG_DAY}|[{_N}]){_S}[日号]{_DAYTIME}"
_YEAR_PART = rf"年?(?P<year_part>[初底末内尾]|{_MID})(?P<before>前)?"
_QUARTER = (
    r"(?:第?(?P<quarter>[一二三四1-4])季度|第(?P<short_quarter>[一二三四1-4])季|(?P<half>[上下])半年|本季(?:度|(?=末))"
    r"|(?<![A-Za-z0-9])(?<!奥迪)Q(?P<latin_quarter>[1-4])(?![A-Za-z0-9]))(?P<quarter_end>[末底])?"
)
_HOLIDAY = (
    r"(?:春节|元旦|元宵节?|清明节?|五一|端午节?|中秋节?|国庆节?|圣诞节?|感恩节|情人节|除夕|七夕|农历年|农历新年"
    r"|双(?:十一|11)|暑假|寒假)(?:假期|长假|黄金周|期间)?"
)
_AROUND = r"(?:(?:前后|之后|之前|过后|前夕|后|前)(?:第[一二三四五]天|最后一(?:个工作日|天))?)"
_SEASON = (
    r"(?:开春|[初早仲暮晚盛深隆寒]?[春夏秋冬](?:天|季|日|(?=[ ,、。;:)\n离辞卸退加创入]|$))|立[春夏秋冬]"
    r"|[春秋]分|[夏冬]至|[大小][暑雪寒]|惊蛰|谷雨|小满|芒种|处暑|[白寒]露|霜降)"
)
_LUNAR = rf"(?:农历|旧历)?(?:[正腊]月|(?<=历)[{_N}十冬]+月)(?:初[{_N}十]|[二三廿]?十[{_N}]?|廿[{_N}])?"
_WEEK = r"(?:周|星期|礼拜)"
_WEEKDAY = r"(?P<weekday>[一二三四五六日天])(?!围|年)"
_IN_YEAR = (
    rf"(?:{_S}的?(?:(?P<lunar>{_LUNAR})|{_MONTH}(?:{_S}{_DAY}|{_MONTH_PART})?|{_YEAR_PART}|{_QUARTER}"
    rf"|{_HOLIDAY}{_AROUND}?|{_SEASON}))?"
)
_LAST_DAY = r"(?:的最后(?:一个(?:工作日|交易日|周[一二三四五六日])|一[天周]))?"

#: Forms that name a year, or a part of one.
_CALENDAR = (
    rf"{_YEAR}{_IN_YEAR}{_LAST_DAY}",
    rf"{_YEAR_WORD}{_IN_YEAR}{_LAST_DAY}{_PART}",
    rf"(?<![0-9.第个每近数几{_N}十~-])(?<![0-9年月日号{_N}十][至到]){_MONTH}(?:{_S}{_DAY}|{_MONTH_PART})?{_LAST_DAY}",
    rf"(?<![0-9{_N}十百几多半数全同每常成当今去明前本])(?=年){_YEAR_PART}",
    rf"(?<!财年)(?<!财年第)(?<![前连]){_QUARTER}",
    r"(?<![0-9.])(?P<year>(?:19|20)[0-9]{2})(?P<mark>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=mark)"
    r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?![0-9]|[-/.][0-9])",
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})[-/](?P<month>1[0-2]|0[1-9])(?![0-9]|[-/.][0-9])",
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})\.(?P<month>1[0-2]|0[1-9])(?=[ ,、。;)从离卸辞\n]|$)",
    rf"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{{2}}){_S}Q(?P<latin_quarter>[1-4])(?![A-Za-z0-9])",
    # 1/3 and 2/3 are shares: a day of two digits is asked for.
    r"(?<![0-9./-])(?!1/1)(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12][0-9]|0[1-9])(?![0-9/%]|\.[0-9]|的|以上|左右)",
    rf"(?<![^\n])(?P<year>(?:19|20)[0-9]{{2}})(?={_S}:|$)",
)
#: A month counted from the article's, or a day of it.
_MONTHS = (
    rf"{_MONTH_WORD}(?:{_S}{_DAY}|{_MONTH_PART})?{_LAST_DAY}{_PART}",
    rf"(?<![0-9./第百{_N}十年~至到月-])(?<![0-9],)(?P<day>{_LONG_DAY}){_S}日(?!内|游|线|均|年化|元|圆|间|报|之内|后|前)"
    rf"{_DAYTIME}",
    rf"(?<![{_N}十0-9])月[初底末尾](?![{_N}])",
)
_WEEKS = (
    rf"(?P<week>(?<![以马上])上{{1,2}}|(?<![基日])本|这|(?<![以之])下)(?:一?个)?{_WEEK}"
    rf"(?:{_WEEKDAY}|(?P<weekend>末))?(?!刊|报|期|边|转){_PART}{_DAYTIME}",
    rf"(?<![0-9{_N}十每双单几近数半整]){_WEEK}{_WEEKDAY}{_PART}{_DAYTIME}",
)
_DAY_OFFSETS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2}
_DAYS = (
    r"(?P<day_word>大前(?=天)|(?<![以之日])前(?=天|晚)|昨(?!是|非)|今(?=天|日(?!头条|资本)|晚|晨|早|夜|[ ]?\()"
    r"|明(?=天|日(?!方舟|之星)|晚|早|晨)|(?<!先天)后(?=天(?!性|努力|培养)))(?:天|日|晚|夜|晨|早)?"
    rf"(?:{_S}\({_S}(?P<day>{_LONG_DAY}){_S}日?{_S}\){_S}日?)?{_PART}{_DAYTIME}",
)
_AGO = (
    rf"(?<![0-9.第年月{_N}十])(?P<count>[0-9]{{1,3}}|(?:好|十|二十|三十)?[几多数]|[{_N}十]{{1,3}}|半){_S}(?P<more>多)?"
    r"(?P<unit>年半|年|个半月|个多?月|(?<=[数几])月|个?星期|个?礼拜|周|天|日|个?小时|分钟)"
    rf"(?:零[{_N}十0-9]+个月)?(?P<odd>多)?(?:之|以)?(?P<side>前|后)(?!景|途|锋|沿|续|期|夕|后)",
)
#: Forms that the article's date cannot resolve.
_OPEN = (
    r"近日|(?<![生节假目往昔此])日前|近期(?!内)|最近(?!一|两|几|三|十|的|常)|不久前|前不久|稍?早前|[早晚]些时候"
    r"|前(?:段时间|阵子|几天|些天)",
    rf"当[晚夜]|(?:当[天日]|同(?:一天|日)|次日|翌日|隔[天日]|第[二三四五六七八九十]天){_DAYTIME}|隔周|不久之?后",
    r"即日|即时(?=生效|起)|即刻(?=起|生效)|(?<=[是为])即刻",
    rf"{_HOLIDAY}{_AROUND}|(?:年度|临时)?股东(?:周年)?大?会(?:后|当日|当天|之后)",
    r"[上本](?:季度|学期|财年|赛季|乐季)(?:初|末|底|结束后)|任期届?满(?:之?后|时|日)|同一个月",
    rf"过去的?{_S}(?:[0-9]{{1,3}}|[{_N}十几数]{{1,3}}){_S}(?:天|周|个?星期|个?月)内",
    # 已于判决次日离开: a day that only its event names.
    r"(?<=[于在])[^ ,。;:、的0-9年月周]{2,6}(?:次日|当天|当日|当晚|前夜)(?=起?[^,。;]{0,3}(?:离|辞|卸|退|走|跳槽))",
    rf"{_LUNAR}|(?:[0-9]{{1,2}}|[{_N}十]{{1,3}}){_S}岁[那这]年",
    rf"(?<![0-9{_N}十百几多数半])[年节][后前](?=[,就便才离辞提走他她])",
    # 公司敲钟当天,: an event at the head of a sentence.
    rf"(?:(?<=[,。;\n])|^)[^ ,。;:、0-9月日年周]{{2,14}}(?<![{_N}])(?:当天|当日|当晚|前夜|前一天|第[{_N}十]天)(?=,)",
    # 将于花红派发后离职: an event of which only the sentence tells that it is a time.
    r"(?<=[于在])[^ ,。;:、的0-9年月日]{2,12}(?:后|前|时|之日|当日|当天)(?=起?[^,。;]{0,3}(?:离|辞|卸|退|走|跳槽))",
    r"今[春夏秋冬](?![天季日])",
    r"(?<![0-9])(?:(?:20|21|二十|二十一)世纪|上个?世纪)?(?:(?:19|20)?[0-9]0|[一二三四五六七八九]十)年代(?:初|末|中期|后期)?",
)

# --- Values --------------------------------------------------------------------------------------

#: The first and the last day that words can mean.
_Days = tuple[date, date]
_Groups = dict[str, str | None]


def _months(year: int, first: int, last: int) -> _Days:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _counted_months(at: date, offset: int) -> _Days:
    year, month = divmod(at.year * 12 + at.month - 1 + offset, 12)
    return _months(year, month + 1, month + 1)


def _number(words: str) -> int | None:
    """Digits, or a Chinese numeral below 200; None for other words (几, 两三)."""
    if words.isascii():
        return int(words) if words.isdigit() else None
    plain = words.translate(str.maketrans("两零○", "二〇〇")).replace("廿", "二十").replace("卅", "三十")
    figures = "〇一二三四五六七八九"
    if len(plain) > 2 and all(figure in figures for figure in plain):
        return int("".join(str(figures.index(figure)) for figure in plain))
    match = re.fullmatch(r"(?:(一?百)〇?)?(?:([一二三四五六七八九]?)(十))?([一二三四五六七八九])?", plain)
    if match is None:
        return None
    hundred, tens, ten, ones = match.groups()
    return 100 * bool(hundred) + (10 * figures.index(tens or "一") if ten else 0) + figures.index(ones or "〇")


def _year(groups: _Groups, at: date | None) -> int | None:
    """The year that is written out, or 去年 and the like against the article's."""
    words, word = groups.get("year"), groups.get("year_word")
    if words is None:
        return at.year + _YEAR_OFFSETS[word] if at and word in _YEAR_OFFSETS else None
    number = _number(words.removeprefix("民国").strip())
    if number is None or number >= 1000:
        return number
    if words.startswith("民国") or number >= 100:
        return 1911 + number
    # 22年 is 2022 once that has begun; but 98年 is 1998 in Beijing and 2009 in Taipei.
    return 2000 + number if at and 2000 + number <= at.year else None


def _in_year(groups: _Groups, year: int) -> _Days:
    """The days that the words leave of a year; ValueError for 2月30日."""
    month, part, half = groups.get("month"), groups.get("year_part"), groups.get("half")
    quarter = groups.get("quarter") or groups.get("short_quarter") or groups.get("latin_quarter")
    first, last = 1, 12
    if month:
        first = last = _number(month) or 0
    elif part and not groups.get("before"):
        first, last = {"初": (1, 1), "中": (6, 7), "内": (1, 12)}.get(part, (12, 12))
    elif quarter or half:
        last = 3 * (_number(quarter) or 0) if quarter else 6 if half == "上" else 12
        first = last if groups.get("quarter_end") else last - (2 if quarter else 5)
    if day := groups.get("day"):
        return (date(year, first, _number(day) or 0),) * 2
    return _months(year, first, last)


def _calendar(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    if groups.get("lunar"):
        return None
    if groups.get("year") or groups.get("year_word"):
        year = _year(groups, at)
        return _in_year(groups, year) if year else None
    if at is None or groups.get("before") or groups.get("year_part") in ("内", "中"):
        return _months(at.year, 1, 12) if at else None
    # Any nine years but those around 1900 hold a 29 February.
    for year in range(at.year, at.year + 9 if coming else at.year - 9, 1 if coming else -1):
        try:
            first, last = _in_year(groups, year)
        except ValueError:
            continue
        if (last >= at) if coming else (first <= at):
            return first, last
    return None


def _month(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    word, day = groups.get("month_word"), groups.get("day")
    offset = {"上": -1, "下": 1, "本": 0, "这": 0}.get(word[0]) if word else 0
    if word and word.startswith("上上"):
        offset = -2
    if at is None or offset is None:
        return None
    if not day:
        return _counted_months(at, offset)
    number = _number(day) or 0
    if not word and (number < at.day if coming else number > at.day):
        offset = 1 if coming else -1
    return (_counted_months(at, offset)[0].replace(day=number),) * 2


def _week(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    if at is None:
        return None
    week, weekday = groups.get("week"), groups["weekday"]
    monday = at + timedelta({"上": -7, "上上": -14, "下": 7}.get(week or "", 0) - at.weekday())
    if weekday is None:
        return monday + timedelta(5 if groups.get("weekend") else 0), monday + timedelta(6)
    day = monday + timedelta("一二三四五六日".find(weekday) % 7)  # 天 is not found: -1, Sunday
    if week is None and (day < at if coming else day > at):
        day += timedelta(7 if coming else -7)
    return day, day


def _day(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    if groups["day"]:  # 昨(3)日
        return _month({"day": groups["day"]}, at, coming)
    return (at + timedelta(_DAY_OFFSETS[groups["day_word"] or ""]),) * 2 if at else None


def _ago(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    """三年前 counts from the article's date; 三年后 from what the story told before."""
    count, unit = _number(groups["count"] or ""), groups["unit"] or ""
    if at is None or count is None or groups["side"] == "后" or groups["more"] or groups["odd"]:
        return None
    if unit == "年":
        return _months(at.year - count, 1, 12)
    if unit == "个月":
        return _counted_months(at, -count)
    if unit[-1] in "周期拜":
        middle = at - timedelta(7 * count)
        return middle - timedelta(3), middle + timedelta(3)
    return (at - timedelta(count),) * 2 if unit in "天日" else None


def _open(groups: _Groups, at: date | None, coming: bool) -> _Days | None:
    return None


_Reader = Callable[[_Groups, date | None, bool], _Days | None]
_READERS: tuple[tuple[tuple[str, ...], _Reader], ...] = (
    (_CALENDAR, _calendar),
    (_MONTHS, _month),
    (_WEEKS, _week),
    (_DAYS, _day),
    (_AGO, _ago),
    (_OPEN, _open),
)
_FORMS = [(re.compile(form), reader) for forms, reader in _READERS for form in forms]


def _published_days(published: str | None) -> _Days | None:
    """The first and the last day on which the article can have appeared."""
    match = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", published or "")
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first, last = _months(year or 0, month or 1, month or 12)
        return (first, last) if day is None else (first.replace(day=day),) * 2
    except ValueError:
        return None


def date_value(
    surface: str, *, published: str | None, coming: bool = False, either: bool = False, within: str | None = None
) -> str | None:
    """A time expression as ISO 8601, as exact as its words; None where that takes guessing.

    A month or day without a year is the latest one that is not after the article or, if
    it is `coming`, the next one; where it may be `either`, the nearer of these two.

    Args:
        surface: the words, as `find_dates` gives them.
        published: the article's ISO date, as exact as it is known (2023, 2023-04, 2023-04-30).
        coming, either, within: see `TimeSpan`.
    """
    view, known = model_view(surface).strip(), _published_days(published)
    match, reader = next(((m, reader) for form, reader in _FORMS if (m := form.fullmatch(view))), (None, _open))
    if match is None:
        return None
    groups = match.groupdict()
    if within is not None:
        return _iso(_read(groups, reader, _published_days(f"{within}-01"), coming=True))
    if not either or known is None:
        return _iso(_read(groups, reader, known, coming=coming))
    both = [_read(groups, reader, known, coming=way) for way in (False, True)]
    return _iso(min(filter(None, both), key=lambda days: abs(days[0] - known[0]), default=None))


def _read(groups: _Groups, reader: _Reader, known: _Days | None, *, coming: bool) -> _Days | None:
    """The days that the words can mean, against those on which the article can have appeared."""
    ends: tuple[date | None, ...] = known or (None,)
    if known and reader is _calendar and known[0].month == known[1].month:
        ends = (known[not coming],)  # in an article of April, 20 April is this year's
    try:
        read = [reader(groups, at, coming) for at in ends]
    except (ValueError, OverflowError):  # 2月30日, or before the year 1
        return None
    days = [day for pair in read if pair for day in pair]
    first, last = min(days, default=date.min), max(days, default=date.max)
    return None if None in read or first.year != last.year else (first, last)


def _iso(days: _Days | None) -> str | None:
    if days is None:
        return None
    first, last = days
    return first.isoformat()[: 10 if first == last else 7 if first.month == last.month else 4]


#: Before a time that is still to come …
_COMING = re.compile(r"(?:将|拟|计划|预计|预定|定于|或于|有望|最快|最迟|最晚|准备|打算|决定)[^,。;\n已]{0,8}$")
#: … and behind it: 6月30日，星河科技CTO将离职. What somebody says of the future on that day is no such thing.
_COMING_AFTER = re.compile(
    r",?(?:(?!宣布|公告|透露|表示|确认|证实|消息|报道|通知|告诉|内部信|发文|称|说|据)[^,。;!?\n已]){0,20}?"
    r"(?:将(?:正式|于|会|在|从|不再|离|卸|辞|退|加入|出任|结束|告别)|计划|打算)"
)
#: Right after a time: what it dates takes effect then.
_EFFECTIVE = re.compile(r"[ ]?起?(?:正式)?生效")
_FROM_THEN = re.compile(r"[ ]?起(?!诉)")
#: Right before a time: it is the last day of work.
_LAST_DAY_BEFORE = re.compile(
    r"(?:最后一[天日]|最后(?:一个)?(?:工作|上班)日|last day|(?:[离辞]职|[离辞卸退]任|生效)(?:日期?|时间))"
    r"[^,。:]{0,3}(?:是|为|在|定于|:)[ ]?$",
    re.IGNORECASE,
)
#: Between a time and another that only explains it: 8月1日（周四）, 当地时间8月1日（北京时间8月2日）.
_GLOSS, _GLOSS_END = re.compile(r"[ ]?\([ ]?(?:当地时间|北京时间|农历|即)?[ ]?"), re.compile(r"[^,。;()]{0,6}\)")
#: The month that a sentence names is forgotten behind these.
_STOP = re.compile(r"[。！？!?;\n]")


def find_dates(text: str) -> list[TimeSpan]:
    """The time expressions of a text, in order, none overlapping another.

    Ages and durations (三年来, 七年) are none, nor is what only explains another in brackets. Of two
    that overlap the earlier counts, of two that begin together the longer.
    """
    view = model_view(text)
    matches = [(match, reader) for form, reader in _FORMS for match in form.finditer(view)]
    spans: list[TimeSpan] = []
    named: str | None = None
    until = 0
    for match, reader in sorted(matches, key=lambda found: (found[0].start(), -found[0].end())):
        start, end = match.span()
        if start < until:
            continue
        if spans and _GLOSS.fullmatch(view, spans[-1].end, start) and _GLOSS_END.match(view, end):
            until = end
            continue
        if _STOP.search(view, until, start):
            named = None
        within, named = _within_month(match.groupdict(), reader, named)
        before = view[max(0, start - 12) : start]
        either = _EFFECTIVE.match(view, end) or _FROM_THEN.match(view, end) or _LAST_DAY_BEFORE.search(before)
        coming = _COMING.search(before) or _COMING_AFTER.match(view, end)
        spans.append(TimeSpan(start, end, text[start:end], bool(coming), bool(either), within))
        until = end
    return spans


def _within_month(groups: _Groups, reader: _Reader, named: str | None) -> tuple[str | None, str | None]:
    """The month that a time belongs to, see `TimeSpan`, and the one that the sentence has named then.

    Args:
        named: the last one, with its year, that the sentence has named before.
    """
    month, year = _number(groups.get("month") or ""), _year(groups, None)
    if reader is _calendar and groups.get("year"):
        return None, f"{year}-{month:02}" if month and year else None
    bare = groups.get("day") if reader is _month else month if reader is _calendar else None
    if named is None or not bare or groups.get("year_word") or groups.get("month_word"):
        return None, None
    later = f"{named[:4]}-{month:02}" if month else named
    return (named, later) if later >= named else ("", None)
