"""What its own description allows, and much that it does not, never makes the server fail."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ie_model.extractor import Extractor
from ie_model.server import create_app

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


# Not its pytest plug-in, which leans on pytest's inner parts and so on certain versions of it.
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        ("POST", "/v1/extract", GenerationMode.POSITIVE),
        ("POST", "/v1/extract", GenerationMode.NEGATIVE),
        ("POST", "/v1/export", GenerationMode.POSITIVE),
        ("POST", "/v1/export", GenerationMode.NEGATIVE),
        ("GET", "/v1/info", GenerationMode.POSITIVE),
        ("GET", "/healthz", GenerationMode.POSITIVE),
        ("GET", "/metrics", GenerationMode.POSITIVE),
    ],
)
def test_the_description_holds(extractor: Extractor, method: str, path: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(extractor))
    operation = schema[path][method]
    seen = 0

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        nonlocal seen
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(checks=CHECKS)
        seen += 1

    check()
    assert seen, "no request was made"
