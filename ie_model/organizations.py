"""Which names of an article are one organisation's, or a unit's and its company's.

The guidelines count leaving a unit as leaving its company: 阿里, 阿里巴巴集团, 阿里达摩院 and,
where that is named, 达摩院 are one, and so are a group and the firms named after it (东鼎集团,
东鼎百货). What a name may also be called is looked up, so that a text with many names costs
no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations

from ie_model.script import model_view

#: Endings that a name leaves out before it goes on otherwise: 阿里巴巴(集团), 阿里巴巴达摩院.
_GROUP_TAIL = re.compile(
    r"(?:股份有限公司|有限责任公司|有限公司|股份公司|控股集团|集团|公司|控股|投控|金控|股份|团队|组|inc\.?|ltd\.?|corp\.?|llc)$"
)
#: A line of business: 星河科技 is 星河, but 星河智能 is another firm.
_BUSINESS_TAIL = re.compile(r"(?:科技|技术)$")
#: … of which the first character alone may be left.
_SHORT_BUSINESS = re.compile(r"(?:科技|电子)$")
_LEGAL = re.compile(r"有限(?:责任)?公司$|(?:医院|博物院|大学)$")
_PLACE_IN_BRACKETS = re.compile(r"\([^()]{2,6}\)")
#: A unit may stand without its company's name: 达摩院 of 阿里巴巴达摩院.
_UNIT = re.compile(
    r"(?:实验室|研究院|研究所|[^大]学院|事业[部群]|事业群组|中心|团队|[^总]部|组|[^法医学剧影]院|所|lab|labs)$"
)
#: Of the company's people, but not the company.
_NO_UNIT = re.compile(r"工会|协会|学会|基金会|校友会")
#: What may stand between a company and its unit.
_OWNS = re.compile(r"[ ]?(?:的|旗下的?|下面的|下属的?|内部的?)[ ]?")
#: What an institution's abbreviation leaves out first: 国航 of 中国国际航空.
_NATION = re.compile(r"^(?:中国|中华|国立|国家)")
#: What may follow a company's name as one character and make it a unit's: 阿里云, but not 京东方 after 京东.
_SHORT_UNITS = frozenset("云系组所院部队厂网台")
#: Firms whose names begin with another firm's.
_OWN_NAMES = re.compile("大众点评|国泰君安|京东方|科大讯飞|富士康|万达信息|人人[车贷]")
#: Of these places, too, an abbreviation may have the second character: 港大, 华航.
_BY_THE_SECOND = ("香港", "中华")
#: Lines of business in a registered name: 上海米哈游网络科技股份有限公司.
_LINES = re.compile(
    r"(?:人工智能|智能|网络|网讯|互联网|信息|数字|数据|软件|电子|电子商务|商务|计算机|系统|创新|机器人|半导体|集成电路|在线"
    r"|文化|传媒|基础|新能源|科技|技术|服务|研究|咨询|发展|管理)+$"
)
#: How many characters a place before such a name has: 北京弈石智能技术有限公司, 国立故宫博物院.
_PLACES = range(2, 5)

#: Names that the press writes in both scripts.
_EXONYMS = dict(
    pair.split("=")
    for pair in re.split(
        "[ \n]+",
        """\
