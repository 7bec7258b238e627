"""What `zos member` says, line by line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zos.cli.output import cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zos.members.model import (
        ConsentStanding,
        Erasure,
        Known,
        KnownInsight,
        KnownLine,
        MemberRow,
        SourceMessage,
    )

_SAID = {"granted": "yes", "denied": "no"}


def member_row(row: MemberRow) -> tuple[object, ...]:
    """Return a member as a row of the table."""
    said = None if row.state is None else _SAID[row.state.value]
    name = row.display_name + (" (bot)" if row.is_bot else "")
    return str(row.id), name, row.messages, row.last_message_at, said, row.allowed


def known_lines(known: Known) -> Iterator[str]:
    """Yield all that is known about a member."""
    yield _who(known)
    yield f"  {consent_text(known.consent)}"
    if known.erasure is not None:
        yield from (f"  {line}" for line in erasure_lines(known.erasure))
    yield f"  Servers: {', '.join(one.server for one in known.servers) or 'none'}"
    yield from _counts(known)
    for topic in known.topics:
        yield f"  Topic {topic.title} ({topic.key}): salience {cell(topic.balance)}"
    if known.insights:
        yield f"Insights: {known.insights_total:,}, the newest first"
    for insight in known.insights:
        yield from ("", *_insight(insight))
    for dispute in known.disputes:
        at = cell(dispute.disputed_at)
        yield from ("", f"Disputed {at}, insight {dispute.insight_id}: {dispute.text}")


def _who(known: Known) -> str:
    name = known.display_name or "nobody who was seen"
    others = {one: None for one in (known.global_name, known.name) if one not in {None, name}}
    return f"Member {known.id}: {', '.join([name, *map(str, others)])}" + (
        " (bot)" if known.is_bot else ""
    )


def consent_text(standing: ConsentStanding) -> str:
    """Return in one sentence whether a member may be thought about, and why."""
    may = "May be thought about" if standing.allowed else "May not be thought about"
    if standing.state is None:
        return f"{may}: they said nothing ({standing.mode.value})."
    at = f", {cell(standing.recorded_at)}, recorded by {standing.recorded_by}"
    return f"{may}: they said {_SAID[standing.state.value]}{at} ({standing.mode.value})."


def erasure_lines(erasure: Erasure) -> Iterator[str]:
    """Yield how far an erasure is, and what went."""
    asked = f"asked for {cell(erasure.requested_at)} by {erasure.requested_by}"
    if erasure.completed_at is not None:
        yield f"Erased {cell(erasure.completed_at)}; {asked}. Receipt {erasure.id}:"
    else:
        why = f": {erasure.pending}" if erasure.pending else ""
        yield f"Not erased completely yet{why}; {asked}. It goes on by itself while a service runs."
    for kind, count in erasure.receipt.items():
        yield f"  {count:,} {kind.replace('_', ' ')}"


def _counts(known: Known) -> Iterator[str]:
    messages = known.messages
    private = f", {messages.direct:,} of them in private" if messages.direct else ""
    yield f"  Messages: {messages.total:,}{private}"
    for one in messages.channels:
        if one.server_id is not None:
            last = cell(one.last_at)
            yield f"    #{one.channel}: {one.messages:,}, the last {last}"
    yield (
        f"  Reactions: {known.reactions_given:,} given, {known.reactions_received:,} received; "
        f"mentioned {known.mentions:,} times"
    )
    yield f"  Model calls with their words in it: {known.model_calls_total:,}"


def _insight(one: KnownInsight) -> Iterator[str]:
    roles = ", ".join(one.roles)
    yield f"{one.title}: {one.id}, {one.status.value}, {cell(one.created_at)} ({roles})"
    if one.withheld:
        yield f"  Not shown: {one.withheld}"
    for line in one.lines:
        yield from _line(line)
    for question in one.open_questions:
        yield f"  Open: {question}"


def _line(line: KnownLine) -> Iterator[str]:
    yield f"  {line.text}"
    yield from (f"    – {_source(one)}" for one in line.messages)
    yield from (f"    – message {one} was deleted" for one in line.gone_message_ids)
    yield from (f"    – insight {one}" for one in line.insight_ids)


def _source(one: SourceMessage) -> str:
    text = "" if one.text is None else ": " + " / ".join(one.text.splitlines())
    return f"#{one.channel}, {cell(one.at)}{text} [{one.link}]"
