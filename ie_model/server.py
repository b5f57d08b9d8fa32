"""The HTTP server: an API for programs, and a page for people, over one loaded extractor.

    from ie_model import Extractor
    from ie_model.server import create_app

    app = create_app(Extractor.load())  # any ASGI server runs it; `ie-model serve` uses uvicorn

Needs the extra `serve`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from ie_model import __version__, errors
from ie_model.arguments import check_input
from ie_model.document import Document
from ie_model.exports import json_line
from ie_model.extractor import Extractor
from ie_model.render import render_view
from ie_model.serving import guard, problems, schemas
from ie_model.serving.batching import Job
from ie_model.serving.examples import load_examples
from ie_model.serving.files import file_formats
from ie_model.serving.metrics import Metrics
from ie_model.serving.service import ClientGone, Service
from ie_model.serving.settings import ServerSettings

#: How much evidence documents may have for `/v1/export`, for each character that a request may have: passages of one
#: text overlap, and each is written out, so that a small request could ask for gigabytes.
EVIDENCE_PER_CHARACTER = 4
_NDJSON = "application/x-ndjson"
#: FastAPI's words for a body that its JSON parser gave up.
_UNPARSED = "There was an error parsing the body"
#: Files of the page: name → (package, media type).
_STATIC = {
    "app.css": ("ie_model.serving", "text/css"),
    "app.js": ("ie_model.serving", "text/javascript"),
    "view.css": ("ie_model.render", "text/css"),
    "view.js": ("ie_model.render", "text/javascript"),
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ErrorModel, "description": description}
    for status, description in {
        400: "The request cannot be read.",
        401: "The bearer token is missing or wrong.",
        408: "The body came too slowly.",
        413: "Too many texts or characters, or too large a body.",
        422: "The request is not as described; the message says where.",
        429: "Too much to do at present; Retry-After says when to come back.",
        503: "The server is shutting down.",
        504: "The time was up before the answer was there.",
    }.items()
}


class Application:
    """An ASGI application: FastAPI's, within the guards of `ie_model.serving.guard`."""

    def __init__(self, api: FastAPI, settings: ServerSettings, metrics: Metrics) -> None:
        self.api = api
        inner = guard.Limited(api, settings=settings)
        self._app = guard.Observed(guard.Admitted(inner, settings=settings), metrics=metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def create_app(
    extractor: Extractor,
    settings: ServerSettings | None = None,
    *,
    label_studio: Callable[[Sequence[Document]], str] | None = None,
    routers: Sequence[APIRouter] = (),
) -> Application:
    """The server as an ASGI application; it works from its lifespan's start to its end.

    Args:
        extractor: answers all requests, from two threads; the routers' own calls come beside these.
        settings: the limits; see `ServerSettings`.
        label_studio: writes documents as Label Studio tasks; without it the format is not offered.
        routers: further routes behind the same guards, such as Label Studio's ML-backend calls.

    Raises:
        InputError: the folder of examples cannot be used.
    """
    settings = settings or ServerSettings()
    metrics = Metrics()
    service = Service(extractor, settings, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await run_in_threadpool(service.close)

    api = FastAPI(
        title="ie-model",
        version=__version__,
        description="Who left which organisation: PERSON, ORG, ROLE and MONEY spans and departures from Chinese news.",
        lifespan=lifespan,
        docs_url=None,  # both would load their scripts from elsewhere
        redoc_url=None,
        responses=_ERRORS,
    )
    _answer_errors(api)
    _add_extract(api, service)
    _add_documents(api, extractor, settings, metrics, label_studio)
    _add_page(api, service)
    for router in routers:
        api.include_router(router)
    return Application(api, settings, metrics)


def _answer_errors(api: FastAPI) -> None:
    """Every error as {"error": …}, none of which quotes a text."""

    def respond(problem: problems.Problem) -> Response:
        return Response(problem.body(), problem.status, problem.headers, "application/json")

    @api.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return respond(problems.not_json())
        if isinstance(error.body, bytes):  # what FastAPI leaves unparsed
            return respond(problems.not_said_to_be_json())
        parts = (str(part) for part in first["loc"] if isinstance(part, int | str) and part not in schemas.TAGS)
        place = ".".join(parts) or "body"
        return respond(problems.invalid(f"{_shown(place)}: {first['msg']}; /openapi.json describes what is expected"))

    @api.exception_handler(errors.IEModelError)
    async def refused(_: Request, error: errors.IEModelError) -> Response:
        return respond(problems.invalid(str(error)))

    @api.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        if error.detail == _UNPARSED:
            return respond(problems.unreadable_body())
        headers = dict(error.headers or {})
        return respond(problems.Problem(error.status_code, str(error.detail), headers))

    @api.exception_handler(problems.Problem)
    async def problem(_: Request, error: problems.Problem) -> Response:
        return respond(error)

    @api.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> Response:
        return respond(problems.failed())  # what went wrong is logged by `guard.Observed`

    @api.exception_handler(ClientGone)
    async def gone(_: Request, __: ClientGone) -> Response:
        return Response(status_code=499)  # for the log alone: nobody reads it


def _shown(place: str) -> str:
    return place if len(place) <= 100 else place[:100] + "…"


def _jobs(given: schemas.OneText | schemas.ManyTexts) -> list[Job]:
    jobs = [Job(item.text, item.id, item.published, given.min_score) for item in given.items()]
    for number, job in enumerate(jobs):
        try:
            check_input(job.text, job.published)
        except errors.InputError as error:
            if job.published == given.published:  # the request's own
                raise
            raise problems.invalid(f"texts.{number}: {error}") from None
    return jobs


def _json(content: str) -> Response:
    return Response(content.encode("utf-8", "replace"), media_type="application/json")


def _add_extract(api: FastAPI, service: Service) -> None:
    answers = {
        200: {
            "model": schemas.DocumentModel | schemas.Documents,
            "description": (
                "The document of one text, or the documents of many in order. With `Accept: application/x-ndjson` "
                'a document a line as they are done; a text that failed has a line {"id": …, "error": …} in its place.'
            ),
            "content": {_NDJSON: {"schema": {"type": "string"}}},
        }
    }

    @api.post("/v1/extract", tags=["extract"], responses=answers)  # type: ignore[arg-type]
    async def extract(given: schemas.ExtractRequest, request: Request) -> Response:
        """Entities and departures of one text (`text`) or many (`texts`)."""
        jobs = _jobs(given)
        if _NDJSON in request.headers.get("accept", ""):
            lines = service.stream(service.submit(jobs))
            return StreamingResponse(_lines(jobs, lines), media_type=_NDJSON)
        documents = await service.documents(jobs, request)
        if isinstance(given, schemas.OneText):
            return _json(json_line(documents[0].to_dict()))
        return _json(f'{{"documents": [{", ".join(json_line(d.to_dict()) for d in documents)}]}}')


async def _lines(jobs: Sequence[Job], answers: AsyncIterator[Document | problems.Problem]) -> AsyncIterator[bytes]:
    number = 0
    async for answer in answers:
        if isinstance(answer, problems.Problem):
            line = json.dumps({"id": jobs[number].id, "error": answer.message})
        else:
            line = json_line(answer.to_dict())
        number += 1
        yield line.encode("utf-8", "replace") + b"\n"


def _add_documents(
    api: FastAPI,
    extractor: Extractor,
    settings: ServerSettings,
    metrics: Metrics,
    label_studio: Callable[[Sequence[Document]], str] | None,
) -> None:
    """What needs no model: other formats, what the server is, and how it does."""
    formats = file_formats(label_studio)
    info = schemas.Info(
        version=__version__,
        labels=list(extractor.labels),
        formats=list(formats),
        max_chars=settings.max_chars,
        max_texts=settings.max_texts,
        examples=load_examples(settings.examples),
    )
    files = {200: {"description": "The file.", "content": {f.media_type: {} for f in formats.values()}}}

    @api.post("/v1/export", tags=["extract"], responses=files)  # type: ignore[arg-type]
    def export(given: schemas.ExportRequest) -> Response:
        """Documents, given with their texts, as JSON lines, CSV, one HTML page or Label Studio tasks."""
        evidence = sum(d.evidence.end - d.evidence.start for one in given.documents for d in one.departures)
        if evidence > EVIDENCE_PER_CHARACTER * settings.max_chars:
            raise problems.too_much_evidence(evidence, EVIDENCE_PER_CHARACTER * settings.max_chars)
        if given.format not in formats:
            raise problems.invalid(f"this server cannot write {given.format}; it writes {', '.join(formats)}")
        file = formats[given.format]
        content = file.write([document.to_document() for document in given.documents]).encode("utf-8", "replace")
        disposition = f'attachment; filename="{file.name}"'
        return Response(
            content,
            media_type=file.media_type,
            headers={"Content-Disposition": disposition},
        )

    @api.get("/v1/info", tags=["server"])
    def get_info() -> schemas.Info:
        """The model's labels, the limits, and the examples that the page offers."""
        return info

    @api.get("/healthz", tags=["server"])
    async def healthz() -> dict[str, str]:
        """Answers while the server takes requests."""
        return {"status": "ok"}

    @api.get("/metrics", tags=["server"], responses={200: {"content": {"text/plain": {}}}}, response_class=Response)
    def get_metrics() -> Response:
        """Figures in Prometheus' text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _add_page(api: FastAPI, service: Service) -> None:
    """The page at /, its files, and the one call of its own."""

    def static(package: str, name: str, media_type: str) -> Response:
        file = resources.files(package).joinpath("page" if package == "ie_model.serving" else "", name)
        return Response(file.read_bytes(), media_type=media_type)

    @api.get("/", include_in_schema=False)
    def index() -> Response:
        return static("ie_model.serving", "index.html", "text/html")

    @api.get("/static/{name}", include_in_schema=False)
    def get_static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, "Not Found")
        return static(_STATIC[name][0], name, _STATIC[name][1])

    @api.post("/view", include_in_schema=False)
    async def view(given: schemas.ManyTexts, request: Request) -> Response:
        """Documents and how the page shows them; rendering runs beside the event loop."""
        documents = await service.documents(_jobs(given), request)
        return _json(await run_in_threadpool(_view, documents))


def _view(documents: Sequence[Document]) -> str:
    html = json.dumps(render_view(documents))
    return f'{{"html": {html}, "documents": [{", ".join(json_line(d.to_dict()) for d in documents)}]}}'


__all__ = ["Application", "ServerSettings", "create_app"]