google=谷歌 microsoft=微软 amazon=亚马逊 apple=苹果 nvidia=英伟达 intel=英特尔 tesla=特斯拉 oracle=甲骨文 qualcomm=高通
samsung=三星 sony=索尼 tsmc=台积电 foxconn=富士康 facebook=脸书 twitter=推特 netflix=奈飞 uber=优步 airbnb=爱彼迎
linkedin=领英 yahoo=雅虎 cisco=思科 dell=戴尔 siemens=西门子 bosch=博世 nokia=诺基亚 panasonic=松下 toyota=丰田
volkswagen=大众 alibaba=阿里巴巴 tencent=腾讯 baidu=百度 bytedance=字节跳动 huawei=华为 xiaomi=小米 meituan=美团
stanford=斯坦福 mckinsey=麦肯锡 starbucks=星巴克 walmart=沃尔玛 mit=麻省理工学院 harvard=哈佛 hp=惠普 paypal=贝宝
accenture=埃森哲 deloitte=德勤 pwc=普华永道 kpmg=毕马威 softbank=软银 micron=美光 broadcom=博通 mediatek=联发科
ericsson=爱立信 philips=飞利浦 salesforce=赛富时 ford=福特 bmw=宝马 disney=迪士尼 boeing=波音 didi=滴滴 jd.com=京东
kuaishou=快手 pinduoduo=拼多多 sensetime=商汤 megvii=旷视""",
    )
)
_EXONYM = re.compile("|".join(map(re.escape, _EXONYMS)))
#: Behind a part of a Latin word: of MITRE and Metal, and not of GoogleDeepMind.
_SAME_WORD = re.compile("[a-z]|(?<=[A-Z])[A-Z]")


_SPACE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
#: Longer names have no abbreviation that is looked for.
_LONGEST = 16


class Name:
    """One name in the forms in which it is looked up.

    Attributes:
        form: simplified, half-width, without spaces and case; a well-known Latin name in Chinese.
        root: the form without endings such as 集团: what the name of a unit begins with.
        core: the root without 科技 and the like: what the names of one firm share.
        initials: ira for International Robotics Alliance; empty for fewer than three words.
    """

    def __init__(self, surface: str) -> None:
        view = model_view(surface).strip()
        match = _EXONYM.match(view.lower())
        if match and not _SAME_WORD.match(view, match.end()):
            view = _EXONYMS[match[0]] + view[match.end() :]
        self.form = normal_form(view)
        self.root = _without(_GROUP_TAIL, _PLACE_IN_BRACKETS.sub("", self.form))
        core = _without(_BUSINESS_TAIL, self.root)
        while (shorter := _without(_GROUP_TAIL, core)) != core:
            core = _without(_BUSINESS_TAIL, shorter)
        self.core = core
        words = view.split()
        self.initials = "".join(word[0] for word in words).lower() if view.isascii() and len(words) >= 3 else ""
        self._breaks = list(_breaks(view))

    def heads(self) -> Iterator[str]:
        """What the name begins with where it is a unit's, the whole name left out: 阿里 of 阿里达摩院."""
        if not _NO_UNIT.search(self.form):
            last = self.form[-1:]
            own = _OWN_NAMES.match(self.form)
            shortest = own.end() if own else 2
            longest = len(self.form) - (not last.isascii() and last not in _SHORT_UNITS)
            yield from (self.form[:end] for end in self._breaks if shortest <= end < longest)
            if _SHORT_BUSINESS.search(self.form):  # 联发科 of 联发科技
                yield self.form[:-1]

    def tails(self) -> Iterator[str]:
        """What the name ends in: 达摩院 of 阿里达摩院, aws of 亚马逊 AWS."""
        yield from (self.form[at:] for at in self._breaks if 2 <= at < len(self.form) - 1)

    def registered(self) -> Iterator[str]:
        """What a registered name or an institution's is without the place before it, 中国 in any name."""
        if _LEGAL.search(self.form):
            core = _LEGAL.sub("", self.core)
            yield from (core[size:] for size in _PLACES if len(core) >= size + 2)
        if (plain := _without(_NATION, self.core)) != self.core:
            yield plain

    def brands(self) -> Iterator[str]:
        """What a registered name is without place and lines of business: 米哈游 of 上海米哈游网络科技股份有限公司."""
        if self.form.endswith("公司") and _LEGAL.search(self.form):
            plain = _LINES.sub("", _LEGAL.sub("", self.core))
            yield from (plain[size:] for size in _PLACES if len(plain) >= size + 2)

    def is_part(self) -> bool:
        """Whether it may be the end of a fuller name: a unit's, or one in Latin letters."""
        return bool(_UNIT.search(self.form)) or self.root.isascii()

    def abbreviations(self) -> Iterator[str]:
        """An institution's short names: 国航 of 中国国际航空, 中科院 of 中国科学院, 江理工 of 江南理工大学."""
        named = self.root
        for full in dict.fromkeys((_NATION.sub("", named), named)):
            if not 4 <= len(full) <= _LONGEST or full.isascii():
                continue
            for first, second in combinations(range(1, len(full)), 2):
                yield full[0] + full[first] + full[second]
            # Two characters are those of a short name: 中行 is 中国银行, and 北大 not 北京师范大学.
            if full.endswith("大学"):
                if len(full) >= 6:  # 上海交大 of 上海交通大学
                    yield from (full[:2] + character + "大" for character in full[2:-2])
                short = full if len(full) == 4 else full[:-2]
            elif not _NATION.search(full):
                short = full
            else:  # 中建 is 中国建筑, and 中信 not 中国电信
                short = (full if full.endswith("银行") else full[:3]) if len(full) == 4 else ""
            yield from (full[0] + character for character in short[2:])
        if named.startswith(_BY_THE_SECOND) and len(named) <= _LONGEST:
            if len(named) == 4:
                yield named[1:3]
            yield from (named[1] + named[a] + named[b] for a, b in combinations(range(2, len(named)), 2))


