"""Who shares in whose earnings. Pure.

An event earns directly for some topics; each of these gives warm related topics a part
(`propagation` of what it earned, and `spillover` of what its cap cut off). The relations:

    user         -> the dyads of that member, on the same level (the server's, or global)
    dyad         -> its two users, on the same level
    channel      -> the members as they are in it (user_in_channel); a thread likewise
    global user  -> the same member in servers, for direct messages only

Nothing cascades, and a topic that an event touches directly gets no second part of it. That is why
the ways back (dyad member -> that dyad, user_in_channel -> channel, server -> global) need no
rule: one message earns directly on both sides. A word in one server is no news in another, so
servers do not reach each other through global topics.

A *circle* names a set of receivers: `feeds` says which circles a topic gives to, `joins` which
it belongs to.
"""

from __future__ import annotations

from enum import IntEnum

from zos.core.topics import TopicCategory, TopicKey


class Relation(IntEnum):
    """What the members of a circle are to the topic that feeds it."""

    DYADS_OF = 1
    USER = 2
    USERS_IN = 3
    USER_IN_SERVERS = 4


Circle = tuple[Relation, int | None, int]
"""A relation, the server (None: global), and the member or channel it turns on."""


def elsewhere(member_id: int) -> Circle:
    """Return the circle that a direct message of a member reaches besides."""
    return (Relation.USER_IN_SERVERS, None, member_id)


def feeds(key: TopicKey) -> tuple[Circle, ...]:
    """Return the circles that any earning of `key` reaches."""
    server_id = key.server_id
    match key.category:
        case TopicCategory.USER:
            return ((Relation.DYADS_OF, server_id, key.ids[0]),)
        case TopicCategory.DYAD:
            return tuple((Relation.USER, server_id, member_id) for member_id in key.ids)
        case TopicCategory.CHANNEL | TopicCategory.THREAD:
            return ((Relation.USERS_IN, server_id, key.ids[0]),)
        case _:
            return ()


def joins(key: TopicKey) -> tuple[Circle, ...]:
    """Return the circles that `key` belongs to."""
    server_id = key.server_id
    match key.category:
        case TopicCategory.DYAD:
            return tuple((Relation.DYADS_OF, server_id, member_id) for member_id in key.ids)
        case TopicCategory.USER_IN_CHANNEL:
            return ((Relation.USERS_IN, server_id, key.ids[0]),)
        case TopicCategory.USER if server_id is not None:
            member_id = key.ids[0]
            return (
                (Relation.USER, server_id, member_id),
                (Relation.USER_IN_SERVERS, None, member_id),
            )
        case TopicCategory.USER:
            return ((Relation.USER, None, key.ids[0]),)
        case _:
            return ()
