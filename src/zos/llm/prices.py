"""What tokens cost.

In: a profile and token counts. Out: whole micro-dollars, rounded up. A profile's own price wins;
otherwise the list that comes with genai-prices is read, from the installed package alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from zos.core.errors import PriceUnknownError
from zos.llm.limits import MICROUSD

if TYPE_CHECKING:
    from zos.config.model import ModelProfile


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of one or more requests; `cache_read` and `cache_write` are part of `tokens_in`."""

    tokens_in: int
    tokens_out: int
    cache_read: int = 0
    cache_write: int = 0


def cost_microusd(profile: ModelProfile, count: TokenCount) -> int:
    """Return what `count` costs by `profile`.

    A configured price knows no cache: cached tokens cost as much as others.

    Raises:
        PriceUnknownError: If no price is configured and the list has none.
    """
    price = profile.price
    if price is None:
        return math.ceil(_listed_price(profile, count) * MICROUSD)
    usd = Decimal(str(price.input_per_million_usd)) * count.tokens_in
    usd += Decimal(str(price.output_per_million_usd)) * count.tokens_out
    return math.ceil(usd)


def _listed_price(profile: ModelProfile, count: TokenCount) -> Decimal:
    """Return the price in dollars by the list. A server at a URL of its own is looked up by that URL."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        raise _unknown(profile) from None
    usage = Usage(
        input_tokens=count.tokens_in,
        output_tokens=count.tokens_out,
        cache_read_tokens=count.cache_read,
        cache_write_tokens=count.cache_write,
    )
    try:
        if profile.base_url is None:
            found = calc_price(usage, profile.model, provider_id=profile.provider)
        else:
            found = calc_price(usage, profile.model, provider_api_url=profile.base_url)
    except LookupError:
        raise _unknown(profile) from None
    return found.total_price


def _unknown(profile: ModelProfile) -> PriceUnknownError:
    where = f" at {urlsplit(profile.base_url).hostname}" if profile.base_url else ""
    return PriceUnknownError(
        f"The price of {profile.provider}:{profile.model}{where} is not known, so it is not asked.",
        hint="Set the profile's price (0 for a model on your own machine).",
    )
