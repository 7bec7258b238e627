"""Model profiles: can each be asked, and is it known what it costs? Nothing is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator

from zos.config import Config
from zos.config.model import ModelProfile
from zos.core.errors import ModelError
from zos.llm.offline import OFFLINE
from zos.llm.prices import TokenCount, cost_microusd
from zos.llm.providers import Providers
from zos.service.doctor.finding import Finding, ok, problem

_MILLION = 1_000_000


async def profiles(config: Config) -> AsyncIterator[Finding]:
    """Look at every profile."""
    providers = Providers()
    try:
        for name, profile in config.models.profiles.items():
            yield await _profile(name, profile, providers)
    finally:
        await providers.close()


async def _profile(name: str, profile: ModelProfile, providers: Providers) -> Finding:
    subject = f"model {name}"
    if profile.provider == OFFLINE:
        return ok(subject, "It is the offline digest: no key, no network, no cost.")
    try:
        await providers.model(profile)
        usd = cost_microusd(profile, TokenCount(_MILLION, 0)) / _MILLION
    except ModelError as error:
        return problem(subject, error.message, error.hint)
    return ok(subject, f"{profile.provider}:{profile.model}, ${usd:,.2f} per million tokens in.")
