"""The job store against the layers, and slots that were promised and have no outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from zos.scheduler.slots.outcomes import ON_TIME
from zos.scheduler.state.model import LayerState
from zos.scheduler.state.store import LayerStateStore
from zos.scheduler.terms import terms_of, trigger_of
from zos.service.doctor.finding import Finding, ok, problem, warning
from zos.service.services import Services
from zos.views.timer import TimerJob, read_timer_jobs

_MOST_OWED = 1_000


async def job_store(services: Services, *, service_runs: bool) -> list[Finding]:
    """Look whether the timer would wake each layer as its file says."""
    found = await read_timer_jobs(services.database)
    stopped = [name for name, job in found.of_layers.items() if job.is_stopped]
    findings = [_unreadable(row) for row in found.unreadable]
    findings += [
        problem(
            f"layer {name}",
            "Its job is stopped in the job store: the timer never wakes it.",
            f"Delete the row layer:{name} from apscheduler_jobs and restart; "
            f"`zos reflect pause {name}` is the way to pause it.",
        )
        for name in stopped
    ]
    differences = list(_differences(services, found.of_layers))
    if service_runs:
        advice = "Send the service SIGHUP, or restart it: it brings jobs in line with the layers."
        findings += [problem("job store", one, advice) for one in differences]
    if findings:
        return findings
    if differences:
        detail = f"{len(differences)} jobs are missing, or differ from the layers: the next start mends that."
    else:
        detail = f"Its {len(found.of_layers)} jobs are those that the layers ask for."
    return [ok("job store", detail)]


def _unreadable(row: str) -> Finding:
    return problem(
        "job store",
        f"The row {row} is no job of Zos; the scheduler will put it aside.",
        "Find out who wrote it.",
    )


def _differences(services: Services, present: Mapping[str, TimerJob]) -> Iterator[str]:
    settings = services.config.scheduler
    layers = {name: source.layer for name, source in services.loader.sources.items()}
    wanted = {name: trigger_of(layer, settings) for name, layer in layers.items()}
    for name, trigger in wanted.items():
        job = present.get(name)
        if trigger is not None and job is None:
            yield f"Layer {name} has a schedule and no job."
        elif trigger is not None and job is not None and job.trigger != trigger:
            yield f"The job of layer {name} fires by {job.trigger}, its file says {trigger}."
    for name in present:
        if wanted.get(name) is None:
            yield f"There is a job of {name}, and no layer of that name with a schedule."


async def slots(services: Services, *, service_runs: bool) -> list[Finding]:
    """Look for slots that were promised, have passed, and have no outcome."""
    now = services.clock.now()
    states = await LayerStateStore(services.database).all()

    def count() -> list[Finding]:
        return [
            finding
            for name, state in sorted(states.items())
            for finding in _owed(services, name, state, now, service_runs=service_runs)
        ]

    # Thousands of slots of a hundred layers take seconds, and the loop has others to serve.
    findings = await asyncio.to_thread(count)
    return findings or [ok("slots", "Every slot that has passed has its outcome.")]


def _owed(
    services: Services, layer: str, state: LayerState, now: datetime, *, service_runs: bool
) -> Iterator[Finding]:
    promise = state.registration.promise
    if promise is None:
        return
    try:
        ZoneInfo(promise.timezone)
    except (ZoneInfoNotFoundError, OSError):
        detail = f"The zone {promise.timezone} of layer {layer} is not known."
        yield problem("time zones", detail, "Install tzdata again: its slots cannot be counted.")
        return
    definition = services.loader.get_layer(layer)
    terms = None if definition is None else terms_of(definition, services.config.scheduler)
    offset = timedelta(0) if terms is None else terms.offset
    late = list(islice(promise.slots(state.owes_after, now - offset - ON_TIME), _MOST_OWED))
    if not late:
        return
    count = f"{len(late)} slots" if len(late) > 1 else "A slot"
    more = " or more" if len(late) == _MOST_OWED else ""
    detail = f"{count}{more} since {late[0]:%Y-%m-%d %H:%M} UTC without an outcome."
    if service_runs:
        advice = "Look at the service's log; restart it if that says nothing."
        yield problem(f"layer {layer}", detail, advice)
    else:
        advice = "Start the service: it catches up within the grace time, and records the rest."
        yield warning(f"layer {layer}", detail, advice)
