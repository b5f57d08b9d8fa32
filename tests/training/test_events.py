"""Scores on event sets: what matches an argument, what is counted, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from ie_model.document import Departure, Document, Evidence
from training.data.duee import Argument, DuEEDeparture, DuEEText
from training.data.duee_fin import DuEEFinDocument, ManagementChange
from training.events import score_duee, score_duee_fin


def left(person: str, organization: str, **values: Any) -> Departure:
    given = {"status": "stated", "score": 0.9, "evidence": Evidence(0, 1), **values}
    return Departure(person=person, organization=organization, **given)


def event(persons: str = "", organizations: str = "") -> DuEEDeparture:
    """A departure with the arguments that are separated by |."""
    sides = [tuple(Argument(text, 0) for text in side.split("|") if text) for side in (persons, organizations)]
    return DuEEDeparture("组织关系-辞/离职", Argument("辞职", 0), *sides)


def duee(*texts: tuple[list[DuEEDeparture], list[Departure]]) -> dict[str, Any]:
    gold = [DuEEText(str(i), "文", tuple(events)) for i, (events, _) in enumerate(texts)]
    return score_duee(gold, [Document("文", departures=tuple(found)) for _, found in texts])


def counts(report: dict[str, Any], part: str) -> tuple[int, int, int]:
    return report[part]["right"], report[part]["predicted"], report[part]["gold"]


def person_is_right(name: str, argument: str) -> bool:
    return counts(duee(([event(argument, "星河科技")], [left(name, "星河科技")])), "person")[0] == 1


def organization_is_right(name: str, argument: str) -> bool:
    return counts(duee(([event("林知远", argument)], [left("林知远", name)])), "organization")[0] == 1


def test_the_figures_have_the_form_of_other_reports() -> None:
    report = duee(([event("林知远", "星河科技")], [left("林知远", "星河科技")]))
    assert set(report["pair"]) == {"precision", "recall", "f1", "right", "predicted", "gold", "f1_interval"}
    assert (report["documents"], report["documents_with_events"], report["pair"]["f1"]) == (1, 1, 1.0)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("林知远", "林知远"),
        ("林知远", "星河科技（中国）副总裁林知远"),
        ("林知远", "副总裁林知远先生"),
        ("林知远", "总裁林知远(LinZhiyuan)"),
        ("林知远", "总裁林知远Lin Zhiyuan"),
        ("林知遠", "林知远"),
        ("知远", "林知远"),
        ("林", "26岁的林小姐"),
        ("罗伯·格林", "主帅罗伯·格林"),
        ("格林", "主帅罗伯·格林"),
        ("Rob Green", "星河CEO Rob Green"),
        ("RobGreen", "星河CEO Rob Green"),
        ("Rob", "星河 CEO Rob Green"),
    ],
)
def test_a_person_stands_at_the_end_of_the_argument(name: str, argument: str) -> None:
    assert person_is_right(name, argument)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("林知", "林知远"),
        ("远", "林知远"),
        ("林", "林知远"),
        ("周以安", "林知远"),
        ("戈恩", "调查戈恩案的林知远"),
        ("Ann", "副总裁Joann"),
    ],
)
def test_a_part_of_a_persons_name_is_wrong(name: str, argument: str) -> None:
    assert not person_is_right(name, argument)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("星河科技", "星河科技(000123.SZ)"),
        ("星河科技", "深交所上市公司星河科技股份有限公司"),
        ("星河科技研究院", "星河科技"),
        ("中国星河科技", "星河科技"),
        ("星河", "星河科技"),
        ("WeWork", "办公空间WeWork"),
    ],
)
def test_an_organization_in_the_argument_or_around_it(name: str, argument: str) -> None:
    assert organization_is_right(name, argument)


@pytest.mark.parametrize(("name", "argument"), [("科技", "星河科技集团"), ("公司", "星河有限公司"), ("eta", "MetaX")])
def test_a_generic_word_or_a_part_of_a_word_is_no_organization(name: str, argument: str) -> None:
    assert not organization_is_right(name, argument)


def test_an_alias_will_do() -> None:
    found = left("Robin Lin", "星河", person_aliases=("林知远",), organization_aliases=("云栖",))
    assert counts(duee(([event("林知远", "云栖公司")], [found])), "pair") == (1, 1, 1)


def test_events_that_repeat_an_item_count_once() -> None:
    events = [event("董事长林知远", "星河科技"), event("林知远", "星河科技(000123)")]
    report = duee((events, [left("林知远", "星河科技"), left("林知远", "云栖")]))
    assert counts(report, "person") == (1, 1, 1)
    assert counts(report, "organization") == (1, 2, 1)
    assert counts(report, "pair") == (1, 2, 1)


def test_every_person_of_an_event_is_an_item() -> None:
    report = duee(([event("林知远|周以安", "星河科技")], [left("周以安", "星河科技")]))
    assert counts(report, "person") == counts(report, "pair") == (1, 1, 2)
    assert counts(report, "organization") == (1, 1, 1)


def test_an_argument_with_several_persons() -> None:
    both = [left("林知远", "星河科技"), left("周以安", "星河科技")]
    assert counts(duee(([event("董事林知远、周以安", "星河科技")], both)), "pair") == (2, 2, 2)
    assert counts(duee(([event("董事林知远、周以安", "星河科技")], [])), "pair") == (0, 0, 1)
    again = [left("林知远", "星河科技"), left("林知远", "星河科技研究院")]
    assert counts(duee(([event("董事、总裁林知远", "星河科技")], again)), "pair") == (1, 2, 1)
    assert counts(duee(([event("林知远", "星河科技")], both)), "pair") == (1, 2, 1)


@pytest.mark.parametrize("nobody", ["两名员工", "星河科技CEO", "董事长", "公司", "首席财务官"])
def test_arguments_that_name_nobody_are_no_items(nobody: str) -> None:
    report = duee(([event(nobody, "星河科技")], [left("林知远", "星河科技")]))
    assert report["nameless"] == 1
    assert counts(report, "person") == counts(report, "pair") == (0, 0, 0)
    assert counts(report, "organization") == (1, 1, 1)


def test_a_side_that_the_event_leaves_open_is_not_counted() -> None:
    report = duee(([event("林知远")], [left("林知远", "星河科技")]))
    assert counts(report, "person") == (1, 1, 1)
    assert counts(report, "organization") == counts(report, "pair") == (0, 0, 0)
    report = duee(([event("林知远", "英国首相")], [left("林知远", "星河科技")]))
    assert counts(report, "pair") == (0, 0, 0)
    stranger = duee(([event("林知远")], [left("周以安", "星河科技")]))
    assert counts(stranger, "person") == (0, 1, 1)
    assert counts(stranger, "pair") == counts(stranger, "organization") == (0, 1, 0)


def test_texts_without_events_cost_precision_in_the_headline_only() -> None:
    report = duee(([event("林知远", "星河")], [left("林知远", "星河")]), ([], [left("周以安", "云栖")]))
    assert counts(report, "pair") == (1, 2, 1)
    assert counts(report["event_texts"], "pair") == (1, 1, 1)
    assert (report["documents"], report["documents_with_events"]) == (2, 1)


def test_former_is_left_out_of_the_headline() -> None:
    found = [
        left("林知远", "星河"),
        left("周以安", "云栖", status="former"),
        left("陈若水", "海潮", status="reported"),
    ]
    report = duee(([event("林知远", "星河")], found))
    assert counts(report, "pair") == (1, 2, 1)
    assert counts(report["with_former"], "pair") == (1, 3, 1)


def test_who_quits_or_is_suspended_is_neither_right_nor_wrong() -> None:
    found = [left("林知远", "星河"), left("周以安", "云栖队"), left("陈若水", "海潮")]
    text = DuEEText("1", "文", (event("林知远", "星河"),), close=(event("队员周以安", "云栖队"),))
    report = score_duee([text], [Document("文", departures=tuple(found))])
    assert counts(report, "pair") == counts(report, "person") == counts(report, "organization") == (1, 2, 1)
    assert counts(report["close_as_faults"], "pair") == (1, 3, 1)
    assert counts(report["event_texts"], "pair") == (1, 2, 1)
    only_close = DuEEText("1", "文", (), close=(event("周以安"),))
    report = score_duee([only_close], [Document("文", departures=tuple(found[1:2]))])
    assert counts(report, "pair") == (0, 0, 0)
    assert (report["documents"], report["documents_with_events"]) == (1, 0)
    assert counts(report["close_as_faults"], "pair") == (0, 1, 0)


def test_texts_and_documents_must_pair_up() -> None:
    with pytest.raises(ValueError, match="1 texts but 0 documents"):
        score_duee([DuEEText("1", "文", ())], [])


def fin(changes: list[ManagementChange], *found: Departure) -> dict[str, Any]:
    return score_duee_fin([DuEEFinDocument("1", "题", "文", tuple(changes))], [Document("文", departures=found)])


def change(kind: str, person: str = "林知远", **sides: tuple[str, ...]) -> ManagementChange:
    return ManagementChange(**{"persons": (person,), "companies": ("星河科技",), "kinds": (kind,), **sides})


def test_a_change_of_management_with_its_posts() -> None:
    gold = change("辞职", titles=("公司董事、副总经理", "董事会秘书"))
    report = fin([gold], left("林知远", "星河科技股份有限公司", roles=("副总经理", "总裁", "副总经理")))
    assert counts(report, "person") == counts(report, "pair") == (1, 1, 1)
    assert counts(report, "role") == (1, 2, 3)


def test_another_post_is_not_right() -> None:
    report = fin([change("辞职", titles=("副总经理",))], left("林知远", "星河科技", roles=("总经理",)))
    assert counts(report, "role") == (0, 1, 1)
    assert counts(fin([change("辞职")], left("林知远", "星河科技", roles=("总经理",))), "role") == (0, 0, 0)


@pytest.mark.parametrize(
    ("gold", "organization", "expected"),
    [
        (change("聘任"), "星河科技", (0, 1, 0)),  # appointed, not gone
        (change("聘任"), "云栖智能", (0, 0, 0)),  # what was left before is not marked
        (change("调任", titles=("总裁",)), "星河科技", (0, 0, 0)),  # moved, perhaps away
        (change("调任", new_companies=("云栖智能",)), "云栖智能", (0, 1, 0)),  # to there
        (change("辞职", titles=("总裁",), new_titles=("董事",)), "星河科技", (0, 0, 0)),  # stays
        (change("辞职", new_titles=("总裁",), new_companies=("云栖智能",)), "星河科技", (1, 1, 1)),
        (change("去世", titles=("总裁",)), "星河科技", (0, 1, 0)),  # a death is none
        (change("卸任"), "星河科技", (1, 1, 1)),
    ],
)
def test_which_changes_are_departures(gold: ManagementChange, organization: str, expected: tuple[int, ...]) -> None:
    assert counts(fin([gold], left("林知远", organization)), "pair") == expected
