"""Effects that reach downwards: named here, bound in `service`."""

from __future__ import annotations

from typing import Protocol


class OutputPort(Protocol):
    """Delivers one finished text to the world outside (a Discord channel, a webhook, the log)."""

    async def deliver(self, destination: str, payload: dict[str, object]) -> None:
        """Deliver once; the caller retries.

        Raises:
            ZosError: If it was not delivered; `retryable` says whether to try again.
        """
        ...


class ThresholdPort(Protocol):
    """Is told, after a run's commits, that insights were stored, so that threshold layers may start."""

    async def check_self_reflection_trigger(self) -> object:
        """Start every layer whose counter has reached its threshold."""
        ...
