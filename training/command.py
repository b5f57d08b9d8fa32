"""What the commands of `training/` share: a help text that tells the defaults, and one way of telling mistakes."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, HelpFormatter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from ie_model.errors import IEModelError
from training.errors import TrainingError

Arguments = ParamSpec("Arguments")


class _WithDefaults(HelpFormatter):
    """Shows an option's default, which argparse's own does for options without one, too ("default: None")."""

    def _get_help_string(self, action: Action) -> str:
        told, default = action.help or "", action.default
        if action.required or action.nargs == 0 or default is None or default == []:
            return told
        shown = " ".join(map(str, default)) if isinstance(default, list) else str(default)
        return f"{told} (default: {shown.replace('%', '%%')})"


def argument_parser(description: str) -> ArgumentParser:
    """A parser whose help shows the default of each option that has one."""
    return ArgumentParser(description=description, formatter_class=_WithDefaults)


def reported(main: Callable[Arguments, int]) -> Callable[Arguments, int]:
    """A command that prints a user's mistake as it is, one line with its remedy, and then exits with 2.

    Errors of other classes pass: they are mistakes in the code, and need their traceback.
    """

    @wraps(main)
    def command(*args: Arguments.args, **kwargs: Arguments.kwargs) -> int:
        try:
            return main(*args, **kwargs)
        except (TrainingError, IEModelError) as error:
            print(error, file=sys.stderr)
            return 2

    return command
