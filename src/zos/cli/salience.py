"""`zos salience`: which topics have attention, where it came from, and why a topic is (not) thought about."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from zos.cli.context import App, pass_app
from zos.cli.output import json_option, show_json, show_line, show_table
from zos.core.errors import ZosError
from zos.core.topics import TopicCategory, TopicKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from zos.salience.model import Mismatch
    from zos.views.topics import LedgerRow, TopicRow, TopicsView, WhyRow

_Answer = TypeVar("_Answer")
_MICRO = 1_000_000


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
    page = _ask(app, lambda view: view.page(category=wanted, server_id=server_id, limit=limit))
    if as_json:
        show_json(page.items)
        return
    columns = ["salience", "topic", "called", "new material", "insights", "last reflected"]
    show_table(
        columns,
        map(_listed, page.items),
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

    page = _ask(app, lambda view: view.ledger(key, before=before, limit=limit))
    if as_json:
        show_json(page.items)
        return
    _show_entries(page.items)
    if page.next_cursor is not None:
        show_line(f"Older ones: --before {page.next_cursor}")


@salience.command()
@click.argument("topic")
@json_option
@pass_app
def why(app: App, topic: str, *, as_json: bool) -> None:
    """Say why a TOPIC is, or is not, thought about."""
    key = TopicKey.parse(topic)

    found = _ask(app, lambda view: view.why(key))
    if as_json:
        show_json(found)
    else:
        _show_why(key, found)


@salience.command()
@json_option
@pass_app
def audit(app: App, *, as_json: bool) -> None:
    """Prove that every balance is the sum of its ledger; exit code 1 if one is not."""

    async def work() -> list[Mismatch]:
        from zos.salience.ledger import SalienceLedger

        async with app.database(schema="require") as database:
            return await SalienceLedger(database, app.config).audit()

    found = app.run(work)
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


def _ask(app: App, question: Callable[[TopicsView], Awaitable[_Answer]]) -> _Answer:
    async def work() -> _Answer:
        from zos.views.topics import TopicsView

        async with app.database(schema="require") as database:
            return await question(TopicsView(database, app.config))

    return app.run(work)


def _listed(row: TopicRow) -> tuple[object, ...]:
    return (
        row.salience,
        row.topic,
        row.title,
        row.new_material,
        row.insight_count,
        row.last_reflected_at,
    )


def _show_why(key: TopicKey, found: WhyRow) -> None:
    state = found.topic
    if state is not None:
        show_line(
            f"{key}: salience {state.salience:,.2f}, "
            f"{state.new_material} new material, {state.insight_count} insights."
        )
    for reason in found.reasons or ("Nothing stands in its way.",):
        show_line(reason)
    if found.ahead:
        show_line(f"Topics of its kind that come before it: {found.ahead:,}.")
    if found.selections:
        show_line("Past decisions:")
        columns = ["at", "layer", "salience", "chosen", "because"]
        show_table(columns, (tuple(asdict(one).values())[1:] for one in found.selections))
    if found.entries:
        show_line("Its ledger, newest first:")
        _show_entries(found.entries)


def _show_entries(entries: Iterable[LedgerRow]) -> None:
    rows = ((one.at, one.kind, one.salience, one.run_id) for one in entries)
    show_table(["at", "kind", "salience", "run"], rows, empty="Its ledger is empty.")


def _mismatch(one: Mismatch) -> dict[str, object]:
    return {
        "topic": one.topic_key,
        "balance": one.balance_micro / _MICRO,
        "ledger": one.ledger_micro / _MICRO,
    }
