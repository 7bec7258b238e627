"""Layers as they were, jobs, runs, targets, selections, model calls and outgoing texts.

`layer_run` is the durable truth of the scheduler: one row per fire that ran or did not, and why.
At most one row per layer is `running`: the partial unique index is the lease.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Unicode,
    UniqueConstraint,
    literal_column,
)

from zos.db.tables.base import UtcDateTime, metadata

layer_definition = Table(
    "layer_definition",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("name", Text, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("source", Text, nullable=False),  # the YAML text
    Column("recorded_at", UtcDateTime, nullable=False),
)

layer_state = Table(
    "layer_state",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("registered_at", UtcDateTime, nullable=False),  # missed slots count from here
    Column("schedule", Text),  # the promise, as registered; NULL: the layer owes no slots
    Column("timezone", Text),  # of the promise
    Column("paused_at", UtcDateTime),
    Column("paused_until", UtcDateTime),
    Column("paused_by", Text),
    Column("pause_note", Text),
    Column("failures_in_row", Integer, nullable=False),
    Column("insights_since_run", Integer, nullable=False),  # by other layers, for the threshold
    Column("generation", Integer, nullable=False),  # of the threshold: one run each
    Column("trigger_threshold", Integer),  # as registered; NULL: no threshold
    Column("trigger_categories", Text),  # ",user,dyad,": only insights about such topics; NULL: all
)

apscheduler_jobs = Table(  # the shape is APScheduler's; `scheduler.jobs.store` owns its content
    "apscheduler_jobs",
    metadata,
    Column("id", Unicode(191), primary_key=True),
    Column("next_run_time", Float(25), index=True),  # seconds since 1970; NULL: never
    Column("job_state", LargeBinary, nullable=False),  # JSON
)

layer_run = Table(
    "layer_run",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("layer", Text, nullable=False),
    Column("layer_hash", String(64)),
    Column(
        "trigger", String(16), nullable=False
    ),  # schedule | manual | threshold | catch_up | replay
    Column("slot", UtcDateTime),  # the nominal fire; NULL for manual and threshold
    Column("due_at", UtcDateTime),  # when the timer was to fire it: the slot and the layer's jitter
    Column("slot_last", UtcDateTime),  # a summary row answers for [slot, slot_last]
    Column("slot_count", Integer, nullable=False),  # how many slots the row answers for; 1 normally
    Column("request_key", Text),  # manual: idempotency
    Column("generation", Integer),  # threshold
    Column("status", String(16), nullable=False),  # reflect.states.RunStatus
    Column("reason", Text, nullable=False),  # in words
    Column("coalesced_into", String(26)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("owner", Text),  # the process that runs it
    Column("heartbeat_at", UtcDateTime),
    Column(
        "clock_at", UtcDateTime, nullable=False
    ),  # the run's own time: the slot in replay, else when it started
    Column("targets_total", Integer, nullable=False),
    Column("targets_done", Integer, nullable=False),
    Column("insights_created", Integer, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
    UniqueConstraint("layer", "slot"),
    UniqueConstraint("layer", "request_key"),
    UniqueConstraint("layer", "generation"),
    Index("ix_layer_run_layer", "layer", "id"),
    Index("ix_layer_run_status", "status", "id"),
    Index("ix_layer_run_trigger", "trigger", "id"),
)
Index(
    "uq_layer_run_one_running",
    layer_run.c.layer,
    unique=True,
    sqlite_where=layer_run.c.status == "running",
    postgresql_where=layer_run.c.status == "running",
)

run_target = Table(
    "run_target",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", String(26), ForeignKey("layer_run.id", ondelete="CASCADE"), nullable=False),
    Column("topic_key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("status", String(16), nullable=False),  # reflect.states.TargetStatus
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("estimated_tokens", Integer, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
    Column("salience_spent", BigInteger, nullable=False),  # micro-salience
    Column("insights_created", Integer, nullable=False),
    UniqueConstraint("run_id", "topic_key"),
    Index("ix_run_target_topic", "topic_key", "id"),
)

selection = Table(
    "selection",
    metadata,
    Column("run_id", String(26), ForeignKey("layer_run.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_key", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("chosen", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_selection_topic", "topic_key", "run_id"),
)

model_call = Table(
    "model_call",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("run_id", String(26)),
    Column("target_id", String(26), index=True),
    Column("server_id", BigInteger),
    Column("layer", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("model", Text, nullable=False),  # provider:model
    Column("prompt_hash", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),  # llm.call.CallOutcome
    Column("error", Text),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),  # the reservation until it is settled
    Column("latency_ms", Integer, nullable=False),
    Column("called_at", UtcDateTime, nullable=False),
    Index("ix_model_call_time", "called_at", "server_id"),
    Index("ix_model_call_run", "run_id", "cost_microusd"),
)
# Lists of calls, narrowed. True of every call, the condition keeps statements that do not write it to their own index.
CALLS_LISTED = model_call.c.id > literal_column("''")
for _column in ("layer", "model", "profile", "server_id", "outcome"):
    Index(
        f"ix_model_call_{_column}",
        model_call.c[_column],
        model_call.c.id,
        sqlite_where=CALLS_LISTED,
        postgresql_where=CALLS_LISTED,
    )
CALLS_FAILED = model_call.c.outcome.not_in([literal_column("'reserved'"), literal_column("'ok'")])
"""Of a call: whether it ended without a usable answer."""
Index(
    "ix_model_call_failed",
    model_call.c.id,
    sqlite_where=CALLS_FAILED,
    postgresql_where=CALLS_FAILED,
)
model_call_member = Table(  # whose words were in the prompt
    "model_call_member",
    metadata,
    Column(
        "call_id", String(26), ForeignKey("model_call.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("member_id", BigInteger, primary_key=True),
    Index("ix_model_call_member_member", "member_id", "call_id"),
)
# What the spend guard sums before every paid call, from the index alone.
Index(
    "ix_model_call_spent",
    model_call.c.called_at,
    model_call.c.server_id,
    model_call.c.cost_microusd,
    sqlite_where=model_call.c.cost_microusd > 0,
    postgresql_where=model_call.c.cost_microusd > 0,
)
Index(
    "ix_model_call_open",
    model_call.c.called_at,
    sqlite_where=model_call.c.outcome == "reserved",
    postgresql_where=model_call.c.outcome == "reserved",
)

call_sum = Table(  # kept by `llm.sums`, in the transaction that writes a call
    "call_sum",
    metadata,
    Column("by", String(16), primary_key=True),  # llm.sums.store.SumBy
    Column("day", Date, primary_key=True),  # local, of the zone in `call_sum_zone`
    Column("name", Text, primary_key=True),  # of a model, layer, profile or server ("": none)
    Column("calls", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("cost_microusd", BigInteger, nullable=False),
)
call_sum_zone = (
    Table(  # whose days are summed: one row; none before they are made for the first time
        "call_sum_zone",
        metadata,
        Column("zone", Text, primary_key=True),
    )
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("dedup_key", Text, nullable=False, unique=True),
    Column("run_id", String(26), nullable=False),
    Column("destination", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),  # NULL: done or given up
    Column("delivered_at", UtcDateTime),
    Column("last_error", Text),
    Column("posted", JSON(none_as_null=True)),  # ids of what stands there and can be deleted
    Column("withdrawn_at", UtcDateTime),  # from then on attempts are to delete what was posted
    Column("erasure_id", String(26)),  # whose receipt tells what became of it
    Index("ix_outbox_due", "next_attempt_at"),
    Index("ix_outbox_run", "run_id"),
)

outbox_insight = Table(  # what a text tells of
    "outbox_insight",
    metadata,
    Column("text_id", String(26), ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("insight_id", String(26), primary_key=True),  # kept when the insight is deleted
)

outbox_member = Table(  # whom a text that can be taken back merely calls by name
    "outbox_member",
    metadata,
    Column("text_id", String(26), ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", BigInteger, primary_key=True, index=True),
)
