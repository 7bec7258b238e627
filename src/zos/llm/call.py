"""One call to a model as it is recorded, and how calls end.

In: a request and its profile. Out: `ModelCall`, the row of `model_call`. It holds a hash of the
prompt and never its words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from zos.core.ids import new_ulid
from zos.llm.request import CallContext, ModelRequest, Output, Usage

if TYPE_CHECKING:
    from zos.config.model import ModelProfile


class CallOutcome(StrEnum):
    """How a call ended."""

    RESERVED = "reserved"  # under way: its estimated cost is held
    OK = "ok"
    INVALID = "invalid"  # no answer passed validation
    REFUSED = "refused"
    ERROR = "error"
    TIMEOUT = "timeout"
    LOST = "lost"  # given up, or its process died: nobody knows, so the reservation counts as spent


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call, with all its tries. `usage.cost_microusd` is the reservation until it is settled."""

    id: str
    context: CallContext
    profile: str
    model: str
    prompt_hash: str
    called_at: datetime
    outcome: CallOutcome = CallOutcome.RESERVED
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    latency_ms: int = 0


def new_call(request: ModelRequest[Output], profile: ModelProfile, now: datetime) -> ModelCall:
    """Return the record of a call that begins at `now`."""
    prompt = f"{request.system}\0{request.prompt}".encode("utf-8", "surrogatepass")
    return ModelCall(
        id=new_ulid(now),
        context=request.context,
        profile=request.profile,
        model=f"{profile.provider}:{profile.model}",
        prompt_hash=hashlib.sha256(prompt).hexdigest(),
        called_at=now,
    )
