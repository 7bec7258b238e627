"""The grammar of topic keys, and its only owner.

    user:<id>   dyad:<a>:<b>   self:zos
    server:<id>: user:<id> | channel:<id> | thread:<id> | dyad:<a>:<b> | user_in_channel:<channel>:<user>
                 | dyad_in_channel:<channel>:<a>:<b> | subject:<name> | emoji:<id> | role:<id> | self:zos

Ids are positive 63-bit decimal numbers without leading zeros; a dyad's ids ascend. A subject's name is
what `subject_name` makes of it. `str(key)` is canonical: parsing and printing are inverse.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from zos.core.errors import TopicKeyError

_ID = re.compile(r"[1-9][0-9]{0,18}")
_MAX_ID = 2**63 - 1  # what a database's BIGINT holds; Discord's ids stay below it until 2084
_SUBJECT_MARKS = "_.+#"  # kept within a subject's name: c++, c#, node.js
_SUBJECT_LENGTH = 60
_SELF_NAME = "zos"


class TopicCategory(StrEnum):
    """What kind of thing a topic is."""

    USER = "user"
    DYAD = "dyad"
    CHANNEL = "channel"
    THREAD = "thread"
    USER_IN_CHANNEL = "user_in_channel"
    DYAD_IN_CHANNEL = "dyad_in_channel"
    SUBJECT = "subject"
    EMOJI = "emoji"
    ROLE = "role"
    SELF = "self"


class BudgetGroup(StrEnum):
    """Which share of a night's budget a topic spends from."""

    SOCIAL = "social"
    GLOBAL = "global"
    SPACES = "spaces"
    SEMANTIC = "semantic"
    CULTURE = "culture"
    SELF = "self"


_GROUP_OF = {
    TopicCategory.USER: BudgetGroup.SOCIAL,
    TopicCategory.DYAD: BudgetGroup.SOCIAL,
    TopicCategory.USER_IN_CHANNEL: BudgetGroup.SOCIAL,
    TopicCategory.DYAD_IN_CHANNEL: BudgetGroup.SOCIAL,
    TopicCategory.CHANNEL: BudgetGroup.SPACES,
    TopicCategory.THREAD: BudgetGroup.SPACES,
    TopicCategory.SUBJECT: BudgetGroup.SEMANTIC,
    TopicCategory.ROLE: BudgetGroup.SEMANTIC,
    TopicCategory.EMOJI: BudgetGroup.CULTURE,
    TopicCategory.SELF: BudgetGroup.SELF,
}
_GLOBAL_CATEGORIES = {TopicCategory.USER, TopicCategory.DYAD, TopicCategory.SELF}
_ID_COUNT = {
    TopicCategory.USER: 1,
    TopicCategory.DYAD: 2,
    TopicCategory.CHANNEL: 1,
    TopicCategory.THREAD: 1,
    TopicCategory.USER_IN_CHANNEL: 2,
    TopicCategory.DYAD_IN_CHANNEL: 3,
    TopicCategory.EMOJI: 1,
    TopicCategory.ROLE: 1,
}


