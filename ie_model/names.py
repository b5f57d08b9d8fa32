"""Which mentions in one article name one person or one organisation.

Names are compared in the model's view (simplified, half-width), without spaces and case,
so that 阿裏 and 阿里 are one. Nothing is merged across articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

from ie_model.decoding import Span
from ie_model.script import model_view

#: Endings that an organisation's short form leaves out.
_ORG_TAIL = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|控股集团|集团|公司|控股|科技|技术|团队|inc\.?|ltd\.?|corp\.?|llc)$"
)
_LATIN_WORD = re.compile(r"[a-z][a-z.'’-]*")
#: What may stand between a name and its other name in brackets.
_OPENING = re.compile(r"[\s]*[(（][\s]*(?:花名|英文名|本名|原名|又名|又称|化名|笔名)?[\s]*[:：]?[\s]*")


def normal_form(name: str) -> str:
    """The form in which names are compared."""
    return re.sub(r"\s+", "", model_view(name)).lower()


def _stem(name: str) -> str:
    """An organisation's name without its legal and generic endings."""
    stem = name
    while (shorter := _ORG_TAIL.sub("", stem)) != stem and len(shorter) >= 2:
        stem = shorter
    return stem


def same_person(a: str, b: str) -> bool:
    """Whether two names of one article are one person's: equal, or a part of the other.

    A part is a given name or surname in Latin script (Mustafa, of Mustafa Suleyman), or
    the given name of two characters after a full Chinese name.
    """
    one, two = normal_form(a), normal_form(b)
    if one == two:
        return True
    short, long = sorted((model_view(a), model_view(b)), key=lambda name: (len(normal_form(name)), name))
    words = _LATIN_WORD.findall(long.lower())
    if _LATIN_WORD.fullmatch(short.lower().strip()):
        return len(words) > 1 and short.lower().strip() in words
    parts = re.split(r"[·•・\s]+", long)
    if len(parts) > 1:
        return short.strip() in (parts[0], parts[-1])
    full, given = max(one, two, key=len), min(one, two, key=len)
    return len(full) == 3 and len(given) == 2 and full.endswith(given)


def same_organization(a: str, b: str) -> bool:
    """Whether two names of one article are one organisation's, or a unit's and its parent's.

    The guidelines count leaving a unit as leaving its company: 阿里, 阿里巴巴, 阿里巴巴集团
    and 阿里达摩院 are one. A shorter name must be a whole prefix of at least two characters.
    """
    one, two = normal_form(a), normal_form(b)
    if one == two or _stem(one) == _stem(two):
        return True
    if len(one) == len(two):  # neither is the other's short form
        return False
    if len(one) > len(two):
        a, b, one, two = b, a, two, one
    stem = _stem(one)
    if len(stem) < 2 or not two.startswith(stem):
        return False
    # A Latin name continues in another word only after a break: Meta is not Metaverse.
    letters = stem[-1] + two[len(stem)]
    return not (letters.isascii() and letters.isalnum()) or _breaks_at(b, len(stem))


def _breaks_at(name: str, length: int) -> bool:
    """Whether a space stands in the name after its first `length` non-space characters."""
    seen = 0
    for character in name:
        if seen == length:
            return character.isspace()
        seen += not character.isspace()
    return False


def fullest_variant(name: str, names: Iterable[str]) -> str:
    """The fullest of the names that differ from this one by nothing but generic endings.

    阿里巴巴 becomes 阿里巴巴集团 where the article has that, but never 阿里巴巴达摩院: a unit
    is another organisation, even though leaving it counts as leaving the company.
    """
    stem = _stem(normal_form(name))
    variants = [other for other in names if _stem(normal_form(other)) == stem]
    return max([name, *variants], key=len)


class _Groups:
    """Union-find over span indices."""

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

    Only PERSON and ORG spans are merged. The canonical form is the fullest: the longest
    surface, the earliest among equals.
    """
    groups = _Groups(len(spans))
    surfaces = [text[span.start : span.end] for span in spans]
    for label in ("PERSON", "ORG"):
        first_of: dict[str, int] = {}
        for index, span in enumerate(spans):
            if span.label == label:
                groups.join(first_of.setdefault(normal_form(surfaces[index]), index), index)
        if label == "PERSON":
            _join_persons(list(first_of.values()), surfaces, groups)
        else:
            _join_organizations(first_of, surfaces, groups)
    for left, right in pairwise(range(len(spans))):
        if spans[left].label == spans[right].label == "PERSON":
            between = model_view(text[spans[left].end : spans[right].start])
            closes = model_view(text[spans[right].end : spans[right].end + 1]) == ")"
            if closes and _OPENING.fullmatch(between):
                groups.join(left, right)
    members: dict[int, list[int]] = {}
    for index in range(len(spans)):
        members.setdefault(groups.root(index), []).append(index)
    canonical = list(range(len(spans)))
    for group in members.values():
        best = max(group, key=lambda index: (len(surfaces[index].strip()), -index))
        for index in group:
            canonical[index] = best
    return canonical


def _join_persons(forms: Sequence[int], surfaces: Sequence[str], groups: _Groups) -> None:
    """Join part names to full ones; a part that fits two persons names neither for sure."""
    for a in forms:
        longer = [b for b in forms if len(surfaces[b]) > len(surfaces[a]) and same_person(surfaces[a], surfaces[b])]
        if len({groups.root(b) for b in longer}) == 1:
            groups.join(longer[0], a)


def _join_organizations(first_of: dict[str, int], surfaces: Sequence[str], groups: _Groups) -> None:
    """Join short forms and units; names of one organisation share their first two characters."""
    buckets: dict[str, list[int]] = {}
    for form, index in first_of.items():
        buckets.setdefault(form[:2], []).append(index)
    for bucket in buckets.values():
        for a, b in combinations(bucket, 2):
            if same_organization(surfaces[a], surfaces[b]):
                groups.join(a, b)
