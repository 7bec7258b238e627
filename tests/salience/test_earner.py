"""What each event earns, for whom."""

from __future__ import annotations

from typing import Any

import pytest
from tests.salience.made import (
    ANN,
    BEN,
    BOT,
    CAT,
    CHANNEL,
    EVERYBODY,
    SERVER,
    consenting,
    micro,
    opened,
    reacted,
    said,
)

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.salience.earner import Earner
from zos.salience.earning import UNKNOWN_MEMBER, Activity
from zos.salience.model import EntryKind


def keys_of(activity: Activity, consent: ConsentView = EVERYBODY, **observe: Any) -> set[str]:
    config = Config.model_validate({"observe": observe})
    earnings = Earner(config, consent, bots={BOT}).earnings(activity)
    return {str(one.key) for one in earnings}


def test_a_message_earns_for_its_channel_and_its_author_here_everywhere_and_in_the_channel() -> (
    None
):
    earner = Earner(Config(), EVERYBODY)
    assert {
        (str(one.key), one.micro, one.kind, one.material) for one in earner.earnings(said(ANN))
    } == {
        ("server:10:channel:100", micro(1.0), EntryKind.MESSAGE, 1),
        ("server:10:user:1", micro(1.0), EntryKind.MESSAGE, 1),
        ("server:10:user_in_channel:100:1", micro(1.0), EntryKind.MESSAGE, 1),
        ("user:1", micro(1.0), EntryKind.MESSAGE, 0),
    }


def test_without_consent_only_the_channel_earns() -> None:
    assert keys_of(said(ANN), consenting()) == {"server:10:channel:100"}


def test_a_bot_earns_nothing_whether_the_message_or_the_member_table_says_so() -> None:
    assert keys_of(said(ANN, author_is_bot=True)) == set()
    assert keys_of(said(BOT)) == set()


def test_media_makes_a_message_worth_more() -> None:
    config = Config.model_validate({"salience": {"earn": {"media_factor": 1.2}}})
    with_media = Earner(config, EVERYBODY).earnings(said(ANN, has_media=True))
    assert {one.micro for one in with_media} == {micro(1.2)}


def test_a_server_in_focus_earns_more_and_others_do_not() -> None:
    config = Config.model_validate({"observe": {"focus": {SERVER: 2.5}}})
    earner = Earner(config, EVERYBODY)
    assert {one.micro for one in earner.earnings(said(ANN))} == {micro(2.5)}
    assert {one.micro for one in earner.earnings(said(ANN, server_id=20))} == {micro(1.0)}


def pairs(
    activity: Activity, consent: ConsentView = EVERYBODY
) -> dict[str, tuple[float, str, int]]:
    earnings = Earner(Config(), consent, bots={BOT}).earnings(activity)
    return {
        str(one.key): (one.micro / 1e6, one.kind.value, one.material)
        for one in earnings
        if one.key.category in (TopicCategory.DYAD, TopicCategory.DYAD_IN_CHANNEL)
    }


def test_a_reply_earns_for_the_pair() -> None:
    assert pairs(said(BEN, reply_to_author_id=ANN)) == {
        "server:10:dyad:1:2": (1.5, "reply", 1),
        "server:10:dyad_in_channel:100:1:2": (1.5, "reply", 1),
        "dyad:1:2": (1.5, "reply", 0),
    }


@pytest.mark.parametrize("consent", [consenting(ANN), consenting(BEN), consenting()])
def test_a_pair_needs_the_consent_of_both(consent: ConsentView) -> None:
    assert pairs(said(BEN, reply_to_author_id=ANN), consent) == {}
    assert pairs(said(BEN, mention_ids=(ANN,)), consent) == {}
    assert pairs(reacted(BEN, ANN), consent) == {}


@pytest.mark.parametrize("other", [ANN, BOT])
def test_there_is_no_pair_with_oneself_or_with_a_bot(other: int) -> None:
    assert pairs(said(ANN, reply_to_author_id=other, mention_ids=(other,))) == {}


def test_a_mention_earns_for_the_one_mentioned_and_for_the_pair() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(said(ANN, mention_ids=(BEN, BEN)))
    mentions = {
        (str(one.key), one.micro, one.material) for one in earnings if one.kind is EntryKind.MENTION
    }
    assert mentions == {
        ("server:10:user:2", micro(2.0), 0),
        ("user:2", micro(2.0), 0),
        ("server:10:dyad:1:2", micro(2.0), 1),
        ("server:10:dyad_in_channel:100:1:2", micro(2.0), 1),
        ("dyad:1:2", micro(2.0), 0),
    }
    assert len(earnings) == len({one.key for one in earnings})


def test_who_has_not_consented_is_not_made_a_topic_by_being_mentioned_answered_or_reacted_to() -> (
    None
):
    consent = consenting(ANN)
    spoken = said(ANN, mention_ids=(BEN,), reply_to_author_id=CAT)
    about = keys_of(spoken, consent) | keys_of(reacted(ANN, BEN), consent)
    assert {TopicKey.parse(key).members for key in about} == {(), (ANN,)}


def test_one_who_has_not_consented_can_still_mention_one_who_has() -> None:
    assert keys_of(said(ANN, mention_ids=(BEN,)), consenting(BEN)) == {
        "server:10:channel:100",
        "server:10:user:2",
        "user:2",
    }


def test_the_ping_of_a_reply_is_no_second_address() -> None:
    assert pairs(said(BEN, reply_to_author_id=ANN, mention_ids=(ANN,))) == pairs(
        said(BEN, reply_to_author_id=ANN)
    )


