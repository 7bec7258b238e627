"""Topics with their balance, and the append-only ledger that proves it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    literal_column,
)

from zos.db.tables.base import Identity, UtcDateTime, metadata

topic = Table(
    "topic",
    metadata,
    Column("id", Identity, primary_key=True),  # short, since millions of ledger rows name it
    Column("key", Text, nullable=False, unique=True),  # core.topics.TopicKey
    Column("category", String(16), nullable=False),
    Column("budget_group", String(16), nullable=False),
    Column("server_id", BigInteger),  # NULL: global
    Column("channel_id", BigInteger),
    Column("member_a", BigInteger),  # whom it is about: none, one, or an ascending pair
    Column("member_b", BigInteger),
    Column("balance", BigInteger, nullable=False),  # micro-salience, equals the ledger's sum
    Column(
        "decay_base", BigInteger, nullable=False
    ),  # balance when it last changed other than by decay
    Column("decay_from", UtcDateTime, nullable=False),  # whole days after this decay the base
    Column("last_activity_at", UtcDateTime, nullable=False),
    Column("last_reflected_at", UtcDateTime),
    Column(
        "new_material", Integer, nullable=False
    ),  # units of new material since the last reflection
    Column("insight_count", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_topic_channel", "channel_id"),
    Index("ix_topic_member_a", "member_a"),
    Index("ix_topic_member_b", "member_b"),
)
# Lists by what topics hold: of one kind in one server, and, with a look at each entry, of all others.
# True of every topic, the condition keeps statements that do not write it, as selection, to their own index.
LISTED = topic.c.id > literal_column("0")
_by_balance = (topic.c.balance.desc(), topic.c.id)
_place = (topic.c.server_id, topic.c.category)
for _name, _columns in (
    ("ix_topic_balance", (*_by_balance, *_place)),
    ("ix_topic_place_balance", (*_place, *_by_balance)),
):
    Index(_name, *_columns, sqlite_where=LISTED, postgresql_where=LISTED)
# Who of a member's pairs, or of a channel's people, has been active of late: read at every booking.
for _name, _category, _column in (
    ("ix_topic_lively_dyad_a", "dyad", topic.c.member_a),
    ("ix_topic_lively_dyad_b", "dyad", topic.c.member_b),
    ("ix_topic_lively_in_channel", "user_in_channel", topic.c.channel_id),
):
    _here = topic.c.category == _category
    Index(_name, _column, topic.c.decay_from, sqlite_where=_here, postgresql_where=_here)
Index(
    "ix_topic_candidates",
    topic.c.category,
    topic.c.server_id,
    topic.c.balance.desc(),
    topic.c.id,
    # For target filters: a filter that few pass is answered from the index alone.
    topic.c.new_material,
    topic.c.insight_count,
    topic.c.last_reflected_at,
    topic.c.last_activity_at,
    sqlite_where=topic.c.new_material > 0,
    postgresql_where=topic.c.new_material > 0,
)

salience_entry = Table(
    "salience_entry",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("topic_id", BigInteger, ForeignKey("topic.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),  # salience.model.EntryKind
    Column("amount", BigInteger, nullable=False),  # micro-salience, signed
    Column("at", UtcDateTime, nullable=False),  # event time of the last event in the row
    Column("batch", String(26), nullable=False),  # one row per topic, kind and batch
    Column("run_id", String(26)),
    Index("ix_salience_entry_topic", "topic_id", "id"),
)
# The ledger is written far more often than read: what few rows have is indexed for them alone.
_of_run = salience_entry.c.run_id.is_not(None)
Index(
    "ix_salience_entry_run",
    salience_entry.c.run_id,
    sqlite_where=_of_run,
    postgresql_where=_of_run,
)
_spent = salience_entry.c.kind == "spent"
Index("ix_salience_entry_spent", salience_entry.c.at, sqlite_where=_spent, postgresql_where=_spent)

subject_mention = Table(
    "subject_mention",
    metadata,
    Column("topic_key", Text, ForeignKey("topic.key", ondelete="CASCADE"), primary_key=True),
    Column(
        "message_id", BigInteger, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True
    ),
    Index("ix_subject_mention_message", "message_id"),
)
