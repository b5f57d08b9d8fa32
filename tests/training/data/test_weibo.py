from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.raw import surfaces, write
from training.data.example import DataError
from training.data.weibo import OWN_LABELS, read_weibo

LINES = [
    *("林0\tB-PER.NAM", "远1\tI-PER.NAM", "老0\tB-PER.NOM", "师1\tI-PER.NOM", "\ufffd\ufffd0\tO"),
    *("星0\tB-ORG.NAM", "河1\tI-ORG.NAM", "30\tO", "p10\tO", ""),
]


def test_names_only_and_the_digits_off(tmp_path: Path) -> None:
    write(tmp_path / "WeiboNER" / "weiboNER_2nd_conll.dev", *LINES)
    (example,) = read_weibo(tmp_path, "dev")
    assert example.text == "林远老师\ufffd\ufffd星河3p"
    assert surfaces(example) == [("PERSON", "林远"), ("ORG", "星河")]
    assert example.complete == {"PERSON", "ORG"}
    (example,) = read_weibo(tmp_path, "dev", OWN_LABELS)
    assert surfaces(example)[1] == ("PER.NOM", "老师")


def test_a_span_may_begin_with_i(tmp_path: Path) -> None:
    write(tmp_path / "WeiboNER" / "weiboNER_2nd_conll.dev", "的0\tO", "林0\tI-PER.NAM", "远1\tI-PER.NAM")
    assert surfaces(read_weibo(tmp_path, "dev")[0]) == [("PERSON", "林远")]


@pytest.mark.parametrize("line", ["林\tO", "林0", "林0\t", "林0\tB-PER", "林远0\tO", "林0\tO\tO"])
def test_bad_lines(tmp_path: Path, line: str) -> None:
    write(tmp_path / "WeiboNER" / "weiboNER_2nd_conll.dev", *LINES, line)
    with pytest.raises(DataError, match=r"conll\.dev, line 11: expected a character"):
        read_weibo(tmp_path, "dev")
