"""A Label Studio server: its address, the token, and every refusal as one line with a remedy.

Needs the `label-studio` extra. Both kinds of token work: a personal access token (the SDK
trades it for short-lived ones as they run out) and the legacy token.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from ie_model.errors import missing_extra
from ie_model.labelstudio import errors

T = TypeVar("T")

#: The version that the round trip is tested with; other minor versions get the benefit of the doubt.
TESTED = "1.23"
#: Seconds before the second attempt; each further one waits twice as long.
FIRST_WAIT = 1.0
#: Answers that may be better a moment later.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Project:
    """A project on a server."""

    number: int
    title: str
    config: str
    model_version: str


class Server:
    """A connection. Calls that only read are tried again when the server stumbles."""

    def __init__(self, client: Any, url: str, *, timeout: int = 60, retries: int = 3) -> None:
        self._client, self.url = client, url
        self._timeout, self.retries = timeout, retries

    @classmethod
    def connect(
        cls, url: str | None = None, *, token: str | None = None, timeout: int = 60, retries: int = 3
    ) -> Server:
        """Connect, and see that it is a Label Studio which lets us in.

        Args:
            url: by default the environment's LABEL_STUDIO_URL.
            token: by default the environment's LABEL_STUDIO_API_KEY.
            timeout: seconds for each answer.

        Raises:
            InputError: no address, no token, or one that no request can carry.
            ServerError: unreachable, another program, another version, a refused token.
            IEModelError: the SDK is missing, or of another series.
        """
        address = (url or os.environ.get(errors.URL_VARIABLE) or "").rstrip("/")
        if not address:
            raise errors.no_url()
        secret = (token or os.environ.get(errors.TOKEN_VARIABLE) or "").strip()
        if not secret:
            raise errors.no_token()
        if not re.fullmatch("[!-~]+", secret):  # all that a request's header may hold
            raise errors.bad_token()
        client = _client(address, secret, timeout)
        server = cls(client, address, timeout=timeout, retries=retries)
        server._check_version()
        server.call(lambda: client.users.whoami(request_options=server.options), "user")
        return server

    @property
    def options(self) -> Any:
        """For the SDK: our time-out, and no attempts of its own."""
        return {"timeout_in_seconds": self._timeout, "max_retries": 0}

    def _check_version(self) -> None:
        answer = self.call(lambda: self._client.versions.get(request_options=self.options), "version")
        release = getattr(answer, "release", None)
        if not isinstance(release, str) or not re.match(r"\d+\.\d+", release):
            raise errors.not_label_studio(self.url)
        if release.split(".")[0] != TESTED.split(".", maxsplit=1)[0]:
            raise errors.wrong_version(self.url, release, TESTED)

    def call(self, function: Callable[[], T], what: str) -> T:
        """The answer to a call that may be repeated.

        Raises ServerError; `what` says what was asked for.
        """
        for attempt in range(self.retries + 1):
            try:
                return self.once(function, what)
            except PassingError:
                if attempt == self.retries:
                    raise
                time.sleep(FIRST_WAIT * 2**attempt)
        raise AssertionError("unreachable")

    def once(self, function: Callable[[], T], what: str) -> T:
        """The answer to a call that is made once."""
        import httpx
        from label_studio_sdk.core.api_error import ApiError

        try:
            return function()
        except ApiError as error:
            raise self._refusal(error.status_code, error.body, what) from error
        except httpx.TimeoutException as error:
            raise PassingError(str(errors.timed_out(self.url, self._timeout))) from error
        except httpx.InvalidURL as error:
            raise errors.unreachable(self.url, str(error)) from error
        except httpx.UnsupportedProtocol as error:
            raise errors.unreachable(self.url, f"{error} An address begins with http:// or https://") from error
        except httpx.TransportError as error:
            raise PassingError(str(errors.unreachable(self.url, str(error) or type(error).__name__))) from error
        except ValueError as error:  # an answer that is no JSON: another program's page
            raise errors.not_label_studio(self.url) from error

    def _refusal(self, status: int | None, body: Any, what: str) -> errors.ServerError:
        detail = body.get("detail") or body.get("validation_errors") or body if isinstance(body, dict) else body
        said = " ".join(str(detail).split())[:200]
        if status == 401:
            return errors.refused_token(self.url, said)
        if status == 403:
            return errors.forbidden(self.url)
        if status == 404:
            if what in ("version", "user"):
                return errors.not_label_studio(self.url)
            return errors.not_found(self.url, what)
        if status in _PASSING:
            return PassingError(str(errors.failed(self.url, status, said)))
        if status is not None and 200 <= status < 300:
            return errors.not_label_studio(self.url)  # a page where JSON was expected
        return errors.failed(self.url, status, said)

    # --- Projects -------------------------------------------------------------------------------

    def project(self, name: str) -> Project | None:
        """A project by its number, or by its title; None if there is no such title."""
        if name.isdecimal():
            answer = self.call(
                lambda: self._client.projects.get(int(name), request_options=self.options), f"project {name}"
            )
            return _project(answer)
        found = [
            _project(answer)
            for answer in self.call(
                lambda: list(self._client.projects.list(title=name, request_options=self.options)), "projects"
            )
            if answer.title == name
        ]
        if len(found) > 1:
            raise errors.many_projects(name, [project.number for project in found])
        return found[0] if found else None

    def create_project(self, title: str, config: str) -> Project:
        """A new project with a labelling configuration."""
        answer = self.once(
            lambda: self._client.projects.create(title=title, label_config=config, request_options=self.options),
            "projects",
        )
        return _project(answer)

    def show_predictions_of(self, project: Project, version: str) -> None:
        """Let annotators begin from the predictions of this version."""
        if project.model_version != version:
            self.call(
                lambda: self._client.projects.update(
                    project.number, model_version=version, request_options=self.options
                ),
                f"project {project.number}",
            )

    # --- Tasks ----------------------------------------------------------------------------------

    def tasks(self, project: Project, *, whole: bool) -> list[dict[str, Any]]:
        """All tasks of a project as JSON; whole ones have annotations and predictions."""
        fields = "all" if whole else "task_only"

        def read() -> list[dict[str, Any]]:
            pages = self._client.tasks.list(
                project=project.number, fields=fields, page_size=100, request_options=self.options
            )
            return [_plain(task) for task in pages]

        return self.call(read, f"project {project.number}")

    def task(self, number: int) -> dict[str, Any]:
        """One whole task."""
        return _plain(
            self.call(lambda: self._client.tasks.get(str(number), request_options=self.options), f"task {number}")
        )

    def create_tasks(self, project: Project, tasks: list[dict[str, Any]]) -> None:
        """Import new tasks, in this order. Not repeated: after a failure, see what is there."""
        self.once(
            lambda: self._client.projects.import_tasks(project.number, request=tasks, request_options=self.options),
            f"project {project.number}",
        )

    def update_task(self, number: int, data: dict[str, Any]) -> None:
        """Replace a task's data."""
        self.call(
            lambda: self._client.tasks.update(str(number), data=data, request_options=self.options), f"task {number}"
        )

    def create_prediction(self, task: int, prediction: dict[str, Any]) -> None:
        """Add a model's prediction to a task."""
        self.once(
            lambda: self._client.predictions.create(task=task, **prediction, request_options=self.options),
            f"task {task}",
        )

    def delete_prediction(self, number: int) -> None:
        """Take a prediction away."""
        self.once(
            lambda: self._client.predictions.delete(number, request_options=self.options), f"prediction {number}"
        )


