from __future__ import annotations

import json
import os
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from tests.observe.conftest import Room
from tests.observe.exports import (
    CHANNEL,
    SERVER,
    START,
    answering,
    export,
    person,
    reacted,
    said,
    write,
)

from zos.consent.store import ConsentRecord
from zos.core.consent import ConsentState
from zos.core.errors import ImportFileError
from zos.db.tables import (
    channel,
    consent,
    emoji_use,
    import_file,
    member,
    member_role,
    mention,
    message,
    reaction,
    role_mention,
    server,
)
from zos.observe.events import Author, MessageCreated, MessagesDeleted
from zos.observe.importer import FileOutcome, ImportStage


async def test_messages_come_in_with_all_that_they_say(room: Room, tmp_path: Path) -> None:
    told = [
        said(1, author=11, text="See https://example.org <:soup:801> <@&71>"),
        said(
            2,
            text="Thanks!",
            author=12,
            mentions=[person(11)],
            inlineEmojis=[{"id": "802", "name": "pan", "code": "pan", "isAnimated": False}],
            **answering(1),
        ),
        said(3, author=13, attachments=[{"id": "9", "url": "x", "fileName": "a.png"}]),
        said(4, author=14, text="beep", timestampEdited=(START + timedelta(days=1)).isoformat()),
    ]
    told[3]["author"]["isBot"] = True

    report = await room.bring_in(write(tmp_path / "a.json", export(told)))

    assert (report.total("messages"), report.total("known"), report.members) == (4, 0, 4)
    assert await room.rows(server, "id", "name") == [(SERVER, "The Server")]
    assert await room.rows(channel, "id", "server_id", "name", "kind", "description") == [
        (CHANNEL, SERVER, "general", "text", "Anything")
    ]
    columns = ("id", "author_id", "created_at", "has_media", "is_bot", "scope", "booked")
    assert await room.rows(message, *columns) == [
        (1, 11, START + timedelta(minutes=1), True, False, "public", False),
        (2, 12, START + timedelta(minutes=2), False, False, "public", False),
        (3, 13, START + timedelta(minutes=3), True, False, "public", False),
        (4, 14, START + timedelta(minutes=4), False, True, "public", False),
    ]
    replies = await room.rows(message, "id", "reply_to_id", "reply_to_author_id", "edited_at")
    assert replies[1] == (2, 1, 11, None)
    assert replies[3] == (4, None, None, START + timedelta(days=1))
    assert await room.rows(mention) == [(2, 11)]
    assert await room.rows(emoji_use) == [(1, 801, "soup"), (2, 802, "pan")]
    assert await room.rows(role_mention) == [(1, 71)]
    assert await room.rows(member, "id", "display_name", "is_bot") == [
        (11, "User 11", False),
        (12, "User 12", False),
        (13, "User 13", False),
        (14, "User 14", True),
    ]


