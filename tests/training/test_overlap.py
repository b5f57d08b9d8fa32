from __future__ import annotations

from itertools import combinations

import numpy as np

from training.overlap import contained, fold, near_pairs, shared_runs

LONG = "星河科技昨日在海城宣布首席财务官梁以宁因个人原因辞去公司的全部职务并于月底正式离任接替的人选尚未公布"


def test_fold() -> None:
    assert fold("遠舟 科技\u3000ＡＢ，\n１") == "远舟科技ab,1"


def jaccard(first: str, second: str) -> float:
    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (first, second))
    return len(a & b) / len(a | b)


def test_near_pairs_are_all_of_them(random: np.random.Generator) -> None:
    """Against the definition: every pair compared, texts that differ in a few places."""
    texts = {LONG}
    while len(texts) < 120:
        text = list(LONG[: random.integers(20, len(LONG))])
        for place in random.integers(0, len(text), size=random.integers(0, 3)):
            text[place] = str(random.choice(list("甲乙丙")))
        texts.add("".join(text))
    ordered = sorted(texts)
    expected = [(i, j) for i, j in combinations(range(len(ordered)), 2) if jaccard(ordered[i], ordered[j]) >= 0.8]
    assert 20 < len(expected) < 4000
    assert near_pairs(ordered) == expected


def test_the_threshold_itself() -> None:
    assert near_pairs(["甲乙丙丁戊己庚辛", "甲乙丙丁戊己庚辛壬"]) == [(0, 1)]  # 4 of 5 shingles
    assert near_pairs(["甲乙丙丁戊己庚", "甲乙丙丁戊己庚辛"]) == []  # 3 of 4


def test_nothing_to_compare() -> None:
    assert near_pairs([]) == near_pairs(["甲", "乙丙"]) == []
    assert contained([], ["甲乙"]) == contained(["甲乙"], []) == []
    assert shared_runs([], ["甲乙"]) == shared_runs(["甲乙"], []) == []


def test_contained() -> None:
    whole = ["前文。" + LONG, LONG[:20]]
    assert contained([LONG, LONG[3:13], LONG[3:12], LONG[:20], LONG[:19] + "甲"], whole) == [0, 1, 3]
    assert contained([LONG], [LONG]) == []  # the same text is not longer


def test_shared_runs() -> None:
    run = LONG[:30]
    texts = ["无关的一句话。", "甲" + run + "乙" + LONG[:34] + "丙", LONG[:29]]
    assert shared_runs(texts, ["丁" + LONG[:34] + "戊", LONG[1:30], run]) == [(1, 0, LONG[:34]), (1, 2, run)]
