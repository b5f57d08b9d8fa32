"""Which currency words mean: ISO 4217, "" where that is open.

元, 块, 角, 分 and ¥ are CNY and $ is USD in simplified text; in traditional text they are the money of a place that
they do not name. So it is for 比索, 克朗, 里亚尔 and the like without their country.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ie_model.script import model_view

#: Code and words of each currency (the code is a word too); ambiguous words are below.
_CURRENCIES = """
CNY 人民币 人名币 rmb cn¥ yuan | USD 美元 美金 美刀 刀 us$ usdollar usdollars 美分 美仙 | HKD 港元 港币 hk$ 蚊 港仙
TWD 新台币 台币 nt$ ntd | MOP 澳门元 澳门币 葡币 mop$ | EUR 欧元 欧 € euro euros 欧分
GBP 英镑 英磅 £ 便士 pound pounds | JPY 日元 日币 円 jp¥ yen | KRW 韩元 韩圜 韩币 ₩ won | INR 印度卢比 卢比 ₹
PKR 巴基斯坦卢比 | IDR 印尼盾 印度尼西亚盾 印尼卢比 | SGD 新加坡元 新加坡币 新元 新币 坡币 坡元 s$
AUD 澳大利亚元 澳洲元 澳元 澳币 澳刀 a$ au$ | NZD 新西兰元 纽元 纽币 nz$ | CAD 加拿大元 加元 加币 加刀 c$ ca$
CHF 瑞士法郎 瑞郎 | RUB 俄罗斯卢布 卢布 ₽ | BYN 白俄罗斯卢布 | THB 泰铢 泰国铢 泰币 铢 ฿ | VND 越南盾 越盾 ₫
MYR 马来西亚林吉特 马来西亚令吉 林吉特 令吉 马币 rm | PHP 菲律宾比索 菲律宾披索 菲披索 ₱ | MXN 墨西哥比索 墨西哥披索
ARS 阿根廷比索 | CLP 智利比索 | COP 哥伦比亚比索 | BRL 巴西雷亚尔 雷亚尔 r$ | AED 阿联酋迪拉姆 迪拉姆 | SAR 沙特里亚尔
IRR 伊朗里亚尔 | QAR 卡塔尔里亚尔 | KWD 科威特第纳尔 | ILS 以色列新谢克尔 以色列谢克尔 新谢克尔 谢克尔 ₪
TRY 土耳其里拉 ₺ | EGP 埃及镑 | ZAR 南非兰特 兰特 | NGN 尼日利亚奈拉 奈拉 ₦ | KZT 哈萨克斯坦坚戈 坚戈
UAH 乌克兰格里夫纳 格里夫纳 ₴ | PLN 波兰兹罗提 兹罗提 | HUF 匈牙利福林 福林 | CZK 捷克克朗 | SEK 瑞典克朗
NOK 挪威克朗 | DKK 丹麦克朗 | ISK 冰岛克朗 | GNF 几内亚法郎 | XOF 西非法郎 | XAF 中非法郎 | CDF 刚果法郎
KES 肯尼亚先令 肯先令 | MAD 摩洛哥迪拉姆 | PEN 秘鲁新索尔 秘鲁索尔 索尔 | BDT 孟加拉塔卡 塔卡 | LKR 斯里兰卡卢比
NPR 尼泊尔卢比 | MMK 缅元 缅币 | KHR 瑞尔 | LAK 基普 | MNT 图格里克 | RON 罗马尼亚列伊 列伊 | BGN 列弗 | HNL 伦皮拉
JOD 约旦第纳尔 | IQD 伊拉克第纳尔 | BTN 努尔特鲁姆 努扎姆 | GHS 加纳塞地 塞地 | DEM 德国马克 西德马克
"""
_DOLLARS = ("USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD")
#: What a word can mean; the first is its meaning in simplified text, "" where that is open.
MEANINGS: dict[str, tuple[str, ...]] = {
    word: (code,)
    for code, *words in map(str.split, re.split(r"[|\n]", _CURRENCIES.strip()))
    for word in (code.lower(), *words)
}
MEANINGS |= dict.fromkeys(("元", "块"), ("CNY", "MOP", "JPY", "KRW", *_DOLLARS))
MEANINGS |= dict.fromkeys(("角", "毛", "毫", "分", "厘"), ("CNY", "HKD", "TWD", "MOP"))
MEANINGS |= dict.fromkeys(("$", "dollar", "dollars"), (*_DOLLARS, "MOP")) | {"¥": ("CNY", "JPY")}
_OPEN = "仙 克朗 比索 披索 里亚尔 第纳尔 里拉 法郎 先令 镑 马克 埃斯库多 码洋 两白银 两银子"
MEANINGS |= dict.fromkeys(_OPEN.split(), ("",))
HUNDREDTHS = ("美分", "美仙", "港仙", "仙", "欧分", "便士")
#: Words for the money of whatever place it is.
_OF_ANY_PLACE = frozenset("元块角毛毫分厘")
_WORDS = "|".join(map(re.escape, sorted(MEANINGS, key=len, reverse=True)))
#: 5926亿元（新台币，下同）: amounts from here on are in that currency, unless they name another.
_FROM_HERE_ON = re.compile(rf"\([ ]?(?:单位:)?({_WORDS})[,.·、 ]{{0,2}}下同[ ]?\)", re.IGNORECASE)


def currency_of(words: Sequence[str], *, traditional: bool, stated: str | None = None) -> str | None:
    """The ISO 4217 code that all words allow, "" where it is open, None where they contradict.

    Args:
        words: keys of MEANINGS.
        stated: what the article says that 元 is in it.
    """
    if stated and _OF_ANY_PLACE.issuperset(words):
        return stated
    meanings = [MEANINGS[word] for word in words] or [("",)]
    shared = set(meanings[0]).intersection(*meanings[1:])
    if len(shared) <= 1:
        return next(iter(shared), None)
    defaults = {meaning[0] for meaning in meanings}
    return defaults.pop() if len(defaults) == 1 and not traditional else ""


def stated_currency(text: str) -> tuple[int, str] | None:
    """From which character on a text says that its 元 are those of one currency, and of which; None if it does not."""
    match = _FROM_HERE_ON.search(model_view(text))
    if match is None:
        return None
    meanings = MEANINGS[match[1].lower()]
    return (match.start(), meanings[0]) if len(meanings) == 1 and meanings[0] else None
