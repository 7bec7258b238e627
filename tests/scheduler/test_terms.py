"""What a layer asks of the scheduler, with the configuration's defaults."""

from __future__ import annotations

from datetime import timedelta

from tests.scheduler.layers import layer

from zos.config.model import SchedulerConfig
from zos.reflect.layer import CatchUp
from zos.scheduler.crontab import jitter_offset
from zos.scheduler.state.model import Promise
from zos.scheduler.terms import registration_of, terms_of, trigger_of

SETTINGS = SchedulerConfig(timezone="Europe/Berlin", misfire_grace_time=1800, coalesce=False)


def test_the_configuration_fills_in_what_a_layer_leaves_open() -> None:
    terms = terms_of(layer(), SETTINGS)
    assert (terms.grace, terms.catch_up) == (timedelta(minutes=30), CatchUp.ALL)
    assert (terms.offset, terms.off) == (timedelta(0), "")
    assert terms_of(layer(), SchedulerConfig()).catch_up is CatchUp.ONCE
    assert registration_of(layer(), SETTINGS).promise == Promise("0 3 * * *", "Europe/Berlin")


def test_a_layers_own_wishes_come_first() -> None:
    own = layer(misfire_grace_time=0, catch_up="none", timezone="Asia/Kolkata", jitter=600)
    terms = terms_of(own, SETTINGS)
    assert (terms.grace, terms.catch_up) == (timedelta(0), CatchUp.NONE)
    assert terms.offset == timedelta(seconds=jitter_offset("nightly", 600))
    trigger = trigger_of(own, SETTINGS)
    assert trigger is not None
    assert (trigger.zone.key, trigger.offset_seconds) == (
        "Asia/Kolkata",
        jitter_offset("nightly", 600),
    )


def test_a_layer_without_schedule_has_no_trigger() -> None:
    assert trigger_of(layer(schedule=None), SETTINGS) is None
    assert registration_of(layer(schedule=None), SETTINGS).promise is None


def test_a_disabled_layer_keeps_its_promise_and_loses_its_threshold() -> None:
    disabled = layer(enabled=False, trigger_threshold=5)
    assert terms_of(disabled, SETTINGS).off == "disabled"
    assert registration_of(disabled, SETTINGS).promise is not None
    assert registration_of(disabled, SETTINGS).trigger_threshold is None
