"""`zos backfill`: what was said on Discord before Zos came."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from zos.access.user import user_name
from zos.cli.context import App, pass_app
from zos.cli.history import book_option, show_booked, unbooked_as_json
from zos.cli.output import json_option, progress, show_json, show_line

if TYPE_CHECKING:
    from zos.service.backfilling import Outcome


@click.command()
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The first day, UTC.",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    type=click.IntRange(min=1),
    metavar="ID",
    help="Only this channel with its threads, or this thread; may be given more than once.",
)
@book_option
@json_option
@pass_app
def backfill(
    app: App, since: datetime, channels: tuple[int, ...], book: bool, as_json: bool
) -> None:
    """Read the history of Discord's channels and threads, from a day until now.

    It asks Discord with the bot's token, no faster than Discord allows, beside a running service or
    without one. Each message comes in once. What is interrupted goes on where it stopped when it is
    run again. Of reactions Discord's history tells how many there are, not whose.
    """

    async def work() -> Outcome:
        from zos.service.backfilling import backfill

        with progress("Reading") as bar:
            return await backfill(
                app.config,
                since.replace(tzinfo=UTC),
                channels,
                by=user_name(),
                book=book,
                progress=bar,
            )

    try:
        outcome = app.run(work)
    except KeyboardInterrupt:
        click.echo("What is in so far stays: run it again to go on from there.", err=True)
        raise
    if as_json:
        show_json(_as_json(outcome))
    else:
        _show(outcome)


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        **asdict(outcome.backfilled),
        "booked": None if outcome.booked is None else asdict(outcome.booked),
        "unbooked": unbooked_as_json(outcome.unbooked),
    }


def _show(outcome: Outcome) -> None:
    found = outcome.backfilled
    show_line(
        f"Read {found.channels:,} channels and threads: {found.messages:,} new messages, "
        f"{found.known:,} known, {found.reactions:,} kinds of reactions."
    )
    for count, said in (
        (found.unreadable, "channels and threads are not shown to Zos"),
        (
            found.unlisted,
            "channels show Zos no archived private threads of others: it lacks Manage Threads",
        ),
        (found.refused, "messages stay out: they were deleted, or their authors erased"),
        (found.malformed, "messages were not readable"),
    ):
        if count:
            show_line(f"{count:,} {said}.")
    show_booked(outcome.booked, outcome.unbooked)
