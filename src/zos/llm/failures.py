"""What went wrong with a model, in one sentence and the right type.

In: errors of pydantic-ai. Out: `ModelError`s. Nothing that a provider sent stands in them: its
bodies may repeat a key or a prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zos.core.errors import ModelError, ModelOutputError, ModelUnavailableError
from zos.llm.call import CallOutcome

if TYPE_CHECKING:
    from pydantic_ai.exceptions import AgentRunError

    from zos.config.model import ModelProfile
    from zos.llm.providers import RequestCount


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed: the error to raise, how its record ends, and whether it may be charged all the same."""

    error: ModelError
    outcome: CallOutcome = CallOutcome.ERROR
    may_be_charged: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an error of pydantic-ai, by its name there, means for the one who asked."""

    cause: str
    said: str
    hint: str
    error: type[ModelError] = ModelError
    outcome: CallOutcome = CallOutcome.ERROR
    may_be_charged: bool = False


# The first that fits holds: special causes stand before general ones.
_RULES = (
    _Rule(
        "ModelConnectionError",
        "The connection to {name} failed.",
        "Check the profile's base_url and the network.",
        ModelUnavailableError,
        may_be_charged=True,
    ),
    _Rule(
        "ModelRateLimitError",
        "{name} asks to be called less often{status}.",
        "Try again later.",
        ModelUnavailableError,
    ),
    _Rule(
        "ModelUnavailableError",
        "{name} is overloaded or down{status}.",
        "Try again later.",
        ModelUnavailableError,
    ),
    _Rule(
        "ModelServerError",
        "{name} has an error of its own{status}.",
        "Try again later.",
        ModelUnavailableError,
    ),
    _Rule(
        "ModelQuotaExceededError",
        "The account for {name} has no credit left.",
        "Check its billing.",
    ),
    _Rule(
        "ModelAuthenticationError",
        "{name} does not accept the API key{status}.",
        "Check the profile's api_key.",
    ),
    _Rule(
        "ModelNotFoundError",
        "There is no {name} to ask{status}.",
        "Check the profile's model and base_url.",
    ),
    _Rule(
        "ModelContextWindowExceededError",
        "The prompt is too long for {name}.",
        "Fetch fewer messages in the layer.",
    ),
    _Rule(
        "ModelRequestRejectedError",
        "{name} does not accept the request{status}.",
        "Check the profile's model, temperature and max_tokens.",
    ),
    _Rule(
        "UnexpectedModelBehavior",
        "{name} sent what is no answer of a model.",
        "Check the profile's provider and base_url.",
        ModelOutputError,
        CallOutcome.INVALID,
        may_be_charged=True,
    ),
    _Rule("AgentRunError", "{name} could not be asked{status}.", "Check the profile."),
)


def timed_out(profile: ModelProfile, last: RequestCount) -> Failure:
    """The model did not answer within the profile's time; `last` knows how its latest request went."""
    status = f" (its last word: HTTP {last.status})" if last.is_turned_away else ""
    error = ModelUnavailableError(
        f"{_name(profile)} did not answer within {profile.timeout_seconds:g} s{status}.",
        hint="Try again later, or raise the profile's timeout_seconds.",
    )
    return Failure(error, CallOutcome.TIMEOUT, may_be_charged=not last.is_turned_away)


def given_up(profile: ModelProfile, last: RequestCount) -> Failure:
    """Nobody waits for the answer any longer; `last` knows how the latest request went."""
    error = ModelError(f"{_name(profile)} was still answering when the work was given up.")
    is_asked = last.sent > 0 and not last.is_turned_away
    return Failure(error, CallOutcome.LOST, may_be_charged=is_asked)


def failed(error: AgentRunError, profile: ModelProfile) -> Failure:
    """Sort an error of the model library by what to do about it."""
    from pydantic_ai import exceptions

    rule = next(one for one in _RULES if isinstance(error, getattr(exceptions, one.cause)))
    status = getattr(error, "status_code", None)
    said = rule.said.format(name=_name(profile), status=f" (HTTP {status})" if status else "")
    # A request that never left is free; one that broke off may have been answered.
    unsent = getattr(error, "phase", None) in {"pool", "connect"}
    return Failure(
        rule.error(said, hint=rule.hint),
        rule.outcome,
        may_be_charged=rule.may_be_charged and not unsent,
    )


def _name(profile: ModelProfile) -> str:
    return f"{profile.provider}:{profile.model}"
