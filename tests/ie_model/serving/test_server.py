"""The API as a client sees it."""

from __future__ import annotations

import csv
import io
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from ie_model.document import Document
from ie_model.errors import InputError
from ie_model.exports import CSV_FIELDS
from ie_model.extractor import Extractor
from ie_model.server import ServerSettings, create_app
from ie_model.serving import schemas
from tests.ie_model.serving.conftest import TEXT


def post(client: TestClient, body: object, **headers: str) -> object:
    answer = client.post("/v1/extract", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def error(client: TestClient, status: int, body: object, path: str = "/v1/extract") -> str:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    return answer.json()["error"]


def test_one_text_gives_its_document(client: TestClient, extractor: Extractor) -> None:
    found = post(client, {"text": TEXT, "id": "a", "published": "2023-04"})
    assert found == extractor(TEXT, id="a", published="2023-04").to_dict()
    assert found["departures"], "the random model found no departure: nothing was checked"


def test_many_texts_come_in_order_with_their_own_dates(client: TestClient, extractor: Extractor) -> None:
    texts = [TEXT, {"text": TEXT, "id": "b", "published": "2021"}, "", {"text": TEXT * 2}]
    found = post(client, {"texts": texts, "published": "2023-04"})
    assert found == {
        "documents": [
            extractor(TEXT, published="2023-04").to_dict(),
            extractor(TEXT, id="b", published="2021").to_dict(),
            extractor("").to_dict(),
            extractor(TEXT * 2, published="2023-04").to_dict(),
        ]
    }


def test_no_texts_no_documents(client: TestClient) -> None:
    assert post(client, {"texts": []}) == {"documents": []}


def test_the_least_score_is_that_of_python(client: TestClient, model_dir: str) -> None:
    expected = Extractor.load(model_dir, min_score=0.6)(TEXT).to_dict()
    found = post(client, {"text": TEXT, "min_score": 0.6})
    assert found == expected
    assert 0 < len(found["entities"]) < len(post(client, {"text": TEXT})["entities"])


@pytest.mark.parametrize("text", ["\ud800林知远", "林\0知远\r\n", "\u202e林知远", "😀" * 50])
def test_any_text_is_taken_as_it_is(client: TestClient, extractor: Extractor, text: str) -> None:
    answer = client.post(
        "/v1/extract", content=json.dumps({"text": text}), headers={"Content-Type": "application/json"}
    )
    assert answer.json() == extractor(text).to_dict()


def test_lines_stream_in_order(client: TestClient, extractor: Extractor) -> None:
    texts = [{"text": TEXT * n, "id": str(n)} for n in range(1, 6)]
    answer = client.post("/v1/extract", json={"texts": texts}, headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        extractor(item["text"], id=item["id"]).to_dict() for item in texts
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "body.text: Field required"),
        ({"text": 1}, "body.text: Input should be a valid string"),
        ({"text": "x", "texts": []}, "body.text: Extra inputs are not permitted"),
        ({"text": "x", "treshold": 0.5}, "treshold: Extra inputs are not permitted"),
        ({"text": "x", "min_score": 1.5}, "less than or equal to 1"),
        ({"texts": "x"}, "valid list"),
        ({"text": "x", "published": "yesterday"}, "write it as 2023-04-30, 2023-04 or 2023"),
        ({"texts": [{"text": "x", "published": "2023-02-30"}]}, "not an ISO date"),
        ({"texts": [{"text": "x", "id": 1.5}]}, "texts.0.id: Input should be a valid string"),
        ({"texts": [{"text": "x", "id": True}]}, "texts.0.id: Input should be a valid string"),
        ({"texts": ["x", {"id": "a"}]}, "texts.1.text: Field required"),
        ({"texts": [{"text": "x", "url": "u"}]}, "texts.0.url: Extra inputs are not permitted"),
        ({"texts": [{"text": "x", "published": 2023}]}, "texts.0.published: Input should be a valid string"),
        ({"texts": ["x", None]}, "texts.1: Input should be a string or an object with a text"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_a_request_that_is_wrong_says_where(client: TestClient, body: object, words: str) -> None:
    assert words in error(client, 422, body)


def test_a_wrong_date_is_that_of_a_text_or_of_the_request(client: TestClient) -> None:
    item = {"text": "x", "id": "b", "published": "2023/4/3"}
    assert error(client, 422, {"texts": ["ok", item]}).startswith("texts.1: published date '2023/4/3' is not ")
    assert error(client, 422, {"texts": ["ok"], "published": "2023/4"}).startswith("published date '2023/4' is not ")
    assert error(client, 422, item).startswith("published date '2023/4/3' is not ")


def test_no_more_of_a_wrong_date_than_its_beginning(client: TestClient) -> None:
    message = error(client, 422, {"text": "x", "published": "林" * 100_000})
    assert message.startswith(f"published date '{'林' * 40}…' is not an ISO date")


def test_whole_numbers_are_ids_too(client: TestClient) -> None:
    assert post(client, {"text": "x", "id": 5})["id"] == post(client, {"text": "x", "id": 5.0})["id"] == "5"
    found = post(client, {"texts": [{"text": "x", "id": 0}, {"text": "x", "id": -7}]})
    assert [document["id"] for document in found["documents"]] == ["0", "-7"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"text": "a", "min_score": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/extract", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert list(answer.json()) == ["error"]


def test_other_places_and_methods(client: TestClient) -> None:
    assert client.get("/nowhere").json() == {"error": "Not Found"}
    assert client.get("/v1/extract").json() == {"error": "Method Not Allowed"}
    assert client.get("/static/..%2f__init__.py").status_code == 404
    assert client.get("/docs").status_code == 404


@pytest.fixture
def small(extractor: Extractor) -> Iterator[TestClient]:
    settings = ServerSettings(max_chars=100, max_texts=2, token="t", queue_chars=100)
    with TestClient(create_app(extractor, settings), headers={"Authorization": "Bearer t"}) as client:
        yield client


def test_limits(small: TestClient) -> None:
    assert error(small, 413, {"text": "x" * 101}) == "101 characters in one request; send at most 100 at once"
    assert error(small, 413, {"texts": ["x"] * 3}) == "3 texts in one request; send at most 2 at once"
    assert small.post("/v1/extract", json={"text": "x"}, headers={"Authorization": "no"}).status_code == 401


class Held(Extractor):
    """An extractor that waits until it is let go."""

    go: threading.Event

    def pipe(self, texts: Sequence[str], *, published: str | None = None) -> Iterator[Document]:
        assert self.go.wait(20)
        return super().pipe(texts, published=published)


@pytest.fixture
def held(model_dir: str) -> Iterator[Held]:
    extractor = Held.load(model_dir)
    assert isinstance(extractor, Held)
    extractor.go = threading.Event()
    yield extractor
    extractor.go.set()


def test_back_pressure(held: Held) -> None:
    """With the model at work and the queue full, others are told when to come back; later all is well."""
    app = create_app(held, ServerSettings(queue_chars=60))
    answers: list[int] = []
    with TestClient(app) as client:

        def ask() -> None:
            answers.append(client.post("/v1/extract", json={"text": "林知远" * 10}).status_code)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while answers.count(429) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answers.count(429) >= 5
        refused = client.post("/v1/extract", json={"text": "x" * 60})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        held.go.set()
        for thread in threads:
            thread.join(20)
        assert set(answers) == {200, 429}
        assert answers.count(200) >= 3
        assert client.post("/v1/extract", json={"text": "x"}).status_code == 200


def test_the_time_is_up(held: Held) -> None:
    with TestClient(create_app(held, ServerSettings(timeout=0.1))) as client:
        assert "no answer within 0.1 s" in error(client, 504, {"text": "x"})
        lines = client.post("/v1/extract", json={"texts": ["x", "y"]}, headers={"Accept": "application/x-ndjson"})
        assert [list(json.loads(line)) for line in lines.text.splitlines()] == [["id", "error"]] * 2


def test_a_failure_nobody_thought_of_is_json_too(extractor: Extractor) -> None:
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("林知远离职")

    with TestClient(create_app(extractor, routers=[router]), raise_server_exceptions=False) as client:
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()) == (500, {"error": "the server failed; its log says where"})


def test_an_empty_date_is_none(client: TestClient) -> None:
    assert post(client, {"text": TEXT, "published": ""}) == post(client, {"text": TEXT})


def test_a_long_text_does_not_hold_up_a_short_one(held: Held) -> None:
    class HeldIfLong(Held):
        def pipe(self, texts: Sequence[str], *, published: str | None = None) -> Iterator[Document]:
            if len(texts[0]) < 50:
                return Extractor.pipe(self, texts, published=published)
            return super().pipe(texts, published=published)

    held.__class__ = HeldIfLong
    with TestClient(create_app(held, ServerSettings(long_chars=50))) as client:
        long = threading.Thread(target=lambda: client.post("/v1/extract", json={"text": "林" * 60}))
        long.start()
        assert client.post("/v1/extract", json={"text": "林"}).status_code == 200
        held.go.set()
        long.join(20)


def test_no_text_in_the_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        post(client, {"text": TEXT, "id": "林知远.txt"})
        error(client, 422, {"text": TEXT, "published": "林知远"})
        client.post(f"/v1/extract?q={TEXT}", content=TEXT.encode())
        client.get(f"/{TEXT}")
    server = [r.getMessage() for r in caplog.records if r.name.startswith(("ie_model", "uvicorn", "fastapi"))]
    assert len(server) == 4
    assert all("POST /v1/extract " in line or "GET other 404 " in line for line in server)
    assert not any("林" in line for line in server)


def exported(client: TestClient, format: str, documents: list[dict[str, object]]) -> tuple[str, str]:
    answer = client.post("/v1/export", json={"format": format, "documents": documents})
    assert answer.status_code == 200, answer.text
    return answer.headers["Content-Disposition"], answer.content.decode()


def with_text(document: Document) -> dict[str, object]:
    return {**document.to_dict(), "text": document.text, "published": document.published}


def test_other_formats_of_what_was_extracted(client: TestClient, extractor: Extractor) -> None:
    document = extractor(TEXT, id="a", published="2023-04")
    given = [with_text(document), with_text(extractor("x"))]
    name, lines = exported(client, "jsonl", given)
    assert name == 'attachment; filename="documents.jsonl"'
    assert [json.loads(line) for line in lines.splitlines()] == [document.to_dict(), extractor("x").to_dict()]
    _, table = exported(client, "csv", given)
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")))
    assert rows[0] == list(CSV_FIELDS)
    assert [row[1] for row in rows[1:]] == [departure.person for departure in document.departures]
    _, page = exported(client, "html", given)
    assert page.startswith("<!doctype html>")
    assert "Content-Security-Policy" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chars": 3}, "send the text as it was"),
        ({"text": TEXT[::-1]}, "not what stands in the text"),
        (
            {"entities": [{"label": "ORG", "text": "x", "start": 9**9, "end": 9**9 + 1, "score": 1, "value": None}]},
            "span",
        ),
        ({"id": 3}, "valid string"),
    ],
)
def test_documents_that_are_not_what_was_extracted(
    client: TestClient, extractor: Extractor, change: dict[str, object], words: str
) -> None:
    given = {**with_text(extractor(TEXT)), **change}
    assert words in error(client, 422, {"format": "csv", "documents": [given]}, "/v1/export")


