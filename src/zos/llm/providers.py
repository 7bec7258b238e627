"""Language models behind pydantic-ai, made when they are first asked.

In: profiles. Out: pydantic-ai models that share one HTTP client, whose every request is counted.
How often a request is tried again is set for each one; OpenAI's and Anthropic's clients wait as long
as `Retry-After` says, Google's for a time of its own. The libraries are optional: they are imported here and nowhere else, inside functions.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from zos.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from httpx2 import AsyncClient, Response
    from pydantic_ai.models import Model

    from zos.config.model import ModelProfile

# What a server of one's own is sent when it needs no key: the clients insist on one.
_NO_KEY = "none"


@dataclass(slots=True)
class RequestCount:
    """The HTTP requests of a `counting` block.

    Attributes:
        sent: How many there were, the client libraries' own retries among them.
        status: The status of the latest one's answer; None while it is under way.
    """

    sent: int = 0
    status: int | None = None

    @property
    def is_turned_away(self) -> bool:
        """Whether the latest request was answered with an error: nothing is under way that costs."""
        return self.status is not None and self.status >= HTTPStatus.BAD_REQUEST


_count: ContextVar[RequestCount | None] = ContextVar("zos_request_count", default=None)


@contextmanager
def counting() -> Iterator[RequestCount]:
    """Count the HTTP requests that are sent inside."""
    count = RequestCount()
    token = _count.set(count)
    try:
        yield count
    finally:
        _count.reset(token)


class Providers:
    """The models of all profiles, each made once."""

    def __init__(self) -> None:
        self._models: dict[ModelProfile, Model[Any]] = {}
        self._http: AsyncClient | None = None
        self._making = asyncio.Lock()

    async def model(self, profile: ModelProfile) -> Model[Any]:
        """Return the model of `profile`.

        Raises:
            ModelError: If the provider's library is not installed or the profile has no key.
        """
        async with self._making:
            if profile not in self._models:
                # The first import of a provider's library takes a second or two.
                self._models[profile] = await asyncio.to_thread(self._make, profile)
        return self._models[profile]

    async def close(self) -> None:
        """Close all connections."""
        self._models.clear()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _make(self, profile: ModelProfile) -> Model[Any]:
        key = _api_key(profile)
        try:
            if self._http is None:
                self._http = _http_client()
            return _MAKERS[profile.provider](profile, key, self._http)
        except ImportError:
            raise ModelError(
                f"The library for {profile.provider} models is not installed.",
                hint=f"Run: pip install 'zos[{profile.provider}]'",
            ) from None


def _api_key(profile: ModelProfile) -> str:
    """Return the profile's key. Keys that other programs left in the environment are not used."""
    key = profile.api_key.get_secret_value().strip() if profile.api_key else ""
    if key.isascii() and key.isprintable() and key:
        return key
    if key:
        raise ModelError(
            f"The API key for {profile.provider}:{profile.model} has characters that no key has.",
            hint="Set it again, without quotation marks or line breaks.",
        )
    if profile.base_url is not None:
        return _NO_KEY
    raise ModelError(
        f"The profile for {profile.provider}:{profile.model} has no API key.",
        hint="Set its api_key, best from the environment or a file.",
    )


def _http_client() -> AsyncClient:
    from pydantic_ai.models import create_async_httpx2_client

    client = create_async_httpx2_client()
    hooks = client.event_hooks
    client.event_hooks = {
        "request": [*hooks["request"], _count_request],
        "response": [*hooks["response"], _count_response],
    }
    return client


async def _count_request(_request: object) -> None:
    if count := _count.get():
        count.sent, count.status = count.sent + 1, None


async def _count_response(response: Response) -> None:
    if count := _count.get():
        count.status = response.status_code


def _openai(profile: ModelProfile, key: str, http: AsyncClient) -> Model[Any]:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    if profile.base_url is None:
        own = OpenAIProvider(api_key=key, http_client=http)
        return OpenAIChatModel(profile.model, provider=own)
    # Servers that speak OpenAI's protocol know the older name of the token limit, not all the newer.
    older = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    other = OpenAICompatibleProvider(
        "openai-compatible",
        base_url=profile.base_url,
        api_key=key,
        http_client=http,
        profile=older,
    )
    return OpenAIChatModel(profile.model, provider=other)


def _anthropic(profile: ModelProfile, key: str, http: AsyncClient) -> Model[Any]:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(api_key=key, base_url=profile.base_url, http_client=http)
    return AnthropicModel(profile.model, provider=provider)


def _google(profile: ModelProfile, key: str, http: AsyncClient) -> Model[Any]:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(api_key=key, base_url=profile.base_url, http_client=http)
    return GoogleModel(profile.model, provider=provider)


_MAKERS = {"openai": _openai, "anthropic": _anthropic, "google": _google}
