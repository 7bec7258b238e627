"""Reconciling: the timer's jobs become what the layers in force ask for, and nothing more is touched.

In: the stored jobs and the layers. Out: jobs added, rescheduled, kept or removed. A job that asks
for nothing new is left exactly as it is, so that an overdue one stays overdue.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog

from zos.config.model import SchedulerConfig
from zos.reflect.layer import Layer
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import job_id, job_name
from zos.scheduler.jobs.entry import REFERENCE
from zos.scheduler.safe import SafeScheduler
from zos.scheduler.terms import trigger_of

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Reconciled:
    """Names of layers by what became of their jobs."""

    added: list[str] = field(default_factory=list)
    rescheduled: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def reconcile(
    scheduler: SafeScheduler,
    layers: Mapping[str, Layer],
    settings: SchedulerConfig,
    *,
    announce: Collection[str] = (),
) -> Reconciled:
    """Bring the jobs of a started scheduler in line with `layers`, all of it or nothing.

    Args:
        scheduler: The timer.
        layers: All layers in force, by name.
        settings: Defaults for what they leave open.
        announce: Layers whose schedule is logged although nothing about it is new.

    Raises:
        DatabaseError: If the job store is locked; try again.
    """
    wanted = {
        name: trigger
        for name, layer in layers.items()
        if (trigger := trigger_of(layer, settings)) is not None
    }
    result = Reconciled()
    with scheduler.jobs.transaction():
        present = {job.args[0]: job.trigger for job in scheduler.get_jobs()}
        for name in sorted(present.keys() - wanted.keys()):
            scheduler.remove_job(job_id(name))
            result.removed.append(name)
        for name, trigger in wanted.items():
            _bring_in_line(scheduler, name, trigger, present.get(name), result)
    _report(result, wanted, announce)
    return result


def _bring_in_line(
    scheduler: SafeScheduler,
    name: str,
    trigger: CrontabTrigger,
    present: CrontabTrigger | None,
    result: Reconciled,
) -> None:
    if present is None:
        scheduler.add_job(REFERENCE, trigger, args=(name,), id=job_id(name), name=job_name(name))
        result.added.append(name)
    elif present != trigger:
        scheduler.reschedule_job(job_id(name), trigger=trigger)
        result.rescheduled.append(name)
    else:
        result.kept.append(name)


def _report(
    result: Reconciled, wanted: Mapping[str, CrontabTrigger], announce: Collection[str]
) -> None:
    for name in (*result.added, *result.rescheduled, *(set(announce) & set(result.kept))):
        trigger = wanted[name]
        log.info(
            "layer_scheduled",
            layer=name,
            schedule=trigger.schedule.text,
            timezone=trigger.zone.key,
        )
    for name in result.removed:
        log.info("layer_unscheduled", layer=name)
