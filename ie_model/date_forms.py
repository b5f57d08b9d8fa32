"""The grammar of time expressions, in the model's view (simplified, half-width): regular expressions by kind.

Named groups are what `ie_model.dates` reads. Guards keep out what only looks like a time: 三月天, 年报, 五一路, 1/3 …
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Kind(Enum):
    """What words say, and so how they are read."""

    CALENDAR = auto()
    """A year, or a part of one."""
    MONTH = auto()
    """A month counted from the article's, or a day of one."""
    WEEK = auto()
    DAY = auto()
    AGO = auto()
    """So much before the article, or after what was told before."""
    OPEN = auto()
    """What the article's date cannot resolve."""


_S = r"[ \t\u00a0]{0,2}"
_N = "一二两三四五六七八九"
#: What makes 22年 and 112年 a year, and not a span of years: 22年3月, 112年第四季, 22年Q2, 112年底.
_PART_OF_YEAR = (
    rf"(?:{_S}[0-9]{{1,2}}{_S}月|年?[初底末]|{_S}(?:Q[1-4]|第[一二三四1-4]季|[一二三四1-4]季度)|[上下]半年)"
)
#: 2023年, 二〇二三年, 民国112年, 112年7月 (three digits are a year of the Republic), 今(2023)年, 22年3月.
_YEAR = (
    rf"(?:公元|西元|[去今前明本]{_S}\({_S})?(?<![0-9])(?<![0-9]\.)"
    rf"(?P<year>(?:19|20)[0-9]{{2}}|[一二][九〇零○][〇零○{_N}]{{2}}"
    rf"|民国{_S}(?:[0-9]{{2,3}}|[{_N}十百〇零]{{1,5}})|1[0-9]{{2}}(?=\)|{_S}年{_PART_OF_YEAR})"
    rf"|(?<=[于在自至])1[01][0-9](?={_S}年(?![来间内代度薪报终龄]|历史|[{_N}0-9]))"
    rf"|[0-9]{{2}}(?={_S}年{_PART_OF_YEAR}))(?:{_S}\))?{_S}年"
    r"(?!年?(?:[度报款版鉴审薪龄轻代]|终[奖总考]))"
)
YEAR_OFFSETS = {"大前年": -3, "前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_YEAR_WORD = (
    r"(?P<year_word>大前年|(?<![以之此目])前年|去年|(?<!以)上年|今年|(?<![基日])本年|明年|(?<!年)后年"
    r"|当年|同年|次年|翌年|隔年|那年|(?<!连续)第[二三四五六]年)(?!度|份|龄|级|会|报)"
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
_YEAR_PART = (
    rf"年?(?P<year_part>初(?![{_N}十])|末(?!季|代|日|端)|尾(?!牙)|[底内]"
    rf"|终(?=前|[ ,、。;:)\n离辞卸退正就才便已]|$)|{_MID})(?P<before>前)?"
)
_QUARTER = (
    r"(?:第?(?P<quarter>[一二三四1-4首])季度|(?:第|(?=首))(?P<short_quarter>[一二三四1-4首])季|(?P<half>[上下])半年"
    r"|本季(?:度|(?=末))"
    r"|(?<![A-Za-z0-9])(?<!奥迪)Q(?P<latin_quarter>[1-4])(?![A-Za-z0-9]))(?P<quarter_end>[末底])?"
)
#: Month of those holidays that are not the moon's, and the day of those that are one.
FIXED_HOLIDAYS: dict[str, tuple[int, int | None]] = {
    **{"元旦": (1, 1), "情人节": (2, 14), "双十一": (11, 11), "双11": (11, 11)},
    **{"五一": (5, None), "国庆节": (10, None), "国庆": (10, None), "圣诞节": (12, None), "圣诞": (12, None)},
}
_FIXED_HOLIDAY = "|".join(sorted(FIXED_HOLIDAYS, key=len, reverse=True))
_HOLIDAY = (
    rf"(?:(?P<holiday>{_FIXED_HOLIDAY})|春节|元宵节?|清明节?|端午节?|中秋节?|感恩节|除夕|七夕|农历年|农历新年"
    r"|暑假|寒假)(?P<holidays>假期|长假|黄金周|期间)?"
)
_AROUND = r"(?P<around>(?:前后|之后|之前|过后|前夕|后|前)(?:第[一二三四五]天|最后一(?:个工作日|天))?)"
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
_LAST_DAY = r"(?:(?:的|(?<![日号]))最后(?:一个(?:工作日|交易日|周[一二三四五六日])|一[天周]))?"

_CALENDAR = (
    rf"{_YEAR}{_IN_YEAR}{_LAST_DAY}",
    rf"{_YEAR_WORD}{_IN_YEAR}{_LAST_DAY}{_PART}",
    rf"(?<![0-9第个每近数几{_N}十~-])(?<![0-9]\.)(?<![0-9年月日号{_N}十][至到]){_MONTH}(?:{_S}{_DAY}|{_MONTH_PART})?{_LAST_DAY}",
    rf"(?<![0-9{_N}十百几多半数全同每常成当今去明前本财学])(?=年){_YEAR_PART}",
    # 2024财年第一季度 is of a year that the words do not give; 2022第三季度 and Q2 2022 have theirs.
    rf"(?<!财年)(?<!年度)(?<!财年第)(?<!年度第)(?<!的第)(?<!财年的)(?<!年度的)(?<![前连0-9])(?<![0-9][ -]){_QUARTER}"
    r"(?![ ]?20[0-9]{2})",
    rf"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{{2}})[ -]?{_QUARTER}",
    rf"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{{2}}){_S}Q(?P<latin_quarter>[1-4])(?![A-Za-z0-9])",
    r"(?<![A-Za-z0-9])Q(?P<latin_quarter>[1-4])[ ]?(?P<year>20[0-9]{2})(?![0-9]|[ ]?年?财)(?:[ ]?年)?",
    r"(?<![0-9])(?<![0-9]\.)(?P<year>(?:19|20)[0-9]{2})(?P<mark>[-/.])(?P<month>1[0-2]|0?[1-9])(?P=mark)"
    r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?![0-9]|[-/.][0-9])",
    # 113/05/14, as filings in Taiwan have it.
    r"(?<![0-9./-])(?P<year>1[01][0-9])(?P<mark>[/.])(?P<month>1[0-2]|0?[1-9])(?P=mark)"
    r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?![0-9]|[/.][0-9])",
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})[-/](?P<month>1[0-2]|0[1-9])(?![0-9]|[-/.][0-9]{1,2}(?![0-9]))",
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})\.(?P<month>1[0-2]|0[1-9])(?=[ ,、。;)从离卸辞至~\n-]|$)",
    # The two of a post in a CV: 2019.03-2023.05, 2019/8 – 2023/5, 2019.8至今.
    r"(?<![0-9./-])(?P<year>(?:19|20)[0-9]{2})[./](?P<month>1[0-2]|0?[1-9])"
    r"(?=[ ]?[-–—~至到]{1,2}[ ]?(?:(?:19|20)[0-9]{2}|[今现]))",
    r"(?:(?<=[0-9][-–—~至到])|(?<=[0-9][ ][-–—~至到][ ]))"
    r"(?P<year>(?:19|20)[0-9]{2})[./](?P<month>1[0-2]|0?[1-9])(?![0-9./])",
    # 1/3 and 2/3 are shares: a day of two digits is asked for, or words around it that no share has.
    r"(?<![0-9./-])(?!1/1)(?P<month>1[0-2]|0?[1-9])/(?P<day>3[01]|[12][0-9]|0[1-9])(?![0-9/%]|\.[0-9]|的|以上|左右)",
    r"(?<=[于自至到])(?P<month>1[0-2]|0?[1-9])/(?P<day>[1-9])(?![0-9/%.]|的|以上|左右)",
    r"(?<![0-9./-])(?!1/1)(?P<month>1[0-2]|0?[1-9])/(?P<day>[1-9])"
    r"(?=[ ]?(?:起|正式|生效|[离辞卸请退]|日|\([一二三四五六日]))",
    # 五一 and the like alone, where they are no part of a name (五一路).
    rf"(?:(?<=[于在自,。\n])|^)(?P<holiday>{_FIXED_HOLIDAY})(?=,|当天|起|正式|[离辞卸退]|$)",
    rf"(?<![^\n])(?P<year>(?:19|20)[0-9]{{2}})(?={_S}:|$)",
)
_MONTHS = (
    rf"{_MONTH_WORD}(?:{_S}{_DAY}|{_MONTH_PART})?{_LAST_DAY}{_PART}",
    rf"(?<![0-9./第百{_N}十年~至到月-])(?<![0-9],)(?P<day>{_LONG_DAY}){_S}日(?!内|游|线|均|年化|元|圆|间|报|之内|后|前)"
    rf"{_DAYTIME}",
    # 15号: 1号店 and 17号球衣 are none.
    rf"(?<=[于在自已])(?P<day>{_LONG_DAY}){_S}号(?=[ ]?(?:[,。离辞卸退办起]|正式|就|便|已|$)){_DAYTIME}",
    rf"(?<![{_N}十0-9个 ])月[初底末尾中内](?![{_N}国])",
)
_WEEKS = (
    rf"(?P<week>(?<![以马上])上{{1,2}}|(?<![基日])本|这|(?<![以之])下)(?:一?个)?{_WEEK}"
    rf"(?:{_WEEKDAY}|(?P<weekend>末))?(?!刊|报|期|边|转){_PART}{_DAYTIME}",
    rf"(?<![0-9{_N}十每双单几近数半整]){_WEEK}{_WEEKDAY}{_PART}{_DAYTIME}",
    # 周末 by itself is not told from a habit, unless somebody leaves then.
    rf"(?<![0-9{_N}十每双单几近数半整日过上下本这个])周(?P<weekend>末)(?=被|突然|宣布|正式|[离辞卸退请])",
)
DAY_OFFSETS = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2}
_DAYS = (
    r"(?P<day_word>大前(?=天)|(?<![以之日])前(?=天|晚|日(?=[ ,]|已|就|便|正式|宣布|突然|[离辞卸退请]))"
    r"|昨(?!是|非)|今(?=天|日(?!头条|资本)|晚|晨|早|夜|[ ]?\()"
    r"|明(?=天|日(?!方舟|之星)|晚|早|晨)|(?<!先天)后(?=天(?!性|努力|培养)))(?:天|日|晚|夜|晨|早)?"
    rf"(?:{_S}\({_S}(?P<day>{_LONG_DAY}){_S}日?{_S}\){_S}日?)?{_PART}{_DAYTIME}",
)
_AGO = (
    rf"(?<![0-9.第年月几数百{_N}十])(?P<count>[0-9]{{1,3}}|(?:好|十|二十|三十)?[几多数]|[{_N}十]{{1,3}}|半){_S}(?P<more>多)?"
    r"(?P<unit>年半|年|个半月|个多?月|(?<=[数几])月|个?星期|个?礼拜|周|天|日|个?小时|分钟)"
    rf"(?:零[{_N}十0-9]+个月)?(?P<odd>多)?(?:之|以)?(?P<side>前|后)(?!景|途|锋|沿|续|期|夕|后)",
)
_OPEN = (
    r"近日|(?<![生节假目往昔此])日前|近期(?!内)|最近(?!一|两|几|三|十|的|常)|不久前|前不久|稍?早前|[早晚]些时候"
    r"|前(?:段时间|阵子|几天|些天)",
    rf"(?:(?P<same_day>当[天日晚夜]|同(?:一天|日))|(?P<next_day>次日|翌日|隔[天日]|第二天)|第[三四五六七八九十]天){_DAYTIME}",
    r"隔周|不久之?后",
    r"即日|即时(?=生效|起)|即刻(?=起|生效)|(?<=[是为])即刻",
    rf"{_HOLIDAY}{_AROUND}|(?:年度|临时)?股东(?:周年)?大?会(?:结束)?(?:后|当日|当天|之后|时)|送达董事会之日",
    r"[上本](?:季度|学期|财年|赛季|乐季)(?:初|末|底|结束后)|(?:财年|学年|学期|赛季)结束后|任期届?满(?:之?后|时|日)|同一个月",
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

#: Forms that are only found beside certain words, and read without them.
_ALONE = {
    Kind.CALENDAR: (
        rf"(?P<year>1[01][0-9]){_S}年",
        r"(?P<year>(?:19|20)[0-9]{2})[./](?P<month>1[0-2]|0?[1-9])",
        r"(?P<month>1[0-2]|0?[1-9])/(?P<day>[1-9])",
    ),
    Kind.MONTH: (rf"(?P<day>{_LONG_DAY}){_S}号{_DAYTIME}",),
    Kind.WEEK: ("周(?P<weekend>末)",),
    Kind.DAY: ("(?P<day_word>前)日",),
}
_FOUND = {
    Kind.CALENDAR: _CALENDAR,
    Kind.MONTH: _MONTHS,
    Kind.WEEK: _WEEKS,
    Kind.DAY: _DAYS,
    Kind.AGO: _AGO,
    Kind.OPEN: _OPEN,
}
#: What is looked for in a text …
FOUND = [(re.compile(form), kind) for kind, forms in _FOUND.items() for form in forms]
#: … and what words by themselves are read as, the first that fits.
READ = [*FOUND, *((re.compile(form), kind) for kind, forms in _ALONE.items() for form in forms)]
