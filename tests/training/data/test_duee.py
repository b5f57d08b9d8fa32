from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.raw import write, write_json
from training.data.duee import Argument, DuEEDeparture, DuEEText, read_duee
from training.data.example import DataError

TEXT = "昨日，星河科技副总裁林远离职"


def event(kind: str, trigger: str, *arguments: tuple[str, str], text: str = TEXT) -> dict[str, Any]:
    return {
        "event_type": kind,
        "class": "组织关系",
        "trigger": trigger,
        "trigger_start_index": text.index(trigger),
        "arguments": [
            {"role": role, "argument": word, "argument_start_index": text.index(word), "alias": []}
            for role, word in arguments
        ],
    }


LEFT = event("组织关系-辞/离职", "离职", ("离职者", "林远"), ("原所属组织", "星河科技"), ("时间", "昨日"))


def test_departures_of_every_text(tmp_path: Path) -> None:
    dismissed = event("组织关系-解雇", "解雇", ("被解雇人员", "林远"), ("被解雇人员", "周安"), text="解雇林远和周安")
    quit_show = event("组织关系-退出", "退出", ("退出方", "林远"), text="林远退出")
    write_json(
        tmp_path / "DuEE1.0" / "duee_dev.json",
        {"id": "a", "text": TEXT, "event_list": [LEFT]},
        {"id": "b", "text": "解雇林远和周安", "event_list": [dismissed]},
        {"id": "c", "text": "林远退出", "event_list": [quit_show]},
    )
    first, second, third = read_duee(tmp_path, "dev")
    assert first.departures == (
        DuEEDeparture(
            type="组织关系-辞/离职",
            trigger=Argument("离职", 12),
            persons=(Argument("林远", 10),),
            organizations=(Argument("星河科技", 3),),
            dates=(Argument("昨日", 0),),
        ),
    )
    assert second.departures[0].persons == (Argument("林远", 2), Argument("周安", 5))
    assert second.departures[0].organizations == ()
    quits = DuEEDeparture("组织关系-退出", Argument("退出", 2), persons=(Argument("林远", 0),))
    assert third == DuEEText("c", "林远退出", (), close=(quits,))
    assert first.close == second.close == ()


@pytest.mark.parametrize(
    ("role", "start", "told"),
    [
        ("离职者", 9, "'林远' is not at 9"),
        ("离职者", None, "a text of DuEE"),
        ("解雇方", 10, "'解雇方' is none of 离职者"),
    ],
)
def test_bad_arguments(tmp_path: Path, role: str, start: int | None, told: str) -> None:
    bad = {**LEFT, "arguments": [{"role": role, "argument": "林远", "argument_start_index": start}]}
    write_json(tmp_path / "DuEE1.0" / "duee_dev.json", {"id": "a", "text": TEXT, "event_list": [bad]})
    with pytest.raises(DataError, match=r"duee_dev\.json, line 1") as caught:
        read_duee(tmp_path, "dev")
    assert told in str(caught.value)


@pytest.mark.parametrize("line", ['{"id": "a", "text"', '{"id": "a", "text": "林远"}', '"林远"'])
def test_bad_lines(tmp_path: Path, line: str) -> None:
    write(tmp_path / "DuEE1.0" / "duee_dev.json", line)
    with pytest.raises(DataError, match="line 1: expected a text of DuEE"):
        read_duee(tmp_path, "dev")