class PassingError(errors.ServerError):
    """A failure that may be over a moment later."""


def _client(url: str, token: str, timeout: int) -> Any:
    try:
        import label_studio_sdk
        from label_studio_sdk import LabelStudio
        from label_studio_sdk.core.api_error import ApiError
    except ImportError as error:
        # The series 1 has the module but not these names.
        from importlib.metadata import PackageNotFoundError, version

        try:
            raise errors.wrong_sdk(version("label-studio-sdk")) from error
        except PackageNotFoundError:
            raise missing_extra("label-studio-sdk", "label-studio") from error
    if not str(getattr(label_studio_sdk, "__version__", "2")).startswith("2"):
        raise errors.wrong_sdk(label_studio_sdk.__version__)
    try:
        return LabelStudio(base_url=url, api_key=token, timeout=timeout)  # type: ignore[no-untyped-call]
    except ApiError as error:  # a personal access token that has run out
        raise errors.refused_token(url, str((error.body or {}).get("detail", error.body))) from error


def _project(answer: Any) -> Project:
    return Project(answer.id, answer.title, answer.label_config or "", answer.model_version or "")


def _plain(answer: Any) -> dict[str, Any]:
    with warnings.catch_warnings():  # the SDK's types say str where the server sends lists
        warnings.simplefilter("ignore", UserWarning)
        value: dict[str, Any] = answer.model_dump(mode="json", exclude_unset=True)
    return value


def batches(items: list[T], size: int) -> Iterator[list[T]]:
    """Consecutive slices."""
    for at in range(0, len(items), size):
        yield items[at : at + size]
