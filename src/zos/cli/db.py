"""`zos db`: the schema, its state, and backups."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, progress, show_json, show_line, show_table
from zos.core.clock import SystemClock

if TYPE_CHECKING:
    from zos.db.backup import Backup
    from zos.db.status import StoreStatus

_MEBIBYTE = 1024 * 1024
_STATES = {
    "current": "up to date",
    "pending": "a migration is due: `zos db migrate`",
    "newer": "made by a newer Zos: install that again, or restore a backup",
}


@click.group()
def db() -> None:
    """Migrate, inspect and back up the database."""


@db.command()
@json_option
@pass_app
def migrate(app: App, as_json: bool) -> None:
    """Make the database, or bring its schema up to date."""

    async def work() -> StoreStatus:
        from zos.db.status import store_status

        async with app.database() as database:
            return await store_status(database)

    found = app.run(work)
    if as_json:
        show_json({"url": found.url, "revision": found.revision})
    else:
        show_line(f"The database {found.url} is at revision {found.revision}.")


@db.command()
@json_option
@pass_app
def status(app: App, as_json: bool) -> None:
    """Show revision, size and rows, and whether a migration is due."""

    async def work() -> StoreStatus:
        from zos.db.status import store_status

        async with app.database(schema="any") as database:
            return await store_status(database)

    found = app.run(work)
    if as_json:
        show_json({**asdict(found), "state": found.state})
    else:
        show_line(f"{found.url}: {_STATES[found.state]}")
        show_line(f"revision {found.revision or 'none'}, {found.size_bytes / _MEBIBYTE:,.1f} MiB")
        show_table(["table", "rows"], found.rows.items(), empty="No tables yet.")


@db.command()
@click.argument("destination", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Overwrite the destination.")
@json_option
@pass_app
def backup(app: App, destination: Path | None, force: bool, as_json: bool) -> None:
    """Copy the database to DESTINATION while it is in use, and check the copy.

    Without a DESTINATION, or when that is a folder, the file is named by the time.
    """

    async def work() -> Backup:
        from zos.db.backup import back_up

        async with app.database(schema="any") as database:
            target = _target(destination, app.config.data_dir, is_sqlite=database.is_sqlite)
            with progress("Copying") as report:
                return await back_up(database, target, force=force, progress=report)

    made = app.run(work)
    if as_json:
        show_json(made)
    else:
        show_line(f"Wrote {made.path} ({made.size_bytes / _MEBIBYTE:,.1f} MiB), checked.")


def _target(destination: Path | None, data_dir: Path, *, is_sqlite: bool) -> Path:
    """Return the file to write; a folder, or nothing, gets one named by the time."""
    from zos.views.storage import BACKUPS

    if destination is None:
        destination = data_dir / BACKUPS
        destination.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not destination.is_dir():
        return destination
    now = SystemClock().now()
    return destination / f"zos-{now:%Y%m%dT%H%M%SZ}.{'db' if is_sqlite else 'dump'}"
