"""Insights with their sources, members and disputes, and the versions of the self-concept."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    literal_column,
)

from zos.db.tables.base import Identity, UtcDateTime, metadata

insight = Table(
    "insight",
    metadata,
    Column("seq", Identity, primary_key=True),  # pages and the search index count by it
    Column("id", String(26), nullable=False, unique=True),
    Column("topic_key", Text, nullable=False),
    Column("category", String(16), nullable=False),  # of the topic
    Column("server_id", BigInteger),
    Column("layer", Text, nullable=False),
    Column("run_id", String(26), nullable=False),
    Column("target_id", String(26), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("content", Text, nullable=False),  # one statement a line
    Column("method", String(16), nullable=False),  # model | extractive
    Column("confidence", Float, nullable=False),  # 0..1, as are importance and novelty
    Column("importance", Float, nullable=False),
    Column("novelty", Float, nullable=False),
    Column("strength", Float, nullable=False),  # 0.1..10
    Column(
        "valence", JSON(none_as_null=True)
    ),  # {"joy": 0..1, …} or NULL where the method has none
    Column("open_questions", JSON, nullable=False),
    Column("scope", String(8), nullable=False),
    Column("status", String(16), nullable=False),  # insights.model.InsightStatus
    Column("supersedes", String(26)),
    Column("conflicts_with", JSON, nullable=False),  # insight ids
    Index("ix_insight_topic", "topic_key", "seq"),
    Index("ix_insight_layer", "layer", "seq"),
    Index("ix_insight_run", "run_id"),
    Index("ix_insight_server", "server_id", "seq"),
)

# Lists by kind or state. True of every insight, the condition keeps statements that do not write it to their own index.
LISTED = insight.c.seq > literal_column("0")
for _column in (insight.c.category, insight.c.status):
    _name = f"ix_insight_{_column.name}"
    Index(_name, _column, insight.c.seq, sqlite_where=LISTED, postgresql_where=LISTED)

insight_source = Table(
    "insight_source",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("insight_id", String(26), ForeignKey("insight.id", ondelete="CASCADE"), nullable=False),
    Column("line", Integer, nullable=False),  # which line of the content it backs, from 0
    Column("message_id", BigInteger),  # exactly one of the two; kept when the message is deleted
    Column("source_insight_id", String(26)),
    Index("ix_insight_source_insight", "insight_id", "line"),
    Index("ix_insight_source_message", "message_id"),
    Index("ix_insight_source_source", "source_insight_id"),
)

insight_member = Table(
    "insight_member",
    metadata,
    Column(
        "insight_id", String(26), ForeignKey("insight.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("member_id", BigInteger, primary_key=True),
    Column("role", String(8), primary_key=True),  # insights.model.MemberRole
    Index("ix_insight_member_member", "member_id", "insight_id"),
)

dispute = Table(  # what members hold against insights
    "dispute",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("insight_id", String(26), ForeignKey("insight.id", ondelete="CASCADE"), nullable=False),
    Column("member_id", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("disputed_at", UtcDateTime, nullable=False),
    Column("disputed_by", Text, nullable=False),
    Index("ix_dispute_member", "member_id", "id"),
    Index("ix_dispute_insight", "insight_id"),
)

self_concept_version = Table(
    "self_concept_version",
    metadata,
    Column("seq", Identity, primary_key=True),  # the newest is in force, whatever clock wrote it
    Column("id", String(26), nullable=False, unique=True),
    Column("content", Text, nullable=False),
    Column("origin", String(16), nullable=False),  # reflect.self_concept.store.Origin
    Column("run_id", String(26)),
    Column("created_at", UtcDateTime, nullable=False),
)

self_concept_source = Table(  # the insights that were before the model which wrote a version
    "self_concept_source",
    metadata,
    Column(
        "version_id",
        String(26),
        ForeignKey("self_concept_version.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("insight_id", String(26), primary_key=True),
    Index("ix_self_concept_source_insight", "insight_id"),
)
