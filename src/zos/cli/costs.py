"""`zos costs`: what models cost, by day, model, profile, layer or server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table
from zos.core.clock import SystemClock

if TYPE_CHECKING:
    from zos.views.costs import CostRow, Costs

_BY = ("day", "model", "profile", "layer", "server")
_MAX_DAYS = 3660


@click.command()
@click.option("--by", type=click.Choice(_BY), default="day", help="What to sum by (day).")
@click.option(
    "--days", type=click.IntRange(1, _MAX_DAYS), default=30, help="So many, up to today (30)."
)
@json_option
@pass_app
def costs(app: App, by: str, days: int, as_json: bool) -> None:
    """Show what models cost, and how much of the limits is spent.

    What a call under way may cost is counted until it ends.
    """

    async def work() -> Costs:
        from zos.views.costs import CostBy, CostsView

        async with app.database(schema="require") as database:
            view = CostsView(database, app.config)
            return await view.costs(CostBy(by), now=SystemClock().now(), days=days)

    found = app.run(work)
    if as_json:
        show_json(found)
    else:
        _show(found)


def _show(found: Costs) -> None:
    columns = [found.by.value, "calls", "failed", "tokens in", "tokens out", "US dollars"]
    rows = [*found.rows, found.total] if found.rows else []
    show_table(columns, map(_cells, rows), empty="No model was called in this time.")
    for spending in found.limits:
        limit = "no limit" if spending.limit_usd is None else f"of {spending.limit_usd:,.2f}"
        show_line(f"This {spending.name}: {spending.spent_usd:,.4f} US dollars ({limit}).")


def _cells(row: CostRow) -> tuple[object, ...]:
    return row.name, row.calls, row.failed, row.tokens_in, row.tokens_out, row.cost_usd
