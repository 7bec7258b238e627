"""Overlap: what a fire may do while its layer still has open runs."""

from __future__ import annotations

from datetime import timedelta

from tests.scheduler.runs import NOW, run

from zos.reflect.layer import Overlap
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler.overlap import admit

EARLIER = NOW - timedelta(minutes=5)
RUNNING = run("0", status=RunStatus.RUNNING, created_at=EARLIER)
WAITING = run("00", created_at=EARLIER)


def test_a_fire_without_others_is_admitted_by_every_policy() -> None:
    new = run()
    for policy in Overlap:
        assert admit(new, [new, run("0", layer="other", created_at=EARLIER)], policy).refused == ""


def test_skip_lets_a_fire_go_and_names_the_run_in_its_way() -> None:
    assert admit(run(), [RUNNING], Overlap.SKIP).refused == "overlap: run 0 is running"
    assert admit(run(), [WAITING], Overlap.SKIP).refused == "overlap: run 00 is waiting"


def test_buffer_one_lets_one_fire_wait_and_no_second() -> None:
    assert admit(run(), [RUNNING], Overlap.BUFFER_ONE).refused == ""
    refused = admit(run(), [WAITING, RUNNING], Overlap.BUFFER_ONE).refused
    assert refused == "overlap: run 0 is running and 1 waiting"


def test_cancel_other_makes_way_for_the_new_fire() -> None:
    admission = admit(run(), [WAITING, RUNNING], Overlap.CANCEL_OTHER)
    assert (admission.refused, admission.cancels) == ("", (WAITING, RUNNING))


def test_of_two_that_come_at_once_only_the_later_is_refused() -> None:
    first, second = run("1", trigger=Trigger.MANUAL), run("2", trigger=Trigger.MANUAL)
    both = [second, first, RUNNING]
    assert admit(first, both, Overlap.BUFFER_ONE).refused == ""
    assert admit(second, both, Overlap.BUFFER_ONE).refused != ""


def test_slots_that_are_made_up_for_together_do_not_stand_in_each_others_way() -> None:
    slots = [run(str(number), slot=NOW - timedelta(hours=number)) for number in range(3)]
    assert all(admit(one, slots, Overlap.SKIP).refused == "" for one in slots)
