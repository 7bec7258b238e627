"""Posting to a webhook: only to hosts that the operator named, and never, unasked, into a private network.

The host is resolved here and the very address that was looked at is connected to, so that no
second answer of a name server leads elsewhere. Redirects are not followed, proxies of the
environment not used.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote

import httpx

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError, LaterDeliveryError

TIMEOUT_SECONDS = 15.0

Address = IPv4Address | IPv6Address

_NONE: Mapping[str, str] = {}


async def post_json(url: str, payload: Mapping[str, object], settings: OutputConfig) -> None:
    """POST a payload as JSON, with its `dedup_key`, percent-encoded, as the `Idempotency-Key`.

    Args:
        url: Where to: to a host that `insist_allowed` has let pass.
        payload: What.
        settings: Whether it may lead into a private network.

    Raises:
        DeliveryError: If it was not delivered.
    """
    key = {"Idempotency-Key": quote(str(payload["dedup_key"]), safe=":/")}  # headers are ASCII
    await send("POST", httpx.URL(url), settings, payload, headers=key)


async def send(
    method: str,
    url: httpx.URL,
    settings: OutputConfig,
    body: Mapping[str, object] | None = None,
    *,
    headers: Mapping[str, str] = _NONE,
    is_fine: Callable[[httpx.Response], bool] = lambda answer: answer.is_success,
) -> httpx.Response:
    """Ask a webhook something. Its address stays out of errors and logs: its path is often a secret.

    Args:
        method: HTTP's.
        url: Where to.
        settings: Whether it may lead into a private network.
        body: What, as JSON.
        headers: Besides those that every request has.
        is_fine: Whether an answer says that it did as it was asked.

    Raises:
        DeliveryError: If it did not do as it was asked.
    """
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await _send(method, url, settings, body, headers)
    except (httpx.HTTPError, OSError) as error:
        raise LaterDeliveryError(f"The webhook was not reached: {type(error).__name__}.") from None
    except (httpx.InvalidURL, ValueError) as error:
        raise DeliveryError(
            f"The webhook cannot be asked: {type(error).__name__}.",
            hint="Correct the destination of the layer's output.",
        ) from None
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise LaterDeliveryError(f"The webhook answered HTTP {answer.status_code}.")
    if not is_fine(answer):
        raise DeliveryError(f"The webhook answered HTTP {answer.status_code}.")
    return answer


async def _send(
    method: str,
    url: httpx.URL,
    settings: OutputConfig,
    body: Mapping[str, object] | None,
    headers: Mapping[str, str],
) -> httpx.Response:
    addresses = await _addresses(url)
    if not settings.allow_private_addresses and not all(map(is_public, addresses)):
        raise DeliveryError(
            f"{url.host} is in a private network.",
            hint="Set output.allow_private_addresses if Zos should post to it.",
        )
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        return await client.request(
            method,
            url.copy_with(host=str(addresses[0])),
            json=body,
            headers={**headers, "Host": url.netloc.decode("ascii")},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )


async def _addresses(url: httpx.URL) -> list[Address]:
    found = await asyncio.get_running_loop().getaddrinfo(
        url.host, url.port or url.scheme, type=socket.SOCK_STREAM
    )
    return [ip_address(one[4][0]) for one in found]


def is_public(address: Address) -> bool:
    """Return whether an address, and what it may stand for, is on the open internet."""
    if isinstance(address, IPv6Address):
        whole = address.ipv4_mapped or address.sixtofour  # of which Pythons think differently
        if whole is not None:
            return is_public(whole)
        if not all(map(is_public, address.teredo or ())):
            return False
    return address.is_global and not address.is_multicast
