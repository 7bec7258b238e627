"""`zos insights`: what was understood, how to find it, and what it rests on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from zos.cli.context import App, pass_app
from zos.cli.output import cell, json_option, show_json, show_line, show_table
from zos.core.clock import SystemClock
from zos.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from zos.views.insight_rows import (
        FoundRow,
        InsightDetail,
        InsightRow,
        LineRow,
        MessageRow,
        SourceInsight,
    )
    from zos.views.insights import InsightsView

_Answer = TypeVar("_Answer")
_STATUSES = ("active", "superseded", "review", "any")
_PROFILES = ("recent", "balanced", "deep", "comprehensive")
_LISTED_CHARACTERS = 100

server_option = click.option(
    "--server",
    "server_id",
    type=click.IntRange(1, 2**63 - 1),
    metavar="ID",
    help="Only of this server.",
)


@click.group()
def insights() -> None:
    """List, search and show insights, down to the messages they rest on."""


@insights.command("list")
@click.option("--topic", metavar="KEY", help="Only about this topic, as in server:1:channel:2.")
@click.option("--layer", help="Only by this layer.")
@server_option
@click.option("--since", metavar="TIME", help="Only of this time (ISO) or later; UTC, if not said.")
@click.option("--status", type=click.Choice(_STATUSES), default="active", show_default=True)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option("--before", metavar="CURSOR", help="Go on where a page ended.")
@json_option
@pass_app
def list_(
    app: App,
    *,
    topic: str | None,
    layer: str | None,
    server_id: int | None,
    since: str | None,
    status: str,
    limit: int,
    before: str | None,
    as_json: bool,
) -> None:
    """List insights, newest first."""
    from zos.core.topics import TopicKey
    from zos.insights.model import InsightFilter, InsightStatus

    which = InsightFilter(
        topic=None if topic is None else TopicKey.parse(topic),
        layer=layer,
        server_id=server_id,
        since=None if since is None else _time(since),
        status=None if status == "any" else InsightStatus(status),
    )
    page = _ask(app, lambda view: view.page(which, before=before, limit=limit))
    if as_json:
        show_json(page)
        return
    columns = ["insight", "stored", "topic", "layer", "importance", "says"]
    show_table(columns, map(_listed, page.items), empty="No insights.")
    if page.next_cursor is not None:
        show_line(f"Older ones: --before {page.next_cursor}")


@insights.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--profile", type=click.Choice(_PROFILES), default="balanced", show_default=True)
@server_option
@click.option("--limit", type=click.IntRange(1, 200), help="Hits, at most.")
@json_option
@pass_app
def search(
    app: App,
    *,
    query: tuple[str, ...],
    profile: str,
    server_id: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Find insights and messages by their words, best first."""
    now = SystemClock().now()
    found = _ask(
        app,
        lambda view: view.search(
            " ".join(query), now=now, profile=profile, server_id=server_id, limit=limit
        ),
    )
    if as_json:
        show_json({"items": found})
        return
    columns = ["score", "found", "when", "about or by", "says"]
    show_table(columns, map(_found, found), empty="Nothing fits these words.")


@insights.command()
@click.argument("insight_id", metavar="INSIGHT")
@json_option
@pass_app
def show(app: App, insight_id: str, as_json: bool) -> None:
    """Show an insight with each of its lines, down to the messages.

    Authors without consent are called <chat_1>, <chat_2>, …
    """
    found = _ask(app, lambda view: view.detail(insight_id))
    if as_json:
        show_json(found)
        return
    for line in _told(found):
        show_line(line)


def _ask(app: App, question: Callable[[InsightsView], Awaitable[_Answer]]) -> _Answer:
    async def work() -> _Answer:
        from zos.views.insights import InsightsView

        async with app.database(schema="require") as database:
            return await question(InsightsView(database, app.config))

    return app.run(work)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no time.", hint="Write 2026-12-01 or 2026-12-01T09:00+01:00."
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _listed(row: InsightRow) -> tuple[object, ...]:
    return row.id, row.created_at, row.title, row.layer, row.importance, _short(row.content)


def _found(row: FoundRow) -> tuple[object, ...]:
    from zos.views.insight_rows import InsightRow

    one, what = row.found, f"{row.kind.value} {row.found.id}"
    if isinstance(one, InsightRow):
        when, who, text = one.created_at, one.title, one.content
    else:
        when, who, text = one.at, f"{one.author} in #{one.channel}", one.text
    return round(row.score, 3), what, when, who, _short(text)


def _short(text: str) -> str:
    line = " / ".join(text.splitlines())
    return line if len(line) <= _LISTED_CHARACTERS else f"{line[: _LISTED_CHARACTERS - 1]}…"


def _told(found: InsightDetail) -> Iterator[str]:
    one = found.insight
    yield f"{one.title} ({one.topic})"
    yield f"  Insight {one.id}, {one.status.value}, {one.scope.value}, {one.method.value}"
    yield f"  Stored {cell(one.created_at)} by {one.layer}, {_run_of(found)}"
    yield (
        f"  Confidence {cell(one.confidence)}, importance {cell(one.importance)}, "
        f"novelty {cell(one.novelty)}, strength {cell(one.strength)}"
    )
    if one.valence:
        yield "  Feelings: " + ", ".join(
            f"{name} {cell(part)}" for name, part in one.valence.items()
        )
    ties = {
        "Replaces": [found.supersedes],
        "Replaced by": [found.superseded_by],
        "Contradicts": found.conflicts_with,
        "Contradicted by": found.contradicted_by,
    }
    for name, others in ties.items():
        if any(others):
            yield f"  {name} {', '.join(other for other in others if other)}"
    for line in found.lines:
        yield from ("", line.text, *_sources(line))
    for question in one.open_questions:
        yield from ("", f"Open: {question}")


def _run_of(found: InsightDetail) -> str:
    run = found.run
    if run is None:
        return f"run {found.insight.run_id}"
    version = f", version {run.layer_hash[:12]}" if run.layer_hash else ""
    return f"run {run.id} ({run.trigger.value}, {run.status.value}{version})"


def _sources(line: LineRow) -> Iterator[str]:
    yield from map(_quoted, line.messages)
    yield from (f"  – message {one} was deleted" for one in line.gone_message_ids)
    for source in line.insights:
        yield from _source(source)


def _source(source: SourceInsight) -> Iterator[str]:
    if source.content is None:
        yield f"  – insight {source.id} is gone or may not be shown"
        return
    yield f"  – insight {source.id} on {source.title}: {_short(source.content)}"
    yield from (f"  {_quoted(one)}" for one in source.messages)


def _quoted(one: MessageRow) -> str:
    text = " / ".join(one.text.splitlines())
    return f"  – {one.author}, {cell(one.at)}, #{one.channel}: {text} [{one.id}]"