def normal_form(name: str) -> str:
    """The form in which names are compared: simplified, half-width, without spaces, case and what has no width."""
    return _SPACE.sub("", model_view(name)).lower()


def _without(part: re.Pattern[str], name: str) -> str:
    """The name without its ending or beginning, if two characters are left."""
    shorter = part.sub("", name)
    return shorter if len(shorter) >= 2 else name


def _breaks(view: str) -> Iterator[int]:
    """After how many characters, white space left out, a new word may begin; none inside a Latin one.

    A capital that ends a Latin word begins none: MetaX is not Meta's.
    """
    seen, previous, space = 0, "", False
    for character, following in zip(view, [*view[1:], ""], strict=True):
        if character.isspace():
            space = True
            continue
        latin = (previous + character).isascii() and previous.isalnum() and character.isalnum()
        new_word = previous.islower() and character.isupper() and following.isascii() and following.isalnum()
        if space or not latin or new_word:
            yield seen
        seen, previous, space = seen + 1, character, False


def same_organization(a: str, b: str) -> bool:
    """Whether two names of one article are one organisation's, or a unit's and its company's, by their form alone."""
    one, two = Name(a), Name(b)
    return one.form == two.form or one.core == two.core or _goes_on(one, two) or _goes_on(two, one)


def _goes_on(short: Name, long: Name) -> bool:
    return (
        short.root in long.heads()
        or short.core in long.registered()
        or (short.is_part() and short.root in long.tails())
        or (short.form == long.initials)
    )


def one_organization(surfaces: Sequence[str], *, placed: Collection[str] = ()) -> Iterator[tuple[int, int]]:
    """Pairs of an article's names that are one organisation's, as indices into them.

    Args:
        surfaces: distinct names in the order of their first mention.
        placed: the normal forms of units of which the text says whose they are.
    """
    names = [Name(surface) for surface in surfaces]
    cores, roots, parts, forms = (_Index() for _ in range(4))
    for index, name in enumerate(names):
        yield from ((other, index) for other in cores.add(name.core, index))
        forms.add(name.form, index)
        roots.add(name.root, index)
        if name.is_part() and name.form not in placed:
            parts.add(name.root, index)
    short: dict[str, list[int]] = {}
    units: dict[int, list[int]] = {}
    for index, name in enumerate(names):
        for table, keys in (
            (roots, name.heads()),
            (cores, name.registered()),
            (forms, name.brands()),
            (forms, (name.initials,)),
        ):
            yield from ((other, index) for key in keys for other in table.get(key) if other != index)
        for other in {other for key in name.tails() for other in parts.get(key) if other != index}:
            units.setdefault(other, []).append(index)
        for key in set(name.abbreviations()):
            for other in forms.get(key):
                if other > index:  # a name is written out before it is shortened
                    short.setdefault(key, []).append(index)
    for unit, owners in units.items():
        if _one_owner(names[index].form.removesuffix(names[unit].root) for index in owners):
            yield from ((unit, index) for index in owners)
    for key, full in short.items():
        if _one_owner(_NATION.sub("", names[index].core) for index in full):
            yield from ((other, full[0]) for other in forms.get(key))


def one_owner(surfaces: Iterable[str]) -> bool:
    """Whether some names may be one company's by their beginning: Google and 谷歌中国."""
    return _one_owner(Name(surface).root for surface in surfaces)


def _one_owner(heads: Iterable[str]) -> bool:
    """Whether what stands before a unit's name may be one company's: 阿里 and 阿里巴巴, but not 腾讯 and 百度."""
    shortest, *others = sorted(heads, key=len)
    return all(head.startswith(shortest) for head in others)


class _Index:
    """Which names have a key; of several the first stands for all, as they are one already or never."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def add(self, key: str, index: int) -> list[int]:
        """The name that had the key before."""
        first = self._first.setdefault(key, index)
        return [first] if first != index else []

    def get(self, key: str) -> list[int]:
        return [self._first[key]] if key in self._first else []


def owns(between: str, unit: str) -> bool:
    """Whether an organisation and a unit with these words between them are one: 谷歌的量子人工智能实验室."""
    return bool(_OWNS.fullmatch(model_view(between)) and _UNIT.search(normal_form(unit)))


def fullest_variant(name: str, names: Iterable[str]) -> str:
    """The fullest of the names that differ from this one by nothing but generic endings.

    阿里巴巴 becomes 阿里巴巴集团 where the article has that, but never 阿里巴巴达摩院: a unit
    is another organisation, even though leaving it counts as leaving the company.
    """
    core = Name(name).core
    same = (other for other in names if Name(other).core == core)
    return max([name, *same], key=lambda one: len(normal_form(one)))  # Open AI is no fuller than OpenAI
