from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from zos.observe.content import Details, custom_emoji, details, has_link, mentioned_roles, storable
from zos.observe.events import Author, Emoji, MessageCreated

PLAIN = MessageCreated(1, 2, 3, Author(4, "a", "A"), datetime(2026, 3, 2, tzinfo=UTC), "hello")


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("see https://example.org/x", True),
        ("HTTP://EXAMPLE.ORG", True),
        ("https:// nothing", False),
        ("ftp://example.org", False),
        ("no link", False),
    ],
)
def test_links_are_found(text: str, is_link: bool) -> None:
    assert has_link(text) is is_link


def test_custom_emoji_are_found_plain_and_animated() -> None:
    assert custom_emoji("<:soup:801> x <a:pan:802> <:soup:801> <:x:99999999999999999999>") == [
        Emoji("soup", 801),
        Emoji("pan", 802),
        Emoji("soup", 801),
    ]
    assert custom_emoji(":soup: 🍲") == []
    assert custom_emoji(f"<:big:{2**63}>") == []


def test_mentioned_roles_are_found() -> None:
    assert mentioned_roles("<@&71> and <@72> <@&73>") == [71, 73]
    assert mentioned_roles(f"nothing <@&{2**63}>") == []
    assert mentioned_roles("nothing") == []


def test_a_message_is_read_once_for_text_and_payload() -> None:
    told = replace(
        PLAIN,
        content="<:soup:801> <@&72> https://example.org",
        mentions=(Author(12, "b", "B"), Author(11, "c", "C"), Author(12, "b", "B")),
        role_ids=(73, 71),
        emoji=(Emoji("🍲"), Emoji("pan", 800), Emoji("soup", 801)),
    )

    assert details(told) == Details(
        text="<:soup:801> <@&72> https://example.org",
        mention_ids=(11, 12),
        role_ids=(71, 72, 73),
        emoji=(Emoji("pan", 800), Emoji("soup", 801)),
        has_media=True,
    )
    assert details(PLAIN) == Details("hello", (), (), (), has_media=False)
    assert details(replace(PLAIN, has_attachments=True)).has_media


@pytest.mark.parametrize(
    ("text", "stored"), [("a\x00b", "ab"), ("é\ud83d", "é?"), ("plain", "plain"), ("é\x00", "é")]
)
def test_what_no_database_holds_is_taken_out(text: str, stored: str) -> None:
    assert storable(text) == stored