def test_a_reaction_earns_for_the_place_the_emoji_the_author_and_the_pair() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(reacted(BEN, ANN, emoji_ids=(50,)))
    assert {(str(one.key), one.material) for one in earnings} == {
        ("server:10:channel:100", 1),
        ("server:10:emoji:50", 1),
        ("server:10:user:1", 1),
        ("server:10:user_in_channel:100:1", 1),
        ("user:1", 0),
        ("server:10:dyad:1:2", 1),
        ("server:10:dyad_in_channel:100:1:2", 1),
        ("dyad:1:2", 0),
    }
    assert {(one.micro, one.kind) for one in earnings} == {(micro(0.5), EntryKind.REACTION)}


def test_reactions_whose_members_are_unknown_count_together_and_make_no_pair() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(reacted(UNKNOWN_MEMBER, ANN, count=4))
    assert {str(one.key) for one in earnings} == {
        "server:10:channel:100",
        "server:10:user:1",
        "server:10:user_in_channel:100:1",
        "user:1",
    }
    assert {one.micro for one in earnings} == {micro(2.0)}
    assert {one.material for one in earnings} == {0, 4}


@pytest.mark.parametrize("author", [None, ANN, BOT])
def test_a_reaction_to_oneself_to_a_bot_or_to_nobody_known_is_for_the_place_alone(
    author: int | None,
) -> None:
    assert keys_of(reacted(ANN, author)) == {"server:10:channel:100"}


def test_a_unicode_emoji_is_no_topic() -> None:
    assert not any(":emoji:" in key for key in keys_of(reacted(BEN, ANN)))


def test_a_custom_emoji_within_a_message_counts_once() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(said(ANN, emoji_ids=(50, 50)))
    assert [(one.micro, one.kind, one.material) for one in earnings if one.key.ids == (50,)] == [
        (micro(0.5), EntryKind.EMOJI, 1)
    ]


def test_only_roles_that_the_configuration_lists_are_topics() -> None:
    spoken = said(ANN, role_ids=(70, 71, 70))
    assert not any(":role:" in key for key in keys_of(spoken))
    config = Config.model_validate({"observe": {"role_topics": [70]}})
    roles = [
        one for one in Earner(config, EVERYBODY).earnings(spoken) if one.key.ids in ((70,), (71,))
    ]
    assert [(str(one.key), one.micro, one.kind) for one in roles] == [
        ("server:10:role:70", micro(2.0), EntryKind.ROLE_MENTION)
    ]


def test_subjects_that_a_message_names_earn_like_the_message() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(
        said(ANN, subject_names=("sourdough", "sourdough"), has_media=True)
    )
    assert [
        (str(one.key), one.micro, one.kind, one.material)
        for one in earnings
        if one.kind is EntryKind.SUBJECT
    ] == [("server:10:subject:sourdough", micro(1.2), EntryKind.SUBJECT, 1)]


def test_a_thread_is_a_place_of_its_own() -> None:
    in_thread = said(ANN, channel_id=110, is_thread=True, parent_id=CHANNEL)
    assert keys_of(in_thread) == {
        "server:10:thread:110",
        "server:10:user:1",
        "server:10:user_in_channel:110:1",
        "user:1",
    }


def test_with_the_setting_off_a_thread_counts_for_its_channel() -> None:
    in_thread = said(ANN, channel_id=110, is_thread=True, parent_id=CHANNEL)
    assert keys_of(in_thread, threads_as_topics=False) == keys_of(said(ANN))
    orphan = said(ANN, channel_id=110, is_thread=True)
    assert "server:10:channel:110" in keys_of(orphan, threads_as_topics=False)


def test_opening_a_thread_earns_for_the_thread_and_who_opened_it_but_is_no_material() -> None:
    earnings = Earner(Config(), EVERYBODY).earnings(opened(ANN))
    assert {(str(one.key), one.micro, one.kind, one.material) for one in earnings} == {
        ("server:10:thread:110", micro(2.0), EntryKind.THREAD, 0),
        ("server:10:user:1", micro(2.0), EntryKind.THREAD, 0),
        ("user:1", micro(2.0), EntryKind.THREAD, 0),
    }
    assert keys_of(opened(ANN), consenting()) == {"server:10:thread:110"}


def test_a_thread_outside_servers_earns_nothing() -> None:
    assert keys_of(opened(ANN, server_id=None)) == set()


def test_a_direct_message_earns_for_the_global_user_and_nobody_else() -> None:
    direct = said(ANN, server_id=None, mention_ids=(BEN,), reply_to_author_id=BEN)
    (one,) = Earner(Config(), EVERYBODY).earnings(direct)
    assert (str(one.key), one.micro, one.kind, one.material) == (
        "user:1",
        micro(1.5),
        EntryKind.DIRECT_MESSAGE,
        0,
    )
    assert keys_of(direct, consenting(BEN)) == set()


def test_a_reaction_to_a_direct_message_stays_global() -> None:
    assert keys_of(reacted(BEN, ANN, server_id=None)) == {"user:1", "dyad:1:2"}


def test_naming_the_agent_earns_for_its_self_topics_and_makes_it_no_person() -> None:
    earner = Earner(Config(), EVERYBODY, bots={BOT}, agent_id=BOT)
    named = earner.earnings(said(ANN, mention_ids=(BOT,)))
    selves = {
        (str(one.key), one.micro, one.material)
        for one in named
        if one.kind is EntryKind.AGENT_MENTION
    }
    assert selves == {("server:10:self:zos", micro(5.0), 0), ("self:zos", micro(5.0), 0)}
    assert not any(BOT in one.key.members for one in named)
