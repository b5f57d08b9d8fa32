"""What Label Studio asks of a connected model."""

from __future__ import annotations

from typing import Any

import pytest

from ie_model.document import Document
from ie_model.errors import InputError
from ie_model.extractor import Extractor
from ie_model.labelstudio.backend import health, predict, router, setup
from ie_model.labelstudio.importing import Choice, import_tasks
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.tasks import parse_tasks

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业。\r\n😀据悉，周以安离开青木资本，获得80万元。"
CONFIG = Interface().to_xml()


def asked(*texts: str, config: str = CONFIG) -> dict[str, Any]:
    """A request as Label Studio 1.23 sends it."""
    tasks = [{"id": number, "data": {"text": text}} for number, text in enumerate(texts, 1)]
    return {"tasks": tasks, "project": "1.1", "label_config": config, "params": {"login": None, "context": None}}


def test_health_and_setup(extractor: Extractor) -> None:
    assert health("v1")["status"] == "UP"
    assert setup({"project": "1.1", "schema": CONFIG}, extractor, "v1") == {"model_version": "v1"}
    assert setup({}, extractor, "v1") == {"model_version": "v1"}


def test_a_prediction_for_every_task(extractor: Extractor) -> None:
    answer = predict(asked(TEXT, "", "x"), extractor, "v1")
    assert len(answer["results"]) == 3
    assert {result["model_version"] for result in answer["results"]} == {"v1"}
    empty = answer["results"][1]
    assert (empty["result"], "score" in empty) == ([], False)
    task = {"data": {"text": TEXT}, "predictions": [answer["results"][0]]}
    (document,) = import_tasks(parse_tasks(task, Interface()), choice=Choice.predictions).documents
    expected = extractor(TEXT)
    assert expected.departures
    assert document == Document(TEXT, expected.entities, expected.departures)


def test_the_articles_date_is_used(extractor: Extractor) -> None:
    request = asked(TEXT)
    for published in ("2023-04", "yesterday", 3):
        request["tasks"][0]["data"]["published"] = published
        assert predict(request, extractor, "v1")["results"][0]["result"]


def test_other_tags_and_fewer_labels(extractor: Extractor) -> None:
    interface = Interface(("PERSON",), departures=False, label_tag="ner", text_tag="body", text_key="article")
    request = {"tasks": [{"id": 1, "data": {"article": TEXT}}], "label_config": interface.to_xml()}
    (answer,) = predict(request, extractor, "v1")["results"]
    assert answer["result"]
    assert {item["type"] for item in answer["result"]} == {"labels"}
    for item in answer["result"]:
        assert (item["from_name"], item["to_name"], item["value"]["labels"]) == ("ner", "body", ["PERSON"])


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({}, "no 'tasks' in the request"),
        ({"tasks": "x"}, "no 'tasks' in the request"),
        ({"tasks": [{"id": 4, "data": {}}]}, "task 4: no text under 'text'"),
        ({"tasks": [3]}, "task None: no text"),
        ({"tasks": [{"id": 4, "data": {"text": "x"}}], "label_config": "<View"}, "not XML"),
        (asked("x", config=Interface.of_labels(["人名"]).to_xml()), "none of the model's"),
    ],
)
def test_requests_that_cannot_be_answered(extractor: Extractor, request_: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        predict(request_, extractor, "v1")


def test_the_routes(extractor: Extractor) -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()
    app.include_router(router(extractor, version="v1"))
    client = TestClient(app)
    assert client.get("/health").json()["status"] == "UP"
    assert client.get("/versions").json() == {"versions": ["v1"]}
    assert client.post("/setup", json={"schema": CONFIG}).json() == {"model_version": "v1"}
    assert client.post("/predict", json=asked(TEXT)).json() == predict(asked(TEXT), extractor, "v1")
    assert client.post("/webhook", json={"action": "START_TRAINING"}).status_code == 200
    refused = client.post("/predict", json={"tasks": [{"id": 4, "data": {}}]})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("task 4: no text under 'text'")
    assert client.post("/predict", json=[1]).status_code == 422
    assert client.post("/setup", json={"schema": "<View"}).status_code == 422


def test_the_limits_of_the_routes(extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()
    app.include_router(router(extractor, version="v1", max_chars=200, max_tasks=2))
    client = TestClient(app)
    assert client.post("/predict", json={"tasks": [{"data": {"text": "林"}}] * 3}).status_code == 413
    assert client.post("/predict", json={"tasks": [{"data": {"text": "林" * 201}}]}).status_code == 413
    seen = []

    def meanwhile(*_: object) -> dict[str, object]:
        seen.append(client.post("/predict", json={"tasks": []}))
        return {"results": []}

    monkeypatch.setattr("ie_model.labelstudio.backend.predict", meanwhile)
    assert client.post("/predict", json={"tasks": []}).status_code == 200
    assert (seen[0].status_code, seen[0].headers["Retry-After"]) == (429, "2")
