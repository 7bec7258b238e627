"""The configuration as types. Each field says its unit, its range and what it is for.

Unknown keys are errors. Secrets are `SecretStr`; `zos.config.load` fills them from the
environment or from the file that `<NAME>_FILE` names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from zos.config.salience import SalienceConfig
from zos.config.section import Section
from zos.core.consent import ConsentMode


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone name such as 'Europe/Berlin' or 'UTC'"
        ) from None
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class DatabaseConfig(Section):
    """Where things are stored."""

    url: str = Field(
        "", description="SQLAlchemy URL (sqlite:///… or postgresql://…); empty: <data_dir>/zos.db"
    )
    pool_size: int = Field(
        8, ge=2, le=100, description="Reading connections (PostgreSQL: all but a few)"
    )
    busy_timeout_seconds: float = Field(
        5.0, gt=0, le=60, description="SQLite: wait for another writer"
    )
    pool_timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="Waiting for a connection that is free"
    )
    synchronous: Literal["normal", "full"] = Field(
        "normal",
        description="SQLite: `full` also survives power loss without losing the last commits, and is slower",
    )


class DiscordConfig(Section):
    """The connection to Discord. Without a token the bot is off."""

    token: SecretStr | None = Field(
        None, description="Bot token; better as ZOS_DISCORD__TOKEN or …_FILE"
    )
    allow_channels: frozenset[int] = Field(
        frozenset(),
        description="Ids of the only channels, categories and threads to observe; empty: all",
    )
    deny_channels: frozenset[int] = Field(
        frozenset(), description="Ids of channels, categories and threads not to observe"
    )
    allow_roles: frozenset[int] = Field(
        frozenset(), description="Observe only members with one of these roles; empty: all"
    )
    deny_roles: frozenset[int] = Field(
        frozenset(), description="Observe no member with one of these roles"
    )
    lookback_messages: int = Field(
        100,
        ge=0,
        le=1_000,
        description="Messages a channel that are compared with Discord after an outage: edits, deletions, reactions",
    )
    shards: Annotated[int, Field(ge=1, le=1_000)] | Literal["auto"] = Field(
        1,
        description="Connections at once, each for a part of the servers; auto: as Discord recommends",
    )
    backfill_days: int | None = Field(
        None,
        ge=1,
        le=3_650,
        description="On joining a server read its last so many days; null: what is said from now on",
    )
    operators: frozenset[int] = Field(
        frozenset(), description="Ids of users who may use /zos-admin"
    )
    operator_roles: frozenset[int] = Field(
        frozenset(), description="Whoever holds one of these roles may use /zos-admin"
    )


class OutputConfig(Section):
    """Where nodes of type `output` may write. By default: nowhere."""

    log: bool = Field(False, description="Into Zos's own log; what stands there no erasure reaches")
    discord_channels: frozenset[int] = Field(
        frozenset(), description="Ids of the channels that Zos may write to"
    )
    webhook_hosts: frozenset[str] = Field(
        frozenset(), description="Hosts that Zos may post to, as in hooks.example.org"
    )
    allow_private_addresses: bool = Field(
        False, description="Also where such a host is in a private network or this machine"
    )


class ObserveConfig(Section):
    """What is taken in."""

    queue_size: int = Field(
        10_000, ge=100, le=1_000_000, description="Events waiting to be recorded, at most"
    )
    batch_size: int = Field(
        2_000, ge=1, le=20_000, description="Events in one transaction, at most"
    )
    threads_as_topics: bool = Field(
        True, description="False: a thread counts for its parent channel"
    )
    role_topics: frozenset[int] = Field(frozenset(), description="Ids of roles that are topics")
    focus: dict[int, float] = Field(
        default_factory=dict, description="Server id: factor on what it earns (default 1)"
    )


class PrivacyConfig(Section):
    """Whose words may be thought about."""

    consent: ConsentMode = Field(
        ConsentMode.OPT_IN,
        description="What silence means: no (opt_in), yes (opt_out), or what a role says (role)",
    )
    consent_roles: frozenset[int] = Field(
        frozenset(), description="With `role`: holders of these have consented"
    )
    retention_days: int | None = Field(
        None, ge=1, le=36_500, description="Messages older than this are deleted; null: they stay"
    )
    left_server_days: int = Field(
        30,
        ge=0,
        le=3_650,
        description="What is stored of a server is kept for so long after Zos left it, then erased",
    )
    audit_days: int = Field(
        400, ge=1, le=36_500, description="The record of who changed what is kept for so long"
    )


class ModelPrice(Section):
    """What a model costs, in US dollars per million tokens (0 for a local model)."""

    input_per_million_usd: float = Field(ge=0)
    output_per_million_usd: float = Field(ge=0)


class ModelProfile(Section):
    """One way to ask a language model."""

    provider: Literal["offline", "openai", "anthropic", "google"] = "offline"
    model: str = Field(
        "digest", validate_default=True, description="The provider's name of the model"
    )
    base_url: str | None = Field(
        None, description="A server other than the provider's own (openai: Ollama, vLLM, …)"
    )
    api_key: SecretStr | None = Field(None, description="Better from the environment or a _FILE")
    temperature: float | None = Field(None, ge=0, le=2, description="null: the provider's default")
    max_tokens: int = Field(
        1_200, ge=1, le=100_000, description="Output tokens of one answer, at most"
    )
    timeout_seconds: float = Field(
        60.0, gt=0, le=600, description="One call with all its tries, at most"
    )
    sdk_retries: int = Field(
        1, ge=0, le=5, description="Tries again after 429 and 5xx, within one call"
    )
    output_retries: int = Field(1, ge=0, le=5, description="Asks again after an invalid answer")
    price: ModelPrice | None = Field(
        None, description="Overrides the price list; needed for unknown models"
    )

    @field_validator("model")
    @classmethod
    def _is_named(cls, model: str, info: ValidationInfo) -> str:
        if not model or (model == "digest" and info.data.get("provider") != "offline"):
            raise ValueError("name the model to ask, as its provider calls it")
        return model


class SpendLimits(Section):
    """The most that may be spent, in US dollars; null: no limit."""

    per_run_usd: float | None = Field(1.0, ge=0)
    per_day_usd: float | None = Field(5.0, ge=0)
    per_month_usd: float | None = Field(50.0, ge=0)
    per_server_day_usd: float | None = Field(None, ge=0)


class ModelsConfig(Section):
    """Language models."""

    profiles: dict[str, ModelProfile] = Field(
        default_factory=lambda: {"default": ModelProfile()},
        description="By name: default, reflection, self_reflection, synthesis, …; for a missing one default answers",
    )
    limits: SpendLimits = Field(default_factory=SpendLimits)

    @field_validator("profiles")
    @classmethod
    def _has_default(cls, profiles: dict[str, ModelProfile]) -> dict[str, ModelProfile]:
        if "default" not in profiles:
            raise ValueError("there must be a profile named 'default'")
        return profiles


class ReflectConfig(Section):
    """How layers run."""

    layers_dir: Path | None = Field(
        None, description="Overrides built-in layers by name; null: <config's folder>/layers"
    )
    prompts_dir: Path | None = Field(
        None, description="Overrides built-in prompts by path; null: <…>/prompts"
    )
    target_concurrency: int = Field(8, ge=1, le=128, description="Targets of one run at a time")
    target_timeout_seconds: float = Field(120.0, gt=0, le=3600)
    run_timeout_seconds: float = Field(3600.0, gt=0, le=86_400)
    target_attempts: int = Field(
        3, ge=1, le=10, description="Tries of a target whose error may pass"
    )
    retry_backoff_seconds: float = Field(
        2.0, ge=0, le=300, description="Before the second try; then doubled"
    )
    heartbeat_seconds: float = Field(5.0, gt=0, le=60)
    stall_seconds: float = Field(
        20.0, gt=0, le=600, description="A run without a heartbeat for so long is taken over"
    )


class SchedulerConfig(Section):
    """When layers run."""

    timezone: ZoneName = Field(
        "UTC", description="Of all cron expressions, unless a layer has its own"
    )
    misfire_grace_time: int = Field(
        3600, ge=0, le=31_536_000, description="Seconds: default catch-up window"
    )
    coalesce: bool = Field(
        True, description="Default catch-up: true: once; false: every missed slot"
    )
    max_instances: Literal[1] = Field(1, description="Only 1: two runs of one layer never overlap")
    drain_seconds: float = Field(30.0, ge=0, le=3600, description="Waiting for runs at a stop")
    concurrency: int = Field(4, ge=1, le=64, description="Runs (of different layers) at a time")
    pause_after_failures: int = Field(
        5, ge=1, le=1000, description="A layer pauses itself after so many failed runs"
    )
    ping_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        max_length=500,
        description="Dead-man address, called for as long as the scheduler's loop is alive",
    )
    ping_interval_seconds: float = Field(
        60.0, ge=5, le=86_400, description="Between two calls of ping_url"
    )

    @field_validator("max_instances", mode="before")
    @classmethod
    def _explain_instances(cls, value: object) -> object:
        if value != 1:
            raise ValueError(
                "it must be 1, as two runs of one layer at once would spend the same salience twice"
            )
        return value


class ApiConfig(Section):
    """The HTTP API."""

    host: str = Field(
        "127.0.0.1", description="Other than loopback only with `trusted_proxy` or TLS files"
    )
    port: int = Field(8730, ge=0, le=65535, description="0: any free port")
    allowed_hosts: tuple[str, ...] = Field((), description="Further Host headers to answer to")
    trusted_proxy: bool = Field(False, description="A TLS-terminating proxy stands in front")
    tls_certificate: Path | None = None
    tls_key: Path | None = None


class LogConfig(Section):
    """What is logged, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Config(Section):
    """The whole configuration."""

    data_dir: Path = Field(
        Path("data"), description="Database, token, self-concept; relative to the config file"
    )
    database: DatabaseConfig = Field(default_factory=DatabaseConfig)
    discord: DiscordConfig = Field(default_factory=DiscordConfig)
    observe: ObserveConfig = Field(default_factory=ObserveConfig)
    output: OutputConfig = Field(default_factory=OutputConfig)
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    salience: SalienceConfig = Field(default_factory=SalienceConfig)
    models: ModelsConfig = Field(default_factory=ModelsConfig)
    reflect: ReflectConfig = Field(default_factory=ReflectConfig)
    scheduler: SchedulerConfig = Field(default_factory=SchedulerConfig)
    api: ApiConfig = Field(default_factory=ApiConfig)
    log: LogConfig = Field(default_factory=LogConfig)
