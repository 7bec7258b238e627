"""What the documents tell people to type: it exists, and the README's first steps work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from zos.cli.app import cli
from zos.demo.sample import archives, consent_file, sample

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
_LINE = re.compile(r"(?:^(?:\$ )?|[|&;(] ?|/bin/)zos (?P<rest>[a-z-][^|&;)\n]*)", re.MULTILINE)
_INLINE = re.compile(r"`(?:\S*/bin/)?zos (?P<rest>[a-z-][^`|…]*)`")
_BLOCK = re.compile(r"```(?:console|sh)\n(.*?)```", re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every `zos` command in a document, whatever stands before it in its line."""
    for block in _BLOCK.findall(text):
        for found in _LINE.finditer(block.replace("\\\n", " ")):
            yield shlex.split(found["rest"], comments=True)
    for found in _INLINE.finditer(_BLOCK.sub("", text)):
        yield shlex.split(found["rest"])


def complaint(arguments: list[str]) -> str | None:
    """Return what is wrong with a command's name, options or number of arguments, if anything is."""
    command: click.Command = cli
    context, rest = click.Context(cli), arguments
    try:
        while isinstance(command, click.Group):
            _, rest, _ = command.make_parser(context).parse_args([*rest])
            if not rest:
                return None
            found = command.get_command(context, rest[0])
            if found is None:
                return f"zos {' '.join(arguments)}: there is no {rest[0]!r}"
            context, command, rest = click.Context(found, context), found, rest[1:]
        _, rest, _ = command.make_parser(context).parse_args([*rest])
    except click.UsageError as error:
        return f"zos {' '.join(arguments)}: {error.message}"
    return f"zos {' '.join(arguments)}: what is {rest[0]!r}?" if rest else None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_command_in_a_document_exists(document: Path) -> None:
    found = list(commands(document.read_text()))
    assert [said for one in found if (said := complaint(one))] == []


@pytest.mark.parametrize(
    "line",
    [
        "reflekt jobs",
        "reflect jobs --jsn",
        "init --frce",
        "--confg zos.yaml serve",
        "backfill --since",
        "serve now",
    ],
)
def test_a_wrong_command_would_be_noticed(line: str) -> None:
    assert complaint(shlex.split(line)) is not None


def test_the_readmes_first_steps_work(tmp_path: Path) -> None:
    text = (CHECKOUT / "README.md").read_text()
    steps = [one for one in commands(text[text.index("## Your own community") :]) if one]
    exports = tmp_path / "home" / "exports"
    exports.mkdir(parents=True)
    folder = tmp_path / "mine"
    folder.mkdir()
    with sample() as community:
        for archive in archives(community):
            shutil.copy(archive, exports)
        shutil.copy(consent_file(community), folder / "consent.json")
    # What comes from Discord itself is tested with the bot.
    offline = [one for one in steps[: steps.index(["serve"])] if one[0] != "backfill"]
    said = {step[0]: _typed(step, folder, home=exports.parent) for step in offline}
    assert list(said) == ["init", "import", "replay", "insights"]
    assert "on 26 September 2026" in said["insights"]


def _typed(arguments: list[str], folder: Path, *, home: Path) -> str:
    # A year of nights is the same as two of them, but takes longer.
    days = {"2026-01-01": "2026-09-26", "2026-11-22": "2026-09-27"}
    shell = [days.get(one, one).replace("~", str(home)) for one in arguments]
    ran = subprocess.run(
        (sys.executable, "-m", "zos", *shell),
        cwd=folder,
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
