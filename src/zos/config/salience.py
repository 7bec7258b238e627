"""The knobs of salience: what earns how much, how far it spreads, its caps, its decay, its budget."""

from __future__ import annotations

from pydantic import Field, field_validator

from zos.config.section import Section
from zos.core.topics import BudgetGroup


class EarnConfig(Section):
    """Salience earned by one event."""

    message: float = Field(1.0, ge=0, le=100)
    reaction: float = Field(0.5, ge=0, le=100)
    mention: float = Field(2.0, ge=0, le=100)
    reply: float = Field(1.5, ge=0, le=100)
    thread_created: float = Field(2.0, ge=0, le=100)
    direct_message: float = Field(1.5, ge=0, le=100)
    agent_mentioned: float = Field(5.0, ge=0, le=100)
    media_factor: float = Field(1.2, ge=0, le=10, description="On a message with media or a link")


class CapConfig(Section):
    """The most a topic can hold."""

    user: float = Field(100.0, gt=0)
    user_global: float = Field(150.0, gt=0)
    channel: float = Field(150.0, gt=0)
    thread: float = Field(50.0, gt=0)
    dyad: float = Field(80.0, gt=0)
    dyad_global: float = Field(100.0, gt=0)
    user_in_channel: float = Field(40.0, gt=0)
    dyad_in_channel: float = Field(30.0, gt=0)
    subject: float = Field(60.0, gt=0)
    role: float = Field(80.0, gt=0)
    emoji: float = Field(60.0, gt=0)
    self_server: float = Field(100.0, gt=0)
    self_global: float = Field(200.0, gt=0)


class BudgetConfig(Section):
    """What a night may spend, and how the groups share it."""

    total: float = Field(200.0, gt=0, description="Salience a server and local day")
    groups: dict[BudgetGroup, float] = Field(
        default_factory=lambda: {
            BudgetGroup.SOCIAL: 0.30,
            BudgetGroup.GLOBAL: 0.15,
            BudgetGroup.SPACES: 0.30,
            BudgetGroup.SEMANTIC: 0.15,
            BudgetGroup.CULTURE: 0.10,
        },
        description="Shares of the total, at most 1 together; self is apart",
    )
    self_total: float = Field(50.0, gt=0, description="Salience a local day for self topics")

    @field_validator("groups")
    @classmethod
    def _shares_fit(cls, groups: dict[BudgetGroup, float]) -> dict[BudgetGroup, float]:
        if BudgetGroup.SELF in groups:
            raise ValueError("'self' has no share: it has self_total")
        # The slack is for sums such as 0.1 + 0.2 + 0.7. Written so that NaN is refused too.
        if not (min(groups.values(), default=0) >= 0 and sum(groups.values()) <= 1.0 + 1e-9):
            raise ValueError("the shares must be 0 or more each and at most 1 together")
        return groups


class SalienceConfig(Section):
    """Attention: how it is earned, spreads, fades and is spent."""

    earn: EarnConfig = Field(default_factory=EarnConfig)
    caps: CapConfig = Field(default_factory=CapConfig)
    budget: BudgetConfig = Field(default_factory=BudgetConfig)
    propagation: float = Field(
        0.3, ge=0, le=1, description="Part of an earning that warm related topics get too"
    )
    spillover: float = Field(
        0.5, ge=0, le=1, description="Part of what a cap cuts off that they get"
    )
    warm_above: float = Field(1.0, ge=0, description="A topic is warm above this balance")
    decay_after_days: int = Field(
        7, ge=0, le=3650, description="Days without activity before decay"
    )
    decay_per_day: float = Field(0.01, ge=0, le=1, description="Part lost a day")
    spend_per_token: float = Field(0.001, ge=0, description="Salience a token, in and out")
    retention: float = Field(
        1.5, ge=0, le=100, description="Part of the cost kept after a reflection"
    )
