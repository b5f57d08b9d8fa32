"""Which mentions in one article name one person or one organisation.

Names are compared in the model's view (simplified, half-width), without spaces and case,
so that 阿裏 and 阿里 are one. Nothing is merged across articles.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Collection, Iterator, Sequence

from ie_model.decoding import Span
from ie_model.organizations import fullest_variant, normal_form, one_organization, one_owner, owns, same_organization
from ie_model.script import model_view

__all__ = ["cluster", "fullest_variant", "normal_form", "same_organization", "same_person"]

_LATIN_WORD = re.compile(r"[A-Z]?[a-z][a-z.'’-]*|[A-Z][A-Z.'’-]*")
_CHINESE = re.compile(r"[\u3400-\u9fff]{2,4}")
#: Surnames of two characters.
_LONG_SURNAMES = re.compile(
    "欧阳|司马|诸葛|上官|司徒|东方|独孤|南宫|慕容|尉迟|长孙|宇文|公孙|夏侯|皇甫|令狐|端木|西门|申屠|呼延|轩辕|司空|澹台|淳于|单于"
    "|太史|闾丘|钟离|濮阳|宗政|公冶|赫连|百里|鲜于|贺兰|万俟|东郭|南门|完颜|拓跋|纳兰|富察|梁丘|左丘"
)
#: Before another name that is never the one under which somebody is known …
_NICKNAME = re.compile("花名|化名|网名|昵称|外号|绰号|(?:江湖)?人称|自称")
_OTHER_NAME = f"英文名|中文名|本名|原名|真名|又名|又叫|又称|别名|笔名|艺名|{_NICKNAME.pattern}"
_QUOTES = r"[\s“”\"「」『』‘’]*"
#: … and words of these that may also be what somebody says of another: 甲又称乙不会离开.
_CLAIMED = re.compile("又称|又叫|人称|自称|[叫称][他她]")
#: What follows a name with which such a word ends.
_ENDED = re.compile(r"[\s“”\"「」『』‘’)]*(?:[,。;:、!?)\n]|的|$)")
#: What may stand between a name and its other name: 甲（花名：乙, 甲本名乙, 甲都叫他“乙.
_OPENING = re.compile(rf"\s*[(]\s*(?:{_OTHER_NAME})?\s*(?:是|为)?\s*[:]?{_QUOTES}")
_NAMED = re.compile(
    rf"[\s,]*(?:[^,。;:、的和与]{{0,12}})?(?:{_OTHER_NAME}|(?:的人们?[都常也]?)?[叫称][他她](?:为|作|做)?)(?:是|为|叫做?|叫作|作|[:])?{_QUOTES}"
)
#: The same of a pronoun, in a later clause or sentence: 甲离开了公司。他本名乙.
_PRONOUN_NAMED = re.compile(
    rf"(?:.*[,。;\s])?[他她](?:的)?(?:{_OTHER_NAME})(?:是|为|叫做?|叫作|作|[:])?{_QUOTES}", re.DOTALL
)
#: 花名“乙”的甲: the other name comes first; and “乙”是甲的花名.
_OTHER_FIRST = re.compile(rf"(?:{_OTHER_NAME})(?:是|为|叫做?|作)?{_QUOTES}$")
_OF = re.compile(rf"{_QUOTES}的{_QUOTES}")
_IS, _IS_OTHER_NAME = re.compile(rf"{_QUOTES}[是系]{_QUOTES}"), re.compile(rf"[^,。;]{{0,10}}的(?:{_OTHER_NAME})")
#: 甲公司（以下简称“乙”）, 甲公司, 简称乙.
_SHORT_ORG = re.compile(rf"[\s,]*[(]?\s*(?:以下)?(?:简称|下称|又称|英文名|原名|前身)(?:是|为)?\s*[:]?{_QUOTES}")
_CLOSING = re.compile(rf"{_QUOTES}[)]")
#: … where the bracket says more of the person: 甲（Leo Chen，前星河总裁）.
_GOES_ON = re.compile(rf"{_QUOTES},")
_OPENING_ORG = re.compile(rf"\s*[(]{_QUOTES}")
#: Between the words of a name, also of SamAltman, where no prefix of a surname (LeCun, McCarthy) stands before.
_BETWEEN_WORDS = re.compile(
    r"[·•・‧\s]+|(?<=[a-z])(?=[\u3400-\u9fff])"
    r"|(?<=[a-z])(?<!\b[DL][aeiu])(?<!\bMc)(?<!\bMac)(?<!\bVan)(?<!\bFitz)(?=[A-Z])"
)
#: Two mentions farther apart are not told to be one.
_FAR = 200


def same_person(a: str, b: str) -> bool:
    """Whether two names of one article are one person's: equal, or a part of the other.

    A part is a given name or surname in Latin script (Mustafa, of Mustafa Suleyman), or the
    given name of two characters after a full Chinese name.
    """
    one, two = normal_form(a), normal_form(b)
    return one == two or one in _parts(b) or two in _parts(a)


def name_words(name: str) -> list[str]:
    """The words of a name: 克里斯 and 安德森, Sam and Altman, Yann and LeCun; a Chinese name is one."""
    return [word for word in _BETWEEN_WORDS.split(name) if word]


def _parts(name: str, *, surname: bool = False) -> frozenset[str]:
    """The shorter forms, in `normal_form`, in which an article may go on to speak of a person.

    With `surname` also a Chinese surname (林, 老林), which names somebody only where the
    article has no other person with it.
    """
    view = model_view(name).strip()
    pieces = name_words(view)
    parts = {pieces[0], pieces[-1]} if len(pieces) > 1 else set()
    words = _LATIN_WORD.findall(view)
    if len(words) > 1 or (words and words[0] != view):
        parts.update(words)
    if "的" in view and not words:  # 骑白马的老蔡
        parts.add(view.rsplit("的", 1)[1])
    elif _CHINESE.fullmatch(view):
        size = 2 if len(view) > 2 and _LONG_SURNAMES.match(view) else 1
        if len(view) == size + 2:
            parts.add(view[size:])
        if surname:
            parts |= {view[:size], f"老{view[:size]}", f"小{view[:size]}"}
    short = {normal_form(part) for part in parts}
    return frozenset(part for part in short if part and len(part) < len(normal_form(name)) + (part[0] in "老小"))


class _Groups:
    """Union-find over the numbers of names."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def root(self, index: int) -> int:
        while self.parent[index] != index:
            self.parent[index] = self.parent[self.parent[index]]
            index = self.parent[index]
        return index

    def join(self, a: int, b: int) -> None:
        self.parent[self.root(b)] = self.root(a)