async def test_a_second_import_of_the_same_file_changes_nothing(room: Room, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", export([said(1, reactions=[reacted("👍", 12, 13)])]))
    await room.bring_in(path)
    before = await room.everything()

    report = await room.bring_in(path)

    assert report.files[0].outcome is FileOutcome.IN_ALREADY
    assert await room.everything() == before


async def test_the_same_bytes_under_another_name_and_in_a_zip_are_known(
    room: Room, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.json", export([said(1)]))
    twin = tmp_path / "twin.json"
    twin.write_bytes(path.read_bytes())
    packed = tmp_path / "c.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "deep/inside.json")

    report = await room.bring_in(path, twin, packed)

    assert [file.outcome for file in report.files] == [
        FileOutcome.IMPORTED,
        FileOutcome.IN_ALREADY,
        FileOutcome.IN_ALREADY,
    ]
    assert len(await room.rows(import_file)) == 1


async def test_a_message_in_two_files_counts_once(room: Room, tmp_path: Path) -> None:
    write(tmp_path / "in/a.json", export([said(1), said(2)]))
    write(tmp_path / "in/b.json", export([said(2), said(3), said(3)]))

    report = await room.bring_in(tmp_path / "in")

    assert [(file.messages, file.known) for file in report.files] == [(2, 0), (1, 1)]
    assert await room.rows(message, "id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("newer_first", [False, True])
async def test_a_newer_edit_replaces_the_text_whichever_file_comes_first(
    room: Room, tmp_path: Path, newer_first: bool
) -> None:
    edited = (START + timedelta(hours=5)).isoformat()
    old = write(tmp_path / "old.json", export([said(1, text="before <:a:5>")]))
    new = write(
        tmp_path / "new.json",
        export([said(1, text="after", timestampEdited=edited, mentions=[person(12)])]),
    )

    edits = [
        (await room.bring_in(path)).total("edited")
        for path in ((new, old) if newer_first else (old, new))
    ]

    assert edits == ([0, 0] if newer_first else [0, 1])
    assert await room.rows(message, "content", "edited_at") == [
        ("after", START + timedelta(hours=5))
    ]
    assert await room.rows(mention) == [(1, 12)]
    assert await room.rows(emoji_use) == []


async def test_replies_find_their_authors_in_any_order_of_files(room: Room, tmp_path: Path) -> None:
    reply = write(tmp_path / "reply.json", export([said(2, author=12, **answering(1))]))
    asked = write(tmp_path / "asked.json", export([said(1, author=11)]))

    await room.bring_in(reply)
    assert await room.rows(message, "reply_to_author_id") == [(None,)]
    await room.bring_in(asked)

    assert await room.rows(message, "id", "reply_to_author_id") == [(1, None), (2, 11)]


async def test_reactions_come_in_by_member_or_as_a_count(room: Room, tmp_path: Path) -> None:
    told = said(1, reactions=[reacted("👍", 12, 13), reacted("soup", emoji_id="801", count=7)])

    report = await room.bring_in(write(tmp_path / "a.json", export([told])))

    assert report.total("reactions") == 3
    at = START + timedelta(minutes=1)
    columns = ("message_id", "emoji", "member_id", "emoji_id", "count", "reacted_at")
    assert sorted(await room.rows(reaction, *columns)) == sorted(
        [(1, "👍", 12, None, 1, at), (1, "👍", 13, None, 1, at), (1, "801", 0, 801, 7, at)]
    )


@pytest.mark.parametrize("counted_first", [False, True])
async def test_who_reacted_stands_above_a_mere_count(
    room: Room, tmp_path: Path, counted_first: bool
) -> None:
    counted = write(tmp_path / "c.json", export([said(1, reactions=[reacted("👍", count=2)])]))
    named = write(tmp_path / "n.json", export([said(1, reactions=[reacted("👍", 12, 13)])]))

    for path in (counted, named) if counted_first else (named, counted):
        await room.bring_in(path)

    assert await room.rows(reaction, "member_id", "count") == [(12, 1), (13, 1)]


async def test_a_newer_export_adds_reactions_to_known_messages(room: Room, tmp_path: Path) -> None:
    await room.bring_in(
        write(tmp_path / "a.json", export([said(1, reactions=[reacted("👍", 12)])]))
    )

    later = export([said(1, reactions=[reacted("👍", 12, 13)])])
    report = await room.bring_in(write(tmp_path / "b.json", later))

    assert (report.total("messages"), report.total("known"), report.total("reactions")) == (0, 1, 1)


async def test_a_thread_belongs_to_the_channel_that_its_category_names(
    room: Room, tmp_path: Path
) -> None:
    thread = {"id": "700", "type": "GuildPublicThread", "categoryId": "600", "category": "general"}
    told = [said(5, author=12), {**said(4, author=11), "type": "21", "content": ""}]
    path = write(tmp_path / "t.json", export(told, **thread, name="a thread", topic=None))

    await room.bring_in(path)

    columns = ("id", "name", "kind", "parent_id", "created_at", "creator_id", "booked")
    opened = START + timedelta(minutes=4)
    assert await room.rows(channel, *columns) == [
        (CHANNEL, "general", "text", None, None, None, True),
        (700, "a thread", "thread", CHANNEL, opened, 11, False),
    ]
    assert await room.rows(message, "id", "channel_id") == [(5, 700)]


@pytest.mark.parametrize(
    ("kind", "stored"),
    [("GuildNewsThread", "thread"), (12, "thread"), ("0", "text"), ("GuildVoiceChat", "text")],
)
async def test_kinds_of_channels_are_names_or_bare_numbers(
    room: Room, tmp_path: Path, kind: object, stored: str
) -> None:
    await room.bring_in(write(tmp_path / "a.json", export([said(1)], type=kind)))

    assert await room.rows(channel, "kind") == [(stored,)]


async def test_discords_own_notices_are_left_out(room: Room, tmp_path: Path) -> None:
    kinds = ["Default", "ChannelPinnedMessage", "7", 18, "Reply", 19, "20", "23", "ThreadCreated"]
    told = [said(n, type=kind) for n, kind in enumerate(kinds, start=1)]

    await room.bring_in(write(tmp_path / "a.json", export(told)))

    assert await room.rows(message, "id") == [(1,), (5,), (6,), (7,), (8,)]


async def test_times_keep_their_meaning_in_any_offset(room: Room, tmp_path: Path) -> None:
    told = [
        said(1, timestamp="2026-03-02T10:01:00.1234567+02:00"),
        said(2, timestamp="2026-03-02T08:02:00Z"),
        said(3, timestamp="2026-03-02T08:03:00"),
    ]

    await room.bring_in(write(tmp_path / "a.json", export(told)))

    times = [moment for (moment,) in await room.rows(message, "created_at")]
    assert times == [
        START + timedelta(minutes=1, microseconds=123456),
        START + timedelta(minutes=2),
        START + timedelta(minutes=3),
    ]


async def test_text_that_a_database_cannot_hold_is_mended(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(export([said(1, text="a\x00b \ud83d c 😀")])), encoding="ascii")

    await room.bring_in(path)

    ((text,),) = await room.rows(message, "content")
    assert text == "ab ? c 😀"


async def test_a_direct_message_comes_in_only_with_its_authors_consent(
    room: Room, tmp_path: Path
) -> None:
    archive = export([said(1, author=11), said(2, author=12)], type="DirectTextChat", name="dm")
    archive["guild"] = {"id": "0", "name": "Direct Messages", "iconUrl": ""}
    path = write(tmp_path / "dm.json", archive)
    await room.consent(11)

    report = await room.bring_in(path)

    assert (report.total("messages"), report.total("awaiting_consent")) == (1, 1)
    assert await room.rows(message, "id", "server_id", "scope") == [(1, None, "dm")]
    assert await room.rows(channel, "server_id", "kind") == [(None, "dm")]

    await room.consent(12)
    again = await room.bring_in(path)

    assert (again.total("messages"), again.total("known")) == (1, 1)
    assert (await room.bring_in(path)).files[0].outcome is FileOutcome.IN_ALREADY


async def test_nothing_of_an_erased_member_comes_in_again(room: Room, tmp_path: Path) -> None:
    await room.erase(11)
    told = [
        said(1, author=11),
        said(2, author=12, mentions=[person(11)], **answering(1)),
        said(3, author=12, reactions=[reacted("👍", 11, 13)]),
    ]

    report = await room.bring_in(write(tmp_path / "a.json", export(told)))

    assert (report.total("messages"), report.total("refused")) == (2, 1)
    assert await room.rows(message, "id", "reply_to_author_id") == [(2, None), (3, None)]
    assert await room.rows(mention) == []
    assert await room.rows(reaction, "member_id") == [(13,)]
    assert await room.rows(member, "id") == [(12,), (13,)]


async def test_an_older_archive_does_not_bring_a_deleted_message_back(
    room: Room, tmp_path: Path
) -> None:
    live = MessageCreated(1, SERVER, CHANNEL, Author(11, "a", "A"), START, "gone")
    await room.record(live, MessagesDeleted((1, 2), START + timedelta(hours=1)))

    report = await room.bring_in(write(tmp_path / "a.json", export([said(1), said(2), said(3)])))

    assert (report.total("messages"), report.total("refused")) == (1, 2)
    assert await room.rows(message, "id") == [(3,)]


async def test_what_was_seen_latest_names_people_and_places(room: Room, tmp_path: Path) -> None:
    old = export([said(1)], name="old name")
    old["exportedAt"] = (START + timedelta(days=1)).isoformat()
    old["messages"][0]["author"] |= {"nickname": "Old", "roles": [{"id": "71"}]}
    new = export([said(2)], name="new name")

    await room.bring_in(write(tmp_path / "new.json", new))
    await room.bring_in(write(tmp_path / "old.json", old))

    assert await room.rows(channel, "name") == [("new name",)]
    assert await room.rows(member, "display_name") == [("User 1",)]
    assert await room.rows(member_role) == []


async def test_a_time_of_export_in_the_future_does_not_outlast_what_is_seen_later(
    room: Room, tmp_path: Path
) -> None:
    archive = export([said(1)])
    archive["exportedAt"] = "9999-01-01T00:00:00+00:00"
    await room.bring_in(write(tmp_path / "a.json", archive))

    seen = await room.rows(channel, "seen_at")

    assert seen == [(room.clock.now(),)]


async def test_roles_are_those_of_the_full_profile(room: Room, tmp_path: Path) -> None:
    cook = [{"id": "71", "name": "Cook", "color": None, "position": 1}]
    told = [
        said(1, author=11, reactions=[reacted("👍", 12)]),
        said(2, author=11, mentions=[person(12, roles=cook)]),
    ]

    await room.bring_in(write(tmp_path / "a.json", export(told)))

    assert await room.rows(member_role) == [(12, SERVER, 71)]


async def test_consents_are_recorded_before_the_first_message(room: Room, tmp_path: Path) -> None:
    archive = export([said(1, author=11)], type="DirectTextChat")
    archive["guild"]["id"] = "0"
    record = ConsentRecord(11, ConsentState.GRANTED, START, "file:c.json")

    report = await room.importer.import_paths(
        [write(tmp_path / "a.json", archive)], consents=[record]
    )

    assert (report.consents, report.total("messages")) == (1, 1)


async def test_an_empty_channel_is_stored_as_a_channel(room: Room, tmp_path: Path) -> None:
    report = await room.bring_in(write(tmp_path / "a.json", export([])))

    assert report.files[0].outcome is FileOutcome.IMPORTED
    assert await room.rows(channel, "id") == [(CHANNEL,)]


async def test_one_broken_file_refuses_the_whole_call(room: Room, tmp_path: Path) -> None:
    good = write(tmp_path / "in/a.json", export([said(1)]))
    whole = good.read_bytes()
    (tmp_path / "in/b.json").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in/c.json").write_bytes(whole[:-2])
    before = await room.everything()

    with pytest.raises(ImportFileError) as refused:
        await room.importer.import_paths(
            [tmp_path / "in"],
        )

    assert f"b.json ends too early, at byte {len(whole) // 2:,}" in refused.value.message
    assert "2 of 3 files" in refused.value.hint
    assert "c.json" in refused.value.hint
    assert await room.everything() == before


async def test_a_file_that_changes_after_it_was_checked_is_refused(
    room: Room, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.json", export([said(1)]))

    def change(_stage: ImportStage, _name: str, _done: int, _total: int) -> None:
        write(path, export([said(2), said(3)]))

    other = write(tmp_path / "b.json", export([said(n) for n in range(1, 3000)]))
    with pytest.raises(ImportFileError, match=r"a\.json changed while"):
        await room.importer.import_paths([path, other], progress=change)

    assert await room.rows(message) == []


async def test_a_message_that_stopped_making_sense_since_the_check_is_refused(
    room: Room, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.json", export([said(n) for n in range(1, 1100)]))
    before = path.stat()

    def change(_stage: ImportStage, _name: str, _done: int, _total: int) -> None:
        path.write_bytes(path.read_bytes().replace(b'"id": "77"', b'"id": "no"'))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(ImportFileError, match=r"a\.json changed while"):
        await room.importer.import_paths([path], progress=change)

    assert await room.rows(message) == []


async def test_progress_tells_bytes_of_all_files(room: Room, tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{name}.json", export([said(n) for n in range(start, start + 2500)]))
        for name, start in (("a", 1), ("b", 5000))
    ]
    told: list[tuple[ImportStage, int, int]] = []

    await room.importer.import_paths(
        paths, progress=lambda stage, _name, done, total: told.append((stage, done, total))
    )

    size = sum(path.stat().st_size for path in paths)
    assert {total for _, _, total in told} == {size}
    for stage in ImportStage:
        done = [step for kind, step, _ in told if kind is stage]
        assert done == sorted(done)
        assert 0 < done[0] < done[-1] <= size
    assert told[-1] == (ImportStage.STORING, size, size)


async def test_a_json_file_that_is_no_archive_is_left_out_of_a_folder(
    room: Room, tmp_path: Path
) -> None:
    write(tmp_path / "in/notes.json", {"messages": "none"})
    write(tmp_path / "in/list.json", [1, 2])
    write(tmp_path / "in/a.json", export([said(1)]))

    report = await room.bring_in(tmp_path / "in")

    assert [file.outcome for file in report.files] == [
        FileOutcome.IMPORTED,
        FileOutcome.NO_ARCHIVE,
        FileOutcome.NO_ARCHIVE,
    ]


async def test_real_chat_comes_in_whole_and_once(room: Room, ubuntu_irc: Path) -> None:
    logs = sorted(ubuntu_irc.glob("*.json"))[:9]
    report = await room.bring_in(*logs)

    assert (len(report.files), report.total("messages"), report.members) == (9, 10_532, 937)
    answered = [
        row for row in await room.rows(message, "reply_to_id", "reply_to_author_id") if row[0]
    ]
    assert len(answered) == 2_761
    assert all(author for _, author in answered)

    again = await room.bring_in(*logs)

    assert {file.outcome for file in again.files} == {FileOutcome.IN_ALREADY}
    assert again.members == 0
    assert await room.rows(consent) == []
