"""What a MONEY span amounts to: 1.13 億美元 → 113000000 USD, 12 萬至 20 萬美元 → 120000 to 200000.

Arithmetic is exact. Words that leave the amount open are read so:

| words | value | because |
|---|---|---|
| 数, 几 | 2 to 9 of the unit that follows (十几 11 to 19) | dictionaries: a number above one and below ten |
| 两三千万, 三五百万 | from the one digit to the other | |
| 几百万到几千万 | from the least of the one to the most of the other | |
| 二十多万, 2000余万 | up to one unit more: 300000, 30 million | 多 follows a unit, or the last digit but zeros |
| 千万级 | 10 to 100 million | the order of magnitude |
| 千万, 亿元 | 10 million, 100 million, approximately | the exact amount is 一千万, 一亿元 |
| 上亿, 近亿, 约一亿, 一亿+, 1+亿 | the amount named, approximately | annotators cut hedges off; the value stays |

兆 is 10^12: whoever counts money in it means that. What is not fully understood has no value:
百八十万 (0.8 to 1 million, or 1.8), 一亿两千 (of 万, or 2000), 1,00,000.

Currencies are in `ie_model.currencies`. An amount without one has none, and neither has 兆元: the mainland says 万亿.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import cached_property
from math import prod
from typing import NamedTuple, TypedDict

from ie_model.currencies import HUNDREDTHS, MEANINGS, currency_of, stated_currency
from ie_model.document import Money
from ie_model.script import is_traditional, model_view, to_simplified

#: Longer than any span; a number of so many digits is exact in the context.
_MAX_CHARACTERS = 64
_EXACT = Context(prec=400)

_DIGITS = dict(zip("零一二三四五六七八九两", (*range(10), 2), strict=True))
_UNITS = {"兆": 10**12, "亿": 10**8, "万": 10**4, "千": 1000, "百": 100, "十": 10}
_LATIN_UNITS = {"k": 10**3, "w": 10**4, "m": 10**6, "mn": 10**6, "b": 10**9, "bn": 10**9, "tn": 10**12}
_LATIN_UNITS |= {"thousand": 10**3, "million": 10**6, "mm": 10**6, "billion": 10**9, "trillion": 10**12}
_COINS = {"元": Decimal(1), "块": Decimal(1), "角": Decimal("0.1"), "毛": Decimal("0.1")}
_COINS |= {"毫": Decimal("0.1"), "分": Decimal("0.01"), "厘": Decimal("0.001")}
_ARABIC = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|0|[1-9][0-9]*)(?:\.[0-9]+)?"

_SAME_CHARACTER = str.maketrans(
    "壹弌贰貮弍弐叁叄叅参弎肆伍陆柒捌玖拾佰仟〇○圆馀￥￡￦–—―−‒‐‑〜∼",
    "一一二二二二三三三三三四五六七八九十百千零零元余¥£₩-------~~",
)

#: 3英镑50便士, 5美元20美分: an amount in two coins of one currency.
_TWO_COINS = re.compile(
    "([0-9]+)(英?镑(?=.*便士)|美元(?=.*美)|欧元(?=.*欧)|港元(?=.*仙))([0-9]{1,2})(?:便士|[美欧]分|港?仙)"
)
#: Brazil and most of Europe write the decimals behind a comma.
_DECIMAL_COMMA = re.compile(r"(r[$]|€)([0-9]{1,3}),([0-9]{2})")
#: … and thousands behind a dot; two of them cannot be decimals.
_THOUSANDS_DOTS = re.compile(r"(?<![0-9.])[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}(?![0-9.])")

#: 10几亿, 20几万: tens in digits.
_TENS = re.compile(r"(?<![0-9.,])([1-9])0几")
#: A currency that is said twice, and its one way of writing: USD$5M, RMB¥500, U.S.$1.2bn.
_SAID_TWICE = re.compile(r"(?<![a-z])(?:(u)\.s\.(?=[$])|(usd|hkd|ntd|twd|aud|cad|sgd|nzd)[$]|(rmb|cny)¥)")
#: 3、400万 and 20、30亿: neighbours of which one has the zeros of both.
_NEIGHBOURS = re.compile(r"(?<![0-9.,、])([1-9])(0*)、([1-9])(0{1,3})(?=[万亿]|元|$)")

_HEDGE = (
    "大约|约合|约|大概|差不多|将近|接近|近|超过|超|突破|破|逾|过|不足|最多|多达|最高|最低|最少|起码|上看|折合|相当于"
    "|上(?=[十百千万亿兆])"
)
_WORD = "|".join(re.escape(word) for word in sorted(MEANINGS.keys() - _COINS.keys(), key=len, reverse=True))
_IN_BRACKETS = re.compile(rf"\((?:单位:)?({_WORD})\)")
#: A number of which the words say that it is more: 20来万, 30+万, 5万+.
_ROUNDED = re.compile(r"(?<=[0-9十百千万亿])来|(?<=[0-9])\+(?=[百千万亿])|\+$")
_SIDE = re.compile(
    rf"(?P<hedge>{_HEDGE})?(?P<prefix>{_WORD})?(?P<inner>{_HEDGE})?(?P<body>.+?)钱?(?P<level>量?级别?)?"
    rf"(?P<suffix>{_WORD})?(?P<after>量?级别?)?整?(?P<about>左右|上下|以上|以下|以内|不等|出头|开外|\+)?"
)


@dataclass(frozen=True)
class MoneyValue:
    """An amount, or the least and the most of it; approximate where the words leave it open."""

    amount: Decimal
    amount_max: Decimal | None
    currency: str | None
    approximate: bool


class Amounts:
    """Reads the amounts of one article, which says in which script it is, and sometimes what its 元 are."""

    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, start: int, end: int) -> Money | None:
        """The value of a MONEY span."""
        stated = self._stated[1] if self._stated and end >= self._stated[0] else None
        return money_value(self._text[start:end], traditional=self._traditional, stated=stated)

    @cached_property
    def _traditional(self) -> bool:
        return is_traditional(self._text)

    @cached_property
    def _stated(self) -> tuple[int, str] | None:
        return stated_currency(self._text)


def money_value(surface: str, *, traditional: bool | None = None, stated: str | None = None) -> Money | None:
    """The value of a MONEY span as it was cut from the text; None if not fully understood.

    Args:
        traditional: in which script the article is; without it the span itself decides.
        stated: the currency that the article says its 元 are of (`stated_currency`).
    """
    value = parse_money(surface, traditional=traditional, stated=stated)
    if value is None:
        return None
    most = None if value.amount_max is None else _plain(value.amount_max)
    return Money(_plain(value.amount), most, value.currency, value.approximate)


def parse_money(surface: str, *, traditional: bool | None = None, stated: str | None = None) -> MoneyValue | None:
    """What `money_value` says, in decimals and with a word on how exact it is."""
    if len(surface) > _MAX_CHARACTERS:
        return None
    if traditional is None:
        traditional = to_simplified(surface) != surface
    text = _normal(surface)
    where: _Where = {"traditional": traditional or "兆" in surface, "stated": stated}  # the mainland says 万亿
    with localcontext(_EXACT):  # 亿 or 几 alone is a piece of an amount
        return _parse(text, where) if len(text) > 1 or text.isdecimal() else None


def _plain(amount: Decimal) -> str:
    """Digits only: no exponent, no zeros at the end of the decimals, no negative zero."""
    written = format(amount if amount else Decimal(0), "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _normal(surface: str) -> str:
    """One way of writing for each character; nothing where a space divides a number."""
    text = model_view(surface).lower().translate(_SAME_CHARACTER).strip()
    if re.search(r"[0-9]\s+[0-9]|\s,|,\s", text):
        return ""
    text = re.sub(r"\s+", "", text).replace("廿", "二十").replace("卅", "三十").replace("卌", "四十")
    text = re.sub("不到$", "左右", re.sub("毫子$", "毫", text))
    text = _TENS.sub(lambda match: f"{'一二三四五六七八九'[int(match[1]) - 1]}十几", text)
    text = _SAID_TWICE.sub(lambda match: "us" if match[1] else match[2] or match[3], text)
    text = _NEIGHBOURS.sub(_neighbours, text)
    text = _IN_BRACKETS.sub(r"\1", text)  # 3亿元(人民币)
    if coins := _TWO_COINS.fullmatch(text):
        return f"{coins[1]}.{int(coins[3]):02}{'英镑' if '镑' in coins[2] else coins[2]}"
    if comma := _DECIMAL_COMMA.fullmatch(text):
        return f"{comma[1]}{comma[2]}.{comma[3]}"
    text = _THOUSANDS_DOTS.sub(lambda match: match[0].replace(".", ""), text)
    text = re.sub(r"(?<=[亿万])0,?(?=[1-9][0-9]{2}(?![0-9]))", "零", text)  # 1亿0,200万
    text = re.sub("^(?:高?达到?|累计|共计|总计|合计)", "", re.sub(r"(?<=[0-9])点(?=[0-9])", ".", text))
    # 到 and 至 inside these words are not the middle of a range.
    return re.sub("至少|至多|不到|不超过|不少于|不低于", "约", text)


def _neighbours(match: re.Match[str]) -> str:
    """3、400 as 三四百, 20、30 as 二三十; anything else as it is."""
    first, zeros, second, zeros_too = match.groups()
    if int(second) != int(first) + 1 or zeros not in ("", zeros_too):
        return match[0]
    return "一二三四五六七八九"[int(first) - 1] + "一二三四五六七八九"[int(second) - 1] + "十百千"[len(zeros_too) - 1]


class _Where(TypedDict):
    """What `currency_of` is told of the article."""

    traditional: bool
    stated: str | None


class _Number(NamedTuple):
    low: Decimal
    high: Decimal
    vague: bool = False

    def times(self, factor: Decimal | int) -> _Number:
        return _Number(self.low * factor, self.high * factor, self.vague)


class _Side(NamedTuple):
    """One amount: its number, that as written without 元, and the currency words around it."""

    number: _Number
    written: str
    factor: Decimal
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]


def _parse(text: str, where: _Where) -> MoneyValue | None:
    sign = -1 if re.match("[-负]", text) else 1
    text, ends = text[sign < 0 :], r"至|到|-{1,2}|~|(?<=[0-9a-z])to(?=[0-9$£€])"
    if between := re.fullmatch("(?:介于|在)?(.+)之间", text):
        text, ends = between[1], ends + "|和|与"
    parts = re.split(ends, text)
    if len(parts) == 2 and sign > 0:
        return _range(_side(re.sub("^[从由自]", "", parts[0])), _side(parts[1]), where)
    side = _side(text) if len(parts) == 1 and not between else None
    currency = currency_of(side.prefix + side.suffix, **where) if side else None
    if side is None or currency is None:
        return None
    low, high, vague = side.number
    most = high if low < high else None
    return None if most and sign < 0 else MoneyValue(low * sign, most, currency or None, vague)


def _side(text: str) -> _Side | None:
    match = _SIDE.fullmatch(text)
    if match is None:
        return None
    body, rounded = _ROUNDED.subn("", match["body"])
    written, coin = (body[:-1], body[-1]) if body[-1:] in _COINS else (body, "")
    factor = _COINS.get(coin, Decimal("0.01") if match["suffix"] in HUNDREDTHS else Decimal(1))
    number = _numeral(written)
    if number is not None:
        number = number.times(factor)
    elif number := _small_change(body):
        coin = coin or "元"
    if number is None or (coin and match["suffix"] in HUNDREDTHS):
        return None
    if match["level"] or match["after"]:
        magnitude = re.fullmatch("(?:10*)?[十百千万亿兆]+", written)
        number = _Number(number.low, number.low * 10 if magnitude else number.high, True)
    if rounded or match["hedge"] or match["inner"] or match["about"]:
        number = number._replace(vague=True)
    prefix, suffix = (tuple(filter(None, words)) for words in ((match["prefix"],), (coin, match["suffix"])))
    return _Side(number, written, factor, prefix, suffix)


def _range(left: _Side | None, right: _Side | None, where: _Where) -> MoneyValue | None:
    if left is None or right is None:
        return None
    words = right.prefix + right.suffix
    # Where each side names its own, 元 and 美元 are two currencies; else one holds for both.
    if not left.suffix or _counts_in_one_coin(left, right):
        currency = currency_of(left.prefix + left.suffix + words, **where)
    else:
        currency = currency_of(left.prefix + left.suffix, **where)
        if words and currency != currency_of(words, **where):
            return None
    if currency is None:
        return None
    low, high = (
        end if left.suffix else _scaled(end * right.factor, left.written, right)
        for end in (left.number.low, left.number.high)
    )
    if low is None or high is None or low >= right.number.high or high > right.number.high:  # 几万到两三万
        return None
    return MoneyValue(low, right.number.high, currency or None, left.number.vague or right.number.vague)


def _counts_in_one_coin(left: _Side, right: _Side) -> bool:
    """Whether both sides say 元, or 块, and one alone of what place: 新台幣300元至500元, 3億元至5億元人民幣."""
    coins = {side.suffix[:1] for side in (left, right)}
    if coins not in ({("元",)}, {("块",)}):
        return False
    named = [bool(side.prefix or side.suffix[1:]) for side in (left, right)]
    return named == [bool(left.prefix), False] or named == [False, bool(right.suffix[1:])]


def _scaled(low: Decimal, written: str, right: _Side) -> Decimal | None:
    """The first side of a range, with the second side's magnitude (30-50万) where it has none itself."""
    match = re.fullmatch(rf"({_ARABIC}|.*?)([十百千万亿兆]*|[a-z]+)", right.written)
    if not match or re.search("[万亿兆a-z]", written):
        return low
    head, units = match[1], match[2].removesuffix("十")
    if units and not head and units[0] != "十":  # 一到百万
        return None
    factors = [_LATIN_UNITS[units]] if units in _LATIN_UNITS else [_UNITS[unit] for unit in units]
    # The magnitude of 五千万 is 千万 (三到五千万) or 万 (三千到五千万): the largest that ascends.
    for start in range(0 if head else 1, len(factors)):
        scaled = low * prod(factors[start:])
        if scaled < right.number.high:  # 三到五十万 may begin at 30000 or 300000
            return scaled if factors[start] != 10 else None
    # 8000到2万 is as written; 5到1万 may leave out another unit.
    return low if not low or low * 1000 >= right.number.high else None


