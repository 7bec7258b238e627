"""The tables, by subject. Amounts of salience are whole micro-salience, money is whole micro-dollars."""

from __future__ import annotations

from zos.db.tables.access import access_key, access_session, audit, login_link
from zos.db.tables.base import MICRO, UtcDateTime, metadata
from zos.db.tables.community import (
    channel,
    consent,
    emoji_use,
    erasure,
    import_file,
    member,
    member_role,
    membership,
    mention,
    message,
    message_deletion,
    reaction,
    role_mention,
    server,
)
from zos.db.tables.insights import (
    dispute,
    insight,
    insight_member,
    insight_source,
    self_concept_source,
    self_concept_version,
)
from zos.db.tables.runs import (
    apscheduler_jobs,
    layer_definition,
    layer_run,
    layer_state,
    model_call,
    model_call_member,
    outbox,
    run_target,
    selection,
)
from zos.db.tables.salience import salience_entry, subject_mention, topic

__all__ = [
    "MICRO",
    "UtcDateTime",
    "access_key",
    "access_session",
    "apscheduler_jobs",
    "audit",
    "channel",
    "consent",
    "dispute",
    "emoji_use",
    "erasure",
    "import_file",
    "insight",
    "insight_member",
    "insight_source",
    "layer_definition",
    "layer_run",
    "layer_state",
    "login_link",
    "member",
    "member_role",
    "membership",
    "mention",
    "message",
    "message_deletion",
    "metadata",
    "model_call",
    "model_call_member",
    "outbox",
    "reaction",
    "role_mention",
    "run_target",
    "salience_entry",
    "selection",
    "self_concept_source",
    "self_concept_version",
    "server",
    "subject_mention",
    "topic",
]
