"""`ModelClient`: one question in, one validated answer out, whatever the provider.

In: `ModelRequest`. Out: `ModelAnswer`, or one of the `ModelError`s. The profile named in the request
says whom to ask; the offline digest answers from the material alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zos.core.clock import Clock, SystemClock
from zos.core.errors import PriceUnknownError
from zos.db.engine import Database
from zos.llm.call import CallOutcome, new_call
from zos.llm.conversation import output_limit, prompt_tokens
from zos.llm.guard import SpendGuard
from zos.llm.limits import MICROUSD
from zos.llm.offline import OFFLINE, answer_offline
from zos.llm.output import Reflection, SelfConcept
from zos.llm.providers import Providers
from zos.llm.remote import RemoteCall, worst_cost_microusd
from zos.llm.request import ModelAnswer, ModelRequest, Output

if TYPE_CHECKING:
    from pydantic import BaseModel

    from zos.config import Config
    from zos.config.model import ModelProfile


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one try will take: `tokens_out`, and so `cost_usd`, at most; None: no known price."""

    tokens_in: int
    tokens_out: int
    cost_usd: float | None


class ModelClient:
    """Asks the models that the configuration's profiles name.

    Every call is recorded in `model_call`; paid ones are held against the limits first. Without
    `db` the offline digest leaves no record, and a language model opens the configured database.

    Args:
        config: Its `models` section, and the scheduler's zone for the spending day.
        db: Where calls are recorded and limits are held.
        clock: The real time, also in a replay: money is spent on real days.
    """

    def __init__(
        self, config: Config, *, db: Database | None = None, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._guard = SpendGuard(config, db, self._clock) if db else None
        self._own_db: Database | None = None
        self._opening = asyncio.Lock()
        self._providers = Providers()

    def profile(self, name: str) -> ModelProfile:
        """Return the profile `name`, or `default` when the configuration has none of that name."""
        profiles = self._config.models.profiles
        return profiles.get(name) or profiles["default"]

    def estimate(self, request: ModelRequest[Output]) -> Estimate:
        """Return what asking `request` will take if the first answer is valid."""
        profile = self.profile(request.profile)
        tokens_in, tokens_out = prompt_tokens(request), output_limit(request, profile)
        if profile.provider == OFFLINE:
            return Estimate(tokens_in, tokens_out, 0.0)
        try:
            cost = worst_cost_microusd(request, profile, tokens_in)
        except PriceUnknownError:
            return Estimate(tokens_in, tokens_out, None)
        return Estimate(tokens_in, tokens_out, cost / MICROUSD)

    async def ask(self, request: ModelRequest[Output]) -> ModelAnswer[Output]:
        """Ask, validate, and ask again where the answer is not valid, within the profile's bounds.

        Raises:
            BudgetError: If a spending limit would be broken.
            PriceUnknownError: If the model has no known price.
            ModelUnavailableError: If it cannot be reached, is overloaded or too slow (retryable).
            ModelOutputError: If no answer passed validation.
            ModelRefusedError: If it refuses.
            ModelError: If it cannot be asked at all (no library, no key, no such model).
        """
        profile = self.profile(request.profile)
        if profile.provider == OFFLINE:
            return await self._ask_offline(request, profile)
        model = await self._providers.model(profile)
        guard = await self._open_guard()
        output, usage = await RemoteCall(request, profile, guard, self._clock.now()).make(model)
        if reason := _dry_reason(output):
            return ModelAnswer(None, False, usage, reason)
        return ModelAnswer(output, False, usage)

    async def sweep(self) -> int:
        """Mark calls whose process died as lost, their reservations spent; return how many."""
        return await (await self._open_guard()).sweep()

    async def close(self) -> None:
        """Close all connections to models, and the database if this client opened it."""
        await self._providers.close()
        if self._own_db is not None:
            await self._own_db.close()
            self._own_db = self._guard = None

    async def _ask_offline(
        self, request: ModelRequest[Output], profile: ModelProfile
    ) -> ModelAnswer[Output]:
        loop = asyncio.get_running_loop()
        call, started = new_call(request, profile, self._clock.now()), loop.time()
        answer = await asyncio.to_thread(answer_offline, request)
        if self._guard is not None:
            latency_ms = round((loop.time() - started) * 1000)
            await self._guard.settle(
                replace(call, outcome=CallOutcome.OK, usage=answer.usage, latency_ms=latency_ms)
            )
        return answer

    async def _open_guard(self) -> SpendGuard:
        async with self._opening:
            if self._guard is None:
                db = Database(self._config)
                await db.connect()
                self._own_db = db
                self._guard = SpendGuard(self._config, db, self._clock)
            return self._guard


def _dry_reason(output: BaseModel) -> str:
    """Return why a valid answer says nothing, or an empty string when it says something."""
    match output:
        case Reflection(statements=[]):
            return "the model had nothing to say"
        case SelfConcept(content=""):  # why is the model's own text, which no record keeps
            return "the model leaves the self-concept as it is"
        case _:
            return ""
