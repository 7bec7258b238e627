"""Stored history and the ledger: what commands that bring history in ask and say of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from zos.cli.output import show_line

if TYPE_CHECKING:
    from zos.observe.booking import BookedHistory

book_option = click.option(
    "--book", is_flag=True, help="Also book the salience of all stored history, up to now."
)


def unbooked_as_json(unbooked: tuple[datetime, datetime] | None) -> dict[str, datetime] | None:
    """Return the times of the first and last event not in the ledger by name."""
    return None if unbooked is None else {"first_at": unbooked[0], "last_at": unbooked[1]}


def show_booked(booked: BookedHistory | None, unbooked: tuple[datetime, datetime] | None) -> None:
    """Say what was booked, or what to do about what is not."""
    if booked is not None:
        show_line(
            f"Booked the salience of {booked.messages:,} messages and {booked.reactions:,} reactions."
        )
    elif unbooked is not None:
        first, last = unbooked
        show_line(
            f"Not in the ledger yet: {first:%Y-%m-%d} to {last:%Y-%m-%d}. Reflect on it day by day with "
            f"`zos replay --from {first:%Y-%m-%d} --to {last:%Y-%m-%d}`, or book it with --book."
        )
