"""A server in process, over the tiny model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from ie_model.extractor import Extractor
from ie_model.server import create_app

TEXT = "3月，星河科技技术副总裁林知远宣布辞职创业。据悉，周以安离开青木资本。"


@pytest.fixture(scope="session")
def client(extractor: Extractor) -> Iterator[TestClient]:
    with TestClient(create_app(extractor)) as client:
        yield client
