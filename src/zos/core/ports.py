"""Effects that reach downwards: named here, bound in `service`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class OutputPort(Protocol):
    """Delivers finished texts to the world outside (a Discord channel, a webhook, the log), and takes them back."""

    async def deliver(
        self, destination: str, payload: dict[str, object], posted: list[str]
    ) -> None:
        """Deliver once; the caller retries.

        Args:
            destination: Where to.
            payload: What.
            posted: Ids of what stands there of it already; the port adds each as soon as it stands.
                It stays empty where nothing can be deleted again.

        Raises:
            ZosError: If it was not delivered; `retryable` says whether to try again.
        """
        ...

    async def take_back(self, destination: str, posted: Sequence[str]) -> None:
        """Delete what was posted, as far as it still stands; the caller retries.

        Raises:
            ZosError: If not all of it was deleted; `retryable` says whether to try again.
        """
        ...
