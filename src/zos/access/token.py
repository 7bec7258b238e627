"""The operator's token: made at the first start, kept in a file of mode 0600, never logged.

In: the configuration. Out: a token that compares in constant time.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

import structlog

from zos.access.files import OTHERS, PRIVATE_FILE, write_private
from zos.config import Config
from zos.core.errors import ConfigError

log = structlog.get_logger(__name__)

_TOKEN_BYTES = 32
_MIN_LENGTH = 32


class OperatorToken:
    """A secret that never shows itself: not in `repr`, not in logs.

    Args:
        secret: The token's text.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "OperatorToken(…)"

    def matches(self, given: str) -> bool:
        """Return whether `given` is the token, in a time that does not depend on how much of it is right."""
        return hmac.compare_digest(given.encode(), self._secret.encode())

    def reveal(self) -> str:
        """Return the token's text, to send it to the service itself."""
        return self._secret


def token_path(config: Config) -> Path:
    """Return where the token stands."""
    return config.data_dir / "token"


def make_token(path: Path) -> OperatorToken:
    """Return the token at `path`, which is made first if there is none.

    Two processes that start at once get the same one.

    Raises:
        ConfigError: If it cannot be made or read.
    """
    if not path.exists():
        write_private(path, secrets.token_urlsafe(_TOKEN_BYTES) + "\n", replace=False)
    return read_token(path)


def read_token(path: Path) -> OperatorToken:
    """Return the token at `path`; a file that others may read is closed to them, with a warning.

    Raises:
        ConfigError: If it cannot be read, or is too short to be one.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
        if path.stat().st_mode & OTHERS:
            path.chmod(PRIVATE_FILE)
            log.warning("token_file_was_open_to_others", path=str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"The token file {path} cannot be read: {reason}.",
            hint="Run as the user who started the service.",
        ) from error
    if len(secret) < _MIN_LENGTH:
        raise ConfigError(
            f"The token file {path} holds no token.",
            hint="Delete it: the next start makes a new one.",
        )
    return OperatorToken(secret)
