"""Layers and their jobs: files, timer, slots, failures, and the machine's clock against the records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

from zos.reflect.destinations import withheld
from zos.service.doctor.finding import Finding, ok, problem, warning
from zos.service.services import Services
from zos.views.jobs import JobList, JobStatus

_CLOCK_STEP = timedelta(minutes=1)


async def clock(services: Services) -> Finding:
    """Look whether the clock has gone back behind what is recorded."""
    now = services.clock.now()
    newest = (await services.runs.page(limit=1)).items
    if newest and newest[0].created_at > now + _CLOCK_STEP:
        behind = newest[0].created_at - now
        return problem(
            "clock",
            f"It is {behind.total_seconds():,.0f} s behind the newest recorded run.",
            "Set the machine's clock: until then fires come late.",
        )
    return ok("clock", f"It is {now:%Y-%m-%d %H:%M:%S} UTC, not behind any record.")


async def jobs(services: Services, *, service_runs: bool) -> AsyncIterator[Finding]:
    """Look at layer files, stored jobs and what they owe."""
    found = await services.jobs.all(services.clock.now())
    for line in found.problems:
        yield problem(
            "layer file", line, "Mend the file; `zos layer validate` shows every mistake."
        )
    for row in found.parked:
        yield problem(
            "job store",
            f"The row {row} is no job of Zos.",
            "Find out who wrote it, then delete it from apscheduler_jobs.",
        )
    for job in found.jobs:
        for finding in _job(job, service_runs=service_runs):
            yield finding
    for name, source in services.loader.sources.items():
        for reason in withheld(source.layer, services.config.output):
            sentence = f"What it sends is withheld. {reason.message}"
            yield warning(f"layer {name}", sentence, reason.hint)
    yield ok("layers", _promises(found))


def _job(job: JobStatus, *, service_runs: bool) -> Iterator[Finding]:
    subject = f"layer {job.layer}"
    if job.overdue_since is not None and job.enabled:
        since = f"It should have fired at {job.overdue_since:%Y-%m-%d %H:%M} UTC."
        if service_runs:
            yield problem(
                subject, since, "Look at the service's log; restart it if that says nothing."
            )
        else:
            yield warning(subject, since, "Start the service: it catches up within the grace time.")
    if job.paused is not None:
        yield warning(
            subject, f"It is {job.paused.words}.", f"`zos reflect resume {job.layer}` ends that."
        )
    elif job.failures_in_row:
        failed = f"Its last {job.failures_in_row} runs failed"
        reason = f": {job.last.reason}." if job.last is not None and job.last.reason else "."
        yield warning(subject, failed + reason, f"See `zos reflect runs --layer {job.layer}`.")


def _promises(found: JobList) -> str:
    scheduled = [job for job in found.jobs if job.next_fires]
    count = f"{len(found.jobs)} layers, {len(scheduled)} with a schedule"
    if not scheduled:
        return f"{count}."
    first = min(scheduled, key=lambda job: job.next_fires[0].utc)
    return f"{count}; next is {first.layer} at {first.next_fires[0].utc:%Y-%m-%d %H:%M} UTC."