def _numeral(text: str, *, head: bool = True, last: bool = True) -> _Number | None:
    """A number in digits, characters or both.

    A unit may stand without a digit at the `head` of an amount (百万), and be left out at its `last` place (一万二).
    """
    if (latin := re.fullmatch(rf"({_ARABIC})([a-z]+)", text)) and last:
        return _exact(latin[1]).times(_LATIN_UNITS[latin[2]]) if latin[2] in _LATIN_UNITS else None
    for unit, size in _UNITS.items():
        if unit in text and (size >= 10**4 or "点" not in text):
            left, right = text.split(unit, 1)
            return _with_unit(left, right, size, head=head, last=last)
    return _with_point(text) if "点" in text else _digits(text)


def _exact(amount: str | int | Decimal) -> _Number:
    return _Number(Decimal(str(amount).replace(",", "")), Decimal(str(amount).replace(",", "")))


def _with_unit(left: str, right: str, size: int, *, head: bool, last: bool) -> _Number | None:
    """A number around its greatest unit: in 3亿5千万, 3 and 5千万 around 亿."""
    count = _count(left, size, head)
    if count is None or not right:
        return count and count.times(size)
    low, whole = count.low * size, count.low % 1 == 0
    if right in ("多", "余") and count.low == count.high:
        step = size if whole else size * Decimal(1).scaleb(int(count.low.as_tuple().exponent))
        return _Number(low, low + step, True)
    if not whole or count.vague or (size < 10**4 and count.low >= 10):
        return None
    if right == "半" and size >= 10**4 and count.low < 10:
        return _exact(low + size // 2)
    if right in ("几", "数", "好几") and size == 10:
        return _Number(low + 1, low + 9, True)
    zero, right = right.startswith("零"), right.removeprefix("零")
    if not zero and size > 10 and re.fullmatch("[1-9一二三四五六七八九]", right):  # 一万二
        return _exact(low + Decimal(_DIGITS.get(right, right)) * size / 10) if last else None
    rest = _numeral(right, head=False, last=last)
    if rest is None or not 0 < rest.low <= rest.high < size or (zero and size == 10) or (rest.low % 1 and not last):
        return None
    # Without 零 no place may be missing: not 3万500, not 一亿两千; but 一亿五百万 names its own.
    skips = 10 ** len(right) != size if right.isdecimal() else rest.low * 10 < size and not re.search("[万亿]", right)
    if skips and size == 10**4 and re.fullmatch("[一二三四五六七八九]百", right):  # 两万五百
        skips = False
    return None if skips and not zero else _Number(low + rest.low, low + rest.high, rest.vague)


def _count(left: str, size: int, head: bool) -> _Number | None:
    """How many of a unit: what stands before it."""
    if not left:  # 十万 is exact, 百万 an order of magnitude
        return _Number(Decimal(1), Decimal(1), size != 10) if head or size == 10 else None
    if size < 10**4:
        number = _digits(left)
        return number if number and number.low >= 1 else None
    counted = re.fullmatch("(.+)个([多余半]?)", left)
    number = _numeral(counted[1] if counted else left, head=head, last=False)
    if number is None or not counted or not counted[2]:
        return number
    if number.vague or number.low % 1:
        return None
    return _exact(number.low + Decimal("0.5")) if counted[2] == "半" else _Number(number.low, number.low + 1, True)


def _with_point(text: str) -> _Number | None:
    """十二点五; 一点五千 before 万."""
    match = re.fullmatch("(.+?)点([零一二三四五六七八九]+)([百千]?)", text)
    whole = _numeral(match[1], last=False) if match else None
    if not match or not whole or whole.vague or whole.low % 1:
        return None
    return _exact(f"{whole.low}.{''.join(str(_DIGITS[digit]) for digit in match[2])}").times(_UNITS.get(match[3], 1))


def _digits(text: str) -> _Number | None:
    """A number without units."""
    if text in ("几", "数", "好几"):
        return _Number(Decimal(2), Decimal(9), True)
    if places := re.fullmatch("([2-9]|1[0-2]|[二三四五六七八九十]|十[一二])位数", text):  # 七位数: a million to ten
        size = _numeral(places[1])
        return _Number(Decimal(10) ** int(size.low - 1), Decimal(10) ** int(size.low), True) if size else None
    if text in ("半", "半个"):
        return _exact("0.5")
    if match := re.fullmatch(rf"({_ARABIC})([多余]?)", text):
        number, digits = _exact(match[1]), match[1].replace(",", "")
        if not match[2]:
            return number
        step = 10 ** (len(digits) - len(digits.rstrip("0")))
        return _Number(number.low, number.low + step, True) if number.low and "." not in digits else None
    if re.fullmatch("[1-9]、[1-9]", text):  # 5、6千万
        text = text.translate(str.maketrans("123456789", "一二三四五六七八九"))
    values = [_DIGITS.get(digit, -1) for digit in re.sub("^(.)、(.)$", r"\1\2", text)]
    if not values or min(values) < 0 or (len(values) > 1 and not values[0]):
        return None
    if len(values) == 2 and (values[1] - values[0] == 1 or values == [3, 5]):
        return _Number(Decimal(values[0]), Decimal(values[1]), True)
    return _exact("".join(map(str, values))) if len(values) == 1 or ("零" in text and "两" not in text) else None


def _small_change(text: str) -> _Number | None:
    """三块五, 3元5角, 三分六厘: each part is less than one of the part before."""
    parts = re.findall("([^元块角毛毫分厘]+)([元块角毛毫分厘]|$)", text)
    if len(parts) < 2 or "".join(map("".join, parts)) != text:
        return None
    total, place = Decimal(0), Decimal("Infinity")
    for written, coin in parts:
        number = _numeral(written.removeprefix("零") if total else written, last=False)
        if number is None or number.vague:
            return None
        # The last coin may be left out: 三块五, 3块50, 三块半.
        digits = 0 if written == "半" else len(written)
        if not coin and (digits > (2 if place == 1 and written.isdecimal() else 1) or written == "零"):
            return None
        size = _COINS[coin] if coin else place / 10**digits
        if not number.low * size < place or size > place or (number.low % 1 and coin):
            return None
        total, place = total + number.low * size, size
    return _exact(total)
