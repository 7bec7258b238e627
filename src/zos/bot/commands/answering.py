"""Answering in time: Discord is told at once that an answer comes, and then gets it, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import discord
import structlog

from zos.bot.commands.text import fit, plain
from zos.core.errors import ZosError

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 60.0
_TOO_LONG = "This takes too long. Look at Zos's log."
WENT_WRONG = "Something went wrong in Zos. Its log says what."


@dataclass(frozen=True, slots=True)
class Letter:
    """An answer of lines, and a file (without a name: none)."""

    lines: Sequence[str]
    file_name: str = ""
    content: bytes = b""


Work = Callable[[], Awaitable[Sequence[str] | Letter]]


async def answer(
    interaction: discord.Interaction, work: Work, *, seconds: float = ANSWER_SECONDS
) -> None:
    """Do `work` and show its lines, or the error's sentence, to the one who asked.

    Discord gives three seconds for a first sign, and fifteen minutes for the answer.

    Args:
        interaction: What was asked; nothing has been answered yet.
        work: Returns the lines of the answer, or a letter.
        seconds: What takes longer is given up.
    """
    await interaction.response.defer(ephemeral=True, thinking=True)
    letter = await _letter(work, seconds)
    attached = [discord.File(BytesIO(letter.content), letter.file_name)] if letter.file_name else []
    await interaction.edit_original_response(content=fit(letter.lines), attachments=attached)


async def _letter(work: Work, seconds: float) -> Letter:
    try:
        async with asyncio.timeout(seconds):
            made = await work()
    except ZosError as error:
        return Letter([plain(error)])
    except TimeoutError:
        return Letter([_TOO_LONG])
    return made if isinstance(made, Letter) else Letter(made)


async def say(interaction: discord.Interaction, text: str) -> None:
    """Answer at once, with one short text."""
    await interaction.response.send_message(text, ephemeral=True)


async def apologise(interaction: discord.Interaction, error: Exception) -> None:
    """Log what went wrong, and tell the one who asked that something did."""
    command = interaction.command
    name = "?" if command is None else command.qualified_name
    log.error("command_failed", command=name, error=type(error).__name__, exc_info=error)
    with suppress(discord.HTTPException):  # Discord may be what went wrong
        if interaction.response.is_done():
            await interaction.edit_original_response(content=WENT_WRONG)
        else:
            await say(interaction, WENT_WRONG)
