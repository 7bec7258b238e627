"""The first schema: all tables, and text search as the database at hand does it best."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zos.db.search_ddl import statements
from zos.db.tables.base import Identity, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "access_key",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_access_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_access_key_name")),
    )
    op.create_table(
        "access_session",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_access_session_hash")),
    )
    op.create_table(
        "apscheduler_jobs",
        sa.Column("id", sa.Unicode(length=191), nullable=False),
        sa.Column("next_run_time", sa.Float(precision=25), nullable=True),
        sa.Column("job_state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apscheduler_jobs")),
    )
    op.create_index(
        op.f("ix_apscheduler_jobs_next_run_time"),
        "apscheduler_jobs",
        ["next_run_time"],
        unique=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_name", "audit", ["name", "id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_consent")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("receipt", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("member_id", name=op.f("uq_erasure_member_id")),
    )
    op.create_table(
        "import_file",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("messages_done", sa.Integer(), nullable=False),
        sa.Column("messages_new", sa.Integer(), nullable=False),
        sa.Column("awaiting_consent", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_import_file")),
    )
    op.create_table(
        "insight",
        sa.Column("seq", Identity, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("topic_key", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=True),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("target_id", sa.String(length=26), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("importance", sa.Float(), nullable=False),
        sa.Column("novelty", sa.Float(), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.Column("valence", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("open_questions", sa.JSON(), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("supersedes", sa.String(length=26), nullable=True),
        sa.Column("conflicts_with", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_insight")),
        sa.UniqueConstraint("id", name=op.f("uq_insight_id")),
    )
    op.create_index(
        "ix_insight_category",
        "insight",
        ["category", "seq"],
        unique=False,
        sqlite_where=sa.text("seq > 0"),
        postgresql_where=sa.text("seq > 0"),
    )
    op.create_index("ix_insight_layer", "insight", ["layer", "seq"], unique=False)
    op.create_index("ix_insight_run", "insight", ["run_id"], unique=False)
    op.create_index("ix_insight_server", "insight", ["server_id", "seq"], unique=False)
    op.create_index(
        "ix_insight_status",
        "insight",
        ["status", "seq"],
        unique=False,
        sqlite_where=sa.text("seq > 0"),
        postgresql_where=sa.text("seq > 0"),
    )
    op.create_index("ix_insight_topic", "insight", ["topic_key", "seq"], unique=False)
    op.create_table(
        "layer_definition",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_layer_definition")),
    )
    op.create_index(op.f("ix_layer_definition_name"), "layer_definition", ["name"], unique=False)
    op.create_table(
        "layer_run",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("layer_hash", sa.String(length=64), nullable=True),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("slot", UtcDateTime(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("slot_last", UtcDateTime(), nullable=True),
        sa.Column("slot_count", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("coalesced_into", sa.String(length=26), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("heartbeat_at", UtcDateTime(), nullable=True),
        sa.Column("clock_at", UtcDateTime(), nullable=False),
        sa.Column("targets_total", sa.Integer(), nullable=False),
        sa.Column("targets_done", sa.Integer(), nullable=False),
        sa.Column("insights_created", sa.Integer(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layer_run")),
        sa.UniqueConstraint("layer", "generation", name=op.f("uq_layer_run_layer_generation")),
        sa.UniqueConstraint("layer", "request_key", name=op.f("uq_layer_run_layer_request_key")),
        sa.UniqueConstraint("layer", "slot", name=op.f("uq_layer_run_layer_slot")),
    )
    op.create_index("ix_layer_run_layer", "layer_run", ["layer", "id"], unique=False)
    op.create_index("ix_layer_run_status", "layer_run", ["status", "id"], unique=False)
    op.create_index("ix_layer_run_trigger", "layer_run", ["trigger", "id"], unique=False)
    op.create_index(
        "uq_layer_run_one_running",
        "layer_run",
        ["layer"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "layer_state",
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("pause_note", sa.Text(), nullable=True),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("insights_since_run", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("trigger_threshold", sa.Integer(), nullable=True),
        sa.Column("trigger_categories", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("layer", name=op.f("pk_layer_state")),
    )
    op.create_table(
        "login_link",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_login_link")),
    )
    op.create_table(
        "member",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("is_agent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_table(
        "message_deletion",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_deletion")),
    )
    op.create_table(
        "model_call",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=True),
        sa.Column("target_id", sa.String(length=26), nullable=True),
        sa.Column("server_id", sa.BigInteger(), nullable=True),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_hash", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("called_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_call")),
    )
    op.create_index(
        "ix_model_call_layer",
        "model_call",
        ["layer", "id"],
        unique=False,
        sqlite_where=sa.text("id > ''"),
        postgresql_where=sa.text("id > ''"),
    )
    op.create_index(
        "ix_model_call_model",
        "model_call",
        ["model", "id"],
        unique=False,
        sqlite_where=sa.text("id > ''"),
        postgresql_where=sa.text("id > ''"),
    )
    op.create_index(
        "ix_model_call_open",
        "model_call",
        ["called_at"],
        unique=False,
        sqlite_where=sa.text("outcome = 'reserved'"),
        postgresql_where=sa.text("outcome = 'reserved'"),
    )
    op.create_index(
        "ix_model_call_outcome",
        "model_call",
        ["outcome", "id"],
        unique=False,
        sqlite_where=sa.text("id > ''"),
        postgresql_where=sa.text("id > ''"),
    )
    op.create_index(
        "ix_model_call_profile",
        "model_call",
        ["profile", "id"],
        unique=False,
        sqlite_where=sa.text("id > ''"),
        postgresql_where=sa.text("id > ''"),
    )
    op.create_index("ix_model_call_run", "model_call", ["run_id", "cost_microusd"], unique=False)
    op.create_index(
        "ix_model_call_server_id",
        "model_call",
        ["server_id", "id"],
        unique=False,
        sqlite_where=sa.text("id > ''"),
        postgresql_where=sa.text("id > ''"),
    )
    op.create_index(
        "ix_model_call_spent",
        "model_call",
        ["called_at", "server_id", "cost_microusd"],
        unique=False,
        sqlite_where=sa.text("cost_microusd > 0"),
        postgresql_where=sa.text("cost_microusd > 0"),
    )
    op.create_index(op.f("ix_model_call_target_id"), "model_call", ["target_id"], unique=False)
    op.create_index("ix_model_call_time", "model_call", ["called_at", "server_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("delivered_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_outbox_dedup_key")),
    )
    op.create_index("ix_outbox_due", "outbox", ["next_attempt_at"], unique=False)
    op.create_table(
        "self_concept_version",
        sa.Column("seq", Identity, nullable=False),
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_self_concept_version")),
        sa.UniqueConstraint("id", name=op.f("uq_self_concept_version_id")),
    )
    op.create_table(
        "server",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), server_default="0", nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=True),
        sa.Column("left_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server")),
    )
    op.create_table(
        "topic",
        sa.Column("id", Identity, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("budget_group", sa.String(length=16), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("member_a", sa.BigInteger(), nullable=True),
        sa.Column("member_b", sa.BigInteger(), nullable=True),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("decay_base", sa.BigInteger(), nullable=False),
        sa.Column("decay_from", UtcDateTime(), nullable=False),
        sa.Column("last_activity_at", UtcDateTime(), nullable=False),
        sa.Column("last_reflected_at", UtcDateTime(), nullable=True),
        sa.Column("new_material", sa.Integer(), nullable=False),
        sa.Column("insight_count", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("key", name=op.f("uq_topic_key")),
    )
    op.create_index(
        "ix_topic_balance",
        "topic",
        [sa.literal_column("balance DESC"), "id", "server_id", "category"],
        unique=False,
        sqlite_where=sa.text("id > 0"),
        postgresql_where=sa.text("id > 0"),
    )
    op.create_index(
        "ix_topic_candidates",
        "topic",
        [
            "category",
            "server_id",
            sa.literal_column("balance DESC"),
            "id",
            "new_material",
            "insight_count",
            "last_reflected_at",
            "last_activity_at",
        ],
        unique=False,
        sqlite_where=sa.text("new_material > 0"),
        postgresql_where=sa.text("new_material > 0"),
    )
    op.create_index("ix_topic_channel", "topic", ["channel_id"], unique=False)
    op.create_index(
        "ix_topic_lively_dyad_a",
        "topic",
        ["member_a", "decay_from"],
        unique=False,
        sqlite_where=sa.text("category = 'dyad'"),
        postgresql_where=sa.text("category = 'dyad'"),
    )
    op.create_index(
        "ix_topic_lively_dyad_b",
        "topic",
        ["member_b", "decay_from"],
        unique=False,
        sqlite_where=sa.text("category = 'dyad'"),
        postgresql_where=sa.text("category = 'dyad'"),
    )
    op.create_index(
        "ix_topic_lively_in_channel",
        "topic",
        ["channel_id", "decay_from"],
        unique=False,
        sqlite_where=sa.text("category = 'user_in_channel'"),
        postgresql_where=sa.text("category = 'user_in_channel'"),
    )
    op.create_index("ix_topic_member_a", "topic", ["member_a"], unique=False)
    op.create_index("ix_topic_member_b", "topic", ["member_b"], unique=False)
    op.create_index(
        "ix_topic_place_balance",
        "topic",
        ["server_id", "category", sa.literal_column("balance DESC"), "id"],
        unique=False,
        sqlite_where=sa.text("id > 0"),
        postgresql_where=sa.text("id > 0"),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", UtcDateTime(), server_default="0", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("creator_id", sa.BigInteger(), nullable=True),
        sa.Column("booked", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("followed_to", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["server.id"],
            name=op.f("fk_channel_server_id_server"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index(op.f("ix_channel_parent_id"), "channel", ["parent_id"], unique=False)
    op.create_index(op.f("ix_channel_server_id"), "channel", ["server_id"], unique=False)
    op.create_index(
        "ix_channel_unbooked",
        "channel",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("booked IS 0"),
        postgresql_where=sa.text("booked IS false"),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("insight_id", sa.String(length=26), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("disputed_at", UtcDateTime(), nullable=False),
        sa.Column("disputed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insight_id"],
            ["insight.id"],
            name=op.f("fk_dispute_insight_id_insight"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index("ix_dispute_insight", "dispute", ["insight_id"], unique=False)
    op.create_index("ix_dispute_member", "dispute", ["member_id", "id"], unique=False)
    op.create_table(
        "insight_member",
        sa.Column("insight_id", sa.String(length=26), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["insight_id"],
            ["insight.id"],
            name=op.f("fk_insight_member_insight_id_insight"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("insight_id", "member_id", "role", name=op.f("pk_insight_member")),
    )
    op.create_index(
        "ix_insight_member_member", "insight_member", ["member_id", "insight_id"], unique=False
    )
    op.create_table(
        "insight_source",
        sa.Column("id", Identity, nullable=False),
        sa.Column("insight_id", sa.String(length=26), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("source_insight_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["insight_id"],
            ["insight.id"],
            name=op.f("fk_insight_source_insight_id_insight"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_insight_source")),
    )
    op.create_index(
        "ix_insight_source_insight", "insight_source", ["insight_id", "line"], unique=False
    )
    op.create_index("ix_insight_source_message", "insight_source", ["message_id"], unique=False)
    op.create_index(
        "ix_insight_source_source", "insight_source", ["source_insight_id"], unique=False
    )
    op.create_table(
        "member_role",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_member_role_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "server_id", "role_id", name=op.f("pk_member_role")),
    )
    op.create_index("ix_member_role_role", "member_role", ["role_id", "member_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_membership_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "server_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_server", "membership", ["server_id", "member_id"], unique=False)
    op.create_table(
        "model_call_member",
        sa.Column("call_id", sa.String(length=26), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["model_call.id"],
            name=op.f("fk_model_call_member_call_id_model_call"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", "member_id", name=op.f("pk_model_call_member")),
    )
    op.create_index(
        "ix_model_call_member_member", "model_call_member", ["member_id", "call_id"], unique=False
    )
    op.create_table(
        "run_target",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("topic_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("estimated_tokens", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger(), nullable=False),
        sa.Column("salience_spent", sa.BigInteger(), nullable=False),
        sa.Column("insights_created", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["layer_run.id"],
            name=op.f("fk_run_target_run_id_layer_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_target")),
        sa.UniqueConstraint("run_id", "topic_key", name=op.f("uq_run_target_run_id_topic_key")),
    )
    op.create_index("ix_run_target_topic", "run_target", ["topic_key", "id"], unique=False)
    op.create_table(
        "salience_entry",
        sa.Column("id", Identity, nullable=False),
        sa.Column("topic_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("batch", sa.String(length=26), nullable=False),
        sa.Column("run_id", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topic.id"],
            name=op.f("fk_salience_entry_topic_id_topic"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salience_entry")),
    )
    op.create_index(
        "ix_salience_entry_run",
        "salience_entry",
        ["run_id"],
        unique=False,
        sqlite_where=sa.text("run_id IS NOT NULL"),
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_salience_entry_spent",
        "salience_entry",
        ["at"],
        unique=False,
        sqlite_where=sa.text("kind = 'spent'"),
        postgresql_where=sa.text("kind = 'spent'"),
    )
    op.create_index("ix_salience_entry_topic", "salience_entry", ["topic_id", "id"], unique=False)
    op.create_table(
        "selection",
        sa.Column("run_id", sa.String(length=26), nullable=False),
        sa.Column("topic_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["layer_run.id"],
            name=op.f("fk_selection_run_id_layer_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "topic_key", name=op.f("pk_selection")),
    )
    op.create_index("ix_selection_topic", "selection", ["topic_key", "run_id"], unique=False)
    op.create_table(
        "self_concept_source",
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("insight_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["self_concept_version.id"],
            name=op.f("fk_self_concept_source_version_id_self_concept_version"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "insight_id", name=op.f("pk_self_concept_source")),
    )
    op.create_index(
        "ix_self_concept_source_insight", "self_concept_source", ["insight_id"], unique=False
    )
    op.create_table(
        "backfill",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since_id", sa.BigInteger(), nullable=False),
        sa.Column("reached_id", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
            name=op.f("fk_backfill_channel_id_channel"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_backfill")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reply_to_id", sa.BigInteger(), nullable=True),
        sa.Column("reply_to_author_id", sa.BigInteger(), nullable=True),
        sa.Column("has_media", sa.Boolean(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("booked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["member.id"], name=op.f("fk_message_author_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
            name=op.f("fk_message_channel_id_channel"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_author_time", "message", ["author_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_message_channel_time", "message", ["channel_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_message_reply_author",
        "message",
        ["reply_to_author_id", "author_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("reply_to_author_id IS NOT NULL"),
        postgresql_where=sa.text("reply_to_author_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_reply_to",
        "message",
        ["reply_to_id"],
        unique=False,
        sqlite_where=sa.text("reply_to_id IS NOT NULL"),
        postgresql_where=sa.text("reply_to_id IS NOT NULL"),
    )
    op.create_index(
        "ix_message_unbooked",
        "message",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("booked IS 0"),
        postgresql_where=sa.text("booked IS false"),
    )
    op.create_table(
        "emoji_use",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("emoji_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_emoji_use_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "emoji_id", name=op.f("pk_emoji_use")),
    )
    op.create_index("ix_emoji_use_emoji", "emoji_use", ["emoji_id", "message_id"], unique=False)
    op.create_table(
        "mention",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_mention_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "member_id", name=op.f("pk_mention")),
    )
    op.create_index("ix_mention_member", "mention", ["member_id", "message_id"], unique=False)
    op.create_table(
        "reaction",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("emoji_id", sa.BigInteger(), nullable=True),
        sa.Column("emoji_name", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reacted_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("booked", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_reaction_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "emoji", "member_id", name=op.f("pk_reaction")),
    )
    op.create_index("ix_reaction_emoji", "reaction", ["emoji_id", "reacted_at"], unique=False)
    op.create_index("ix_reaction_member", "reaction", ["member_id", "reacted_at"], unique=False)
    op.create_index(
        "ix_reaction_unbooked",
        "reaction",
        ["reacted_at", "message_id"],
        unique=False,
        sqlite_where=sa.text("booked IS 0"),
        postgresql_where=sa.text("booked IS false"),
    )
    op.create_table(
        "role_mention",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_role_mention_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "role_id", name=op.f("pk_role_mention")),
    )
    op.create_index("ix_role_mention_role", "role_mention", ["role_id", "message_id"], unique=False)
    op.create_table(
        "subject_mention",
        sa.Column("topic_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
            name=op.f("fk_subject_mention_message_id_message"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["topic_key"],
            ["topic.key"],
            name=op.f("fk_subject_mention_topic_key_topic"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("topic_key", "message_id", name=op.f("pk_subject_mention")),
    )
    op.create_index("ix_subject_mention_message", "subject_mention", ["message_id"], unique=False)
    dialect = op.get_bind().dialect.name
    for statement in statements(dialect):
        op.get_bind().exec_driver_sql(statement)
