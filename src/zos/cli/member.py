"""`zos member`: what is known about members, and what they may ask for, with and without a running service."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from zos.access.user import user_name
from zos.cli.context import App, pass_app
from zos.cli.member_text import erasure_lines, known_lines, member_row
from zos.cli.output import json_option, progress, show_json, show_line, show_table
from zos.cli.recording import recorded_here
from zos.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import BinaryIO

    from zos.db.engine import Database
    from zos.members.model import Erasure
    from zos.members.rights import Members
    from zos.service.operator import Operator

NOT_COMPLETE = 3
"""Exit code of an erasure that has still to wait for something."""

_Answer = TypeVar("_Answer")
_SAYS = {"yes": "granted", "no": "denied"}

member_argument = click.argument("member_id", metavar="MEMBER", type=click.IntRange(1, 2**63 - 1))


@click.group()
def member() -> None:
    """Show, export, settle and erase what is known of members.

    MEMBER is the member's id on Discord (Copy User ID).
    """


@member.command("list")
@click.option("--search", "query", default="", metavar="TEXT", help="Only whose name holds this.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--before", metavar="CURSOR", type=int, help="Go on where a page ended.")
@json_option
@pass_app
def list_(app: App, *, query: str, limit: int, before: int | None, as_json: bool) -> None:
    """List members by their ids, with what they said about being thought about."""
    from zos.views.page import page_of

    found = _ask(app, lambda one: one.page(after=before, limit=limit + 1, query=query))
    page = page_of(found, limit, lambda row: str(row.id))
    if as_json:
        show_json(page)
        return
    columns = ["member", "name", "messages", "last message", "said", "thought about"]
    show_table(columns, map(member_row, page.items), empty="No members.")
    if page.next_cursor is not None:
        show_line(f"More: --before {page.next_cursor}")


@member.command()
@member_argument
@json_option
@pass_app
def show(app: App, member_id: int, as_json: bool) -> None:
    """Show all that is known about MEMBER, down to the messages, without what was said in private."""
    known = _ask(app, lambda one: one.known(member_id))
    if as_json:
        show_json(known)
        return
    for line in known_lines(known):
        show_line(line)


@member.command()
@member_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file to write."
)
@pass_app
def export(app: App, member_id: int, output: Path | None) -> None:
    """Write everything about MEMBER as one JSON document, for them.

    What they said in private is in it: hand it to nobody else.
    """
    if output is None:
        app.run(lambda: _export(app, member_id, sys.stdout.buffer))
        return
    with _new_file(output) as file:
        app.run(lambda: _export(app, member_id, file))
    click.echo(f"Written to {output}.", err=True)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file of the operator's own; what is not written to its end does not stay."""
    from zos.access.files import PRIVATE_FILE

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


async def _export(app: App, member_id: int, file: BinaryIO) -> None:
    async with (
        app.database(schema="require") as database,
        recorded_here(database, "export", f"member {member_id}"),
    ):
        async for piece in _members(app, database).export(member_id):
            file.write(piece)
        file.flush()


@member.command()
@member_argument
@click.argument("said", type=click.Choice([*_SAYS]))
@json_option
@pass_app
def consent(app: App, member_id: int, said: str, as_json: bool) -> None:
    """Record that MEMBER said yes or no to being thought about. It takes effect at once."""
    from zos.core.consent import ConsentState

    state = ConsentState(_SAYS[said])
    by = user_name()
    change = _order(app, lambda one: one.set_consent(member_id, state, by=by))
    if as_json:
        show_json(change)
        return
    allowed = "may" if change.standing.allowed else "may not"
    show_line(f"Member {member_id} {allowed} be thought about.")
    if change.quarantined:
        show_line(f"Out of sight: {change.quarantined:,} insights.")
    if change.restored:
        show_line(f"Shown again: {change.restored:,} insights.")


@member.command()
@member_argument
@click.argument("insight_id", metavar="INSIGHT")
@click.argument("text")
@json_option
@pass_app
def dispute(app: App, member_id: int, insight_id: str, text: str, as_json: bool) -> None:
    """Record what MEMBER holds against INSIGHT: it is put under review."""
    by = user_name()
    made = _order(app, lambda one: one.dispute(member_id, insight_id, text, by=by))
    if as_json:
        show_json(made)
    else:
        show_line(f"Insight {insight_id} is under review. Dispute {made.id}.")


@member.command()
@member_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def forget(ctx: click.Context, member_id: int, yes: bool, as_json: bool) -> None:
    """Erase MEMBER: all that they said, and all that rests on it. There is no way back.

    Only a tombstone stays, so that nothing of theirs comes in again, and a receipt that counts what
    went. A running service does it if there is one; an erasure that is interrupted goes on when it
    is asked for again, or when a service runs.

    Exit code: 0 once nothing is left; 3 if something still stands in the way.
    """
    app = ctx.find_object(App)
    assert app is not None  # noqa: S101 - the root command makes it
    if not yes:
        _confirm(member_id)
    try:
        done = _order(app, lambda one: _forget(one, member_id))
    except KeyboardInterrupt:
        click.echo("It goes on while a service runs, or when it is asked for again.", err=True)
        raise
    if as_json:
        show_json(done)
    else:
        for line in erasure_lines(done):
            show_line(line)
    ctx.exit(0 if done.completed_at is not None else NOT_COMPLETE)


def _confirm(member_id: int) -> None:
    if not _is_terminal():
        raise UsageError("An erasure wants to be confirmed.", hint="Add --yes.")
    click.echo(f"All that is known about member {member_id} will be erased for good.", err=True)
    typed = click.prompt("Type the member's id to go on", err=True, default="", show_default=False)
    if typed.strip() != str(member_id):
        raise UsageError("That is not the member's id.", hint="Nothing was erased.")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


async def _forget(asked: Operator, member_id: int) -> Erasure:
    with progress(f"Erasing {member_id}") as report:
        return await asked.forget(member_id, by=user_name(), progress=report)


def _ask(app: App, question: Callable[[Members], Awaitable[_Answer]]) -> _Answer:
    """Read in the store itself, whether or not a service runs on it."""

    async def work() -> _Answer:
        async with app.database(schema="require") as database:
            return await question(_members(app, database))

    return app.run(work)


def _members(app: App, database: Database) -> Members:
    from zos.consent.store import ConsentStore
    from zos.core.clock import SystemClock
    from zos.members.rights import Members
    from zos.reflect.self_concept.file import path_in
    from zos.salience.ledger import SalienceLedger

    config = app.config
    return Members(
        database,
        ConsentStore(database, config),
        SalienceLedger(database, config),
        SystemClock(),
        path_in(config.data_dir),
    )


def _order(app: App, question: Callable[[Operator], Awaitable[_Answer]]) -> _Answer:
    async def work() -> _Answer:
        from zos.service.operator import operator

        async with operator(app.config) as asked:
            return await question(asked)

    return app.run(work)
