"""What was observed: servers, channels, members, messages and what they refer to; consent and erasure.

`seen_at` is when a name was true: what was seen latest stands, in whichever order it came in.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    true,
)

from zos.db.tables.base import UtcDateTime, metadata

server = Table(
    "server",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, server_default="0"),
    Column("joined_at", UtcDateTime),
    Column("left_at", UtcDateTime),
)

channel = Table(
    "channel",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "server_id", BigInteger, ForeignKey("server.id", ondelete="CASCADE"), index=True
    ),  # NULL: direct messages
    Column("name", Text, nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # text | thread | dm
    Column("parent_id", BigInteger, index=True),  # a thread's channel
    Column("description", Text, nullable=False, server_default=""),
    Column("seen_at", UtcDateTime, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime),  # threads: when, by whom, and whether that is in the ledger
    Column("creator_id", BigInteger),
    Column("booked", Boolean, nullable=False, server_default=true()),
    Column("followed_to", BigInteger),  # no message up to this one is missing; NULL: not followed
)
Index(
    "ix_channel_unbooked",
    channel.c.created_at,
    channel.c.id,
    sqlite_where=channel.c.booked.is_(False),
    postgresql_where=channel.c.booked.is_(False),
)

member = Table(
    "member",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("is_bot", Boolean, nullable=False),
    Column("is_agent", Boolean, nullable=False, server_default=false()),  # this very bot
    Column("seen_at", UtcDateTime, nullable=False, server_default="0"),
    # What the names are looked up by where they stand in a text; NULL: by nothing, as emoji alone.
    Column("name_word", Text, index=True),
    Column("display_word", Text, index=True),
    Column("global_name", Text),  # NULL: none, or none was seen
    Column("global_word", Text, index=True),
)

membership = Table(  # a member in a server, as last seen there
    "membership",
    metadata,
    Column("member_id", BigInteger, ForeignKey("member.id", ondelete="CASCADE"), primary_key=True),
    Column("server_id", BigInteger, primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_membership_server", "server_id", "member_id"),
)

member_role = Table(
    "member_role",
    metadata,
    Column("member_id", BigInteger, ForeignKey("member.id", ondelete="CASCADE"), primary_key=True),
    Column("server_id", BigInteger, primary_key=True),
    Column("role_id", BigInteger, primary_key=True),
    Index("ix_member_role_role", "role_id", "member_id"),
)

consent = Table(
    "consent",
    metadata,
    Column("member_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),  # core.consent.ConsentState
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),  # "file:<name>", "operator", "member"
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("member_id", BigInteger, nullable=False, unique=True),  # the tombstone
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", Text, nullable=False, server_default=""),
    Column("completed_at", UtcDateTime),
    Column("receipt", JSON, nullable=False),  # counts of what went, by table
)

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("server_id", BigInteger),  # NULL: direct message
    Column("channel_id", BigInteger, ForeignKey("channel.id", ondelete="CASCADE"), nullable=False),
    Column("author_id", BigInteger, ForeignKey("member.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("edited_at", UtcDateTime),
    Column("content", Text, nullable=False),
    Column("reply_to_id", BigInteger),  # may be outside what was observed
    Column("reply_to_author_id", BigInteger),  # resolved when the target is known
    Column("has_media", Boolean, nullable=False),  # attachment, embed or link
    Column("is_bot", Boolean, nullable=False),
    Column("scope", String(8), nullable=False),  # core.scopes.Scope: public | dm
    Column("booked", Boolean, nullable=False),  # its salience is in the ledger
    Index("ix_message_channel_time", "channel_id", "created_at", "id"),
    Index("ix_message_author_time", "author_id", "created_at", "id"),
)
Index(  # most messages answer nobody
    "ix_message_reply_author",
    message.c.reply_to_author_id,
    message.c.author_id,
    message.c.created_at,
    sqlite_where=message.c.reply_to_author_id.is_not(None),
    postgresql_where=message.c.reply_to_author_id.is_not(None),
)
Index(
    "ix_message_reply_to",
    message.c.reply_to_id,
    sqlite_where=message.c.reply_to_id.is_not(None),
    postgresql_where=message.c.reply_to_id.is_not(None),
)
Index(
    "ix_message_unbooked",
    message.c.created_at,
    message.c.id,
    sqlite_where=message.c.booked.is_(False),
    postgresql_where=message.c.booked.is_(False),
)

message_deletion = Table(  # no archive and no gap fill may bring these back
    "message_deletion",
    metadata,
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("deleted_at", UtcDateTime, nullable=False),
)

mention = Table(
    "mention",
    metadata,
    Column(
        "message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("member_id", BigInteger, primary_key=True),
    Index("ix_mention_member", "member_id", "message_id"),
)

emoji_use = Table(
    "emoji_use",
    metadata,
    Column(
        "message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("emoji_id", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Index("ix_emoji_use_emoji", "emoji_id", "message_id"),
)

role_mention = Table(
    "role_mention",
    metadata,
    Column(
        "message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("role_id", BigInteger, primary_key=True),
    Index("ix_role_mention_role", "role_id", "message_id"),
)

reaction = Table(
    "reaction",
    metadata,
    Column(
        "message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("emoji", Text, primary_key=True),  # the character, or a custom emoji's id
    Column("member_id", BigInteger, primary_key=True),  # 0: an archive that does not say who
    Column("emoji_id", BigInteger),  # custom emoji only
    Column("emoji_name", Text, nullable=False),
    Column("count", Integer, nullable=False),  # 1, or how many where the archive does not say who
    Column("reacted_at", UtcDateTime, nullable=False),  # an archive's reaction: the message's time
    Column("removed_at", UtcDateTime),  # taken back; kept, so that giving it again earns nothing
    Column("booked", Boolean, nullable=False),
    Index("ix_reaction_member", "member_id", "reacted_at"),
    Index("ix_reaction_emoji", "emoji_id", "reacted_at"),
)
Index(
    "ix_reaction_unbooked",
    reaction.c.reacted_at,
    reaction.c.message_id,
    sqlite_where=reaction.c.booked.is_(False),
    postgresql_where=reaction.c.booked.is_(False),
)

backfill = Table(  # how far a channel's past has been fetched from Discord
    "backfill",
    metadata,
    Column(
        "channel_id",
        BigInteger,
        ForeignKey("channel.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("since_id", BigInteger, nullable=False),  # everything from here
    Column("reached_id", BigInteger, nullable=False),  # up to and with here is stored
    Column("finished_at", UtcDateTime),  # its end was reached at least once
)

import_file = Table(
    "import_file",
    metadata,
    Column("fingerprint", String(64), primary_key=True),  # SHA-256 of the file's bytes
    Column("name", Text, nullable=False),
    Column(
        "messages_done", Integer, nullable=False
    ),  # committed so far; a resumed import skips them
    Column("messages_new", Integer, nullable=False),
    Column(
        "awaiting_consent", Integer, nullable=False
    ),  # direct messages left out; read again next time
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)
