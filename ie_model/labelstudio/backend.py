"""What Label Studio asks of a connected model ("ML backend"): health, setup, predict, webhook.

The functions are plain; `router` serves them with FastAPI (the `serve` extra)::

    app.include_router(router(Extractor.load(), version=model_version()))

In the project: Settings, Model, Connect Model, the service's address. Label Studio then asks
for predictions as tasks are opened. It also announces events and asks to train; this model
is trained from pulled annotations, so these are answered and left.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ie_model import errors
from ie_model.document import Article, Document
from ie_model.labelstudio.exporting import least_score, to_result
from ie_model.labelstudio.interface import Interface
from ie_model.labelstudio.tasks import META
from ie_model.records import json_size

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ie_model.extractor import Extractor


def health(version: str) -> dict[str, Any]:
    """GET /health: the service is up."""
    return {"status": "UP", "model_class": META, "model_version": version}


def setup(body: Mapping[str, Any], extractor: Extractor, version: str) -> dict[str, Any]:
    """POST /setup: Label Studio shows its configuration; the answer is the model's version.

    Raises:
        InputError: the configuration has no text with labels, or none of the model's.
    """
    if isinstance(schema := body.get("schema"), str) and schema.strip():
        _shared_interface(schema, extractor)
    return {"model_version": version}


def predict(body: Mapping[str, Any], extractor: Extractor, version: str) -> dict[str, Any]:
    """POST /predict: a prediction for each task, in their order, empty ones too.

    Labels that the project does not have are left out.

    Raises:
        InputError: no tasks, a task without its text, or a configuration as in `setup`.
    """
    tasks = body.get("tasks")
    if not isinstance(tasks, Sequence) or isinstance(tasks, str):
        raise errors.InputError("no 'tasks' in the request; send what Label Studio sends to /predict")
    config = body.get("label_config")
    interface = Interface()
    if isinstance(config, str) and config.strip():
        interface = _shared_interface(config, extractor)
    documents = extractor.pipe([_article(task, interface) for task in tasks])
    return {
        "results": [_prediction(document, interface, version) for document in documents],
        "model_version": version,
    }


def _shared_interface(config: str, extractor: Extractor) -> Interface:
    interface = Interface.from_xml(config)
    if not set(interface.labels) & set(extractor.labels):
        raise errors.InputError(
            f"the project's labels ({', '.join(interface.labels)}) are none of the model's "
            f"({', '.join(extractor.labels)}); connect a model that was trained on the project's labels"
        )
    return interface


def _article(task: Any, interface: Interface) -> Article:
    data = task.get("data") if isinstance(task, Mapping) else None
    text = data.get(interface.text_key) if isinstance(data, Mapping) else None
    if not isinstance(text, str):
        number = task.get("id") if isinstance(task, Mapping) else None
        raise errors.InputError(f"task {number}: no text under {interface.text_key!r} in its data; import it again")
    return Article(text, published=_date(data.get("published") if isinstance(data, Mapping) else None))


def _prediction(document: Document, interface: Interface, version: str) -> dict[str, Any]:
    document = replace(
        document,
        entities=tuple(entity for entity in document.entities if entity.label in interface.labels),
        departures=document.departures if interface.departures else (),
    )
    answer: dict[str, Any] = {"result": to_result(document, interface=interface), "model_version": version}
    if (score := least_score(document)) is not None:
        answer["score"] = score
    return answer


def _date(value: Any) -> str | None:
    """The article's date, if it is one: a pre-annotation does not fail for a wrong one."""
    from ie_model.arguments import check_date

    try:
        check_date(value)
    except errors.InputError:
        return None
    return str(value)


def router(extractor: Extractor, *, version: str, max_chars: int = 1_000_000, max_tasks: int = 256) -> APIRouter:
    """The calls of Label Studio as routes; bad requests are answered with 422 and what is wrong.

    One request is predicted for at a time: another is told to come back (429), since each may be large.

    Args:
        max_chars, max_tasks: limits of one request, its tasks whole; beyond them it is refused (413).

    Raises:
        IEModelError: FastAPI is not installed.
    """
    try:
        from fastapi import APIRouter, Body, HTTPException
    except ImportError as error:
        raise errors.missing_extra("fastapi", "serve") from error

    routes = APIRouter(tags=["Label Studio"])
    required = Body()
    free = threading.Semaphore(1)

    @routes.get("/health")
    def _health() -> dict[str, Any]:
        return health(version)

    @routes.post("/setup")
    def _setup(body: dict[str, Any] = required) -> dict[str, Any]:
        try:
            return setup(body, extractor, version)
        except errors.InputError as error:
            raise HTTPException(422, str(error)) from error

    @routes.post("/predict")
    def _predict(body: dict[str, Any] = required) -> dict[str, Any]:
        tasks = body.get("tasks")
        if isinstance(tasks, list) and (len(tasks) > max_tasks or json_size(tasks) > max_chars):
            raise HTTPException(413, f"too much at once; send at most {max_tasks} tasks and {max_chars} characters")
        if not free.acquire(blocking=False):
            raise HTTPException(429, "busy with another request; try again", headers={"Retry-After": "2"})
        try:
            return predict(body, extractor, version)
        except errors.InputError as error:
            raise HTTPException(422, str(error)) from error
        finally:
            free.release()

    @routes.get("/versions")
    def _versions() -> dict[str, Any]:
        return {"versions": [version]}

    @routes.post("/webhook")
    def _webhook() -> dict[str, Any]:
        """Events (an annotation was made) and Start Training: noted, nothing is done."""
        return {"status": "ok"}

    return routes
