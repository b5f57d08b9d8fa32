"""Push and pull against a server in memory; the real one is tried in tests/label_studio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ie_model.document import Document, Entity
from ie_model.errors import InputError
from ie_model.labelstudio import sync
from ie_model.labelstudio.exporting import to_task
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.server import PassingError, Project

INTERFACE = Interface()


class Memory:
    """What `sync` asks of a server, kept in lists; `fail` makes the next creations fail after they arrived."""

    url = "http://memory"
    retries = 2

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.shown = ""
        self.fail: list[bool] = []
        self.calls: list[str] = []

    def tasks(self, project: Project, *, whole: bool) -> list[dict[str, Any]]:
        keep = None if whole else ("id", "data", "total_annotations", "updated_at")
        return json.loads(json.dumps([{k: v for k, v in t.items() if keep is None or k in keep} for t in self.stored]))

    def task(self, number: int) -> dict[str, Any]:
        self.calls.append(f"task {number}")
        return next(task for task in self.stored if task["id"] == number)

    def create_tasks(self, project: Project, tasks: list[dict[str, Any]]) -> None:
        for task in tasks:
            number = len(self.stored) + 1
            predictions = [{**p, "id": 100 * number + i} for i, p in enumerate(task.get("predictions", ()))]
            self.stored.append({**task, "id": number, "predictions": predictions, "updated_at": "1"})
        if self.fail and self.fail.pop(0):
            raise PassingError("the answer was lost")

    def update_task(self, number: int, data: dict[str, Any]) -> None:
        self.stored[number - 1]["data"] = data

    def create_prediction(self, task: int, prediction: dict[str, Any]) -> None:
        self.stored[task - 1]["predictions"].append({**prediction, "id": 7})

    def delete_prediction(self, number: int) -> None:
        for task in self.stored:
            task["predictions"] = [p for p in task["predictions"] if p["id"] != number]

    def show_predictions_of(self, project: Project, version: str) -> None:
        self.shown = version


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sync, "FIRST_WAIT", 0)
    return Memory()


PROJECT = Project(1, "p", INTERFACE.to_xml(), "")


def task(name: str, text: str = "", version: str = "v1", score: float = 0.5) -> dict[str, Any]:
    of = text or f"林知远离开{name}。"
    return to_task(Document(of, (Entity("PERSON", of[:3], 0, 3, score),), id=name), version=version)


def push(server: Any, *tasks: dict[str, Any]) -> sync.Pushed:
    return sync.push(server, PROJECT, tasks, INTERFACE)


def test_new_tasks_come_in_their_order(server: Any) -> None:
    names = [f"{number}.txt" for number in range(120)]
    steps: list[tuple[int, int]] = []
    done = sync.push(server, PROJECT, [task(n) for n in names], INTERFACE, lambda a, b: steps.append((a, b)))
    assert list(done.created) == [t["data"]["id"] for t in server.stored] == names
    assert steps == [(0, 120), (50, 120), (100, 120), (120, 120)]
    assert server.shown == "v1"


def test_pushing_again(server: Any) -> None:
    push(server, task("a"), task("b"))
    before = json.dumps(server.stored)
    assert push(server, task("a"), task("b")) == sync.Pushed(unchanged=("a", "b"))
    assert json.dumps(server.stored) == before


def test_a_text_is_one_task(server: Any) -> None:
    assert push(server, task("a"), task("a")).created == ("a",)
    assert push(server, task("b", text=server.stored[0]["data"]["text"])).updated == ("b",)
    assert len(server.stored) == 1


def test_texts_that_share_a_name_are_several_tasks(server: Any) -> None:
    one, two = task("x", text="林知远离开星河科技。"), task("x", text="陈若水离开青木资本。")
    push(server, one)
    assert push(server, one, two) == sync.Pushed(created=("x",), unchanged=("x",))
    assert [t["data"]["text"] for t in server.stored] == [t["data"]["text"] for t in (one, two)]
    assert push(server, task("x", text="周以安离职。")).created == ("x",), "of two of that name, neither is it"


def test_a_task_that_has_a_wanted_text_is_never_given_another(server: Any) -> None:
    one, two = task("a", text="林知远离开星河科技。"), task("b", text="陈若水离开青木资本。")
    push(server, one, two)
    other = task("b", text="周以安离职。")
    assert push(server, other, {**two, "data": {**two["data"], "id": "c"}}).created == ("b",)
    assert [t["data"]["id"] for t in server.stored] == ["a", "c", "b"]


def test_predictions_of_a_version_are_replaced_of_others_added(server: Any) -> None:
    push(server, task("a"))
    assert push(server, task("a", score=0.25)).updated == ("a",)
    assert [p["score"] for p in server.stored[0]["predictions"]] == [0.25]
    push(server, task("a", version="v2"))
    assert [p["model_version"] for p in server.stored[0]["predictions"]] == ["v1", "v2"]
    assert server.shown == "v2"


def test_an_annotated_text_is_never_changed(server: Any) -> None:
    push(server, task("a"))
    assert push(server, task("a", text="陈若水离职。")).updated == ("a",)
    server.stored[0]["total_annotations"] = 1
    assert push(server, task("a", text="周以安离职。"), task("b")) == sync.Pushed(created=("b",), conflicts=("a",))
    assert server.stored[0]["data"]["text"] == "陈若水离职。"


def test_a_lost_answer_sends_nothing_twice(server: Any) -> None:
    server.fail = [True, False]
    names = [f"{number}.txt" for number in range(60)]
    assert list(push(server, *(task(name) for name in names)).created) == names
    assert [t["data"]["id"] for t in server.stored] == names


def test_a_server_that_goes_on_failing(server: Any) -> None:
    server.fail = [True] * 9
    with pytest.raises(PassingError):
        push(server, *(task(f"{number}") for number in range(200)))


def test_half_a_surrogate_pair_is_not_sent(server: Any) -> None:
    with pytest.raises(InputError, match=r"bad: half a surrogate pair at position 3 .* replace that character"):
        push(server, task("good"), task("bad", text="林知远\ud83d离职"))
    assert server.stored == []


def annotate(server: Any, number: int, stamp: str) -> None:
    server.stored[number - 1].update(total_annotations=1, updated_at=stamp, annotations=[{"id": 1, "result": []}])


def test_pull(server: Any, tmp_path: Path) -> None:
    push(server, task("a"), task("b"), task("c"))
    annotate(server, 1, "2")
    annotate(server, 2, "2")
    assert sync.pull(server, PROJECT, tmp_path) == sync.Pulled(written=(1, 2), untouched=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.json", "2.json", "labels.xml"]
    (pulled,) = json.loads((tmp_path / "1.json").read_text(encoding="utf-8"))
    assert pulled["data"]["id"] == "a"
    server.calls.clear()
    annotate(server, 2, "3")
    assert sync.pull(server, PROJECT, tmp_path) == sync.Pulled(written=(2,), unchanged=(1,), untouched=1)
    assert server.calls == ["task 2"], "only what changed is fetched"
    (tmp_path / "1.json").write_text("{", encoding="utf-8")
    assert sync.pull(server, PROJECT, tmp_path).written == (1,), "a damaged file is fetched again"
    del server.stored[0]
    assert sync.pull(server, PROJECT, tmp_path).gone == (1,)
    assert (tmp_path / "1.json").is_file(), "nothing is deleted here"


def test_pull_never_writes_over_another_project(server: Any, tmp_path: Path) -> None:
    push(server, task("a"))
    annotate(server, 1, "2")
    (tmp_path / "1.json").write_text(json.dumps([{"id": 1, "project": PROJECT.number + 1}]), encoding="utf-8")
    with pytest.raises(InputError, match="pull each project to its own folder"):
        sync.pull(server, PROJECT, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.json"]


def test_a_draft_keeps_its_text(server: Any) -> None:
    push(server, task("a"))
    server.stored[0]["drafts"] = [{"id": 1, "result": []}]
    changed = task("a")
    changed["data"]["text"] += "。"
    assert push(server, changed).conflicts


def test_pull_to_a_place_that_cannot_be_written(server: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        sync.pull(server, PROJECT, tmp_path / "file")
