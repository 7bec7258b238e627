"""Showing a configuration: its keys as rows, with secrets and passwords out of sight."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from zos.config.load import leaves

if TYPE_CHECKING:
    from zos.config.load import LoadedConfig
    from zos.config.model import Config

_MASK = "********"
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/?#\s:@]*):[^/?#\s]*@")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&](?:ssl)?password=)[^&#\s]*")


def shown(loaded: LoadedConfig) -> list[tuple[str, object, str]]:
    """Return every key, its value as plain data with secrets masked, and its origin, in the model's order."""
    return [(key, _plain(value), loaded.origins[key]) for key, _, value in leaves(loaded.config)]


def shown_values(config: Config) -> list[tuple[str, object]]:
    """Return every key and its value as plain data with secrets masked, in the model's order."""
    return [(key, _plain(value)) for key, _, value in leaves(config)]


def secrets(config: Config) -> frozenset[str]:
    """Return all secret texts of the configuration, for whoever must keep them out of something."""
    values = (value for _, _, value in leaves(config) if isinstance(value, SecretStr))
    return frozenset(value.get_secret_value() for value in values) - {""}


def _plain(value: object) -> object:
    match value:
        case SecretStr():
            return _MASK
        case Enum():
            return value.value
        case str():
            hidden = _PASSWORD_IN_URL.sub(rf"\1:{_MASK}@", value)
            return _PASSWORD_IN_QUERY.sub(rf"\1{_MASK}", hidden)
        case Path():
            return str(value)
        case tuple() | frozenset():
            return [_plain(item) for item in sorted(value)]
        case _:
            return value