@dataclass(frozen=True, slots=True)
class TopicKey:
    """One thing that Zos can think about. Build it with the class methods or `parse`.

    Keys sort by their text, as they do in the database.

    Attributes:
        category: Its kind.
        server_id: The server that it belongs to, or None for a global topic.
        ids: Its numbers in the key's order (empty for subjects and self).
        name: A subject's name or `zos`; empty otherwise.
    """

    category: TopicCategory
    server_id: int | None
    ids: tuple[int, ...] = ()
    name: str = ""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Booking looks keys up several times a message: hashing them anew took a twentieth of it.
        hashed = hash((self.category, self.server_id, self.ids, self.name))
        object.__setattr__(self, "_hash", hashed)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        head = "" if self.server_id is None else f"server:{self.server_id}:"
        tail = ":".join(map(str, self.ids)) or self.name
        return f"{head}{self.category.value}:{tail}"

    def __lt__(self, other: TopicKey) -> bool:
        return str(self) < str(other)

    @property
    def group(self) -> BudgetGroup:
        """The budget group: global people and pairs are a group of their own."""
        if self.server_id is None and self.category is not TopicCategory.SELF:
            return BudgetGroup.GLOBAL
        return _GROUP_OF[self.category]

    @property
    def members(self) -> tuple[int, ...]:
        """The members whom the topic is about: none, one, or a pair (ascending)."""
        match self.category:
            case TopicCategory.USER | TopicCategory.DYAD:
                return self.ids
            case TopicCategory.USER_IN_CHANNEL | TopicCategory.DYAD_IN_CHANNEL:
                return self.ids[1:]
            case _:
                return ()

    @property
    def channel_id(self) -> int | None:
        """The channel or thread that the topic is (or happens in), if any."""
        match self.category:
            case TopicCategory.CHANNEL | TopicCategory.THREAD:
                return self.ids[0]
            case TopicCategory.USER_IN_CHANNEL | TopicCategory.DYAD_IN_CHANNEL:
                return self.ids[0]
            case _:
                return None

    @classmethod
    def user(cls, member_id: int, server_id: int | None = None) -> TopicKey:
        """A member, in one server or globally."""
        return cls(TopicCategory.USER, server_id, (member_id,))

    @classmethod
    def dyad(cls, one: int, other: int, server_id: int | None = None) -> TopicKey:
        """A pair of members, in either order.

        Raises:
            TopicKeyError: If both are the same member.
        """
        return cls(TopicCategory.DYAD, server_id, _pair(one, other))

    @classmethod
    def channel(cls, server_id: int, channel_id: int) -> TopicKey:
        """A channel of a server."""
        return cls(TopicCategory.CHANNEL, server_id, (channel_id,))

    @classmethod
    def thread(cls, server_id: int, thread_id: int) -> TopicKey:
        """A thread of a server."""
        return cls(TopicCategory.THREAD, server_id, (thread_id,))

    @classmethod
    def user_in_channel(cls, server_id: int, channel_id: int, member_id: int) -> TopicKey:
        """A member as they are in one channel."""
        return cls(TopicCategory.USER_IN_CHANNEL, server_id, (channel_id, member_id))

    @classmethod
    def dyad_in_channel(cls, server_id: int, channel_id: int, one: int, other: int) -> TopicKey:
        """A pair as they are in one channel."""
        return cls(TopicCategory.DYAD_IN_CHANNEL, server_id, (channel_id, *_pair(one, other)))

    @classmethod
    def subject(cls, server_id: int, name: str) -> TopicKey:
        """A subject of a server's talk; `name` may be in any spelling.

        Raises:
            TopicKeyError: If nothing is left of the name.
        """
        return cls(TopicCategory.SUBJECT, server_id, (), subject_name(name))

    @classmethod
    def emoji(cls, server_id: int, emoji_id: int) -> TopicKey:
        """A custom emoji of a server."""
        return cls(TopicCategory.EMOJI, server_id, (emoji_id,))

    @classmethod
    def role(cls, server_id: int, role_id: int) -> TopicKey:
        """A role of a server."""
        return cls(TopicCategory.ROLE, server_id, (role_id,))

    @classmethod
    def self_topic(cls, server_id: int | None = None) -> TopicKey:
        """Zos itself, globally or in one server."""
        return cls(TopicCategory.SELF, server_id, (), _SELF_NAME)

    @classmethod
    def parse(cls, text: str) -> TopicKey:
        """Read a key in its canonical form.

        Raises:
            TopicKeyError: With the reason, if `text` is not canonical.
        """
        parts = text.split(":")
        server_id = None
        if parts[0] == "server" and len(parts) > 2:
            server_id = _number(parts[1], text)
            parts = parts[2:]
        category = _category(parts[0], server_id, text)
        key = _build(category, server_id, parts[1:], text)
        if str(key) != text:
            raise TopicKeyError(
                f"Topic key {text!r} is not canonical.", hint=f"Write {str(key)!r}."
            )
        return key


def subject_name(text: str) -> str:
    """Return the canonical name of a subject: NFKC, case-folded, words joined by `-`, at most 60 characters.

    It is idempotent: a canonical name stays as it is.

    Raises:
        TopicKeyError: If nothing is left.
    """
    spaced = "".join(char if _names_a_subject(char) else " " for char in _folded(text))
    name = "-".join(spaced.split()).strip("-._")[:_SUBJECT_LENGTH].rstrip("-._")
    if not any(char.isalnum() for char in name):
        raise TopicKeyError(f"{text!r} has no letters or digits, so it cannot name a subject.")
    return name


def _folded(text: str) -> str:
    """Fold compatibility forms and case; folding case can undo the normal form, so normalise again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _names_a_subject(char: str) -> bool:
    """Whether a character stays: letters, digits, a script's vowel signs and accents, a few marks."""
    return char.isalnum() or char in _SUBJECT_MARKS or unicodedata.category(char).startswith("M")


def _pair(one: int, other: int) -> tuple[int, int]:
    if one == other:
        raise TopicKeyError(f"A dyad needs two different members, not {one} twice.")
    return (one, other) if one < other else (other, one)


def _number(part: str, text: str) -> int:
    if not _ID.fullmatch(part) or int(part) > _MAX_ID:
        raise TopicKeyError(f"Topic key {text!r} has {part!r} where a Discord id belongs.")
    return int(part)


def _category(part: str, server_id: int | None, text: str) -> TopicCategory:
    try:
        category = TopicCategory(part)
    except ValueError:
        known = ", ".join(TopicCategory)
        raise TopicKeyError(
            f"Topic key {text!r} has no known category.", hint=f"Known: {known}."
        ) from None
    if server_id is None and category not in _GLOBAL_CATEGORIES:
        raise TopicKeyError(
            f"Topic key {text!r} needs a server.", hint=f"Write 'server:<id>:{text}'."
        )
    return category


def _build(category: TopicCategory, server_id: int | None, rest: list[str], text: str) -> TopicKey:
    if category is TopicCategory.SELF:
        return TopicKey.self_topic(server_id)
    if category is TopicCategory.SUBJECT:
        return TopicKey(category, server_id, (), subject_name(":".join(rest)))
    ids = tuple(_number(part, text) for part in rest)
    if len(ids) != _ID_COUNT[category]:
        raise TopicKeyError(
            f"Topic key {text!r} needs {_ID_COUNT[category]} ids after {category!r}."
        )
    if category in (TopicCategory.DYAD, TopicCategory.DYAD_IN_CHANNEL):
        ids = (*ids[:-2], *_pair(*ids[-2:]))
    return TopicKey(category, server_id, ids)
