"""`zos doctor`: what stands in the way, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zos.cli.context import App
from zos.cli.output import json_option, show_json, show_line

if TYPE_CHECKING:
    from zos.service.doctor.finding import Finding

_MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@click.command()
@click.option(
    "--discord",
    is_flag=True,
    help="Also ask Discord about token, intents and permissions, and print the invite link.",
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, discord: bool, as_json: bool) -> None:
    """Look at clock, disk, permissions, database, layers, jobs, models and the service.

    Nothing is changed, and no model is asked. Exit code 1 if there is a problem, 0 otherwise.
    """
    app = ctx.find_object(App)
    assert app is not None  # noqa: S101 - the root command makes it

    async def work() -> list[Finding]:
        from zos.service.doctor.examination import examine

        return [finding async for finding in examine(app.config, discord=discord)]

    found = app.run(work)
    if as_json:
        show_json(found)
    else:
        for finding in found:
            _show(finding)
    ctx.exit(int(any(finding.level.value == "problem" for finding in found)))


def _show(finding: Finding) -> None:
    show_line(f"{_MARKS[finding.level.value]} {finding.subject}: {finding.detail}")
    if finding.advice:
        show_line(f"  → {finding.advice}")
