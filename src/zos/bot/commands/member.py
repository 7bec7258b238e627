"""`/zos`: what members may ask for. Every answer is theirs alone."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from zos.bot.commands.answering import Letter, answer
from zos.bot.commands.export import exported
from zos.bot.commands.forgetting import ForgetMe
from zos.bot.commands.member_text import NOTHING, choice_of, consent_lines, known_lines
from zos.bot.commands.text import fit
from zos.bot.services import BotServices
from zos.core.consent import ConsentState
from zos.core.errors import NotFoundError, ZosError
from zos.members.model import Known
from zos.members.rights import DISPUTE_CHARACTERS

_CHOICES = 25  # Discord takes no more
_BY = "member"


class MemberCommands(
    app_commands.Group, name="zos", description="What Zos knows about you, and what you want of it"
):
    """The group of commands.

    Args:
        services: What the commands work with.
    """

    def __init__(self, services: BotServices) -> None:
        super().__init__()
        self._members = services.members

    @app_commands.command(name="opt-in", description="Let Zos think about you")
    async def opt_in(self, interaction: discord.Interaction) -> None:
        """Record a yes."""
        await self._say(interaction, ConsentState.GRANTED)

    @app_commands.command(name="opt-out", description="Let Zos not think about you")
    async def opt_out(self, interaction: discord.Interaction) -> None:
        """Record a no."""
        await self._say(interaction, ConsentState.DENIED)

    @app_commands.command(description="All that Zos knows about you, with links to what it is from")
    async def me(self, interaction: discord.Interaction) -> None:
        """Show all that is known."""

        async def work() -> Sequence[str] | Letter:
            known = await self._known(interaction.user.id)
            if known is None:
                return [NOTHING]
            lines = known_lines(known)
            if fit(lines) == "\n".join(lines):
                return lines
            return Letter(lines, "about-you.md", "\n".join(lines).encode())

        await answer(interaction, work)

    @app_commands.command(description="Everything about you as one file")
    async def export(self, interaction: discord.Interaction) -> None:
        """Hand over the export."""

        async def work() -> Sequence[str] | Letter:
            try:
                return await exported(
                    self._members, interaction.user.id, interaction.filesize_limit
                )
            except NotFoundError:
                return [NOTHING]

        await answer(interaction, work)

    @app_commands.command(
        name="forget-me", description="Erase all that Zos knows about you, for good"
    )
    async def forget_me(self, interaction: discord.Interaction) -> None:
        """Ask whether they mean it."""
        await interaction.response.send_modal(ForgetMe(self._members))

    @app_commands.command(description="Say that something Zos noted about you is wrong")
    @app_commands.describe(insight="Which note", text="What is wrong with it")
    async def dispute(
        self,
        interaction: discord.Interaction,
        insight: app_commands.Range[str, 1, 100],
        text: app_commands.Range[str, 1, DISPUTE_CHARACTERS],
    ) -> None:
        """Record a dispute."""

        async def work() -> list[str]:
            await self._members.dispute(interaction.user.id, insight, text, _BY)
            return ["It is under review: Zos does not use it until it has thought about it again."]

        await answer(interaction, work)

    @dispute.autocomplete("insight")
    async def _own_insights(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        try:
            known = await self._known(interaction.user.id)
        except ZosError:
            return []
        found = () if known is None else known.insights
        choices = (choice_of(one) for one in found if one.lines)
        fitting = [one for one in choices if typed.casefold() in one[0].casefold()]
        return [app_commands.Choice(name=name, value=value) for name, value in fitting[:_CHOICES]]

    async def _say(self, interaction: discord.Interaction, state: ConsentState) -> None:
        async def work() -> list[str]:
            return consent_lines(
                state, await self._members.set_consent(interaction.user.id, state, _BY)
            )

        await answer(interaction, work)

    async def _known(self, member_id: int) -> Known | None:
        try:
            return await self._members.known(member_id, private=True)
        except NotFoundError:
            return None
