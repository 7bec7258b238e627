"""`ModelClient`: one question in, one validated answer out, whatever the provider.

In: `ModelRequest`. Out: `ModelAnswer`, or one of the `ModelError`s. The profile named in the request
says whom to ask; the offline digest answers from the material alone.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from zos.core.clock import Clock, SystemClock
from zos.core.errors import ModelError
from zos.llm.digest import digest
from zos.llm.output import Reflection, SelfConcept
from zos.llm.request import ModelAnswer, ModelRequest, Output, Usage
from zos.llm.tokens import estimate_tokens

if TYPE_CHECKING:
    from zos.config import Config
    from zos.config.model import ModelProfile
    from zos.db.engine import Database

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a request will cost: `tokens_out` and so `cost_usd` are the most; None: no known price."""

    tokens_in: int
    tokens_out: int
    cost_usd: float | None


class ModelClient:
    """Asks the models that the configuration's profiles name.

    Args:
        config: Its `models` section, and the scheduler's zone for the spending day.
        db: Where calls are recorded and held against the limits.
        clock: The real time, also in a replay: money is spent on real days.
    """

    def __init__(
        self, config: Config, *, db: Database | None = None, clock: Clock | None = None
    ) -> None:
        self._config = config
        self._db = db
        self._clock = clock or SystemClock()

    def profile(self, name: str) -> ModelProfile:
        """Return the profile `name`, or `default` when the configuration has none of that name."""
        profiles = self._config.models.profiles
        return profiles.get(name) or profiles["default"]

    def estimate(self, request: ModelRequest[Output]) -> Estimate:
        """Return what asking `request` once will take, at most."""
        profile = self.profile(request.profile)
        tokens_in = estimate_tokens(request.system) + estimate_tokens(request.prompt)
        return Estimate(tokens_in, request.max_tokens or profile.max_tokens, 0.0)

    async def ask(self, request: ModelRequest[Output]) -> ModelAnswer[Output]:
        """Ask, validate, and ask again where the answer is not valid, within the profile's bounds."""
        return await asyncio.to_thread(_ask_digest, request)


def _ask_digest(request: ModelRequest[Output]) -> ModelAnswer[Output]:
    tokens_in = estimate_tokens(request.system) + estimate_tokens(request.prompt)
    found = _digested(request.output, request)
    if isinstance(found, str):
        return ModelAnswer(None, True, Usage(tokens_in=tokens_in), found)
    text = found.model_dump_json(exclude_defaults=True)
    output = request.output.model_validate_json(text, context={"refs": request.material.refs})
    return ModelAnswer(output, True, Usage(tokens_in, estimate_tokens(text)))


def _digested(form: type[BaseModel], request: ModelRequest[Output]) -> Reflection | str:
    if form is SelfConcept:
        return "the offline digest leaves the self-concept as it is"
    if form is not Reflection:
        raise ModelError(f"The offline digest cannot answer in the form {form.__name__}.")
    return digest(request.material)
