"""The root command: a fast table of commands, and failures that are one sentence with an exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Process, Zos

from zos import __version__
from zos.cli.app import COMMANDS, cli
from zos.core.errors import DatabaseError, NotFoundError

HEAVY = {"pydantic", "sqlalchemy", "rich", "structlog", "yaml", "alembic", "asyncio", "fastapi"}


def test_help_lists_every_command_with_what_it_does(zos: Zos) -> None:
    result = zos("--help")
    assert result.exit_code == 0
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert text[:40] in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['zos', '--help']\n"
        "from zos.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('modules:', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.partition("modules:")[2].split())
    assert "click" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_row_of_the_table_leads_to_a_command(name: str) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.help


def test_the_version_is_the_packages(zos: Zos) -> None:
    assert zos("--version").stdout == f"zos, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["confg"], "No such command 'confg'. Did you mean 'config'?"),
        (["zzzz"], "No such command 'zzzz'.\n"),
        (["--nope"], "No such option"),
        (["db", "--nope"], "No such option"),
        (["db", "nope"], "No such command 'nope'"),
        (["-v", "-q", "config", "check"], "--verbose and --quiet exclude each other."),
        (["--config"], "requires an argument"),
    ],
)
def test_a_wrong_request_is_explained_and_exits_with_2(
    arguments: list[str], said: str, zos: Zos
) -> None:
    result = zos(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("zos con", "plain,config\n"),
        ("zos db mi", "plain,migrate\n"),
        ("zos nope mi", "\n"),
    ],
)
def test_a_shell_can_complete_commands(typed: str, offered: str, zos: Zos) -> None:
    position = str(len(typed.split()) - 1)
    environ = {"_ZOS_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": position}
    assert zos(**environ).stdout == offered


def test_without_a_command_there_is_help(zos: Zos) -> None:
    assert "Commands:" in zos().output


# ---------------------------------------------------------------- what commands may raise


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Put a command `raise` into the table, which raises."""

    def prepare(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        module = sys.modules[__name__]
        monkeypatch.setattr(module, "command", command, raising=False)
        monkeypatch.setitem(COMMANDS, "raise", (f"{__name__}:command", "Raise."))
        monkeypatch.setitem(sys.modules, __name__, module)

    return prepare


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (NotFoundError("There is no x.", hint="Try y."), 2, "Error: There is no x. Try y.\n"),
        (DatabaseError("It is full."), 1, "Error: It is full.\n"),
        (NotFoundError("No \x1b[31mred."), 2, "Error: No \ufffd[31mred.\n"),
        (FileNotFoundError(2, "No such file", "a.json"), 1, "Error: a.json: No such file.\n"),
        (OSError("odd"), 1, "Error: odd.\n"),
        (TimeoutError(), 1, "Error: TimeoutError.\n"),
        (KeyboardInterrupt(), 130, "Error: Interrupted.\n"),
        (
            UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"),
            2,
            "Error: An argument is not valid text. Write it in UTF-8.\n",
        ),
    ],
)
def test_what_a_command_raises_is_one_sentence_and_an_exit_code(
    error: BaseException,
    code: int,
    said: str,
    zos: Zos,
    raising: Callable[[BaseException], None],
) -> None:
    raising(error)
    result = zos("raise")
    assert (result.exit_code, result.stderr, result.stdout) == (code, said, "")


def test_a_mistake_in_the_program_is_not_hidden(
    zos: Zos, raising: Callable[[BaseException], None]
) -> None:
    raising(ZeroDivisionError("bug"))
    assert isinstance(zos("raise").exception, ZeroDivisionError)


def test_a_reader_that_goes_away_early_is_no_failure_to_report(process: Process) -> None:
    read, write = os.pipe()
    os.close(read)
    started = process("config", "show", "--json", stdout=write)
    os.close(write)
    _, complaint = started.communicate(timeout=60)
    assert complaint == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_full_disk_is_one_sentence(form: list[str], process: Process) -> None:
    with Path("/dev/full").open("w") as full:
        started = process("config", "show", *form, stdout=full)
        _, complaint = started.communicate(timeout=60)
    assert complaint == "Error: No space left on device.\n"
    assert started.returncode == 1


def test_the_module_is_the_command(process: Process) -> None:
    started = process("--version")
    assert started.communicate(timeout=60) == (f"zos, version {__version__}\n", "")
    assert started.returncode == 0


def test_the_root_is_a_group() -> None:
    assert isinstance(cli, click.Group)
