"""Warm relations share in an earning: how much, and who."""

from __future__ import annotations

from datetime import datetime

from tests.salience.made import ANN, BEN, CAT, EVERYBODY, after, micro, reacted, said, with_salience

from zos.config import Config
from zos.core.topics import TopicKey
from zos.db.tables.base import to_micros
from zos.salience.amounts import Caps
from zos.salience.earner import Earner
from zos.salience.earning import Activity
from zos.salience.model import EntryKind
from zos.salience.propagation import elsewhere, feeds
from zos.salience.standing import Standing
from zos.salience.tally import Tally


class Town:
    """Topics with given balances, on which events are booked."""

    def __init__(self, balances: dict[str, float], config: Config | None = None) -> None:
        self.config = config or Config()
        self.balances = balances

    def book(self, *activities: Activity, quiet_since: datetime | None = None) -> Town:
        earner = Earner(self.config, EVERYBODY)
        events = [(to_micros(one.at), earner.earnings(one)) for one in activities]
        circles = {circle for _, earned in events for one in earned for circle in feeds(one.key)}
        circles |= {elsewhere(one.author_id) for one in activities}
        tally = Tally(self.config.salience, circles, events[-1][0])
        tally.add(self._standing(key, quiet_since) for key in self.balances)
        for at, earned in events:
            tally.book(earned, at)
        self.standings = {one.text: one for one in tally.close()}
        return self

    def _standing(self, text: str, quiet_since: datetime | None) -> Standing:
        key = TopicKey.parse(text)
        amount = micro(self.balances[text])
        decay_from = to_micros(quiet_since or after(days=7))
        cap = Caps(self.config.salience.caps).of(key)
        return Standing(
            key,
            cap,
            balance=amount,
            base=amount,
            decay_from=decay_from,
            active_at=to_micros(after()),
            material=0,
            id=1,
            text=str(key),
        )

    def gained(self, key: str) -> dict[EntryKind, float]:
        standing = self.standings.get(key)
        return (
            {}
            if standing is None
            else {kind: change.amount / 1e6 for kind, change in standing.changes.items()}
        )


def test_a_warm_pair_gets_a_third_of_what_either_of_it_earns() -> None:
    town = Town({"server:10:dyad:1:2": 1.1, "dyad:1:2": 1.1}).book(said(ANN))
    assert town.gained("server:10:dyad:1:2") == {EntryKind.PROPAGATED: 0.3}
    assert town.gained("dyad:1:2") == {EntryKind.PROPAGATED: 0.3}


def test_a_cold_topic_gets_nothing() -> None:
    assert Town({"server:10:dyad:1:2": 1.0}).book(said(ANN)).gained("server:10:dyad:1:2") == {}


def test_a_reply_reaches_the_one_answered_and_not_the_pair_or_author_a_second_time() -> None:
    warm = {"server:10:user:1": 5.0, "server:10:user:2": 5.0, "server:10:dyad:1:2": 5.0}
    town = Town(warm).book(said(BEN, reply_to_author_id=ANN))
    assert town.gained("server:10:user:1") == {EntryKind.PROPAGATED: 0.45}
    assert town.gained("server:10:user:2") == {EntryKind.MESSAGE: 1.0}
    assert town.gained("server:10:dyad:1:2") == {EntryKind.REPLY: 1.5}


def test_a_message_reaches_the_others_who_are_warm_in_its_channel_and_only_there() -> None:
    here, elsewhere = "server:10:user_in_channel:100:2", "server:10:user_in_channel:101:2"
    town = Town({here: 2.0, elsewhere: 2.0}).book(said(ANN))
    assert town.gained(here) == {EntryKind.PROPAGATED: 0.3}
    assert town.gained(elsewhere) == {}


def test_a_direct_message_reaches_the_member_in_servers() -> None:
    town = Town({"server:10:user:1": 2.0, "server:20:user:1": 0.5, "server:10:user:2": 2.0})
    town.book(said(ANN, server_id=None))
    assert town.gained("server:10:user:1") == {EntryKind.PROPAGATED: 0.45}
    assert town.gained("server:20:user:1") == town.gained("server:10:user:2") == {}


def test_a_word_in_one_server_is_no_news_in_another() -> None:
    town = Town({"server:20:user:1": 5.0, "server:20:dyad:1:2": 5.0}).book(said(ANN))
    assert set(town.standings) == {
        "server:10:channel:100",
        "server:10:user:1",
        "server:10:user_in_channel:100:1",
        "user:1",
    }


