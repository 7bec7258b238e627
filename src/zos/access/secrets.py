"""Secrets that are given out once: links, sessions and keys. They are stored as hashes alone."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_secret(prefix: str = "") -> str:
    """Return a secret of 256 random bits, fit for a URL and a cookie."""
    return prefix + secrets.token_urlsafe(_BYTES)


def hashed(secret: str) -> str:
    """Return what is stored of a secret. So much chance needs no salt, and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
