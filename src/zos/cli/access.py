"""`zos access`: who may use the API and the pages, and what they changed.

It works on the store itself, whether or not a service runs on it: that looks there at every request.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from zos.access.principal import Principal, Role
from zos.access.user import user_name
from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table
from zos.core.clock import SystemClock
from zos.core.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from zos.access.access import Books

_Answer = TypeVar("_Answer")
_ROLES = [role.value for role in Role]
_MAX_DAYS = 3_650


@click.group()
def access() -> None:
    """Let people and programs in, and see what they changed."""


@access.command()
@click.option("--role", type=click.Choice(_ROLES), default="operator", show_default=True)
@click.option("--name", default="operator", show_default=True, help="Whom it makes its bearer.")
@pass_app
def link(app: App, role: str, name: str) -> None:
    """Print a link that logs somebody in once, within ten minutes."""
    from zos.access.login.link import login_url
    from zos.access.login.store import Grant
    from zos.access.names import checked_name
    from zos.access.runtime import find_service

    service = find_service(app.config)
    if service is None:
        raise ServiceError("No service runs on this database.", hint="`zos serve` prints a link.")
    grant = Grant(checked_name(name), Role(role))

    async def make(books: Books) -> str:
        async with _recorded(books, "make_link", f"{grant.name}, {grant.role}"):
            return await books.links.make(grant)

    show_line(login_url(service.url, _ask(app, make)))


@access.group()
def key() -> None:
    """Keys, by which programs are recognised."""


@key.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True)
@click.option(
    "--days", type=click.IntRange(1, _MAX_DAYS), help="It ends after so many; else never."
)
@json_option
@pass_app
def add_key(app: App, *, name: str, role: str, days: int | None, as_json: bool) -> None:
    """Make a key NAME and print it: nobody can be shown it again."""
    from zos.access.login.store import Grant
    from zos.access.names import checked_name

    grant = Grant(checked_name(name), Role(role))
    expires_at = None if days is None else SystemClock().now() + timedelta(days=days)

    async def make(books: Books) -> dict[str, object]:
        async with _recorded(books, "make_key", f"{grant.name}, {grant.role}"):
            secret, made = await books.keys.make(grant, expires_at)
        return {"key": secret, "id": made.id, "expires_at": made.expires_at}

    made = _ask(app, make)
    if as_json:
        show_json(made)
    else:
        show_line(str(made["key"]))


@key.command("list")
@json_option
@pass_app
def list_keys(app: App, as_json: bool) -> None:
    """List keys."""
    found = _ask(app, lambda books: books.keys.all())
    if as_json:
        show_json(found)
        return
    columns = ["name", "role", "made", "last used", "ends"]
    rows = ((one.name, one.role, one.created_at, one.seen_at, one.expires_at) for one in found)
    show_table(columns, rows, empty="There are no keys: `zos access key add NAME` makes one.")


@key.command("revoke")
@click.argument("name")
@pass_app
def revoke_key(app: App, name: str) -> None:
    """End the key of that NAME (or id) at once."""

    async def end(books: Books) -> None:
        async with _recorded(books, "revoke_key", name):
            await books.keys.end(name)

    _ask(app, end)
    show_line(f"The key {name} is no key any more.")


@access.group()
def session() -> None:
    """Sessions: who is logged in."""


@session.command("list")
@json_option
@pass_app
def list_sessions(app: App, as_json: bool) -> None:
    """List who is logged in."""
    found = _ask(app, lambda books: books.sessions.all())
    if as_json:
        show_json(found)
        return
    columns = ["id", "name", "role", "since", "last seen", "ends", "browser"]
    rows = (
        (one.id, one.name, one.role, one.created_at, one.seen_at, one.expires_at, one.agent)
        for one in found
    )
    show_table(columns, rows, empty="Nobody is logged in.")


@session.command("revoke")
@click.argument("session_id", metavar="ID")
@pass_app
def revoke_session(app: App, session_id: str) -> None:
    """Log somebody out."""

    async def end(books: Books) -> None:
        async with _recorded(books, "end_session", session_id):
            await books.sessions.end(session_id)

    _ask(app, end)
    show_line(f"The session {session_id} has ended.")


@access.command()
@click.option("--name", help="Only what this operator, link or key did.")
@click.option("--before", metavar="CURSOR", help="Go on where a page ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=30, show_default=True)
@json_option
@pass_app
def audit(app: App, *, name: str | None, before: str | None, limit: int, as_json: bool) -> None:
    """Show what was changed, by whom, and what was refused; newest first."""
    page = _ask(app, lambda books: books.audit.page(name=name, before=before, limit=limit))
    if as_json:
        show_json(page.items)
        return
    columns = ["at", "name", "role", "from", "action", "target", "status"]
    rows = (
        (one.at, one.name, one.role, one.origin, one.action, one.target, one.status)
        for one in page.items
    )
    show_table(columns, rows, empty="Nothing was changed yet.")
    if page.next_cursor is not None:
        show_line(f"Older ones: --before {page.next_cursor}")


def _ask(app: App, question: Callable[[Books], Awaitable[_Answer]]) -> _Answer:
    async def work() -> _Answer:
        async with _books(app) as books:
            return await question(books)

    return app.run(work)


@asynccontextmanager
async def _books(app: App) -> AsyncIterator[Books]:
    from zos.access.access import open_books

    async with app.database(schema="require") as database:
        yield open_books(database, SystemClock())


def _recorded(books: Books, action: str, target: str) -> AbstractAsyncContextManager[object]:
    from zos.access.audit.recording import recorded

    return recorded(books.audit, Principal.at_terminal(user_name()), action, target)
