"""Why Discord does not let the bot in, as one sentence each; what passes with time is no refusal."""

from __future__ import annotations

import discord

_UNKNOWN_BOT = (
    "Discord does not accept the bot's token. Set discord.token to the one shown on the "
    "application's page under Bot, and start again."
)
_CLOSE_CODES = {
    4004: _UNKNOWN_BOT,
    4010: "Discord refuses the connection: its shard is not valid.",
    4011: "Discord refuses the connection: the bot is in so many servers that it must be sharded.",
    4012: "Discord refuses the connection: this version of its gateway is no longer served.",
    4013: "Discord refuses the connection: the intents asked for do not exist.",
}


def refusal(error: BaseException, intents: discord.Intents) -> str | None:
    """Return why Discord refuses for good and what to do, or None where trying again may help."""
    match error:
        case discord.LoginFailure():
            return _UNKNOWN_BOT
        case discord.PrivilegedIntentsRequired():
            wanted = ["Message Content", *(["Server Members"] if intents.members else [])]
            return (
                f"Discord refuses the connection: the application lacks the privileged intent "
                f"{' or '.join(wanted)}. Switch it on on the application's page under Bot, and start again."
            )
        case discord.ConnectionClosed():
            return _CLOSE_CODES.get(error.code)
    return None