def test_evidence_outside_the_text() -> None:
    departure = schemas.DepartureModel(
        person="a", person_aliases=[], organization="b", organization_aliases=[], roles=[], joined=[], date=None,
        status="stated", score=1, evidence=schemas.EvidenceModel(start=0, end=4),
    )  # fmt: skip
    given = schemas.GivenDocument(id=None, chars=3, entities=[], departures=[departure], text="abc")
    with pytest.raises(InputError, match="evidence 0-4 is not in the text"):
        given.to_document()


def test_a_small_request_cannot_ask_for_a_large_file(extractor: Extractor) -> None:
    document = with_text(extractor(TEXT * 10))
    departures = [{**document["departures"][0], "evidence": {"start": 0, "end": len(TEXT) * 10}}] * 30  # type: ignore[index]
    settings = ServerSettings(max_chars=len(TEXT) * 70)
    with TestClient(create_app(extractor, settings)) as client:
        given = {"format": "csv", "documents": [{**document, "departures": departures}]}
        assert "characters of evidence in one request" in error(client, 413, given, "/v1/export")
        given["documents"] = [{**document, "departures": departures[:20]}]
        assert client.post("/v1/export", json=given).status_code == 200


def test_label_studio_where_there_is_something_that_writes_tasks(client: TestClient, extractor: Extractor) -> None:
    assert "label-studio" not in client.get("/v1/info").json()["formats"]
    given = {"format": "label-studio", "documents": [with_text(extractor("x"))]}
    assert "cannot write label-studio" in error(client, 422, given, "/v1/export")
    router = APIRouter()
    router.get("/setup")(lambda: {"model_version": "x"})
    app = create_app(
        extractor, label_studio=lambda documents: json.dumps([d.text for d in documents]), routers=[router]
    )
    with TestClient(app) as other:
        assert "label-studio" in other.get("/v1/info").json()["formats"]
        assert other.post("/v1/export", json=given).json() == ["x"]
        assert other.get("/setup").json() == {"model_version": "x"}


