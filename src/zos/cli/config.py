"""`zos config`: is it valid, and where is each value from."""

from __future__ import annotations

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@json_option
@pass_app
def check(app: App, as_json: bool) -> None:
    """Check file and environment: exit code 2 and every problem when they are not valid."""
    from zos.db.engine import database_url

    database_url(app.config)
    path = app.loaded.path
    if as_json:
        show_json({"valid": True, "path": path})
    elif path is None:
        show_line(
            "The configuration is valid. There is no file: defaults and the environment count."
        )
    else:
        show_line(f"The configuration {path} is valid.")


@config.command()
@json_option
@pass_app
def show(app: App, as_json: bool) -> None:
    """Show every key, its value and where that is from; secrets are masked."""
    from zos.config.shown import shown

    rows = shown(app.loaded)
    if as_json:
        show_json([{"key": key, "value": value, "origin": origin} for key, value, origin in rows])
    else:
        show_table(["key", "value", "from"], rows)
