"""What a reflection costs, and what it leaves."""

from __future__ import annotations

import pytest
from tests.salience.made import after, micro, with_salience

from zos.core.topics import TopicKey
from zos.db.tables.base import to_micros
from zos.salience.model import EntryKind
from zos.salience.spending import cost_micro, spend
from zos.salience.standing import Standing

CONFIG = with_salience().salience


def standing(points: float, *, cap: float = 100.0, days_quiet: int = 0) -> Standing:
    amount = micro(points)
    return Standing(
        TopicKey.user(1, 10),
        micro(cap),
        balance=amount,
        base=amount,
        decay_from=to_micros(after(days=-days_quiet)),
        active_at=0,
        material=7,
        id=1,
        text="server:10:user:1",
    )


def changes(topic: Standing) -> dict[EntryKind, float]:
    return {kind: one.amount / 1e6 for kind, one in topic.changes.items() if one.amount}


def test_tokens_are_paid_the_rest_is_reset_and_one_and_a_half_times_the_cost_stays() -> None:
    topic = standing(50.0)
    result = spend(topic, 4_000, to_micros(after()), CONFIG)
    assert (result.spent_micro, result.retained_micro) == (micro(4.0), micro(6.0))
    assert changes(topic) == {
        EntryKind.SPENT: -4.0,
        EntryKind.RESET: -46.0,
        EntryKind.RETAINED: 6.0,
    }
    assert topic.balance == topic.base == micro(6.0)


def test_a_topic_pays_no_more_than_it_has() -> None:
    topic = standing(3.0)
    assert spend(topic, 4_000, to_micros(after()), CONFIG).spent_micro == micro(3.0)
    assert changes(topic) == {EntryKind.SPENT: -3.0, EntryKind.RETAINED: 6.0}


def test_what_stays_never_exceeds_the_cap() -> None:
    topic = standing(30.0, cap=30.0)
    assert spend(topic, 100_000, to_micros(after()), CONFIG).retained_micro == micro(30.0)


def test_all_new_material_counts_as_seen() -> None:
    topic = standing(30.0)
    spend(topic, 1_000, to_micros(after()), CONFIG)
    assert topic.material == 0


def test_decay_up_to_then_is_written_down_and_goes_on_as_before() -> None:
    topic = standing(50.0, days_quiet=3)
    spend(topic, 4_000, to_micros(after(hours=5)), CONFIG)
    left = 50.0 * 0.99**3
    assert changes(topic)[EntryKind.DECAY] == pytest.approx(left - 50.0, abs=1e-6)
    assert changes(topic)[EntryKind.RESET] == pytest.approx(4.0 - left, abs=1e-6)
    assert topic.decay_from == to_micros(after())  # the three days are counted, the five hours not


def test_a_reflection_without_tokens_only_resets() -> None:
    topic = standing(5.0)
    assert spend(topic, 0, to_micros(after()), CONFIG).retained_micro == 0
    assert changes(topic) == {EntryKind.RESET: -5.0}


def test_the_price_of_a_token_is_a_setting() -> None:
    assert cost_micro(2_000, CONFIG) == micro(2.0)
    assert cost_micro(2_000, with_salience(spend_per_token=0.01).salience) == micro(20.0)
