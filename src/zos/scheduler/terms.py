"""What a layer's file asks of the scheduler, with the configuration's defaults filled in. Pure."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from zos.config.model import SchedulerConfig
from zos.reflect.layer import CatchUp, Layer
from zos.scheduler.crontab import CrontabTrigger, jitter_offset
from zos.scheduler.slots.outcomes import Terms
from zos.scheduler.state.model import Promise, Registration

GONE = Terms(timedelta(0), CatchUp.NONE, off="there is no such layer any more")
"""The terms of a layer whose file is gone."""


def terms_of(layer: Layer, settings: SchedulerConfig) -> Terms:
    """Return how the layer wants late slots treated."""
    grace = layer.misfire_grace_time
    default = CatchUp.ONCE if settings.coalesce else CatchUp.ALL
    return Terms(
        grace=timedelta(seconds=settings.misfire_grace_time if grace is None else grace),
        catch_up=layer.catch_up or default,
        offset=timedelta(seconds=jitter_offset(layer.name, layer.jitter)),
        off="" if layer.enabled else "disabled",
    )


def registration_of(layer: Layer, settings: SchedulerConfig) -> Registration:
    """Return what is to be remembered of the layer. A disabled layer's slots are still owed a reason."""
    promise = None
    if layer.schedule is not None:
        promise = Promise(layer.schedule, layer.timezone or settings.timezone)
    return Registration(
        layer=layer.name,
        promise=promise,
        trigger_threshold=layer.trigger_threshold if layer.enabled else None,
        trigger_categories=frozenset(category.value for category in layer.trigger_category),
    )


def trigger_of(layer: Layer, settings: SchedulerConfig) -> CrontabTrigger | None:
    """Return when the timer is to wake the layer; None if it has no schedule."""
    schedule = layer.cron
    if schedule is None:
        return None
    zone = ZoneInfo(layer.timezone or settings.timezone)
    return CrontabTrigger(schedule, zone, jitter_offset(layer.name, layer.jitter))
