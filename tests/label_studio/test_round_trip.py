"""Articles to a real server and annotations back: region for region, relation for relation."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ie_model.document import Document
from ie_model.extractor import Extractor
from ie_model.labelstudio import sync
from ie_model.labelstudio.backend import router
from ie_model.labelstudio.errors import ServerError
from ie_model.labelstudio.exporting import model_version, to_task
from ie_model.labelstudio.importing import Choice, import_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.server import Project, Server
from ie_model.labelstudio.tasks import parse_tasks, read_tasks
from tests.label_studio.articles import WILD
from tests.label_studio.conftest import ROOT, Running, free_port
from training.data.example import GoldDeparture
from training.data.label_studio import read_label_studio
from training.data.seeds import read_seeds

pytestmark = pytest.mark.label_studio

INTERFACE = Interface()
GOLD = {json.loads(path.read_text(encoding="utf-8"))[0]["data"]["id"]: json.loads(path.read_text(encoding="utf-8"))[0]
        for path in sorted((ROOT / "annotations" / "seeds").glob("*.json"))}  # fmt: skip


@pytest.fixture(scope="module")
def documents(published: Extractor) -> list[Document]:
    """The five seeds and the wild article, as the packaged model reads them."""
    texts = {task["data"]["id"]: task["data"]["text"] for task in GOLD.values()}
    found = [published(text, id=name, published="2023-04-30") for name, text in {**texts, "wild": WILD}.items()]
    assert all(document.departures for document in found)
    return found


def tasks_of(documents: list[Document]) -> list[dict[str, Any]]:
    return [to_task(document, version=model_version()) for document in documents]


@pytest.fixture(scope="module")
def project(server: Server, documents: list[Document]) -> Project:
    """A project to which everything has been pushed."""
    project, interface = sync.open_project(server, "round trip", None)
    assert interface == INTERFACE
    done = sync.push(server, project, tasks_of(documents), interface)
    assert len(done.created) == len(documents)
    return project


def number_of(server: Server, project: Project, name: str) -> int:
    (number,) = (task["id"] for task in server.tasks(project, whole=False) if task["data"]["id"] == name)
    return int(number)


def test_predictions_come_back_exactly(server: Server, project: Project, documents: list[Document]) -> None:
    tasks = list(parse_tasks(server.tasks(project, whole=True), INTERFACE))
    found = import_tasks(tasks, INTERFACE, choice=Choice.predictions)
    assert found.faults == ()
    assert sorted(found.documents, key=lambda d: d.id or "") == sorted(documents, key=lambda d: d.id or "")


def test_a_second_push_changes_nothing(server: Server, project: Project, documents: list[Document]) -> None:
    before = server.tasks(project, whole=True)
    done = sync.push(server, project, tasks_of(documents), INTERFACE)
    assert (done.created, done.updated, done.conflicts) == ((), (), ())
    assert len(done.unchanged) == len(documents)
    assert server.tasks(project, whole=True) == before


def test_another_model_version_adds_its_predictions(server: Server, documents: list[Document]) -> None:
    project, _ = sync.open_project(server, "two models", None)
    sync.push(server, project, [to_task(documents[0], version="one")], INTERFACE)
    done = sync.push(server, project, [to_task(documents[0], version="two")], INTERFACE)
    assert len(done.updated) == 1
    (task,) = server.tasks(project, whole=True)
    assert sorted(p["model_version"] for p in task["predictions"]) == ["one", "two"]
    again = server.project(str(project.number))
    assert again is not None
    assert again.model_version == "two", "annotators begin from the newest"
    fewer = Document(documents[0].text, documents[0].entities[:3], id=documents[0].id, published="2023-04-30")
    sync.push(server, project, [to_task(fewer, version="two")], INTERFACE)
    (task,) = server.tasks(project, whole=True)
    assert sorted(len(p["result"]) for p in task["predictions"])[0] == 3
    assert len(task["predictions"]) == 2, "a prediction of the same version is replaced"


def test_annotations_come_back_as_they_were_made(
    running: Running, server: Server, project: Project, documents: list[Document], tmp_path: Path
) -> None:
    """The gold annotation of every seed, and an accepted prediction of the wild article."""
    made: dict[str, list[dict[str, Any]]] = {name: task["annotations"][0]["result"] for name, task in GOLD.items()}
    (wild,) = (document for document in documents if document.id == "wild")
    made["wild"] = to_task(wild, version="x")["predictions"][0]["result"]
    for name, result in made.items():
        path = f"/api/tasks/{number_of(server, project, name)}/annotations/"
        running.request("POST", path, json={"result": result})
    done = sync.pull(server, project, tmp_path)
    assert len(done.written) == len(made)
    pulled = {task.id: task for task in read_tasks(tmp_path)}
    for name, result in made.items():
        (annotation,) = pulled[name].annotations
        assert list(annotation.result) == result, name
    assert (tmp_path / "labels.xml").read_text(encoding="utf-8") == INTERFACE.to_xml().strip()
    # And as documents and training examples.
    (found,) = (d for d in import_tasks(read_tasks(tmp_path)).documents if d.id == "wild")
    assert found == wild
    examples = {example.id: example for example in read_label_studio(tmp_path, source="pulled")}
    for gold in read_seeds(ROOT / "annotations" / "seeds"):
        assert examples[gold.id].text == gold.text
        assert examples[gold.id].spans == gold.spans
        assert _departures(examples[gold.id].departures) == _departures(gold.departures)


def _departures(found: tuple[GoldDeparture, ...] | None) -> set[str]:
    return {repr(departure) for departure in found or ()}


def test_only_what_changed_is_pulled(
    running: Running, server: Server, documents: list[Document], tmp_path: Path
) -> None:
    project, _ = sync.open_project(server, "changes", None)
    sync.push(server, project, tasks_of(documents[:3]), INTERFACE)
    names = [document.id or "" for document in documents[:3]]
    first, second = (number_of(server, project, name) for name in names[:2])
    assert sync.pull(server, project, tmp_path).untouched == 3
    annotation = running.request("POST", f"/api/tasks/{first}/annotations/", json={"result": []})
    running.request("POST", f"/api/tasks/{second}/annotations/", json={"result": [], "was_cancelled": True})
    done = sync.pull(server, project, tmp_path)
    assert (sorted(done.written), done.untouched) == (sorted([first, second]), 1)
    done = sync.pull(server, project, tmp_path)
    assert (done.written, sorted(done.unchanged)) == ((), sorted([first, second]))
    imported = import_tasks(read_tasks(tmp_path), INTERFACE)
    assert ([d.id for d in imported.documents], imported.skipped) == ([names[0]], 1)

    changed = to_task(documents[0], version="x")["predictions"][0]["result"]
    running.request("PATCH", f"/api/annotations/{annotation['id']}/", json={"result": changed})
    assert sync.pull(server, project, tmp_path).written == (first,)
    running.request("DELETE", f"/api/annotations/{annotation['id']}/")
    assert sync.pull(server, project, tmp_path).written == (first,), "a deleted annotation is deleted here"
    assert import_tasks(read_tasks(tmp_path), INTERFACE).documents == ()
    running.request("DELETE", f"/api/tasks/{first}/")
    assert sync.pull(server, project, tmp_path).gone == (first,)


def test_a_text_that_changed(running: Running, server: Server) -> None:
    project, _ = sync.open_project(server, "texts", None)
    old, new = (to_task(Document(f"林知远{word}。", id="a.txt")) for word in ("离职", "辞职"))
    sync.push(server, project, [old], INTERFACE)
    assert sync.push(server, project, [new], INTERFACE).updated == ("a.txt",)
    (task,) = server.tasks(project, whole=True)
    assert task["data"]["text"] == "林知远辞职。"
    running.request("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": []})
    assert sync.push(server, project, [old], INTERFACE).conflicts == ("a.txt",)
    assert server.tasks(project, whole=True)[0]["data"]["text"] == "林知远辞职。", "annotated texts are never changed"


def test_a_personal_access_token(running: Running, project: Project) -> None:
    token = running.request("POST", "/api/token/", json={})["token"]
    found = Server.connect(running.url, token=token).project("round trip")
    assert found is not None
    assert found.number == project.number


def test_refusals(running: Running, server: Server) -> None:
    with pytest.raises(ServerError, match=r"refuses the token \(401: .*; set LABEL_STUDIO_API_KEY"):
        Server.connect(running.url, token="wrong")
    with pytest.raises(ServerError, match=r"has no project 987654 \(404\)"):
        server.project("987654")
    with pytest.raises(ServerError, match="does not answer as a Label Studio does"):
        Server.connect(f"{running.url}/elsewhere", token=running.token)


def test_other_labels(server: Server) -> None:
    wanted = Interface.of_labels(["PERSON", "PRODUCT"])
    project, interface = sync.open_project(server, "products", wanted)
    assert sync.open_project(server, str(project.number), None)[1] == interface == wanted
    with pytest.raises(Exception, match="no label DATE, MONEY, ORG, ROLE"):
        sync.open_project(server, "products", INTERFACE)


@contextmanager
def serving(extractor: Extractor) -> Iterator[str]:
    """The connected model as a service on loopback."""
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router(extractor, version="connected"))
    port = free_port()
    service = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=service.run)
    thread.start()
    try:
        while not service.started:
            thread.join(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        service.should_exit = True
        thread.join(30)


def test_label_studio_asks_a_connected_model(running: Running, server: Server, published: Extractor) -> None:
    project, _ = sync.open_project(server, "connected", None)
    sync.push(server, project, [to_task(Document(WILD, id="wild")), to_task(Document("无", id="empty"))], INTERFACE)
    with serving(published) as url:
        body = {"project": project.number, "url": url, "title": "ie-model"}
        backend = running.request("POST", "/api/ml/", json=body)
        assert backend["state"] == "CO", backend
        path = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project.number}"
        running.request("POST", path, json={"selectedItems": {"all": True, "excluded": []}})
        running.request("POST", f"/api/ml/{backend['id']}/train", json={})
    tasks = list(parse_tasks(server.tasks(project, whole=True), INTERFACE))
    found = {d.id: d for d in import_tasks(tasks, INTERFACE, choice=Choice.predictions).documents}
    assert found["wild"] == published(WILD, id="wild")
    assert found["empty"] == Document("无", id="empty")
    assert {p.annotators for task in tasks for p in task.predictions} == {("connected",)}