def test_what_the_cap_cuts_off_spills_by_half_on_top_of_the_third() -> None:
    town = Town({"server:10:user:1": 99.5, "server:10:dyad:1:2": 5.0}).book(said(ANN))
    assert town.gained("server:10:user:1") == {EntryKind.MESSAGE: 0.5}
    assert town.gained("server:10:dyad:1:2") == {
        EntryKind.PROPAGATED: 0.3,
        EntryKind.SPILLED: 0.25,
    }


def test_nothing_cascades() -> None:
    # Ann's message reaches her pair with Ben; what the pair got goes no further to Ben.
    town = Town({"server:10:dyad:1:2": 5.0, "server:10:user:2": 5.0}).book(said(ANN))
    assert town.gained("server:10:user:2") == {}


def test_a_gift_stops_at_the_cap_and_is_not_passed_on() -> None:
    town = Town({"server:10:dyad:1:2": 79.9, "server:10:user:2": 5.0}).book(said(ANN))
    assert town.gained("server:10:dyad:1:2") == {EntryKind.PROPAGATED: 0.1}
    assert town.gained("server:10:user:2") == {}


def test_a_topic_above_a_cap_that_was_lowered_keeps_what_it_has_and_gets_nothing() -> None:
    config = with_salience(caps={"dyad": 3.0, "user": 3.0})
    town = Town({"server:10:dyad:1:2": 5.0, "server:10:user:1": 5.0}, config).book(said(ANN))
    assert town.gained("server:10:dyad:1:2") == town.gained("server:10:user:1") == {}
    assert town.standings["server:10:user:1"].balance == micro(5.0)


def test_an_earning_that_warms_a_topic_lets_it_share_in_later_ones_but_not_in_its_own() -> None:
    town = Town({}).book(
        said(BEN, reply_to_author_id=ANN, at=after()), said(ANN, at=after(seconds=1), id=2)
    )
    assert town.gained("server:10:dyad:1:2") == {EntryKind.REPLY: 1.5, EntryKind.PROPAGATED: 0.3}


def test_a_topic_that_has_begun_to_decay_takes_no_part_until_it_is_active_itself() -> None:
    pair = "server:10:dyad:1:2"
    in_time = Town({pair: 5.0}).book(said(ANN, at=after(hours=23)), quiet_since=after())
    assert in_time.gained(pair) == {EntryKind.PROPAGATED: 0.3}
    too_late = Town({pair: 5.0}).book(
        said(ANN, at=after(days=1)),
        said(BEN, reply_to_author_id=CAT, at=after(days=1, seconds=1), id=2),
        said(BEN, reply_to_author_id=ANN, at=after(days=1, seconds=2), id=3),
        said(ANN, at=after(days=1, seconds=3), id=4),
        quiet_since=after(),
    )
    assert too_late.gained(pair) == {
        EntryKind.DECAY: -0.05,
        EntryKind.REPLY: 1.5,
        EntryKind.PROPAGATED: 0.3,
    }


def test_falling_quiet_within_a_batch_ends_the_sharing_there() -> None:
    pair = "server:10:dyad:1:2"
    town = Town({pair: 5.0}).book(
        said(ANN, at=after(hours=1)),
        said(ANN, at=after(hours=23), id=2),
        said(ANN, at=after(hours=25), id=3),
        quiet_since=after(),
    )
    assert town.gained(pair) == {EntryKind.PROPAGATED: 0.6}


def test_activity_puts_falling_quiet_off() -> None:
    pair = "server:10:dyad:1:2"
    town = Town({pair: 5.0}).book(
        said(BEN, reply_to_author_id=ANN, at=after(hours=1)),
        said(ANN, at=after(hours=30), id=2),
        quiet_since=after(),
    )
    assert town.gained(pair) == {EntryKind.REPLY: 1.5, EntryKind.PROPAGATED: 0.3}


def test_factors_of_nothing_switch_sharing_off() -> None:
    config = with_salience(propagation=0.0, spillover=0.0)
    town = Town({"server:10:dyad:1:2": 5.0, "server:10:user:1": 100.0}, config).book(said(ANN))
    assert town.gained("server:10:dyad:1:2") == {}


def test_a_reaction_to_somebody_reaches_their_other_pairs() -> None:
    town = Town({"server:10:dyad:1:3": 5.0}).book(reacted(BEN, ANN))
    assert town.gained("server:10:dyad:1:3") == {EntryKind.PROPAGATED: 0.15}


def test_every_event_counts_as_activity_and_material_even_at_the_cap() -> None:
    town = Town({"server:10:user:1": 100.0}).book(said(ANN, at=after(days=2)))
    standing = town.standings["server:10:user:1"]
    assert standing.changes == {}
    assert (standing.active_at, standing.material) == (to_micros(after(days=2)), 1)
    assert standing.decay_from == to_micros(after(days=9))
