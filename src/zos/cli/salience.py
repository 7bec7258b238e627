"""`zos salience`: which topics have attention, where it came from, and why a topic is (not) thought about."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table
from zos.core.errors import NotFoundError, ZosError
from zos.core.topics import TopicCategory, TopicKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from zos.db.engine import Database
    from zos.salience.ledger import SalienceLedger
    from zos.salience.model import LedgerEntry, Mismatch, PastSelection, TopicView, Why

_Answer = TypeVar("_Answer")
_MICRO = 1_000_000
_FEW = 10


@click.group()
def salience() -> None:
    """Show where attention is, and where it came from."""


@salience.command()
@click.option(
    "--category", type=click.Choice([one.value for one in TopicCategory]), help="Only such topics."
)
@click.option(
    "--server",
    "server_id",
    type=click.IntRange(1, 2**63 - 1),
    metavar="ID",
    help="Only of this server.",
)
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True)
@json_option
@pass_app
def top(
    app: App, *, category: str | None, server_id: int | None, limit: int, as_json: bool
) -> None:
    """List the topics with the most salience."""
    wanted = None if category is None else TopicCategory(category)

    async def work(
        ledger: SalienceLedger, database: Database
    ) -> tuple[list[TopicView], dict[TopicKey, str]]:
        found = await ledger.top(limit=limit, category=wanted, server_id=server_id)
        return found, await _titles(app, database, (one.key for one in found))

    found, titles = _ask(app, work)
    if as_json:
        show_json([{"title": titles[one.key], **_topic(one)} for one in found])
        return
    columns = ["salience", "topic", "called", "new material", "insights", "last reflected"]
    show_table(
        columns,
        (
            (
                one.balance_micro / _MICRO,
                one.key,
                titles[one.key],
                one.new_material,
                one.insight_count,
                one.last_reflected_at,
            )
            for one in found
        ),
        empty="No topic has any salience: import an archive, or let Zos observe.",
    )


@salience.command()
@click.argument("topic")
@click.option("--limit", type=click.IntRange(1, 1_000), default=30, show_default=True)
@click.option(
    "--before", type=click.IntRange(1), metavar="CURSOR", help="Go on where a page ended."
)
@json_option
@pass_app
def ledger(app: App, topic: str, *, limit: int, before: int | None, as_json: bool) -> None:
    """Show the ledger of a TOPIC (a key, as in server:1:channel:2), newest first."""
    key = TopicKey.parse(topic)

    async def work(book: SalienceLedger, _database: Database) -> list[LedgerEntry]:
        if await book.topic(key) is None:
            raise NotFoundError(f"There is no topic {key}.", hint="See `zos salience top`.")
        return await book.entries(key, limit=limit, before_id=before)

    found = _ask(app, work)
    if as_json:
        show_json([_entry(one) for one in found])
        return
    _show_entries(found)
    if len(found) == limit:
        show_line(f"Older ones: --before {found[-1].id}")


@salience.command()
@click.argument("topic")
@json_option
@pass_app
def why(app: App, topic: str, *, as_json: bool) -> None:
    """Say why a TOPIC is, or is not, thought about."""
    key = TopicKey.parse(topic)

    async def work(book: SalienceLedger, database: Database) -> Why:
        from zos.consent.store import ConsentStore

        consent = await ConsentStore(database, app.config).view()
        return await book.why(key, consent, limit=_FEW)

    found = _ask(app, work)
    if as_json:
        show_json(
            {
                "topic": None if found.topic is None else _topic(found.topic),
                "reasons": found.reasons,
                "ahead": found.ahead,
                "selections": [_selection(one) for one in found.selections],
                "entries": [_entry(one) for one in found.entries],
            }
        )
    else:
        _show_why(found)


@salience.command()
@json_option
@pass_app
def audit(app: App, *, as_json: bool) -> None:
    """Prove that every balance is the sum of its ledger; exit code 1 if one is not."""

    async def work(book: SalienceLedger, _database: Database) -> list[Mismatch]:
        return await book.audit()

    found = _ask(app, work)
    if as_json:
        show_json({"clean": not found, "mismatches": [_mismatch(one) for one in found]})
    elif not found:
        show_line("Clean: every balance is the sum of its ledger.")
    else:
        columns = ["topic", "balance", "ledger"]
        show_table(columns, (tuple(_mismatch(one).values()) for one in found))
    if found:
        raise ZosError(
            f"{len(found)} balances are not the sums of their ledgers.",
            hint="Please report this; `zos db backup` keeps the evidence.",
        )


def _ask(app: App, work: Callable[[SalienceLedger, Database], Awaitable[_Answer]]) -> _Answer:
    async def run() -> _Answer:
        from zos.salience.ledger import SalienceLedger

        async with app.database(schema="require") as database:
            return await work(SalienceLedger(database, app.config), database)

    return app.run(run)


async def _titles(app: App, database: Database, topics: Iterable[TopicKey]) -> dict[TopicKey, str]:
    from zos.consent.store import ConsentStore
    from zos.views.titles import topic_titles

    consent = await ConsentStore(database, app.config).view()
    async with database.read() as connection:
        return await topic_titles(connection, topics, consent)


def _show_why(found: Why) -> None:
    state = found.topic
    if state is not None:
        show_line(
            f"{found.key}: salience {state.balance_micro / _MICRO:,.2f}, "
            f"{state.new_material} new material, {state.insight_count} insights."
        )
    for reason in found.reasons or ("Nothing stands in its way.",):
        show_line(reason)
    if found.ahead:
        show_line(f"Topics of its kind that come before it: {found.ahead:,}.")
    if found.selections:
        show_line("Past decisions:")
        columns = ["at", "layer", "salience", "chosen", "because"]
        show_table(columns, (tuple(_selection(one).values())[1:] for one in found.selections))
    if found.entries:
        show_line("Its ledger, newest first:")
        _show_entries(found.entries)


def _show_entries(entries: Iterable[LedgerEntry]) -> None:
    rows = ((one.at, one.kind, one.amount_micro / _MICRO, one.run_id) for one in entries)
    show_table(["at", "kind", "salience", "run"], rows, empty="Its ledger is empty.")


def _topic(view: TopicView) -> dict[str, object]:
    return {
        "topic": view.key,
        "salience": view.balance_micro / _MICRO,
        "new_material": view.new_material,
        "insight_count": view.insight_count,
        "last_activity_at": view.last_activity_at,
        "last_reflected_at": view.last_reflected_at,
    }


def _entry(entry: LedgerEntry) -> dict[str, object]:
    return {
        "cursor": entry.id,
        "at": entry.at,
        "kind": entry.kind,
        "salience": entry.amount_micro / _MICRO,
        "run_id": entry.run_id,
    }


def _selection(one: PastSelection) -> dict[str, object]:
    return {
        "run_id": one.run_id,
        "at": one.at,
        "layer": one.layer,
        "salience": one.balance_micro / _MICRO,
        "chosen": one.chosen,
        "reason": one.reason,
    }


def _mismatch(one: Mismatch) -> dict[str, object]:
    return {
        "topic": one.topic_key,
        "balance": one.balance_micro / _MICRO,
        "ledger": one.ledger_micro / _MICRO,
    }
