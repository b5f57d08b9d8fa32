"""Time expressions: where they stand in a text, and what the words around them say of each.

Their grammar is in `ie_model.date_forms`, what they amount to in `ie_model.date_values`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ie_model.date_forms import FOUND, YEAR_OFFSETS, Kind
from ie_model.date_values import Groups, counts_on, date_value, read_number
from ie_model.script import model_view


@dataclass(frozen=True, order=True)
class TimeSpan:
    """A time expression: text[start:end] is its surface.

    Attributes:
        coming: the text speaks of it as still to come (将于, 预计 …).
        either: it may be past or to come (自3月20日起生效, 最后工作日为3月20日).
        within: the ISO date that is named before it, to which a month or day without a year belongs
            (2021年3月加入快手，10月离职), or from which its words count (2018年加入，次年离职).
            Empty where that cannot be. Of a year that only the article's date tells, its words: 去年3月.
        bound: it only bounds when something was: 6月30日前, 2019年之后.
    """

    start: int
    end: int
    text: str
    coming: bool = field(default=False, compare=False)
    either: bool = field(default=False, compare=False)
    within: str | None = field(default=None, compare=False)
    bound: bool = field(default=False, compare=False)

    def value(self, *, published: str | None) -> str | None:
        """What it amounts to where it stands, see `date_value`."""
        within = self.within
        if within and not within[0].isdigit():
            within = date_value(within, published=published) or ""
        return date_value(
            self.text,
            published=published,
            coming=self.coming,
            either=self.either,
            within=within,
            bound=self.bound,
        )


#: Before a time that is still to come.
_COMING = re.compile(
    r"(?:将|拟|(?<!原)计划|预计|预定|(?<!原)定于|或于|有望|最快|最迟|最晚|准备|打算)"
    r"(?:(?!离[职任]|加[入盟]|出任|卸任|辞[职任去])[^,。;:|丨 \n已]){0,8}[ ]?$"
)
#: Before or behind a time that is past or to come, whichever is nearer: 决定5月10日免去, 5月31日将离职, 做到6月底,
#: 6月30日届满. That somebody will do something else then (5月13日离职并将加入) does no harm so.
_EITHER_BEFORE = re.compile(
    # 顾问至12月31日, but not from one time to another.
    r"决定[^,。;\n已]{0,8}$|(?<![0-9年月日号点初底末])[至到][ ]?$|会[在于][ ]?$|应[在于][ ]?$"
    r"|(?:最后(?:一个)?(?:工作|上班)日|生效日期?)[(:为是]{0,2}$"
    # The last day of work is told right before it.
    r"|(?:最后一[天日]|最后(?:一个)?(?:工作|上班)日|last day|(?:[离辞]职|[离辞卸退]任|生效)(?:日期?|时间))"
    r"[^,。:]{0,3}(?:是|为|在|定于|:)[ ]?$",
    re.IGNORECASE,
)
_EITHER_BEHIND = re.compile(
    r"[ ]?[^,。;!?\n已]{0,4}生效|[ ]?起(?!诉)|[ ]?即?将(?![军近])|[ ]?正式[离卸退辞]"
    # What somebody says of the future on that day does not make it one to come.
    r"|,?(?:(?!宣布|官宣|公[告布]|透露|披露|曝|表示|确认|证实|消息|报道|通知|告诉|内部信|发文|声明|指出|回应|显示|写道|获悉|称|说|据)"
    r"[^,。;!?\n已]){0,20}?(?:将(?:正式|于|会|在|从|不再|离|卸|辞|退|加入|出任|结束|告别)|计划|打算)"
    r"|[^,。;!?\n已]{0,4}(?:届满|到期)|才?会(?:正式)?[离辞卸退]|才(?:正式)?[离辞卸退]"
    r"|(?:是|为)[^,。;!?\n]{0,14}最后(?:一[天日]|(?:一个)?(?:工作|上班)日)"
)
_PAST = re.compile("已[经]?[于在]?[ ]?$")
#: Behind a time that is only a bound: 6月30日前, 2019年之后. 2019年前总裁 is somebody who was president before.
_BOUND = re.compile(r"(?:之|以)[前后](?!来)|[前后](?=[,。;、)]|[离辞卸退]|完成|才|就|便|$)")
#: Behind a year, for one of its months: 三年前的5月.
_OF_MONTH = re.compile("的[0-9一二三四五六七八九十]{1,2}月")
#: Between a time and another that only explains it: 8月1日（周四）, 当地时间8月1日（北京时间8月2日）.
_GLOSS, _GLOSS_END = re.compile(r"[ ]?\([ ]?(?:当地时间|北京时间|农历|即)?[ ]?"), re.compile(r"[^,。;()]{0,6}\)")
#: What a sentence names is forgotten behind these, but for words that count on from it.
_STOP = re.compile(r"[。！？!?\n]")


def find_dates(text: str) -> list[TimeSpan]:
    """The time expressions of a text, in order, none overlapping another.

    Ages and durations (三年来, 七年) are none, nor is what only explains another in brackets. Of two
    that overlap the earlier counts, of two that begin together the longer.
    """
    view = model_view(text)
    matches = [(match, kind) for form, kind in FOUND for match in form.finditer(view)]
    spans: list[TimeSpan] = []
    named = _Named()
    until = 0
    for match, kind in sorted(matches, key=lambda found: (found[0].start(), -found[0].end())):
        start, end = match.span()
        if start < until:
            continue
        if spans and _GLOSS.fullmatch(view, spans[-1].end, start) and _GLOSS_END.match(view, end):
            until = end
            if match.groupdict().get("year"):  # 去年（2023年）10月
                named = _Named(date_value(text[start:end], published=None), governs=True)
            continue
        named = named.behind(len(_STOP.findall(view, until, start)))
        groups = match.groupdict()
        before = view[max(0, start - 12) : start]
        coming = _COMING.search(before) is not None
        within = None
        # Not 10年后的技术; nor what is to come after what has been: 2018年3月加入，将于6月30日离任.
        if view[end : end + 1] != "的" and (not coming or counts_on(groups, kind)):
            within = named.within(groups, kind)
        opens = view[end : end + 1] == "," and view[start - 1 : start] in ("", *",。;!?\n")
        opens = opens or (kind is Kind.AGO and _OF_MONTH.match(view, end) is not None)
        named = named.after(groups, kind, text[start:end], within, opens=opens)
        undecided = not coming and not _PAST.search(before)
        either = undecided and bool(_EITHER_BEFORE.search(before) or _EITHER_BEHIND.match(view, end))
        bound = _BOUND.match(view, end) is not None and kind in (Kind.CALENDAR, Kind.MONTH)
        spans.append(TimeSpan(start, end, text[start:end], coming, either, within, bound))
        until = end
    return spans


@dataclass(frozen=True)
class _Named:
    """The last date, with its year, that a text has named.

    Attributes:
        value: ISO, as exact as its words, or the words where only the article's date tells the year (去年3月, 三年前);
            None where there is none.
        sentences: how many have ended since.
        governs: whether months and days without a year belong to it: 2021年3月加入，10月离职; 2021年，他3月加入.
    """

    value: str | None = None
    sentences: int = 0
    governs: bool = False

    def behind(self, stops: int) -> _Named:
        return replace(self, sentences=self.sentences + stops) if self.sentences + stops < 2 else _Named()

    def within(self, groups: Groups, kind: Kind) -> str | None:
        """What `TimeSpan` has for a time that follows."""
        if self.value is None:
            return None
        relative = not self.value[0].isdigit()
        if counts_on(groups, kind):
            return None if relative else self.value
        if not self.governs or self.sentences or not _is_bare(groups, kind):
            return None
        # 2018年3月成立, 6月3日宣布: what is known to the day is the article's, where the other is not.
        if groups.get("day") and (self.value.endswith("月") if relative else len(self.value) == 7):
            return None
        if relative:
            return self.value
        month = read_number(groups.get("month") or "")
        if month and len(self.value) > 4 and f"{self.value[:4]}-{month:02}" < self.value[:7]:
            return ""
        return self.value[:7]

    def after(self, groups: Groups, kind: Kind, surface: str, within: str | None, *, opens: bool) -> _Named:
        """What is named once this time has been.

        Args:
            within: that time's.
            opens: whether a comma follows, so that a year is that of the clauses behind it.
        """
        if _is_past_year(groups, kind):
            return _Named(surface, governs=bool(groups.get("month")) or opens)
        if within and not within[0].isdigit():
            return self
        value = None
        if within or (kind is Kind.CALENDAR and groups.get("year")):
            value = date_value(surface, published=None, within=within)
        if value is not None:
            return _Named(value, governs=len(value) > 4 or opens)
        # A time of its own ends what was named before; 近期 and 次年, if it could not be counted, do not.
        return self if kind is Kind.OPEN or counts_on(groups, kind) else _Named()


def _is_past_year(groups: Groups, kind: Kind) -> bool:
    """Whether a time's year is told as one before the article's: 去年, 前年3月, 三年前."""
    ago = kind is Kind.AGO and groups.get("unit") == "年" and groups.get("side") == "前"
    return ago or (kind is Kind.CALENDAR and YEAR_OFFSETS.get(groups.get("year_word") or "", 0) < 0)


def _is_bare(groups: Groups, kind: Kind) -> bool:
    """Whether a time is a month or a day without a year."""
    bare = groups.get("day") if kind is Kind.MONTH else groups.get("month") if kind is Kind.CALENDAR else None
    return bool(bare) and not (groups.get("year") or groups.get("year_word") or groups.get("month_word"))
