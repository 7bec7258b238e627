"""What members are told on Discord, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from zos.bot.commands.text import cut, moment, plain
from zos.core.consent import ConsentState
from zos.members.model import (
    ConsentChange,
    ConsentStanding,
    Erasure,
    Known,
    KnownInsight,
    KnownLine,
    SourceMessage,
)

NOTHING = "Zos knows nothing about you."
_CHOICE_CHARACTERS = 100
_LINKS = 5
"""Links shown behind a statement; how many more there are is said."""


def consent_lines(said: ConsentState, change: ConsentChange) -> list[str]:
    """Return what saying yes or no has changed."""
    lines = [_standing(change.standing)]
    if said is ConsentState.GRANTED and not change.standing.allowed:
        lines.append("Here a role decides, and you do not hold it. Ask the server's moderators.")
    if change.quarantined:
        lines.append(f"Notes with you in them are out of sight: {change.quarantined:,}.")
    if change.restored:
        lines.append(f"Notes with you in them are shown again: {change.restored:,}.")
    if said is ConsentState.DENIED:
        lines.append("What you wrote is still stored; `/zos forget-me` erases it.")
    return lines


def known_lines(known: Known) -> list[str]:
    """Return all that is known about the one who asks."""
    return [*_facts(known), *(line for one in known.insights for line in _insight(one))]


def choice_of(insight: KnownInsight) -> tuple[str, str]:
    """Return how an insight is offered for choosing, and its id."""
    text = " ".join(f"{insight.title}: {insight.lines[0].text}".split())
    return cut(text, _CHOICE_CHARACTERS), insight.id


def _facts(known: Known) -> Iterator[str]:
    if known.erasure is not None:
        yield from _erasure(known.erasure)
    yield _standing(known.consent)
    messages = known.messages
    yield (
        f"Stored: {messages.total:,} messages ({messages.direct:,} in private), "
        f"{known.reactions_given:,} reactions; others mention you {known.mentions:,} times."
    )
    if known.topics:
        yield f"Topics about you: {', '.join(plain(one.title) for one in known.topics)}."
    if known.model_calls_total:
        yield f"Models were shown words of yours {known.model_calls_total:,} times."
    for dispute in known.disputes:
        yield f"You disputed {moment(dispute.disputed_at, 'd')}: {plain(dispute.text)}"
    if known.insights:
        yield f"**Notes with you in them: {known.insights_total:,}**"


def _standing(standing: ConsentStanding) -> str:
    return "You may be thought about." if standing.allowed else "You are not thought about."


def _erasure(erasure: Erasure) -> Iterator[str]:
    if erasure.completed_at is None:
        yield f"Your erasure, asked for {moment(erasure.requested_at)}, is under way."
    else:
        yield f"You were erased {moment(erasure.completed_at)}. Receipt `{erasure.id}`:"
    for kind, count in erasure.receipt.items():
        yield f"- {count:,} {kind.replace('_', ' ')}"


def _insight(one: KnownInsight) -> Iterator[str]:
    yield f"**{plain(one.title)}** {moment(one.created_at, 'd')}, {one.status.value}"
    if one.withheld:
        yield f"- not shown: {plain(one.withheld)}"
    for line in one.lines:
        yield f"- {plain(line.text)}{_sources(line)}"


def _sources(line: KnownLine) -> str:
    links = [_link(one) for one in line.messages[:_LINKS]]
    more = len(line.messages) - len(links)
    if more:
        links.append(f"and {more:,} more")
    if line.gone_message_ids:
        links.append(f"{len(line.gone_message_ids):,} deleted")
    return f" ({', '.join(links)})" if links else ""


def _link(one: SourceMessage) -> str:
    """A link that Discord shows without a preview."""
    whose = "you" if one.is_own else "somebody"
    return f"[{whose}](<{one.link}>)"
