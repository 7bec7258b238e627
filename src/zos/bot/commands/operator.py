"""`/zos-admin`: what operators may do from Discord, and who they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import discord
import structlog
from discord import app_commands

from zos.access.audit.recording import recorded
from zos.access.principal import Principal, Role, Via
from zos.bot.commands.answering import answer, say
from zos.bot.commands.operator_text import cost_lines, job_lines, run_line, run_lines, status_lines
from zos.bot.commands.text import moment, plain
from zos.bot.services import BotServices
from zos.config.model import DiscordConfig
from zos.core.ids import discord_operator
from zos.reflect.states import RunStatus
from zos.views.costs import CostBy
from zos.views.health import DiscordStatus

log = structlog.get_logger(__name__)

RUNS_SHOWN = 20
_CHOICES = 25  # Discord takes no more
_RUN_ID = 26
_OPEN = tuple(status for status in RunStatus if not status.is_final)
_MAX_DAYS = 366
_MAX_HOURS = 24.0 * 366
_REFUSAL = (
    "Only Zos's operators may do this. Who they are stands in its configuration: "
    "discord.operators and discord.operator_roles."
)


def is_operator(settings: DiscordConfig, user_id: int, role_ids: Sequence[int]) -> bool:
    """Return whether somebody with this id and these roles is an operator."""
    return user_id in settings.operators or not settings.operator_roles.isdisjoint(role_ids)


class OperatorCommands(
    app_commands.Group, name="zos-admin", description="Watch and steer Zos (operators only)"
):
    """The group of commands.

    Args:
        services: What the commands work with.
        status: Says how the connection to Discord stands.
    """

    def __init__(self, services: BotServices, status: Callable[[], DiscordStatus]) -> None:
        super().__init__()
        self._services = services
        self._status = status

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Refuse everybody but operators."""
        if self._may(interaction):
            return True
        command = "" if interaction.command is None else interaction.command.name
        log.warning("command_refused", command=command, user=str(interaction.user.id))
        await say(interaction, _REFUSAL)
        return False

    @app_commands.command(description="How Zos is: what it does, and what stands in its way")
    async def status(self, interaction: discord.Interaction) -> None:
        """Show how the service is."""

        async def work() -> list[str]:
            services, now = self._services, self._services.clock.now()
            health = await services.health.report(
                now, scheduler_runs=services.is_scheduling(), discord=self._status()
            )
            jobs = await services.jobs.all(now)
            return status_lines(health, jobs, await services.costs.limits(now))

        await answer(interaction, work)

    @app_commands.command(description="All layers: when they fire next, and how they last ended")
    async def jobs(self, interaction: discord.Interaction) -> None:
        """Show all jobs."""

        async def work() -> list[str]:
            return job_lines(await self._services.jobs.all(self._services.clock.now()))

        await answer(interaction, work)

    @app_commands.command(description="Let a layer run now")
    @app_commands.describe(layer="Its name")
    async def trigger(self, interaction: discord.Interaction, layer: str) -> None:
        """Open a run."""

        async def work() -> list[str]:
            async with self._recorded(interaction, "trigger", layer):
                opened = await self._services.control.request(
                    layer, by=_named(interaction), request_key=f"discord:{interaction.id}"
                )
            return [run_line(await self._services.runs.get(opened.id))]

        await answer(interaction, work)

    @app_commands.command(description="Call a run off: what it has finished stays")
    @app_commands.describe(run="Its id", note="Why")
    async def cancel(
        self,
        interaction: discord.Interaction,
        run: app_commands.Range[str, 1, _RUN_ID],
        note: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        """Cancel a run."""

        async def work() -> list[str]:
            by = _named(interaction)
            async with self._recorded(interaction, "cancel_run", f"run {run}"):
                await self._services.control.cancel(run, by=by, note=note)
            return [run_line(await self._services.runs.get(run))]

        await answer(interaction, work)

    @app_commands.command(description="Pause a layer: its fires are skipped until it is resumed")
    @app_commands.describe(
        layer="Its name", note="Why", hours="For how long; else until somebody resumes it"
    )
    async def pause(
        self,
        interaction: discord.Interaction,
        layer: str,
        note: app_commands.Range[str, 1, 200] = "",
        hours: app_commands.Range[float, 0.1, _MAX_HOURS] | None = None,
    ) -> None:
        """Pause a layer."""

        async def work() -> list[str]:
            until = None
            if hours is not None:
                until = self._services.clock.now() + timedelta(hours=hours)
            by = _named(interaction)
            async with self._recorded(interaction, "pause", layer):
                await self._services.control.pause(layer, by=by, note=note, until=until)
            ends = "somebody resumes it" if until is None else moment(until)
            return [f"{plain(layer)} is paused until {ends}."]

        await answer(interaction, work)

    @app_commands.command(description="End a layer's pause, and forget its failures")
    @app_commands.describe(layer="Its name")
    async def resume(self, interaction: discord.Interaction, layer: str) -> None:
        """Resume a layer."""

        async def work() -> list[str]:
            async with self._recorded(interaction, "resume", layer):
                await self._services.control.resume(layer, by=_named(interaction))
            return [f"{plain(layer)} is not paused."]

        await answer(interaction, work)

    @app_commands.command(description="The latest runs, and fires that did not run")
    @app_commands.describe(layer="Only those of one layer")
    async def runs(self, interaction: discord.Interaction, layer: str | None = None) -> None:
        """Show runs."""

        async def work() -> list[str]:
            page = await self._services.runs.page(layer=layer, limit=RUNS_SHOWN)
            return run_lines(page.items, more=page.next_cursor is not None)

        await answer(interaction, work)

    @app_commands.command(description="What models cost, and what the limits leave")
    @app_commands.describe(by="What to sum by", days="So many, up to today (30)")
    async def costs(
        self,
        interaction: discord.Interaction,
        by: CostBy = CostBy.DAY,
        days: app_commands.Range[int, 1, _MAX_DAYS] = 30,
    ) -> None:
        """Show costs."""

        async def work() -> list[str]:
            now = self._services.clock.now()
            return cost_lines(await self._services.costs.costs(by, now=now, days=days))

        await answer(interaction, work)

    @trigger.autocomplete("layer")
    @pause.autocomplete("layer")
    @resume.autocomplete("layer")
    @runs.autocomplete("layer")
    async def _layer_names(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        if not self._may(interaction):
            return []
        names = (name for name in self._services.layers() if typed.casefold() in name.casefold())
        return [app_commands.Choice(name=name[:100], value=name) for name in names][:_CHOICES]

    @cancel.autocomplete("run")
    async def _open_runs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        if not self._may(interaction):
            return []
        page = await self._services.runs.page(statuses=_OPEN, limit=_CHOICES)
        named = ((f"{run.layer} ({run.status.value}) {run.id}", run.id) for run in page.items)
        fitting = [one for one in named if typed.casefold() in one[0].casefold()]
        return [app_commands.Choice(name=name[:100], value=run_id) for name, run_id in fitting]

    def _recorded(
        self, interaction: discord.Interaction, action: str, target: str
    ) -> AbstractAsyncContextManager[object]:
        who = Principal(_named(interaction), Role.OPERATOR, Via.DISCORD)
        return recorded(self._services.audit, who, action, target)

    def _may(self, interaction: discord.Interaction) -> bool:
        user = interaction.user
        roles = [role.id for role in user.roles] if isinstance(user, discord.Member) else []
        return is_operator(self._services.settings, user.id, roles)


def _named(interaction: discord.Interaction) -> str:
    return discord_operator(interaction.user.id)
