"""What time expressions amount to: ISO 8601, never more precise than the words and the article's date together.

Words become the first and the last day that they can mean, and these become the ISO prefix that covers both.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from ie_model.date_forms import DAY_OFFSETS, FIXED_HOLIDAYS, READ, YEAR_OFFSETS, Kind
from ie_model.script import model_view

#: The first and the last day that words can mean.
_Days = tuple[date, date]
Groups = dict[str, str | None]


def _months(year: int, first: int, last: int) -> _Days:
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _counted_months(at: date, offset: int) -> _Days:
    year, month = divmod(at.year * 12 + at.month - 1 + offset, 12)
    return _months(year, month + 1, month + 1)


def read_number(words: str) -> int | None:
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


def _year(groups: Groups, at: date | None) -> int | None:
    """The year that is written out, or 去年 and the like against the article's."""
    words, word = groups.get("year"), groups.get("year_word")
    if words is None:
        return at.year + YEAR_OFFSETS[word] if at and word in YEAR_OFFSETS else None
    number = read_number(words.removeprefix("民国").strip())
    if number is None or number >= 1000:
        return number
    if words.startswith("民国") or number >= 100:
        return 1911 + number
    # 22年 is 2022 once that has begun; but 98年 is 1998 in Beijing and 2009 in Taipei.
    return 2000 + number if at and 2000 + number <= at.year else None


def _in_year(groups: Groups, year: int) -> _Days:
    """The days that the words leave of a year; ValueError for 2月30日."""
    month, part, half = groups.get("month"), groups.get("year_part"), groups.get("half")
    if (holiday := groups.get("holiday")) and not (groups.get("holidays") or groups.get("around")):
        month_of, day_of = FIXED_HOLIDAYS[holiday]
        return (date(year, month_of, day_of),) * 2 if day_of else _months(year, month_of, month_of)
    quarter = groups.get("quarter") or groups.get("short_quarter") or groups.get("latin_quarter")
    first, last = 1, 12
    if month:
        first = last = read_number(month) or 0
    elif part and not groups.get("before"):
        first, last = {"初": (1, 1), "中": (6, 7), "内": (1, 12)}.get(part, (12, 12))
    elif quarter or half:
        last = 3 * (read_number(quarter.replace("首", "一")) or 0) if quarter else 6 if half == "上" else 12
        first = last if groups.get("quarter_end") else last - (2 if quarter else 5)
    if day := groups.get("day"):
        return (date(year, first, read_number(day) or 0),) * 2
    return _months(year, first, last)


def _calendar(groups: Groups, at: date | None, coming: bool) -> _Days | None:
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


def _month(groups: Groups, at: date | None, coming: bool) -> _Days | None:
    word, day = groups.get("month_word"), groups.get("day")
    offset = {"上": -1, "下": 1, "本": 0, "这": 0}.get(word[0]) if word else 0
    if word and word.startswith("上上"):
        offset = -2
    if at is None or offset is None:
        return None
    if not day:
        return _counted_months(at, offset)
    number = read_number(day) or 0
    if not word and (number < at.day if coming else number > at.day):
        offset = 1 if coming else -1
    return (_counted_months(at, offset)[0].replace(day=number),) * 2


def _week(groups: Groups, at: date | None, coming: bool) -> _Days | None:
    if at is None:
        return None
    week, weekday = groups.get("week"), groups.get("weekday")
    monday = at + timedelta({"上": -7, "上上": -14, "下": 7}.get(week or "", 0) - at.weekday())
    if weekday is None:
        if week is None and not coming and monday + timedelta(5) > at:  # 周末: the last one
            monday -= timedelta(7)
        return monday + timedelta(5 if groups.get("weekend") else 0), monday + timedelta(6)
    day = monday + timedelta("一二三四五六日".find(weekday) % 7)  # 天 is not found: -1, Sunday
    if week is None and (day < at if coming else day > at):
        day += timedelta(7 if coming else -7)
    return day, day


def _day(groups: Groups, at: date | None, coming: bool) -> _Days | None:
    if groups.get("day"):  # 昨(3)日
        return _month({"day": groups["day"]}, at, coming)
    return (at + timedelta(DAY_OFFSETS[groups["day_word"] or ""]),) * 2 if at else None


def _ago(groups: Groups, at: date | None, coming: bool) -> _Days | None:
    """三年前 counts from the article's date; 三年后 from what the story told before."""
    count, unit = read_number(groups["count"] or ""), groups["unit"] or ""
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


