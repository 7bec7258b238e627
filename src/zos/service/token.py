"""The bot's token, for commands that cannot do without it."""

from __future__ import annotations

from importlib.util import find_spec

from zos.config import Config
from zos.core.errors import ConfigError
from zos.service.discord import NOT_INSTALLED


def bot_token(config: Config) -> str:
    """Return the bot's token.

    Raises:
        ConfigError: If there is none, or discord.py is not installed.
    """
    if config.discord.token is None:
        raise ConfigError(
            "There is no bot token.", hint="Set discord.token, or ZOS_DISCORD__TOKEN_FILE."
        )
    if find_spec("discord") is None:
        raise ConfigError(NOT_INSTALLED)
    return config.discord.token.get_secret_value()
