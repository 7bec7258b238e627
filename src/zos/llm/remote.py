"""A call to a model that may cost money, from reservation to settlement.

In: a request and its profile. Out: a validated answer, and one row of `model_call` whatever happens.
No database connection is held while the model thinks.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic

from zos.core.errors import BudgetError, DatabaseError, ModelOutputError, ModelRefusedError
from zos.llm.call import CallOutcome, ModelCall, new_call
from zos.llm.conversation import Conversation, output_limit
from zos.llm.failures import Failure, failed, given_up, timed_out
from zos.llm.prices import TokenCount, cost_microusd
from zos.llm.providers import RequestCount, counting
from zos.llm.request import ModelRequest, Output, Usage

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic_ai.models import Model

    from zos.config.model import ModelProfile
    from zos.llm.guard import SpendGuard


def worst_cost_microusd(
    request: ModelRequest[Output], profile: ModelProfile, tokens_in: int
) -> int:
    """Return the most that one try may cost: every token of the answer, the whole prompt cached anew.

    Raises:
        PriceUnknownError: If the model has no known price.
    """
    limit = output_limit(request, profile)
    return cost_microusd(profile, TokenCount(tokens_in, limit, cache_write=tokens_in))


class RemoteCall(Generic[Output]):
    """One call, with all its tries.

    Args:
        request: The question.
        profile: How to ask.
        guard: What holds and settles the cost.
        now: When it begins.
    """

    def __init__(
        self,
        request: ModelRequest[Output],
        profile: ModelProfile,
        guard: SpendGuard,
        now: datetime,
    ) -> None:
        self._request = request
        self._profile = profile
        self._guard = guard
        self._call = new_call(request, profile, now)
        self._used = Usage()
        self._held_microusd = 0

    async def make(self, model: Model[Any]) -> tuple[Output, Usage]:
        """Ask `model`; return a valid answer and what it used.

        Raises:
            BudgetError: If a limit would be broken: nothing more is sent then.
            ModelError: If there is no valid answer within the profile's time.
        """
        started = asyncio.get_running_loop().time()
        with counting() as count:
            try:
                answer = await self._converse(model, count)
            except asyncio.CancelledError:
                with suppress(DatabaseError):  # its reservation stays, and is swept up
                    await self._settle(given_up(self._profile, count), count, started)
                raise
        ended = await self._settle(answer, count, started)
        if isinstance(answer, Failure):
            raise answer.error from None
        return answer, ended.usage

    async def _converse(self, model: Model[Any], count: RequestCount) -> Output | Failure:
        from pydantic_ai.exceptions import AgentRunError

        talk = Conversation(
            self._request, self._profile, before_try=self._reserve, after_try=self._add
        )
        try:
            async with asyncio.timeout(self._profile.timeout_seconds):
                return await talk.hold(model)
        except TimeoutError:
            return timed_out(self._profile, count)
        except ModelRefusedError as error:
            return Failure(error, CallOutcome.REFUSED)
        except ModelOutputError as error:
            return Failure(error, CallOutcome.INVALID)
        except BudgetError as error:
            if not self._held_microusd:
                raise
            return Failure(error, CallOutcome.INVALID)
        except AgentRunError as error:
            return failed(error, self._profile)

    async def _settle(
        self, answer: Output | Failure, count: RequestCount, started: float
    ) -> ModelCall:
        passed = asyncio.get_running_loop().time() - started
        ended = self._ended(answer, count.sent, round(passed * 1000))
        await self._guard.settle(ended)
        return ended

    async def _reserve(self, tokens_in: int) -> None:
        worst = worst_cost_microusd(self._request, self._profile, tokens_in)
        cost = self._used.cost_microusd + worst
        call = replace(self._call, usage=replace(self._used, cost_microusd=cost))
        await self._guard.reserve(call, held_microusd=self._held_microusd)
        self._held_microusd = cost

    def _add(self, count: TokenCount) -> None:
        cost = cost_microusd(self._profile, count)
        self._used += Usage(count.tokens_in, count.tokens_out, cost_microusd=cost)

    def _ended(self, answer: Output | Failure, requests: int, latency_ms: int) -> ModelCall:
        usage = replace(self._used, requests=requests)
        if not isinstance(answer, Failure):
            return replace(self._call, outcome=CallOutcome.OK, usage=usage, latency_ms=latency_ms)
        if answer.may_be_charged:
            usage = replace(usage, cost_microusd=self._held_microusd)
        return replace(
            self._call,
            outcome=answer.outcome,
            error=answer.error.message,
            usage=usage,
            latency_ms=latency_ms,
        )
