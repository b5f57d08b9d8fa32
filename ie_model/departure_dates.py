"""Which time expression of a text dates a departure: a rule, read in the model's view.

A time belongs to the first event that is told after it; events of joining and founding, and
announcements, are told apart from leaving.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from ie_model.dates import EFFECTIVE, TimeSpan, find_dates
from ie_model.script import model_view
from ie_model.windows import split_sentences

_LEAVING = re.sub(
    r"\s+",
    "|",
    r"""离[职任开巢队场去岗席校司团台] (?<![致言措修谦说推])辞(?![典藻令海世]) [递交]信 卸[任下去职甲] [引隐荣内优劝]退
[荣离]休 退[任休出下伙隐位居场役] 去职 免[去职除掉] 罢免 被免 解[聘雇任职除约] 撤[换职] 裁[了掉撤] 开除
被[^,。]{0,10}(?:优化|裁[员,。]|换下|踢|赶|请走|扫地出门) [挖调请抢撬](?:走|角|去|了过去) 跳[槽到去往船] 转[投战会]
改投 投奔 过档 交[还出回接] 不再(?!是) 不(?:续约|留任|续聘) 未获?(?:续约|续聘|留任) 没有续约 到期 [期届约任]满
最后(?:一天|工作|一个(?:工作|上班)日|一日|一程) last\x20day [告道作挥]别(?!帖|信|邮件|推送|内部信|长文|演|宴|会)
出走 走出(?!去|来) 走(?=[了的人掉后光,。]) 单飞 自立门户 另起炉灶 另谋 分手 分道扬镳 散伙 出局 下[台课海] 让[位贤]
挂冠 求去 劈炮 铺盖 工牌 脱离 淡出 抽身 归隐 结束(?=[^,。]{0,14}(?:任期|生涯|旅程|服务|年))
终止(?=劳动|合[作同]|聘) 关系[^,。]{0,4}终止 买断 正式下班 不干 (?:已|就|便)不在(?![话意]) 下岗 失业 调[离往走]
[逼挤气]走 赶出 扫地出门 清退 换掉 拔官 遭拔 转工 炒[掉鱿] 挂靴 另(?:有高就|觅|择) 拂袖 停薪留职
放?弃[^,。]{0,16}(?:教职|职位|工作|职务|铁饭碗) (?:账号|邮箱|权限)[^,。]{0,6}(?:注销|停用|移出) 办完[^,。]{0,6}手续
(?:名字|从)[^,。]{1,16}消失 从[^,。]{1,15}毕业(?!于) 今天毕业 从[^,。]{1,24}出来""",
)
#: Words that say that somebody leaves, in the model's view.
LEAVING = re.compile(_LEAVING)
#: What the time before it dates instead.
_OTHER = (
    r"加[入盟]|入[职局主驻]|创[办立建业]|成立|组建|合伙(?!人)|注册|出任|履新|接[任替手]|升[任为]|晋升|受?聘为|任命|报到"
    r"|[担就上到转调起]任|任职|毕业|出生|进[入了]|上市(?!遇|公司|前|后)|完成(?!最后|交接|离职)|获得|募集|收购(?!方)|发布|推出|开业"
    r"|营收|交易额|开庭|相识|回[到流]|去了|过来(?!的)|重返|调整|变动|赴|起诉|判决|启动|签[署约]|举[行办]|出现|立案|备案"
)
#: Who said so, and when.
_SAID = "宣布|公告|披露|公布|通告|确认|证实|官宣|透露|告诉|表示|报道|获悉|消息|回应|晚间|盘后|召开"
_EVENT = re.compile(f"(?P<left>{_LEAVING})|(?P<other>{_OTHER})|(?P<said>{_SAID})")
#: Handing in notice; a date of leaving in the same sentence goes before its.
_NOTICE = re.compile("申请|提出|递交|[递交]信|请辞|辞呈|递辞|辞职信|辞职报告")
#: 离职日订在8月15日, 最后工作日为3月20日, 离任日期:2024年12月5日; or a line of a filing's form.
_DATED = re.compile(
    r"(?:离职|离任|辞任|辞职|卸任|退任|退休|合同|生效|最后工作|最后一[天日]|last day|工作天|时间点)"
    r"(?!的?(?:消息|传闻|传言|新闻|公告|内部信|邮件))[^,。:]{0,5}(?:于|在|为|是|写着|:)[ ]?$"
    r"|(?:离开|辞去)[^,。:]{2,16}(?:是在|时间[是为在]|发生[于在])[ ]?$"
)
#: 8月29日是他的最后一个工作日, 今天毕业.
_LAST_DAY = re.compile(
    r"[ ]?(?:就|将)?(?:是|为)[^,。;]{0,16}(?:最后(?:一天|一个(?:工作|上班)日)|last\x20day)|(?<=今天)毕业"
)
_LABEL = re.compile(r"(?:变动|离职|离任|辞任|辞职|解任|生效)日期?[ ]?:[ ]?$")
#: What a meeting does on its day.
_BOARD = re.compile("免去|罢免|解除|解聘|解任|撤销")
#: The time is that of the news: 近日, 某某离职的消息传出.
_NEWS = re.compile(r"[^,。;]{0,6}的[ ]?(?:消息|传闻|公告)")
#: 2018年和2019年: with 分别 before them, each time is of another person.
_LISTED_TIMES = re.compile(r"[ ]?[和、与及][ ]?")
_EACH = re.compile(r"分别[^,。;]{0,6}$")
#: What dates the event behind it, and not the departure: 2020年，在离开百度三年后，甲创办…; 2020年，离开百度的甲创办….
_AFTERWARDS = re.compile(
    rf"[^,。;]{{0,12}}?(?:[0-9一二两三四五六七八九十几数半]+(?:多?年|个?多?月|天|周)[之以]?后|不久之?后?)[^。;]{{0,20}}?(?:{_OTHER})"
    rf"|(?<=.)[^,。;]{{0,12}}的[^,。;]{{1,12}}?(?:{_OTHER})"
)
#: Stretches and their ends are no moments.
_STRETCH_BEFORE = re.compile(r"(?:截至|截止|至|—|~)[ ]?$")
_STRETCH_AFTER = re.compile(r"[ ]?(?:以来|来[,。]|至今|至|到(?!期)|[-—~]|起任|算起|出生)")
#: 十年后 may tell how long something lasted; 春节后 does not.
_LATER = re.compile(r"[0-9一二三四五六七八九十两几数半].*(?:年|月|天|日|周|期|拜|时|钟)[之以]?后$")
#: What stands before 十年后 if it is a time and not how long something lasted (工作十年后).
_BEFORE_LATER = re.compile(r"(?:^|[^\u4e00-\u9fff]|[于在约近了且并又再])$")
#: 在星河工作了近 5 年后: it tells how long, whatever stands between.
_LASTED = re.compile(
    r"(?:工作|任职|服务|效力|掌舵|在职|在任|任内|[待呆干过]|(?:担任|出任|做|当)[^,。;:]{1,16})了?[ ]?"
    r"(?:将?近|大?约|仅仅?|只有|超过|不到|短短|整整|长达)?[ ]?$"
)
_SUBJECT = re.compile(r"(?<![在与和给跟同向对把被让比为随])(?:[他她]|[两三四几二]人|这位|前者|后者)(?!们|的(?!名字))")
#: What the departure is from (从X离职, 离开X), unless it is a word for any employer or post.
_FROM = re.compile(r"从[ ]?([^,。;]{2,24})$")
_OBJECT = re.compile(r"(?:离开|[告作]别|辞[去别掉了])了?[ ]?([^,。;]{2,10})")
_GENERIC = re.compile(
    r"公司|该|这|老东家|原|自己|[副总首高执董任岗职教]|团队|行业|工作|[^的]{1,8}(?:岗|职|主管|经理|总监)|[时后前的]|那天"
)
#: What stands before an organisation that the person goes to, and what is told of it.
_DESTINATION = re.compile(r"(?:加入|加盟|入职|创办|创立|成立|(?<![辞卸离])去了?|到|赴|投奔|转投|跳槽|回|进了?)[ ]?$")
_JOINED = re.compile(r"加入|加盟|入职|赴|转投|跳槽|转任|过来[,。]")
_LEFT_AT = re.compile("(?:,|离开了?|辞去了?)[ ]?$")
#: A later sentence about all who were named.
_ALL = re.compile(r"[两三四几二]个?人|[他她]们")
#: 与他一起离开的: what the sentences before say of him is so of both.
_TOGETHER = re.compile(r"一[起同道](?:离|走|辞|退|出走)")


#: Between two names of a list, each with a title of its own, or between a name and its other name.
_LISTED = re.compile(
    r"[^,。;:!?\n]{0,24}[、和与及跟][^,。;:!?\n]{0,24}"
    r"|[ ]?(?:\(|,?[ ]?(?:本名|原名|花名|又名|英文名|人称))[^,。;()]{0,6}|\)[^,。;]{0,4}"
)
#: 被甲解聘, 向甲递交辞呈: the person after these is not the one who leaves.
_NOT_SUBJECT = re.compile(r"(?:(?<!方)向|(?<![财曾已])经|[被给对由据随把替])[ ]?(?:[^,。;、]{0,8}的)?[ ]?$")
#: 带着甲离开: both leave.
_COMPANION = re.compile(r"(?:带[着上走]|携|偕同?|率)[^,。;]{0,16}$")
#: 离任的甲, 从某地离职的甲.
_RELATIVE = re.compile(r"[^,。;]{0,16}的[^,。;]{0,20}")
#: 今年第二位离开的: a count of departures.
_ORDINAL = re.compile(r"第[^,。;]{1,3}[位名个]")


def _sentences(view: str) -> list[tuple[int, int]]:
    """Sentences of a text; a line that ends in a comma goes on in the next one."""
    merged: list[tuple[int, int]] = []
    for start, end in split_sentences(view):
        goes_on = view[max(0, start - 8) : start].rstrip().endswith((",", "、"))
        if merged and (goes_on or not view[start:end].strip()):
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged


def _is_moment(view: str, time: TimeSpan, first: int) -> bool:
    """Whether something can have happened at this time, whose sentence begins at `first`."""
    words, before = view[time.start : time.end], view[max(first, time.start - 40) : time.start]
    if words in ("同日", "同一天") or _STRETCH_BEFORE.search(before) or _STRETCH_AFTER.match(view, time.end):
        return False
    if before.endswith(("从", "自")) and view.startswith("起", time.end) and words[-1] not in "月日号":
        return False
    if not _LATER.match(words):
        return True
    return not (re.search("时|钟", words) or _LASTED.search(before)) and bool(_BEFORE_LATER.search(before))


def _cue(view: str, time: TimeSpan, first: int, until: int, names: Sequence[str]) -> tuple[int, int, int] | None:
    """The departure word that a time goes with: its offsets, and how doubtful that is.

    It is the first event told after the time and before the next time, at `until`.
    """
    vague = 3 if time.text.startswith("即") else 0
    if _DATED.search(view[max(first, time.start - 40) : time.start]):
        return time.start, time.end, 0
    if last_day := _LAST_DAY.match(view, time.end, until):
        return *last_day.span(), 0
    if EFFECTIVE.match(view, time.end):
        events = _EVENT.finditer(view, max(first, time.start - 200), time.start)
        told = [event.span() for event in events if event["left"]]
        return (*told[-1], vague) if told else None
    said = told_at = 0
    for event in _EVENT.finditer(view, time.end, until):
        if event["other"] or ":" in view[time.end + 2 : event.start()]:
            return None
        if event["left"]:
            if _NEWS.match(view, event.end()) or (told_at and "已" in view[told_at : event.start()]):
                return None  # 甲今天宣布已离职: of the day of leaving nothing is said
            if view.startswith(",", time.end) and _AFTERWARDS.match(view, event.end()):
                return None
            notice = 2 if _NOTICE.search(view[time.end : event.end() + 3]) else 0
            return *event.span(), 1 + said + notice + vague
        # 张三今天宣布离职 dates the departure, 公司今天宣布张三离职 the announcement.
        person, organization = (view.rfind(name, first, event.start()) for name in names)
        if event[0] == "召开" and _BOARD.search(view, event.end(), until):
            continue  # 3月1日，公司召开董事会，免去甲的职务
        if person <= organization:
            return None
        said, told_at = 2, event.end()
    return None


def _distance(
    view: str,
    sentence: tuple[int, int],
    time: TimeSpan,
    cue: tuple[int, int],
    names: Sequence[str],
    *,
    is_organization: Callable[[int, int], bool],
) -> int | None:
    """Clauses between a departure word and the two names; None if it tells of another organisation."""
    first, last = sentence
    start = max(first, *(view.rfind(mark, first, min(cue[0], time.start)) + 1 for mark in ",:"))
    end = min((stop for mark in ",:;。\n" if (stop := view.find(mark, cue[1], last)) >= 0), default=last)
    persons, places = (_places(view, name, first, last) for name in names)
    if persons and places and min(persons + places) >= end:
        return None  # 继甲去年离职后, 乙也离开了公司
    inside = [place for place in places if start <= place < end]
    tails = {place: place + len(names[1]) for place in places}
    ahead = [(p, "前" in view[p - 1 : p] + view[tail : tail + 2]) for p, tail in tails.items() if p < start]
    before = [place for place, former in ahead if not former]
    sources: tuple[re.Match[str] | None, ...] = ()
    if inside:
        elsewhere = all(_DESTINATION.search(view[start:place]) for place in inside)
    elif before:
        elsewhere = bool(_JOINED.search(view, before[-1], time.start))
        sources = (_FROM.search(view, start, cue[0]),)
    elif ahead and len(ahead) == len(places):  # 谷歌前CEO甲，2011年离职
        elsewhere = False
        sources = _FROM.search(view, start, cue[0]), _OBJECT.match(view, cue[0])
    else:
        elsewhere = bool(places) and cue[0] != time.start and not _LEFT_AT.search(view[end : places[0]])
        sources = _FROM.search(view, start, cue[0]), _OBJECT.match(view, cue[0])
    for match in filter(None, sources):
        named = not _GENERIC.match(match[1]) and not (before and match[1].startswith("那"))
        named &= is_organization(*match.span(1))  # 离开武汉, 离开待了十年的公司
        elsewhere |= named and names[1][:2] not in match[1] and match[1][:2] not in names[1]
    if elsewhere:
        return None
    late = 2 if persons and persons[0] >= end else 0  # told before the person is named
    return late + min((view.count(",", *sorted((place, cue[0]))) for place in persons + places), default=4)


#: Which departures have dates: former titles stand beside dates of something else.
DATED = frozenset({"stated", "reported"})


class DepartureDates:
    """The times of one text, and which of them dates a departure. The text is converted once."""

    def __init__(
        self,
        text: str,
        *,
        persons: Sequence[tuple[int, int]] = (),
        organizations: Sequence[tuple[int, int]] = (),
    ) -> None:
        """
        Args:
            persons, organizations: offsets of every mention, in order, end exclusive: with
                them a departure of somebody else, or one without a subject, is told apart.
        """
        self._view = model_view(text)
        self._times = find_dates(text)
        self._sentences = _sentences(self._view)
        self._persons, self._organizations = tuple(persons), tuple(organizations)

    def of(self, *, person: tuple[int, int], organization: tuple[int, int]) -> TimeSpan | None:
        """The time at which the passage around these two mentions says that the person left.

        Args:
            person, organization: offsets of the two mentions, end exclusive.
        """
        view = self._view
        low, high = min(person[0], organization[0]) - 200, max(person[1], organization[1]) + 400
        names = [view[slice(*person)], view[slice(*organization)]]
        home = sorted({bisect_right(self._sentences, (at, len(view))) - 1 for at in (person[0], organization[0])})
        if not all(names):
            return None
        latest = self._within(home[-1], low, high)
        told = any(event["left"] for event in _EVENT.finditer(view, *latest))
        together = _TOGETHER.search(view, *latest)
        if together:
            home, told = list(range(home[0], home[-1] + 1)), False
        elsewhere = False
        for index in [*reversed(home), *range(home[-1] + 1, min(home[-1] + 3, len(self._sentences)))]:
            first, last = self._within(index, low, high)
            if (index < home[-1] and told) or (index > home[-1] and elsewhere):
                continue  # the departure that the passage tells has no date, or is another one
            if index > home[-1] and self._changes_subject(names[0], self._sentences[home[-1]][1], first, last):
                break
            times = [t for t in self._times_in(first, last) if _is_moment(view, t, first)]
            choice: list[tuple[int, int, TimeSpan]] = []
            for told_last, until in zip(times, [*(later.start for later in times[1:]), last], strict=False):
                cue = _cue(view, told_last, first, until, names)
                time = self._of_each(self._listed(times, told_last), person, first)
                if (
                    time is None
                    or cue is None
                    or any(a < time.end and time.start < b for a, b in (person, organization))
                ):
                    continue
                passage = view[first : min(cue[1] + 9, last)]
                if _ORDINAL.search(view, time.end, max(time.end, cue[0])):
                    continue
                if not together and not self._leaves(names[0], cue[:2], first, last):
                    continue
                if index > home[-1] and (
                    names[0] in passage
                    or not (_SUBJECT.search(passage) or self._continues(person, names[1], first, cue[1]))
                ):
                    continue  # a passage of its own, or about somebody else
                distance = _distance(
                    view, (first, last), time, cue[:2], names, is_organization=self._names_organization
                )
                elsewhere |= distance is None
                if distance is not None:
                    near = min(
                        (abs(place - time.start) for place in _places(view, names[0], first, last)),
                        default=abs(person[0] - time.start),
                    )
                    choice.append((cue[2] + distance, near, time))
            if choice:
                return min(choice)[2]
        nearby = self._times_in(low, high)
        labelled = [time for time in nearby if _LABEL.search(view[max(0, time.start - 12) : time.start])]
        return labelled[0] if len(labelled) == 1 else None

    def _listed(self, times: Sequence[TimeSpan], last: TimeSpan) -> list[TimeSpan]:
        """The times of a list that ends with this one: 2018年和2019年."""
        at = times.index(last)
        first = at
        while first and _LISTED_TIMES.fullmatch(self._view, times[first - 1].end, times[first].start):
            first -= 1
        return list(times[first : at + 1])

    def _of_each(self, listed: Sequence[TimeSpan], person: tuple[int, int], first: int) -> TimeSpan | None:
        """The time that is this person's; of several where as many persons are named before them: 甲与乙分别于…."""
        if len(listed) == 1:
            return listed[0]
        persons = [tuple(mention) for mention in self._between(self._persons, first, listed[0].start)]
        if len(persons) != len(listed) or person not in persons:
            return None
        return listed[persons.index(person)] if _EACH.search(self._view, first, listed[0].start) else None

    def _within(self, index: int, low: int, high: int) -> tuple[int, int]:
        """A sentence, as far as it lies between two offsets: some texts have no end of a sentence for pages."""
        first, last = self._sentences[index]
        return max(first, low), min(last, high)

    def _times_in(self, first: int, last: int) -> list[TimeSpan]:
        low = bisect_left(self._times, first, key=lambda time: time.start)
        high = bisect_right(self._times, last, key=lambda time: time.end)
        return self._times[low:high]

    @staticmethod
    def _between(mentions: Sequence[tuple[int, int]], first: int, last: int) -> Sequence[tuple[int, int]]:
        low, high = (bisect_left(mentions, (at, 0)) for at in (first, last))
        return mentions[low:high]

    def _names_organization(self, first: int, last: int) -> bool:
        """Whether an organisation is named there; where none is known, any words may be one."""
        return not self._organizations or bool(self._between(self._organizations, first, last))

    def _changes_subject(self, name: str, since: int, first: int, last: int) -> bool:
        """Whether somebody else is named between the passage and a later sentence that is not about all."""
        if _ALL.search(self._view, first, last):
            return False
        others = (self._view[slice(*mention)] for mention in self._between(self._persons, since, first))
        return any(name not in other and other not in name for other in others)

    def _continues(self, person: tuple[int, int], place: str, first: int, until: int) -> bool:
        """Whether a sentence goes on about the person: nobody, and no other organisation, is named before `until`."""
        if not self._persons or self._between(self._persons, first, until):
            return False
        organizations = self._between(self._organizations, person[0], until)
        latest = self._view[slice(*organizations[-1])] if organizations else place
        return latest in place or place in latest

    def _leaves(self, name: str, cue: tuple[int, int], first: int, last: int) -> bool:
        """Whether a word of leaving at `cue` may have this name for a subject."""
        view = self._view
        mentions = self._between(self._persons, first, last)
        around = [mention for mention in mentions if mention[1] <= cue[0] or mention[0] >= cue[1]]
        before = [m for m in around if m[1] <= cue[0]]
        after = [m for m in around if m[0] >= cue[1]]
        leaving: list[tuple[int, int]] = []
        while before and _COMPANION.search(view, max(first, before[-1][0] - 20), before[-1][0]):
            leaving.append(before.pop())
        subjects = [m for m in before if not _NOT_SUBJECT.search(view, max(first, m[0] - 12), m[0])]
        if after and _RELATIVE.fullmatch(view, cue[1], after[0][0]):
            leaving += _list_from(view, after, 0)
        elif not subjects and after and not re.search("[,。;:]", view[cue[1] : after[0][0]]):
            leaving += _list_from(view, after, 0)  # 解聘了甲
        if subjects and not _SUBJECT.search(view[subjects[-1][1] : cue[0]]):
            leaving += _list_from(view, subjects, len(subjects) - 1)
        elif not leaving or _SUBJECT.search(view[first : cue[0]]):
            return True  # the subject is a pronoun, or left out
        return any(name in other or other in name for other in (view[slice(*mention)] for mention in leaving))


def _list_from(view: str, mentions: Sequence[tuple[int, int]], index: int) -> list[tuple[int, int]]:
    """The mentions that stand in one list with that of this index."""
    low = high = index
    while low and _LISTED.fullmatch(view, mentions[low - 1][1], mentions[low][0]):
        low -= 1
    while high + 1 < len(mentions) and _LISTED.fullmatch(view, mentions[high][1], mentions[high + 1][0]):
        high += 1
    return list(mentions[low : high + 1])


def _places(view: str, name: str, first: int, last: int) -> list[int]:
    return [match.start() for match in re.compile(re.escape(name)).finditer(view, first, last)]
