"""Which user of this machine gives a command."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """Return who runs this process, for the record of what they do."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's process may have a number and no name
        return "operator"
