"""What operators are told on Discord, line by line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zos.bot.commands.text import moment, plain
from zos.views.costs import CostRow, Costs, Spending
from zos.views.health import Health
from zos.views.jobs import JobList, JobStatus
from zos.views.runs import RunView


def status_lines(health: Health, jobs: JobList, limits: Iterable[Spending]) -> list[str]:
    """Return how the service is: what stands in its way, what it does, what it has spent."""
    discord = health.discord
    running = [job.running for job in jobs.jobs if job.running is not None]
    coming = [(job.next_fires[0].utc, job.layer) for job in jobs.jobs if job.next_fires]
    lines = ["**Ready**" if health.ready else "**Not ready**"]
    lines += [plain(one) for one in (*health.obstacles, *health.notices)]
    lines.append(
        f"Discord: {discord.state.value}, {_count(discord.servers, 'server')}, "
        f"{discord.recorded:,} events recorded, {discord.waiting:,} waiting, "
        f"{_count(discord.catching_up, 'channel')} catching up."
    )
    if coming:
        at, layer = min(coming)
        lines.append(f"Next: {plain(layer)} {moment(at, 'R')}.")
    lines += [f"Running: {run_line(run)}" for run in running]
    lines += map(spending_line, limits)
    return lines


def job_lines(jobs: JobList) -> list[str]:
    """Return every job and what stands in its way."""
    lines = [_job_line(job) for job in jobs.jobs]
    lines += [f"Layer file {plain(problem)}" for problem in jobs.problems]
    return lines or ["There are no layers."]


def _job_line(job: JobStatus) -> str:
    return f"**{plain(job.layer)}**: " + "; ".join(_job_facts(job))


def _job_facts(job: JobStatus) -> Iterator[str]:
    if not job.enabled:
        yield "disabled in its file"
    elif job.next_fires:
        yield f"next {moment(job.next_fires[0].utc)}"
    elif job.trigger_threshold:
        yield f"{job.insights_since_run} of {job.trigger_threshold} insights"
    else:
        yield "by hand only"
    if job.paused is not None:
        until = "" if job.paused.until is None else f" until {moment(job.paused.until)}"
        yield plain(job.paused.words) + until
    if job.running is not None:
        yield f"running, {job.running.targets_done} of {job.running.targets_total} topics"
    if job.last is not None:
        yield f"last {job.last.status.value}" + _because(job.last)
    if job.failures_in_row:
        yield f"{job.failures_in_row} failures in a row"


def run_lines(runs: Iterable[RunView], *, more: bool) -> list[str]:
    """Return runs, newest first."""
    lines = [run_line(run) for run in runs]
    if more:
        lines.append("Older ones are on Zos's pages.")
    return lines or ["There are no runs yet."]


def run_line(run: RunView) -> str:
    """Return one run, or fire that did not run, in one line."""
    when = moment(run.started_at or run.slot or run.created_at)
    done = (
        f", {run.targets_done} of {_count(run.targets_total, 'topic')}" if run.targets_total else ""
    )
    spent = f", ${run.cost_usd:,.4f}" if run.cost_usd else ""
    insights = f", {_count(run.insights_created, 'insight')}" if run.insights_created else ""
    return (
        f"{when} **{plain(run.layer)}** {run.status.value} ({run.trigger.value})"
        f"{done}{insights}{spent}{_because(run)} `{run.id}`"
    )


def cost_lines(costs: Costs) -> list[str]:
    """Return what models cost, the sum first."""
    if not costs.rows:
        return ["No model was called in this time.", *map(spending_line, costs.limits)]
    rows = reversed(costs.rows) if costs.by.value == "day" else iter(costs.rows)
    return [_cost_line(costs.total), *map(spending_line, costs.limits), *map(_cost_line, rows)]


def spending_line(spending: Spending) -> str:
    """Return what is spent of one limit."""
    limit = "no limit" if spending.limit_usd is None else f"of ${spending.limit_usd:,.2f}"
    return f"This {spending.name}: ${spending.spent_usd:,.4f} ({limit})."


def _cost_line(row: CostRow) -> str:
    failed = f", {row.failed:,} failed" if row.failed else ""
    return (
        f"**{plain(row.name)}**: ${row.cost_usd:,.4f}, {_count(row.calls, 'call')}{failed}, "
        f"{row.tokens_in:,} + {row.tokens_out:,} tokens"
    )


def _because(run: RunView) -> str:
    return f": {plain(run.reason)}" if run.reason else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