def cluster(text: str, spans: Sequence[Span]) -> list[int]:
    """For every span the index of its cluster's canonical span (its own if alone).

    Only PERSON and ORG spans are merged. The canonical form is the fullest in the script of
    the first mention, Chinese or Latin: the longest surface, the earliest among equals.
    The work is that of the distinct names; a mention more costs a look into a table.

    Args:
        spans: in the order of the text.
    """
    numbers: dict[tuple[str, str], int] = {}  # of the distinct names, each a label and a surface
    firsts: list[int] = []  # the first span with each
    number_of = array("q")  # of every span, -1 for what is never merged
    for index, span in enumerate(spans):
        number = -1
        if span.label in ("PERSON", "ORG"):
            number = numbers.setdefault((span.label, text[span.start : span.end]), len(firsts))
            if number == len(firsts):
                firsts.append(index)
        number_of.append(number)
    surfaces = [surface for _, surface in numbers]
    groups = _Groups(len(surfaces))
    first_of: dict[str, dict[str, int]] = {"PERSON": {}, "ORG": {}}
    for (label, surface), number in numbers.items():
        groups.join(first_of[label].setdefault(normal_form(surface), number), number)
    placed, nicknames = set(), set()
    told = list(_told(text, spans))
    owners: dict[int, set[str]] = {}
    for left, right in told:
        if spans[right].label == "ORG":
            owners.setdefault(number_of[right], set()).add(surfaces[number_of[left]])
    # 百度的AI Lab and 谷歌的AI Lab: a name that two have is neither's.
    shared = {number for number, names in owners.items() if not one_owner(names)}
    for left, right in told:
        if number_of[right] in shared:
            continue
        groups.join(number_of[left], number_of[right])
        placed.add(normal_form(surfaces[number_of[right]]))
        if _NICKNAME.search(model_view(text[spans[left].end : spans[right].start])):
            nicknames.add(number_of[right])
    _join_persons(first_of["PERSON"], surfaces, groups)
    organizations = list(first_of["ORG"].values())
    for a, b in one_organization([surfaces[number] for number in organizations], placed=placed):
        groups.join(organizations[a], organizations[b])
    best = _fullest(surfaces, groups, nicknames=nicknames)
    return [firsts[best[number]] if number >= 0 else index for index, number in enumerate(number_of)]


