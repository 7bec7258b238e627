"""The dialogue before an erasure: it wants a few words typed, so that nobody erases themselves by accident."""

from __future__ import annotations

import discord

from zos.bot.commands.answering import answer, apologise, say
from zos.bot.commands.member_text import NOTHING
from zos.core.errors import NotFoundError
from zos.members.rights import Members

WORDS = "forget me"
_SECONDS = 600.0
_KEPT = f"Nothing was erased: you did not type “{WORDS}”."
_ASKED = (
    "From now on nothing of yours is shown, thought about or taken in again.",
    "What is stored is being deleted now, with all that rests on it. `/zos me` shows the receipt.",
)
_DONE = "You were erased already. `/zos me` shows the receipt."


class ForgetMe(discord.ui.Modal, title="Erase all that Zos knows about you"):
    """Asks whether they mean it.

    Args:
        members: Members' rights.
    """

    typed: discord.ui.Label[discord.ui.Modal] = discord.ui.Label(
        text=f"Type “{WORDS}”",
        description="There is no way back, and Zos will take in nothing of yours again.",
        component=discord.ui.TextInput(max_length=100),
    )

    def __init__(self, members: Members) -> None:
        super().__init__(timeout=_SECONDS)
        self._members = members

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Set the tombstone, if they mean it; the service does the rest."""
        field = self.typed.component
        text = field.value if isinstance(field, discord.ui.TextInput) else ""
        if " ".join(text.split()).casefold() != WORDS:
            await say(interaction, _KEPT)
            return

        async def work() -> list[str]:
            try:
                asked = await self._members.ask_to_forget(interaction.user.id, "member")
            except NotFoundError:
                return [NOTHING]
            return [*_ASKED] if asked.completed_at is None else [_DONE]

        await answer(interaction, work)

    async def on_error(  # type: ignore[override]  # as in discord.py itself
        self, interaction: discord.Interaction, error: Exception
    ) -> None:
        """Tell them that it did not work."""
        await apologise(interaction, error)
