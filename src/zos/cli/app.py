"""The root of the command line: the table of commands, the options of all, and what a failure looks like.

A command's module is imported when the command is run, or its own help is asked for: `zos --help`
needs this table alone.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from zos import __version__
from zos.cli.context import App
from zos.core.errors import UsageError, ZosError
from zos.core.text import printable

INTERRUPTED = 130

# name: (module:command, what it does)
COMMANDS = {
    "demo": ("zos.cli.demo:demo", "See Zos at work on a sample community, offline."),
    "init": ("zos.cli.init:init", "Write a configuration to start from."),
    "serve": ("zos.cli.serve:serve", "Run the service: scheduler and API."),
    "import": ("zos.cli.import_:import_", "Import chat archives."),
    "backfill": ("zos.cli.backfill:backfill", "Read what was said on Discord before Zos came."),
    "replay": ("zos.cli.replay:replay", "Let layers reflect on stored history, slot by slot."),
    "reflect": ("zos.cli.reflect:reflect", "Trigger, watch, pause and rehearse layers."),
    "layer": ("zos.cli.layer:layer", "List, show and validate layers."),
    "insights": ("zos.cli.insights:insights", "List, search and show what was understood."),
    "member": ("zos.cli.member:member", "Show, export, settle and erase what is known of members."),
    "salience": ("zos.cli.salience:salience", "Show where attention is, and where it came from."),
    "costs": ("zos.cli.costs:costs", "Show what models cost, and what the limits leave."),
    "db": ("zos.cli.db:db", "Migrate, inspect and back up the database."),
    "config": ("zos.cli.config:config", "Check and show the configuration."),
    "doctor": ("zos.cli.doctor:doctor", "Find what stands in the way, and what to do about it."),
    "access": ("zos.cli.access:access", "Let people and programs in, and see what they changed."),
    "api": ("zos.cli.api:api", "Describe the HTTP API."),
}


class CommandTable(click.Group):
    """A group that imports a command only when it is needed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name, COMMANDS, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except ZosError as error:
            _fail(ctx, str(error), error.exit_code)
        except KeyboardInterrupt:
            _fail(ctx, "Interrupted.", INTERRUPTED)
        except BrokenPipeError:
            raise  # click ends quietly
        except UnicodeEncodeError:
            _fail(ctx, "An argument is not valid text. Write it in UTF-8.", UsageError.exit_code)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            reason = error.strerror or str(error) or type(error).__name__
            _fail(ctx, f"{where}{reason}.", ZosError.exit_code)


def _fail(ctx: click.Context, sentence: str, exit_code: int) -> NoReturn:
    click.echo(f"Error: {printable(sentence)}", err=True)
    ctx.exit(exit_code)


@click.group(cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The configuration; else $ZOS_CONFIG, else ./zos.yaml if it is there.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log everything.")
@click.option("-q", "--quiet", is_flag=True, help="Log only errors.")
@click.version_option(__version__, "--version", prog_name="zos")
@click.pass_context
def cli(ctx: click.Context, config_path: Path | None, verbose: bool, quiet: bool) -> None:
    """Zos gives a community a memory: it observes by day, and reflects by night."""
    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other.")
    level = "debug" if verbose else "error" if quiet else None
    ctx.obj = App(config_path, os.environ, log_level=level)