def _fullest(surfaces: Sequence[str], groups: _Groups, *, nicknames: Collection[int]) -> list[int]:
    """For every name the one that stands for its group; names are in the order of their first mention."""
    members: dict[int, list[int]] = {}
    for number in range(len(surfaces)):
        members.setdefault(groups.root(number), []).append(number)
    best = list(range(len(surfaces)))
    for group in members.values():
        latin = surfaces[group[0]].isascii()
        proper = [number for number in group if number not in nicknames] or group
        head = max(proper, key=lambda n: (surfaces[n].isascii() == latin, len(normal_form(surfaces[n])), -n))
        for number in group:
            best[number] = head
    return best


def _join_persons(first_of: dict[str, int], surfaces: Sequence[str], groups: _Groups) -> None:
    """Join part names to full ones; a part that fits two persons names neither for sure."""
    fuller: dict[str, list[int]] = {}
    for index in first_of.values():
        for part in _parts(surfaces[index], surname=True):
            fuller.setdefault(part, []).append(index)
    for form, index in first_of.items():
        # A bare surname goes back to a full name that was there before.
        fitting = [other for other in fuller.get(form, ()) if len(form) > 1 or other < index]
        roots = {groups.root(other) for other in fitting} - {groups.root(index)}
        if len(roots) == 1:
            groups.join(roots.pop(), index)


def _told(text: str, spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """Neighbouring mentions that the text itself says to be one: 甲（乙）, 甲花名乙, 甲公司（简称乙）, 甲的研究院."""
    last: dict[str, tuple[int, Span]] = {}
    for index, span in enumerate(spans):
        if span.label not in ("PERSON", "ORG"):
            continue
        before, left = last.get(span.label, (index, span))
        if before != index and span.start - left.end <= _FAR:
            between = model_view(text[left.end : span.start])
            told = _person_told if span.label == "PERSON" else _organization_told
            if told(text, left, span, between):
                yield before, index
        last[span.label] = index, span


def _behind(text: str, span: Span) -> str:
    """What follows a mention, in the model's view."""
    return model_view(text[span.end : span.end + _FAR])


def _person_told(text: str, left: Span, right: Span, between: str) -> bool:
    if _OPENING.fullmatch(between):
        behind = _behind(text, right)
        one, other = (model_view(text[span.start : span.end]).isascii() for span in (left, right))
        sure = one != other or between.strip() != "("
        return bool(_CLOSING.match(behind) or (sure and _GOES_ON.match(behind)))
    if _OF.fullmatch(between):
        return _OTHER_FIRST.search(model_view(text[max(0, left.start - 12) : left.start])) is not None
    if _IS.fullmatch(between):
        return _IS_OTHER_NAME.match(_behind(text, right)) is not None
    named = _NAMED.fullmatch(between) or _PRONOUN_NAMED.fullmatch(between)
    return bool(named) and _is_a_name(text, right, between)


def _is_a_name(text: str, right: Span, between: str) -> bool:
    """Whether words such as 又称 give a name, and do not begin what somebody says of another."""
    return not _CLAIMED.search(between) or _ENDED.match(_behind(text, right)) is not None


def _organization_told(text: str, left: Span, right: Span, between: str) -> bool:
    one, two = text[left.start : left.end], text[right.start : right.end]
    if _OPENING_ORG.fullmatch(between):
        # In the model's view full-width letters are Latin ones: 甲公司（乙公司 is of one script.
        plain = between.strip() == "(" and model_view(one).isascii() == model_view(two).isascii()
        return not plain and _CLOSING.match(_behind(text, right)) is not None
    short = _SHORT_ORG.fullmatch(between) is not None and _is_a_name(text, right, between)
    return short or owns(between, two)
