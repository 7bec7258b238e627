"""A community as Discord's servers know it: the truth that a test compares the store with.

In: what people do, told by the test. Out: dispatches for the gateway, and payloads for REST.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

Json = dict[str, Any]
Dispatch = Callable[[str, Json], None]

SERVER = 1 << 22 | 9_000  # of two shards the second is told of it, and the first of direct messages
ROOM, HALL, CATEGORY = 9_100, 9_200, 9_050
APPLICATION = 77
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
AGENT: Json = {
    "id": "7",
    "username": "zos",
    "global_name": "Zos",
    "bot": True,
    "discriminator": "0",
    "avatar": None,
}
_EVERYONE = 1 << 10 | 1 << 11 | 1 << 16  # see channels, write, read history
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class World:
    """One server, its channels, threads, members and messages.

    Attributes:
        messages: By id; what stands.
        reactions: Message → emoji as REST shows it → who reacts, in order.
        joined: Private threads that Zos is in.
    """

    joined_at: datetime = _START - timedelta(days=30)
    channels: dict[int, Json] = field(default_factory=dict)
    threads: dict[int, Json] = field(default_factory=dict)
    members: dict[int, Json] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    reactions: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    roles: dict[int, Json] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    dispatch: Dispatch = lambda _kind, _data: None
    _ticks: int = 0
    _said: dict[int, list[int]] = field(default_factory=dict)  # by channel, ascending
    _nonces: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, name, kind in ((CATEGORY, "places", 4), (ROOM, "room", 0), (HALL, "hall", 0)):
            parent = None if kind == 4 else str(CATEGORY)
            self.channels[number] = self._channel(number, name, kind, parent)
        self.make_role(SERVER, "@everyone", _EVERYONE)
        for number, name in ((11, "ada"), (12, "ben"), (13, "cleo")):
            self.join(number, name)

    # ------------------------------------------------------------------ what people do

    def make_role(self, number: int, name: str, permissions: int = 0) -> None:
        self.roles[number] = {
            "id": str(number),
            "name": name,
            "permissions": str(permissions),
            "position": len(self.roles),
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }
        self.dispatch("GUILD_ROLE_CREATE", {"guild_id": str(SERVER), "role": self.roles[number]})

    def join(self, number: int, name: str, *roles: int, bot: bool = False) -> None:
        user = {"id": str(number), "username": name, "global_name": name.title(), "bot": bot}
        self.members[number] = self._membership(
            {**user, "discriminator": "0", "avatar": None}, *roles
        )
        self.dispatch("GUILD_MEMBER_ADD", {**self.members[number], "guild_id": str(SERVER)})

    def hold(self, number: int, *roles: int) -> None:
        self.members[number]["roles"] = [str(role) for role in roles]
        self.dispatch("GUILD_MEMBER_UPDATE", {**self.members[number], "guild_id": str(SERVER)})

    def say(self, author: int, text: str, *, channel: int = ROOM, **extra: Any) -> int:
        """Write a message; `reply_to` a message, `mentions` members, other keys go into the payload."""
        number, at = self.tick()
        reply_to, mentions = extra.pop("reply_to", None), extra.pop("mentions", ())
        message: Json = {
            "id": str(number),
            "channel_id": str(channel),
            "author": AGENT if author == int(AGENT["id"]) else self.members[author]["user"],
            "content": text,
            "timestamp": at.isoformat(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [self.members[one]["user"] for one in mentions],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0 if reply_to is None else 19,
            "flags": 0,
            **extra,
        }
        if reply_to is not None:
            message["message_reference"] = {"message_id": str(reply_to), "channel_id": str(channel)}
            answered = self.messages.get(reply_to)
            shown = None if answered is None else {**answered, "referenced_message": None}
            message["referenced_message"] = copy.deepcopy(shown)
        self.messages[number] = message
        self._said.setdefault(channel, []).append(number)
        self._place(channel)["last_message_id"] = str(number)
        self.dispatch("MESSAGE_CREATE", self._live(message))
        return number

    def post(self, channel: int, text: str, nonce: str) -> int:
        """Let Zos write; what carries a nonce that was there is shown once."""
        if nonce not in self._nonces:
            self._nonces[nonce] = self.say(int(AGENT["id"]), text, channel=channel)
        return self._nonces[nonce]

    def edit(self, number: int, text: str) -> None:
        _, at = self.tick()
        self.messages[number] |= {"content": text, "edited_timestamp": at.isoformat()}
        self.dispatch("MESSAGE_UPDATE", self._live(self.messages[number]))

    def unfurl(self, number: int) -> None:
        """Let Discord resolve a link: an update that is no edit."""
        self.messages[number]["embeds"] = [{"type": "link", "url": "https://example.org"}]
        self.dispatch("MESSAGE_UPDATE", self._live(self.messages[number]))

    def delete(self, *numbers: int) -> None:
        """Delete a message, or several of one channel at once."""
        channel = self.messages[numbers[0]]["channel_id"]
        for number in numbers:
            del self.messages[number]
            self.reactions.pop(number, None)
        where = {"channel_id": channel, **self._server_of(int(channel))}
        if len(numbers) == 1:
            self.dispatch("MESSAGE_DELETE", {"id": str(numbers[0]), **where})
        else:
            ids = [str(number) for number in numbers]
            self.dispatch("MESSAGE_DELETE_BULK", {"ids": ids, **where})

    def react(self, number: int, who: int, emoji: str = "👍") -> None:
        """React; a custom emoji is `name:id`."""
        users = self.reactions.setdefault(number, {}).setdefault(emoji, [])
        if who in users:
            return
        users.append(who)
        data = self._reaction(number, emoji) | {"user_id": str(who)}
        if "guild_id" in data:
            data["member"] = self.members[who]
        self.dispatch("MESSAGE_REACTION_ADD", data)

    def unreact(self, number: int, who: int, emoji: str = "👍") -> None:
        self.reactions[number][emoji].remove(who)
        if not self.reactions[number][emoji]:
            del self.reactions[number][emoji]
        data = self._reaction(number, emoji) | {"user_id": str(who)}
        self.dispatch("MESSAGE_REACTION_REMOVE", data)

    def clear_reactions(self, number: int, emoji: str | None = None) -> None:
        if emoji is None:
            self.reactions.pop(number, None)
            data = self._reaction(number, "👍")
            del data["emoji"]
            self.dispatch("MESSAGE_REACTION_REMOVE_ALL", data)
        else:
            self.reactions[number].pop(emoji)
            self.dispatch("MESSAGE_REACTION_REMOVE_EMOJI", self._reaction(number, emoji))

    def open_channel(self, name: str, kind: int = 0) -> int:
        number, _ = self.tick()
        self.channels[number] = self._channel(number, name, kind, str(CATEGORY))
        self.dispatch("CHANNEL_CREATE", {**self.channels[number], "guild_id": str(SERVER)})
        return number

    def close_channel(self, number: int) -> None:
        data = self.channels.pop(number)
        for key in [key for key, one in self.messages.items() if one["channel_id"] == str(number)]:
            del self.messages[key]
        self.dispatch("CHANNEL_DELETE", {**data, "guild_id": str(SERVER)})

    def open_thread(
        self, owner: int, name: str, parent: int = ROOM, *, private: bool = False
    ) -> int:
        number, at = self.tick()
        self.threads[number] = {
            "id": str(number),
            "guild_id": str(SERVER),
            "parent_id": str(parent),
            "owner_id": str(owner),
            "name": name,
            "type": PRIVATE_THREAD if private else PUBLIC_THREAD,
            "last_message_id": None,
            "message_count": 0,
            "member_count": 1,
            "rate_limit_per_user": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": at.isoformat(),
                "locked": False,
                "create_timestamp": at.isoformat(),
            },
        }
        self.dispatch("THREAD_CREATE", {**self.threads[number], "newly_created": True})
        return number

    def archive(self, number: int) -> None:
        _, at = self.tick()
        told = {"archived": True, "archive_timestamp": at.isoformat()}
        self.threads[number]["thread_metadata"] |= told

    def open_conversation(self, who: int) -> int:
        """Return a direct conversation with a member. Discord announces none."""
        number, _ = self.tick()
        user = self.members[who]["user"]
        self.channels[number] = {"id": str(number), "type": 1, "recipients": [user]}
        return number

    def leave(self, *, unavailable: bool = False) -> None:
        data = {"id": str(SERVER)}
        self.dispatch("GUILD_DELETE", data | ({"unavailable": True} if unavailable else {}))

    # ------------------------------------------------------------------ what Discord shows

    def tick(self) -> tuple[int, datetime]:
        """Return a fresh snowflake and its time, a second after the last."""
        self._ticks += 1
        at = _START + timedelta(seconds=self._ticks)
        return (at - _DISCORD_EPOCH) // timedelta(milliseconds=1) << 22, at

    def server(self) -> Json:
        """Return the server as GUILD_CREATE shows it."""
        return {
            "id": str(SERVER),
            "name": "home",
            "owner_id": "11",
            "joined_at": self.joined_at.isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [{**self._membership(AGENT), "joined_at": self.joined_at.isoformat()}],
            "channels": [
                one
                for key, one in self.channels.items()
                if one["type"] != 1 and key not in self.hidden
            ],
            "threads": [*self.threads.values()],
            "roles": [*self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
            "preferred_locale": "en-US",
        }

    def history(self, channel: int, *, after: int, limit: int) -> list[Json]:
        """Return messages that follow `after`, newest first, as REST shows them."""
        said = self._said.get(channel, [])
        later = (one for one in said[bisect_right(said, after) :] if one in self.messages)
        return [self.shown(number) for number in reversed([*islice(later, limit)])]

    def recent(self, channel: int, count: int) -> list[int]:
        """Return the ids of a channel's last messages, oldest first."""
        said = reversed(self._said.get(channel, []))
        return [*islice((one for one in said if one in self.messages), count)][::-1]

    def shown(self, number: int) -> Json:
        """Return one message as REST shows it: with counts of reactions, without server and member."""
        counts = [
            {"emoji": _emoji(name), "count": len(users), "me": False}
            for name, users in self.reactions.get(number, {}).items()
        ]
        return self.messages[number] | ({"reactions": counts} if counts else {})

    def _membership(self, user: Json, *roles: int) -> Json:
        return {
            "user": user,
            "nick": None,
            "roles": [str(role) for role in roles],
            "joined_at": _START.isoformat(),
            "deaf": False,
            "mute": False,
            "flags": 0,
        }

    def _live(self, message: Json) -> Json:
        live, channel = copy.deepcopy(message), int(message["channel_id"])
        if where := self._server_of(channel):
            author = self.members.get(int(message["author"]["id"]))
            if author is not None and "webhook_id" not in message:
                live["member"] = {key: value for key, value in author.items() if key != "user"}
            live |= where
        return live

    def _reaction(self, number: int, emoji: str) -> Json:
        channel = self.messages[number]["channel_id"]
        where = {"message_id": str(number), "channel_id": channel}
        return where | {"emoji": _emoji(emoji)} | self._server_of(int(channel))

    def _server_of(self, channel: int) -> Json:
        return {} if self._place(channel)["type"] == 1 else {"guild_id": str(SERVER)}

    def _place(self, channel: int) -> Json:
        return self.channels.get(channel) or self.threads[channel]

    def _channel(self, number: int, name: str, kind: int, parent: str | None) -> Json:
        return {
            "id": str(number),
            "type": kind,
            "name": name,
            "topic": None,
            "position": 0,
            "parent_id": parent,
            "nsfw": False,
            "permission_overwrites": [],
            "rate_limit_per_user": 0,
            "last_message_id": None,
        }


def _emoji(name: str) -> Json:
    text, _, number = name.partition(":")
    return {"id": number or None, "name": text}
