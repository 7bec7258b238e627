"""`zos replay`: a community that installs Zos today starts with the memory of its past."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, progress, show_json, show_line
from zos.cli.recording import recorded_here

if TYPE_CHECKING:
    from zos.scheduler.replay import ReplayReport

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option(
    "--from", "first", required=True, type=_DAY, metavar="DATE", help="The first day, UTC."
)
@click.option(
    "--to", "last", required=True, type=_DAY, metavar="DATE", help="The last day, UTC, included."
)
@json_option
@pass_app
def replay(app: App, first: datetime, last: datetime, as_json: bool) -> None:
    """Let layers reflect on imported history, slot by slot, as if they had run on time.

    History is booked as the simulated clock passes, so import it without --book. Slots that have
    an outcome already are left alone: what was interrupted goes on where it stopped.
    """

    async def work() -> ReplayReport:
        from zos.service.replaying import replay

        async with (
            app.database(schema="require") as database,
            recorded_here(database, "replay", f"{first:%F} to {last:%F}") as doing,
        ):
            with progress("Replaying") as bar:
                report = await replay(
                    app.config, first.date(), last.date(), lambda done, total, _: bar(done, total)
                )
            doing.is_write = report.replayed > 0
            return report

    report = app.run(work)
    if as_json:
        show_json(report)
    else:
        _show(report)


def _show(report: ReplayReport) -> None:
    totals = report.totals
    show_line(f"Replayed {report.replayed:,} slots from {report.first} to {report.last} (UTC).")
    show_line(f"Slots: {_listed(totals.slots)}. Runs: {_listed(totals.runs)}.")
    tokens = f"{totals.tokens_in:,} + {totals.tokens_out:,} tokens"
    show_line(f"{totals.insights:,} insights, {tokens}, ${totals.cost_usd:.4f}.")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items()) or "none"