_READERS: dict[Kind, Callable[[Groups, date | None, bool], _Days | None]] = {
    Kind.CALENDAR: _calendar,
    Kind.MONTH: _month,
    Kind.WEEK: _week,
    Kind.DAY: _day,
    Kind.AGO: _ago,
    Kind.OPEN: lambda groups, at, coming: None,
}


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
    surface: str,
    *,
    published: str | None,
    coming: bool = False,
    either: bool = False,
    within: str | None = None,
    bound: bool = False,
) -> str | None:
    """A time expression as ISO 8601, as exact as its words; None where that takes guessing.

    A month or day without a year is the latest one that is not after the article or, if
    it is `coming`, the next one; where it may be `either`, the nearer of these two. Of what is only a `bound` the year
    is kept, if the words are closer than that.

    Args:
        surface: the words, as `find_dates` gives them.
        published: the article's ISO date, as exact as it is known (2023, 2023-04, 2023-04-30).
        coming, either, within, bound: see `TimeSpan`.
    """
    view, known = model_view(surface).strip(), _published_days(published)
    match, kind = next(((m, kind) for form, kind in READ if (m := form.fullmatch(view))), (None, Kind.OPEN))
    if match is None:
        return None
    groups, anchor = match.groupdict(), _published_days(within)
    days: _Days | None
    if within is not None and counts_on(groups, kind):
        days = _counted_on(groups, anchor) if anchor else None
    elif within is not None:
        days = _read(groups, kind, (anchor[0].replace(day=1),) * 2, coming=True) if anchor else None
    elif not either or known is None:
        days = _read(groups, kind, known, coming=coming)
    else:
        both = [_read(groups, kind, known, coming=way) for way in (False, True)]
        days = min(filter(None, both), key=lambda days: abs(days[0] - known[0]), default=None)
    value = _iso(days)
    if value is not None and bound:
        return value[:4] if len(value) > 4 else None
    return value


#: Words that count on from a time that was named before, in years and in months.
_YEARS_ON = {"当年": 0, "同年": 0, "那年": 0, "次年": 1, "翌年": 1, "隔年": 1, "第二年": 1}
_MONTHS_ON = {"当月": 0, "同月": 0, "次月": 1, "隔月": 1}


def counts_on(groups: Groups, kind: Kind) -> bool:
    """Whether words say how long after a time that was named before: 次年3月, 两年后, 次日."""
    return (
        groups.get("year_word") in _YEARS_ON
        or groups.get("month_word") in _MONTHS_ON
        or (kind is Kind.AGO and groups.get("side") == "后")
        or bool(groups.get("same_day") or groups.get("next_day"))
    )


def _counted_on(groups: Groups, anchor: _Days) -> _Days | None:
    """The days that such words mean, counted from others; None where these are not known well enough."""
    first, last = anchor
    day_known, month_known = first == last, (first.year, first.month) == (last.year, last.month)
    try:
        if groups.get("same_day") or groups.get("next_day"):
            return (first + timedelta(bool(groups.get("next_day"))),) * 2 if day_known else None
        if (word := groups.get("year_word")) is not None:
            return _in_year(groups, first.year + _YEARS_ON[word]) if not groups.get("lunar") else None
        if (word := groups.get("month_word")) is not None:
            days = _counted_months(first, _MONTHS_ON[word]) if month_known else None
            number = read_number(groups.get("day") or "")
            return (days[0].replace(day=number),) * 2 if days and number else days
        count, unit = read_number(groups["count"] or ""), groups["unit"] or ""
        if count is None or groups["more"] or groups["odd"]:
            return None
        if unit == "年":
            return _months(first.year + count, 1, 12)
        if unit == "个月" and month_known:
            return _counted_months(first, count)
        if unit in "天日" and day_known:
            return (first + timedelta(count),) * 2
    except (ValueError, OverflowError):
        return None
    return None


def _read(groups: Groups, kind: Kind, known: _Days | None, *, coming: bool) -> _Days | None:
    """The days that the words can mean, against those on which the article can have appeared."""
    ends: tuple[date | None, ...] = known or (None,)
    if known and kind is Kind.CALENDAR and known[0].month == known[1].month:
        ends = (known[not coming],)  # in an article of April, 20 April is this year's
    try:
        read = [_READERS[kind](groups, at, coming) for at in ends]
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
