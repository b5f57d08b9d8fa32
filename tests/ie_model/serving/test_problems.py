"""What is said of a body that cannot be read."""

from __future__ import annotations

import gzip

import pytest
from starlette.testclient import TestClient


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_said_to_be_json(client: TestClient, media_type: str) -> None:
    answer = client.post("/v1/extract", content=b'{"text": "x"}', headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert "send it with the header Content-Type: application/json" in answer.json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        '{"text": "林知远"}'.encode("gbk"),
        gzip.compress(b'{"text": "x"}'),
        b'{"text": ' + b"[" * 100_000,
        b'{"text": "x", "id": ' + b"9" * 5000 + b"}",
    ],
    ids=["gbk", "gzip", "deep", "digits"],
)
def test_a_body_that_cannot_be_read(client: TestClient, content: bytes) -> None:
    answer = client.post("/v1/extract", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is not UTF-8 JSON; send ")
