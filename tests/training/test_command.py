"""The help texts of the training commands, and how they tell a user's mistakes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

import training
from ie_model.errors import IEModelError, InputError
from training.baselines import BaselineError
from training.command import argument_parser, reported
from training.data.example import DataError, NotAtHandError
from training.data.markup import MarkupError
from training.errors import TrainingError
from training.values import RecipeError

MODULES = sorted(Path(training.__path__[0]).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    """A module, read rather than imported: some need packages that are not installed everywhere."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in parsed(path).body if isinstance(node, ast.FunctionDef)}


MAINS = {path: found["main"] for path in MODULES if "main" in (found := functions(path))}


@pytest.fixture
def help_text(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    parser = argument_parser("Does what it says.")
    parser.add_argument("notes", nargs="+", help="the notes")
    parser.add_argument("--recipe", required=True, default="unseen", help="the recipe")
    parser.add_argument("--rounds", type=int, default=15, help="the rounds")
    parser.add_argument("--threads", type=int, default=0, help="the threads; 0 for all")
    parser.add_argument("--output", type=Path, default=Path("results/100%.json"), help="the figures")
    parser.add_argument("--sets", nargs="+", metavar="N", default=["msra", "weibo"], help="the sets")
    parser.add_argument("--model", type=Path, help="the model")
    parser.add_argument("--jsonl", action="append", default=[], help="the files")
    parser.add_argument("--add", action="store_true", help="the flag")
    return parser.format_help()


def test_the_help_shows_defaults(help_text: str) -> None:
    lines = {line.split()[0]: line for line in help_text.splitlines() if line.startswith("  ")}
    assert "Does what it says." in help_text
    assert lines["--rounds"].endswith("the rounds (default: 15)")
    assert lines["--threads"].endswith("the threads; 0 for all (default: 0)")
    assert lines["--output"].endswith("the figures (default: results/100%.json)")
    assert lines["--sets"].endswith("the sets (default: msra weibo)")


def test_the_help_shows_no_default_where_there_is_none(help_text: str) -> None:
    lines = {line.split()[0]: line for line in help_text.splitlines() if line.startswith("  ")}
    for name, told in {"--model": "the model", "--jsonl": "the files", "--add": "the flag"}.items():
        assert lines[name].endswith(told)
    assert lines["--recipe"].endswith("the recipe")
    assert lines["notes"].endswith("the notes")
    assert lines["-h,"].endswith("show this help message and exit")


@pytest.mark.parametrize(
    "mistake", [TrainingError, DataError, NotAtHandError, RecipeError, MarkupError, BaselineError, InputError]
)
def test_a_mistake_is_one_line_and_exit_code_2(mistake: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    @reported
    def main(arguments: Sequence[str] | None = None) -> int:
        raise mistake("a.yaml: no such recipe; see training/recipes/")

    assert main() == main([]) == 2
    told = capsys.readouterr()
    assert told.err == 2 * "a.yaml: no such recipe; see training/recipes/\n"
    assert not told.out


def test_other_errors_pass_through(capsys: pytest.CaptureFixture[str]) -> None:
    @reported
    def main(arguments: Sequence[str] | None = None) -> int:
        raise ValueError("a mistake of ours")

    with pytest.raises(ValueError, match="a mistake of ours"):
        main()
    assert not capsys.readouterr().err


def test_what_a_command_returns_is_kept() -> None:
    @reported
    def main(arguments: Sequence[str] | None = None) -> int:
        """What it does."""
        return len(arguments or ())

    assert (main(), main(["a"])) == (0, 1)
    assert (main.__name__, main.__doc__) == ("main", "What it does.")


def test_it_works_within_a_process_group(capsys: pytest.CaptureFixture[str]) -> None:
    from training.processes import ending_process_group

    @ending_process_group()
    @reported
    def main(arguments: Sequence[str] | None = None) -> int:
        raise IEModelError("wrong")

    assert main() == 2
    assert capsys.readouterr().err == "wrong\n"


@pytest.mark.parametrize("path", MAINS, ids=lambda path: path.stem)
def test_every_command_reports_mistakes(path: Path) -> None:
    *_, innermost = MAINS[path].decorator_list
    assert ast.unparse(innermost) == "reported"
    assert ast.unparse(MAINS[path].args) == "arguments: Sequence[str] | None=None"
    assert "argument_parser(" in ast.unparse(MAINS[path])


def test_the_commands_are_found() -> None:
    assert {"finetune", "pretrain", "evaluate", "markup", "benchmark_http"} <= {path.stem for path in MAINS}


def test_every_option_says_what_it_is() -> None:
    calls = (node for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    added = [call for call in calls if ast.unparse(call.func).endswith(".add_argument")]
    assert len(added) > 100
    assert [ast.unparse(call) for call in added if "help" not in {keyword.arg for keyword in call.keywords}] == []
