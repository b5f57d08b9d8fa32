from __future__ import annotations

from itertools import combinations

import numpy as np

from training.overlap import contained, evaluation_overlap, fold, near_pairs, shared_runs

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
    assert evaluation_overlap([], ["甲"]) == evaluation_overlap(["甲"], []) == []


def test_contained() -> None:
    whole = ["前文。" + LONG, LONG[:20]]
    assert contained([LONG, LONG[3:13], LONG[3:12], LONG[:20], LONG[:19] + "甲"], whole) == [0, 1, 3]
    assert contained([LONG], [LONG]) == []  # the same text is not longer


def test_evaluation_overlap() -> None:
    train = (
        text
        for text in [
            "梁以宁 离任。",
            LONG,
            "前文，" + "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未" + "，后文不止一句，还有很多。",
        ]
    )
    test = [
        "梁以寧離任。",  # another script, no space
        "梁以宁上任。",
        LONG.replace("昨日", "今日"),  # nearly
        "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未",  # within
        "",
        "梁以宁离任。",
    ]
    assert evaluation_overlap(train, test) == [0, 2, 3, 5]


def test_near_duplicates_within_one_side_do_not_count() -> None:
    assert evaluation_overlap(["甲"], [LONG, LONG + "。"]) == []


def test_shared_runs() -> None:
    run = LONG[:30]
    texts = ["无关的一句话。", "甲" + run + "乙" + LONG[:34] + "丙", LONG[:29]]
    assert shared_runs(texts, ["丁" + LONG[:34] + "戊", LONG[1:30], run]) == [(1, 0, LONG[:34]), (1, 2, run)]
