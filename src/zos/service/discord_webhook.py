"""Posting to a webhook of Discord: messages as a channel shows them, whose ids are kept to delete them by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import httpx

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.service.webhook import send

_HOSTS = frozenset({"discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"})
_PATH = re.compile(r"/api(/v\d+)?/webhooks/\d+/[^/]+/?")
_NO_PREVIEWS = 1 << 2
_UNKNOWN_MESSAGE = 10_008


def is_one(url: httpx.URL) -> bool:
    """Return whether an address is that of a webhook of Discord."""
    return url.host in _HOSTS and _PATH.fullmatch(url.path) is not None


async def post(
    url: str, payload: Mapping[str, object], posted: list[str], settings: OutputConfig
) -> None:
    """Post a text in as many messages as it takes; `posted`: ids of what stands there of it already.

    Raises:
        DeliveryError: If it was not delivered.
    """
    try:
        from zos.bot.posting import parts_of
    except ModuleNotFoundError:
        raise DeliveryError(
            "A webhook of Discord needs discord.py.", hint="Install zos[discord]."
        ) from None
    asked = httpx.URL(url).copy_merge_params({"wait": "true"})
    for part in [*parts_of(payload)][len(posted) :]:
        told = {"content": part, "allowed_mentions": {"parse": []}, "flags": _NO_PREVIEWS}
        answer = await send("POST", asked, settings, told)
        posted.append(_id_in(answer))


async def take_back(url: str, posted: Sequence[str], settings: OutputConfig) -> None:
    """Delete what was posted; a message that is gone already is no obstacle.

    Raises:
        DeliveryError: If not all of it was deleted. So it is where the webhook itself is gone: its
            messages stay.
    """
    webhook = httpx.URL(url)
    for one in posted:
        message = webhook.copy_with(path=f"{webhook.path.rstrip('/')}/messages/{int(one)}")
        await send("DELETE", message, settings, is_fine=_is_gone)


def _is_gone(answer: httpx.Response) -> bool:
    return answer.is_success or (
        answer.status_code == httpx.codes.NOT_FOUND and _told(answer, "code") == _UNKNOWN_MESSAGE
    )


def _id_in(answer: httpx.Response) -> str:
    if (number := _told(answer, "id")) is None:
        raise DeliveryError("Discord did not say which message it made.")
    return str(number)


def _told(answer: httpx.Response, name: str) -> int | None:
    """Return a number that an answer tells, or None if it does not."""
    try:
        return int(answer.json()[name])
    except (ValueError, KeyError, TypeError):
        return None
