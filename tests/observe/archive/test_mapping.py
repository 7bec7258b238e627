from __future__ import annotations

from typing import Any

import pytest
from tests.observe.exports import CHANNEL, SERVER, answering, export, person, reacted, said

from zos.observe.archive.mapping import ArchiveValueError, Head, to_head, to_message
from zos.observe.events import ChannelKind, Emoji


def head_of(**channel: Any) -> Head:
    archive = export([], **channel)
    found = {f"guild.{key}": value for key, value in archive["guild"].items()}
    found |= {f"channel.{key}": value for key, value in archive["channel"].items()}
    return to_head(found)


HEAD = head_of()


def test_a_head_names_the_place() -> None:
    assert (
        Head(
            server_id=SERVER,
            server_name="The Server",
            channel_id=CHANNEL,
            channel_name="general",
            kind=ChannelKind.TEXT,
            parent_id=None,
            parent_name="",
            description="Anything",
            exported_at=None,
        )
        == HEAD
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("GuildTextChat", ChannelKind.TEXT),
        ("GuildForum", ChannelKind.TEXT),
        (0, ChannelKind.TEXT),
        ("GuildPrivateThread", ChannelKind.THREAD),
        ("PublicThread", ChannelKind.THREAD),
        ("11", ChannelKind.THREAD),
        ("DirectGroupTextChat", ChannelKind.DM),
        (1, ChannelKind.DM),
        (None, ChannelKind.TEXT),
    ],
)
def test_kinds_of_channels_have_names_and_numbers(kind: object, expected: ChannelKind) -> None:
    found = head_of(type=kind)

    assert found.kind is expected
    assert found.server_id == (None if expected is ChannelKind.DM else SERVER)


def test_only_a_threads_category_is_its_channel() -> None:
    assert head_of(categoryId="77", category="Talk").parent_id is None
    assert head_of(categoryId="77", category="Talk", type="GuildNewsThread").parent_id == 77
    assert head_of(type="GuildNewsThread").parent_id is None


@pytest.mark.parametrize("wrong", [{"id": "x"}, {"name": 3}, {"id": None}])
def test_a_head_without_a_place_makes_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArchiveValueError):
        head_of(**wrong)


def test_a_nickname_is_shown_before_a_name() -> None:
    for nickname, shown in (("Ada", "Ada"), ("", "user11"), (None, "user11")):
        author = person(11, nickname=nickname)

        assert (
            to_message(said(1, author=11) | {"author": author}, HEAD).message.author.display_name
            == shown
        )


def test_a_message_of_an_older_version_lacks_fields() -> None:
    told = {"id": 1, "timestamp": "2019-01-01T00:00:00Z", "author": {"id": 2, "name": "a"}}

    one = to_message(told, HEAD)

    assert (one.is_notice, one.reactions, one.counted) == (False, (), ())
    assert (one.message.content, one.message.author.role_ids) == ("", None)


def test_what_was_forwarded_is_no_reply() -> None:
    told = said(1, **answering(7))
    assert to_message(told, HEAD).message.reply_to_id == 7

    told["reference"]["type"] = "Forward"
    assert to_message(told, HEAD).message.reply_to_id is None

    told["reference"] = {"messageId": None}
    assert to_message(told, HEAD).message.reply_to_id is None


def test_stickers_are_no_media_but_embeds_are() -> None:
    assert not to_message(said(1, stickers=[{"id": "1"}]), HEAD).message.has_attachments
    assert to_message(said(1, embeds=[{"title": "x"}]), HEAD).message.has_attachments


def test_an_emoji_without_an_id_is_a_character() -> None:
    told = said(1, reactions=[reacted("👍", 11), reacted("soup", 11, emoji_id="801")])
    told["reactions"][0]["emoji"]["id"] = None

    emoji = [one.emoji for one in to_message(told, HEAD).reactions]

    assert emoji == [Emoji("👍"), Emoji("soup", 801)]


def test_a_reaction_of_nobody_is_none() -> None:
    one = to_message(said(1, reactions=[reacted("👍", count=0)]), HEAD)

    assert (one.reactions, one.counted) == ((), ())
