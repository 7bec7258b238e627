"""Where texts may go: what the configuration's `output` section says of a node's destination. Pure.

Nothing is allowed that is not named there.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.reflect.layer import Layer
from zos.reflect.nodes.output import Output

LOG = "log"
DISCORD = "discord:"
_MAX_PORT = 2**16 - 1


def insist_allowed(destination: str, settings: OutputConfig) -> None:
    """Refuse a destination that the configuration does not allow.

    Raises:
        DeliveryError: If it does not; with the key that would.
    """
    if destination == LOG:
        if not settings.log:
            raise DeliveryError(
                "Zos may not write notes into its log.", hint="Set output.log if it should."
            )
    elif destination.startswith(DISCORD):
        channel_id = channel_of(destination)
        if channel_id not in settings.discord_channels:
            raise DeliveryError(
                f"Zos may not write to the Discord channel {channel_id}.",
                hint="Add it to output.discord_channels if it should.",
            )
    elif (host := _host(destination)) is None:
        raise DeliveryError(
            "Zos cannot post to an address that is not valid.",
            hint="Correct the destination of the layer's output.",
        )
    elif host not in settings.webhook_hosts:
        raise DeliveryError(
            f"Zos may not post to {host}.", hint="Add it to output.webhook_hosts if it should."
        )


def channel_of(destination: str) -> int:
    """Return the channel that `discord:<channel id>` names."""
    return int(destination.removeprefix(DISCORD))


def named(destination: str) -> str:
    """Return a destination as logs may tell it: of a webhook the host alone, as its path is often a secret."""
    if destination == LOG or destination.startswith(DISCORD):
        return destination
    return _host(destination) or "an address that is not valid"


def withheld(layer: Layer, settings: OutputConfig) -> Iterator[DeliveryError]:
    """Yield why texts of `layer` would not leave, once for each such node."""
    for node in layer.nodes:
        if isinstance(node, Output):
            try:
                insist_allowed(node.destination, settings)
            except DeliveryError as error:
                yield error


def _host(address: str) -> str | None:
    """Return the host of a webhook, or None where no name server or port could ever be asked."""
    try:
        url = httpx.URL(address)
        is_possible = 0 < (url.port or 1) <= _MAX_PORT and url.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return None
    return url.host if is_possible else None
