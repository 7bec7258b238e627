"""What a stored job names. It is a reference in text and never called: `SlotExecutor` fires layers."""

from __future__ import annotations

from typing import NoReturn

from zos.core.errors import ServiceError

REFERENCE = f"{__name__}:reflect"
"""The one function that a stored job may name."""


def reflect(layer: str) -> NoReturn:
    """Refuse: `layer` is run by the scheduler that holds the job.

    Raises:
        ServiceError: Always.
    """
    raise ServiceError(
        f"The job of layer {layer!r} was called from outside Zos's scheduler.",
        hint=f"Run it with `zos reflect trigger {layer}`.",
    )
