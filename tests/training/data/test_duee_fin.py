from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.raw import write, write_json
from training.data.duee_fin import DuEEFinDocument, ManagementChange, read_duee_fin
from training.data.example import DataError


def document(identity: str, *arguments: tuple[str, str], kind: str = "高管变动") -> dict[str, Any]:
    listed = [{"role": role, "argument": word} for role, word in arguments]
    return {
        "id": identity,
        "title": "星河科技公告",
        "text": "林远辞去副总裁、董事职务。",
        "event_list": [{"event_type": kind, "trigger": "辞去", "arguments": listed}],
    }


LEFT = document(
    "a",
    *(("高管姓名", "林远"), ("任职公司", "星河科技"), ("变动类型", "辞去")),
    *(("高管职位", "副总裁"), ("高管职位", "董事")),
)
OTHER = document("b", ("中标公司", "星河科技"), kind="中标")
NO_EVENTS = {"id": "c", "title": "星河科技公告", "text": "今日无事。"}


def test_changes_of_management(tmp_path: Path) -> None:
    write_json(tmp_path / "DuEE-Fin" / "duee_fin_dev.json", LEFT, OTHER, NO_EVENTS)
    documents = read_duee_fin(tmp_path, "dev")
    assert documents[0].changes == (
        ManagementChange(persons=("林远",), companies=("星河科技",), titles=("副总裁", "董事"), kinds=("辞去",)),
    )
    assert documents[1].changes == ()
    assert documents[2] == DuEEFinDocument("c", "星河科技公告", "今日无事。", ())


@pytest.mark.parametrize(
    ("role", "word", "told"),
    [("高管姓名", "周安", "neither in the headline nor in the text"), ("公司", "林远", "is none of 高管姓名")],
)
def test_bad_arguments(tmp_path: Path, role: str, word: str, told: str) -> None:
    write_json(tmp_path / "DuEE-Fin" / "duee_fin_dev.json", LEFT, document("b", (role, word)))
    with pytest.raises(DataError, match=rf"duee_fin_dev\.json, line 2: .*{told}"):
        read_duee_fin(tmp_path, "dev")


def test_bad_lines_and_splits(tmp_path: Path) -> None:
    write(tmp_path / "DuEE-Fin" / "duee_fin_dev.json", '{"id": "a", "title": ')
    with pytest.raises(DataError, match="line 1: expected a document of DuEE-Fin"):
        read_duee_fin(tmp_path, "dev")
    with pytest.raises(DataError, match="train, dev, not 'test'"):
        read_duee_fin(tmp_path, "test")
