"""What people and programs may be called in the record of writes."""

from __future__ import annotations

from zos.core.errors import UsageError

MAX_NAME = 100


def checked_name(given: str) -> str:
    """Return `given` without the spaces around it.

    Raises:
        UsageError: If it is empty, too long, or could steer a terminal.
    """
    name = given.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(f"A name has 1 to {MAX_NAME} characters, all of them visible.")
    return name
