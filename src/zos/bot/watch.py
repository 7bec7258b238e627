"""What is observed at all: the operator's lists of channels and roles. Pure but for what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zos.bot.mapping import to_id
from zos.config.model import DiscordConfig


class Watch:
    """Says whether a place and a member are observed.

    A thread is in its channel, a channel in its category: what is said of the outer holds for the
    inner, and a no is stronger than a yes. Direct messages are not asked about here: consent decides.

    Args:
        config: The `discord` section.
    """

    def __init__(self, config: DiscordConfig) -> None:
        self._config = config
        self._outer: dict[int, int] = {}

    def learn(self, places: Iterable[Mapping[str, Any]]) -> None:
        """Remember in what channels and threads stand."""
        for one in places:
            if one.get("parent_id") is not None:
                self._outer[to_id(one["id"])] = to_id(one["parent_id"])

    @property
    def needs_roles(self) -> bool:
        """Whether a member's roles decide."""
        return bool(self._config.allow_roles or self._config.deny_roles)

    def place(self, channel_id: int) -> bool:
        """Return whether a server's channel or thread is observed."""
        around = {channel_id}
        while (outer := self._outer.get(channel_id)) is not None and outer not in around:
            around.add(outer)
            channel_id = outer
        if around & self._config.deny_channels:
            return False
        return not self._config.allow_channels or bool(around & self._config.allow_channels)

    def member(self, role_ids: Iterable[int] | None) -> bool:
        """Return whether a member who holds these roles (None: not told) is observed."""
        held = frozenset(role_ids or ())
        if held & self._config.deny_roles:
            return False
        return not self._config.allow_roles or bool(held & self._config.allow_roles)
