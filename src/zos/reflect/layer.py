"""`Layer`: what a layer file says, checked.

In: the mapping of one YAML document. Out: a frozen layer, or pydantic's errors with their places.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    field_serializer,
    model_validator,
)

from zos.config.model import ZoneName
from zos.core.errors import FilterError, ScheduleError
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.reflect.node_types import AnyNode
from zos.reflect.schedule import Schedule, parse_schedule
from zos.salience.target_filter import TargetFilter


class LayerCategory(StrEnum):
    """What a layer is about: a category of topics, or what is known about people everywhere."""

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
    SYNTHESIS = "synthesis"


class CatchUp(StrEnum):
    """What becomes of fires missed within the grace time."""

    ONCE = "once"
    ALL = "all"
    NONE = "none"


class Overlap(StrEnum):
    """What becomes of a fire while the layer is still running."""

    BUFFER_ONE = "buffer_one"
    SKIP = "skip"
    CANCEL_OTHER = "cancel_other"


class TargetScope(StrEnum):
    """Which topics of the target categories: those inside servers, those above them, or both."""

    SERVER = "server"
    GLOBAL = "global"
    ANY = "any"


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _schedule(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_schedule(text).text
    except ScheduleError as error:
        raise ValueError(str(error)) from None


def _filter(text: str | None) -> str | None:
    try:
        if text is not None:
            TargetFilter.parse(text)
    except FilterError as error:
        raise ValueError(str(error)) from None
    return text


Categories = Annotated[frozenset[TopicCategory], BeforeValidator(_one_or_many)]


class Layer(BaseModel):
    """One layer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="small letters, digits and hyphens, at most 63; the job is layer:<name>",
    )
    category: LayerCategory = Field(description="What it is about")
    description: str = Field("", max_length=600, description="For people: what it does")
    goal: str = Field("", max_length=2_000, description="For the model: what it should look for")
    enabled: bool = Field(True, description="False: it never fires, and cannot be triggered")

    schedule: Annotated[str | None, AfterValidator(_schedule)] = Field(
        None, description="Cron expression or @daily…; none: only by hand or by its threshold"
    )
    timezone: ZoneName | None = Field(
        None, description="Of the schedule; default: scheduler.timezone"
    )
    jitter: int = Field(
        0, ge=0, le=86_400, description="Seconds: it starts up to so much later, always by the same"
    )
    misfire_grace_time: int | None = Field(
        None,
        ge=0,
        le=31_536_000,
        description="Seconds after its time that a missed fire is still made up for; "
        "default: scheduler.misfire_grace_time",
    )
    catch_up: CatchUp | None = Field(
        None, description="Several missed fires: once, all or none; default: scheduler.coalesce"
    )
    overlap: Overlap = Field(
        Overlap.BUFFER_ONE,
        description="A fire while it runs: buffer_one waits, skip lets it go, cancel_other stops the run",
    )
    trigger_threshold: int | None = Field(
        None, ge=1, le=100_000, description="Also runs after so many insights of other layers"
    )
    trigger_category: Categories = Field(
        frozenset(),
        description="Only insights about topics of these categories count; default: all",
    )

    target_category: Categories = Field(
        frozenset(), description="Categories of its topics; default: its own category"
    )
    target_scope: TargetScope | None = Field(
        None,
        description="server, global or any; default: server, but global for synthesis and any for self",
    )
    target_filter: Annotated[str | None, AfterValidator(_filter)] = Field(
        None, description="Condition, as in salience > 30 AND last_reflected_days_ago > 1"
    )
    max_targets: int = Field(20, ge=1, le=10_000, description="Topics of one run, at most")

    timeout: float | None = Field(
        None,
        gt=0,
        le=86_400,
        description="Seconds of one run; default: reflect.run_timeout_seconds",
    )
    max_cost_usd: float | None = Field(
        None, ge=0, description="US dollars of one run; default: models.limits.per_run_usd"
    )
    ping_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        max_length=500,
        description="Dead-man address: called at start and success, with /start and /fail appended otherwise",
    )
    nodes: tuple[AnyNode, ...] = Field(max_length=20, description="Its steps, in order")

    _prompts: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @field_serializer("trigger_category", "target_category")
    def _in_order(self, categories: frozenset[TopicCategory]) -> list[str]:
        return sorted(categories)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.targets:
            raise ValueError("a synthesis layer needs a target_category")
        asked = reflected = False
        for node in self.nodes:
            unfit = sorted(self.targets - node.targets)
            if unfit:
                raise ValueError(f"{node.label} cannot work on {unfit[0]} topics")
            if node.needs_reflections and not reflected:
                raise ValueError(f"{node.label} needs an llm_call before it")
            if node.gathers and asked:
                raise ValueError(
                    f"{node.label} comes too late: fetch before the first model is asked"
                )
            reflected = reflected or node.reflects
            asked = asked or bool(node.prompt_names)
        if not any(node.commits for node in self.nodes):
            raise ValueError("no node leaves anything behind: add a store_insight")
        return self

    @property
    def targets(self) -> frozenset[TopicCategory]:
        """The categories of its topics."""
        if self.target_category or self.category is LayerCategory.SYNTHESIS:
            return self.target_category
        return frozenset({TopicCategory(self.category)})

    @property
    def global_only(self) -> bool | None:
        """Whether its topics are global (True), inside servers (False), or either (None)."""
        match self.target_scope or _DEFAULT_SCOPES.get(self.category, TargetScope.SERVER):
            case TargetScope.GLOBAL:
                return True
            case TargetScope.SERVER:
                return False
            case TargetScope.ANY:
                return None

    @property
    def groups(self) -> frozenset[BudgetGroup]:
        """The budget groups that its topics spend from."""
        levels = {True: (None,), False: (1,), None: (None, 1)}[self.global_only]
        return frozenset(
            TopicKey(category, server_id).group for category in self.targets for server_id in levels
        )

    @property
    def cron(self) -> Schedule | None:
        """Its schedule, read."""
        return None if self.schedule is None else parse_schedule(self.schedule)

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The prompts that its nodes render, each once, in order of use."""
        return tuple(dict.fromkeys(name for node in self.nodes for name in node.prompt_names))

    @property
    def estimated_tokens(self) -> int:
        """Tokens that one target is likely to cost, in and out, for planning."""
        material = sum(node.estimated_material_tokens for node in self.nodes)
        return sum(node.estimated_cost_tokens(material) for node in self.nodes)

    @property
    def hash(self) -> str:
        """The SHA-256 of what it says and of the prompts that it renders: its version."""
        content = {"layer": self.model_dump(mode="json"), "prompts": dict(self._prompts)}
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def with_prompts(self, sources: Mapping[str, str]) -> Self:
        """Return the same layer, versioned with the sources of its prompts (name → text)."""
        versioned = self.model_copy()
        versioned._prompts = dict(sources)  # noqa: SLF001 - of its own class
        return versioned

    def is_versioned_with(self, sources: Mapping[str, str]) -> bool:
        """Return whether these are the sources that `with_prompts` was told."""
        return self._prompts == sources


_DEFAULT_SCOPES = {
    LayerCategory.SYNTHESIS: TargetScope.GLOBAL,
    LayerCategory.SELF: TargetScope.ANY,
}
