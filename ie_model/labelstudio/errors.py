"""What can go wrong with Label Studio's files and servers, each with its remedy."""

from __future__ import annotations

from pathlib import Path

from ie_model.errors import IEModelError, InputError

#: Names of the environment variables; the SDK reads the second by the same name.
URL_VARIABLE = "LABEL_STUDIO_URL"
TOKEN_VARIABLE = "LABEL_STUDIO_API_KEY"


class ServerError(IEModelError):
    """A Label Studio server that cannot be reached or refuses."""


def not_tasks(name: str, reason: str) -> InputError:
    return InputError(
        f"{name}: {reason}; expected an export from Label Studio (JSON or JSON-MIN in its Export dialogue)"
    )


def other_project(folder: Path, held: int, wanted: int) -> InputError:
    return InputError(f"{folder}: holds tasks of project {held}, not of {wanted}; pull each project to its own folder")


def no_tasks_in(folder: Path) -> InputError:
    return InputError(f"{folder}: no Label Studio .json files here; export a project to it, or pull one")


def bad_config(name: str, reason: str) -> InputError:
    return InputError(
        f"{name}: {reason}; expected a labelling configuration with <Labels> on a <Text> "
        "(`ie-model label-studio config` writes one)"
    )


def unknown_labels(labels: list[str], known: tuple[str, ...]) -> InputError:
    return InputError(
        f"the configuration has no label {', '.join(labels)} (it has {', '.join(known)}); "
        "write one with: ie-model label-studio config --labels"
    )


def lone_surrogate(name: str, position: int) -> InputError:
    return InputError(
        f"{name}: half a surrogate pair at position {position} cannot be sent to a server; replace that character"
    )


def no_url() -> InputError:
    return InputError(f"no Label Studio is named; pass --url or set {URL_VARIABLE}, e.g. http://localhost:8080")


def no_token() -> InputError:
    return InputError(
        f"no access token; set {TOKEN_VARIABLE} (in Label Studio: Account & Settings, Personal Access Token)"
    )


def bad_token() -> InputError:
    return InputError(
        f"the access token has characters that no token has; copy it to {TOKEN_VARIABLE} again (in Label Studio: "
        "Account & Settings, Personal Access Token)"
    )


def refused_token(url: str, detail: str) -> ServerError:
    return ServerError(
        f"{url} refuses the token (401: {detail}); set {TOKEN_VARIABLE} to a personal access token, or let the "
        "organisation allow legacy tokens"
    )


def forbidden(url: str) -> ServerError:
    return ServerError(f"{url} does not let this user do that (403); ask for a role that may edit the project")


def not_found(url: str, what: str) -> ServerError:
    return ServerError(f"{url} has no {what} (404); check the project's number and the server's address")


def unreachable(url: str, reason: str) -> ServerError:
    return ServerError(f"{url} cannot be reached ({reason}); check the address and that the server runs")


def timed_out(url: str, seconds: int) -> ServerError:
    return ServerError(
        f"{url} did not answer within {seconds} s; try again (what was sent is not sent twice), or raise --timeout"
    )


def failed(url: str, status: int | None, detail: str) -> ServerError:
    return ServerError(f"{url} answered with {status or 'an error'}: {detail}; see the server's log")


def not_label_studio(url: str) -> ServerError:
    return ServerError(f"{url} does not answer as a Label Studio does; check the address")


def wrong_version(url: str, version: str, tested: str) -> ServerError:
    return ServerError(
        f"{url} runs Label Studio {version}, which this command does not know (tested with {tested}); "
        "update the server, or exchange files with `export` and `import`"
    )


def wrong_sdk(version: str) -> IEModelError:
    return IEModelError(
        f"label-studio-sdk {version} is not of the series 2; install it with: pip install 'ie-model[label-studio]'"
    )


def many_projects(title: str, numbers: list[int]) -> ServerError:
    listed = ", ".join(str(number) for number in numbers)
    return ServerError(
        f"several projects are titled {title!r} ({listed}); name one by its number: --project {numbers[0]}"
    )


def no_project(title: str) -> ServerError:
    return ServerError(f"no project is titled {title!r}; push to it first, or name it by its number")


def no_annotator(annotator: str, known: list[str]) -> InputError:
    return InputError(
        f"nobody called {annotator!r} has annotated these tasks; --annotator is one of: {', '.join(known)}"
    )