def test_the_page_shows_what_is_extracted(client: TestClient, extractor: Extractor) -> None:
    answer = client.post("/view", json={"texts": [{"text": TEXT}]}).json()
    assert answer["documents"] == [extractor(TEXT).to_dict()]
    assert "<article>" in answer["html"]
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name, media_type in (("view.css", "text/css"), ("app.js", "text/javascript")):
        assert client.get(f"/static/{name}").headers["content-type"].startswith(media_type)


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert [client.head(path).status_code for path in ("/healthz", "/", "/metrics", "/v1/extract")] == [200] * 3 + [
        405
    ]
    post(client, {"text": TEXT})
    lines = client.get("/metrics").text.splitlines()
    assert any(line.startswith('ie_model_requests_total{method="HEAD",route="/healthz"') for line in lines)
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(figures['ie_model_requests_total{method="POST",route="/v1/extract",status="200"}']) >= 1
    assert float(figures["ie_model_characters_total"]) >= len(TEXT)
    assert float(figures['ie_model_queue_characters{lane="short"}']) == 0
    assert float(figures["process_resident_memory_bytes"]) > 0


def test_the_description_has_examples_that_work(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {"/v1/extract", "/v1/export", "/v1/info", "/healthz", "/metrics"}
    bodies = [
        example
        for name in ("OneText", "ManyTexts")
        for example in description["components"]["schemas"][name]["examples"]
    ]
    assert len(bodies) == 2
    for body in bodies:
        post(client, body)
