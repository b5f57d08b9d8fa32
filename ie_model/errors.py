"""The errors of the core, each with its remedy; `batch`, `labelstudio` and `serving` have more of their own.

A message is one line: what is wrong, with which input, and what to do about it. The
command line prints it as it is and exits with code 2.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path


class IEModelError(Exception):
    """Base of the errors that this package raises for its users."""


class InputError(IEModelError):
    """A text, file or option that cannot be processed."""


class ModelError(IEModelError):
    """A model folder that cannot be loaded."""


def first_line(error: Exception) -> str:
    """The first line of somebody else's message, or the error's name where there is none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def missing_path(path: Path) -> InputError:
    return InputError(f"{path}: no such file or folder; check the path")


def records_as_text(path: Path) -> InputError:
    return InputError(f"{path}: records are no single text; extract them with: ie-model batch {path} OUTPUT.jsonl")


def empty_folder(path: Path) -> InputError:
    return InputError(
        f"{path}: no .txt file directly in this folder (subfolders are not read); name the files, or the subfolders"
    )


def unreadable(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: cannot be read ({reason}); check the path and its permissions")


def closed_stdin() -> InputError:
    return InputError("-: standard input is closed; pipe something into the command, or name a file")


def closed_stdout() -> InputError:
    return InputError("standard output is closed; name a file with --output, and jsonl or csv as --format")


def same_file(output: Path) -> InputError:
    return InputError(f"{output}: input and output are the same file; choose another output")


def one_output(output: Path) -> InputError:
    return InputError(f"{output}: two outputs are the same file; choose another path for one of them")


def cannot_write(target: object, reason: str) -> InputError:
    return InputError(f"{target}: cannot be written ({reason}); choose another path")


def wrong_encoding(name: str, encoding: str, error: UnicodeDecodeError) -> InputError:
    if b"\0" in error.object and not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return InputError(f"{name}: no text file (it holds NUL bytes), or one in UTF-16: then pass --encoding utf-16")
    byte = error.object[error.start]
    return InputError(
        f"{name}: byte 0x{byte:02X} at position {error.start} is not valid {encoding}; "
        "name the file's encoding with --encoding (often gb18030 or big5)"
    )


def unknown_encoding(encoding: str) -> InputError:
    return InputError(f"--encoding {encoding}: Python knows no such encoding; try utf-8, gb18030 or big5")


def not_a_text(value: object) -> InputError:
    remedy = "give an article as a str, or an Article to `pipe`"
    if isinstance(value, bytes | bytearray):
        remedy = "decode bytes first, e.g. data.decode('utf-8')"
    return InputError(f"a text must be a str, not {type(value).__name__}; {remedy}")


def one_text() -> InputError:
    return InputError("pipe takes an iterable of texts, not one; call the extractor with it, or give a list")


def not_iterable(value: object) -> InputError:
    return InputError(f"pipe takes an iterable of texts, not {type(value).__name__}; give a list or a generator")


def bad_id(value: object) -> InputError:
    return InputError(f"a document's id must be a str, not {type(value).__name__}; give str({value!r})")


def too_long(length: int, most: int) -> InputError:
    return InputError(f"a text of {length} characters is too long, the limit is {most}; split it, e.g. into chapters")


def bad_date(value: object) -> InputError:
    if not isinstance(value, str):
        return InputError(f"published date is {type(value).__name__}, not a string; write it as '2023-04-30'")
    shown = repr(value) if len(str(value)) <= 40 else repr(f"{str(value)[:40]}…")
    return InputError(f"published date {shown} is not an ISO date; write it as 2023-04-30, 2023-04 or 2023")


def bad_score(value: object) -> InputError:
    return InputError(f"min_score must be between 0 and 1, not {value!r}; 0 keeps all that is found")


def bad_threads(value: object) -> InputError:
    return InputError(f"threads must be a whole number, 0 for as many as there are cores, not {value!r}")


def bad_device(device: str, reason: str) -> InputError:
    return InputError(f"device {device!r} cannot be used ({reason}); choose 'cpu', or 'cuda' where torch has a GPU")


def bad_model_path(value: object) -> InputError:
    return InputError(
        f"a model is named by the path of its folder, a str or Path, not {type(value).__name__}; "
        "give that, or none for the packaged model"
    )


def missing_model_file(folder: Path, name: str) -> ModelError:
    remedy = "give a folder that `python -m training.export` wrote, or no model for the packaged one"
    if not folder.is_dir():
        return ModelError(f"{folder}: {'not a' if folder.exists() else 'no such'} folder; {remedy}")
    return ModelError(f"{folder}: the model folder lacks {name}; {remedy}")


def broken_model_file(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path}: not a usable model file ({reason}); export or install the model again")


def unreadable_model(path: Path, error: OSError) -> ModelError:
    return ModelError(
        f"{path}: the model cannot be read ({error.strerror or error}); check the path and its permissions"
    )


def wrong_labels(folder: Path, found: list[str]) -> ModelError:
    return ModelError(
        f"{folder}: the model's labels {', '.join(found) or '(none)'} are not O and then B-, I-, E- and S- of each "
        "label; use a model that was made by `python -m training.finetune`"
    )


def not_loaded() -> IEModelError:
    return IEModelError(
        "an extractor that was not made by Extractor.load cannot be pickled; load one in each process instead"
    )


def missing_extra(package: str, extra: str) -> IEModelError:
    return IEModelError(f"{package} is not installed; install it with: pip install 'ie-model[{extra}]'")


def bad_span(label: str, start: int, end: int, length: int) -> InputError:
    return InputError(
        f"the {label} span {start}-{end} holds no character of the text (length {length}) that can be read; "
        "spans are code-point offsets, end exclusive"
    )


def not_a_span(value: object) -> InputError:
    return InputError(f"{value!r} is not a span; give (label, start, end) with whole numbers, or an Entity")


def unknown_label(label: str, labels: Sequence[str]) -> InputError:
    return InputError(f"the model has no label {label!r}; give one of {', '.join(labels)}")


def overlapping_spans(first: tuple[str, int, int], second: tuple[str, int, int]) -> InputError:
    (a, b) = (f"{label} {start}-{end}" for label, start, end in (first, second))
    return InputError(f"the spans {a} and {b} overlap; give each character to one span")
