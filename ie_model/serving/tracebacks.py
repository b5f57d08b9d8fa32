"""Exceptions for logs: what and where, without the message, which may quote the text."""

from __future__ import annotations

import traceback


def where(error: BaseException) -> str:
    """One line: the exception's class and the places it passed through, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-8:])
    return f"{type(error).__name__} at {places or '(unknown)'}"
