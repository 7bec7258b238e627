"""Writing into Discord: texts that layers send, once it is clear that nobody gets to see more than before.

In: a channel and a payload. Out: messages, at most 2,000 characters each, that call nobody. A text
that is sent again within minutes carries the same nonces: Discord shows each part once. What was
posted can be deleted again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
import discord

from zos.bot.commands.text import MESSAGE_CHARACTERS, cut, in_parts, length, plain
from zos.core.errors import DeliveryError, LaterDeliveryError

_NONCE_LENGTH = 24  # Discord takes 25
_TOO_MANY_REQUESTS = 429
_GONE = frozenset({10_003, 10_008})  # unknown channel, unknown message
_TO_WRITE = "Let Zos's role see the channel and send messages there."
_TO_DELETE = "Let Zos's role see the channel: it needs no more to delete what it wrote."

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


async def post(
    client: discord.Client, channel_id: int, payload: Mapping[str, Any], posted: list[str]
) -> None:
    """Write a text to a channel.

    Args:
        client: A connection.
        channel_id: Where to.
        payload: `heading`, `lines` (each with `text` and `links`), `dedup_key`, and the `servers`
            and `channels` of what it rests on.
        posted: Ids of the messages of it that stand there already; each new one is added.

    Raises:
        DeliveryError: If it may not stand there, or was not written.
    """
    place = client.get_channel(channel_id)
    if not isinstance(place, Place):
        # Until the client is ready, servers are still coming in.
        kind = DeliveryError if client.is_ready() else LaterDeliveryError
        raise kind(
            f"Zos does not see the Discord channel {channel_id}.",
            hint="Let its role see the channel and write to it.",
        )
    if (reason := objection(place, payload["servers"], payload["channels"])) is not None:
        raise DeliveryError(f"The text may not stand in the Discord channel {channel_id}: {reason}")
    for number, part in [*enumerate(parts_of(payload))][len(posted) :]:
        with _told(client, place.id, "did not take", _TO_WRITE):
            posted.append(await _send(place, part, _nonce(payload["dedup_key"], number)))


async def take_back(client: discord.Client, channel_id: int, posted: Sequence[str]) -> None:
    """Delete messages that Zos wrote; one that is gone already, or its channel, is no obstacle.

    Raises:
        DeliveryError: If one was not deleted.
    """
    for message_id in posted:
        with _told(client, channel_id, "did not delete", _TO_DELETE):
            try:
                await client.http.delete_message(channel_id, int(message_id))
            except discord.NotFound as error:
                if error.code not in _GONE:
                    raise


def objection(place: Place, servers: Iterable[str], channels: Iterable[str]) -> str | None:
    """Return why a text that rests on these servers and channels may not stand in `place`, or None.

    Whoever reads it there must have been able to read what it rests on.
    """
    if {*servers} != {str(place.guild.id)}:
        return "it rests on what was said in another server."
    for channel_id in map(int, channels):
        if channel_id != place.id and not _is_open(place.guild, channel_id):
            return f"not everybody may read the channel {channel_id}, on which it rests."
    return None


def parts_of(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the messages that hold a text, as Discord shows it."""
    return in_parts(lines_of(payload))


def lines_of(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a text as Discord shows them."""
    yield f"**{cut(plain(payload['heading']), MESSAGE_CHARACTERS // 2)}**"
    for line in payload["lines"]:
        links = "".join(f" [↗](<{link}>)" for link in line["links"])
        yield cut(plain(line["text"]), MESSAGE_CHARACTERS - length(links)) + links


def _is_open(guild: discord.Guild, channel_id: int) -> bool:
    """Return whether everybody in a server may read a channel. What Zos cannot see is not open."""
    source = guild.get_channel_or_thread(channel_id)
    if source is None or (isinstance(source, discord.Thread) and source.is_private()):
        return False
    may = source.permissions_for(guild.default_role)
    return may.view_channel and may.read_message_history


async def _send(place: Place, text: str, nonce: str) -> str:
    sent = await place.send(
        text,
        nonce=nonce,
        allowed_mentions=discord.AllowedMentions.none(),
        suppress_embeds=True,
    )
    return str(sent.id)


@contextmanager
def _told(client: discord.Client, channel_id: int, did: str, hint: str) -> Iterator[None]:
    """Tell what Discord answers in one sentence, and whether to ask again."""
    try:
        yield
    except discord.HTTPException as error:
        if error.status < 500 and error.status != _TOO_MANY_REQUESTS:
            raise DeliveryError(
                f"Discord {did} a message in the channel {channel_id} (HTTP {error.status}).",
                hint=hint,
            ) from None
        raise LaterDeliveryError(f"Discord answered HTTP {error.status}.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise LaterDeliveryError(f"Discord was not reached ({type(error).__name__}).") from None
    except RuntimeError:  # what is asked over a closed connection
        if not client.is_closed():
            raise
        raise LaterDeliveryError("The connection to Discord has ended.") from None


def _nonce(key: str, part: int) -> str:
    return hashlib.sha256(f"{key}:{part}".encode()).hexdigest()[:_NONCE_LENGTH]
