"""Every mode of consent, and every way for a member to be in a conversation: what becomes of it.

Six members of the same standing are each in it in one way: one writes, one is mentioned, one is
answered, one reacts, one writes to Zos in private, of one the others only talk. Ann has consented in
every mode.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tests.conftest import EPOCH
from tests.insights.conftest import World

from zos.config import Config
from zos.consent.store import ConsentRecord
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.topics import TopicKey
from zos.db.tables import message, topic
from zos.insights.model import InsightFilter
from zos.observe.events import (
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    Event,
    MemberUpdated,
    MessageCreated,
    ReactionAdded,
    ServerSeen,
)
from zos.observe.recorder import Recorder
from zos.service.services import Services, build_services
from zos.views.insight_rows import MessageRow

SERVER, ROOM, THREAD, DIRECT, ROLE = 1, 10, 11, 77, 500
ANN, WRITER, MENTIONED, ANSWERED, REACTED, DIRECTLY, TALKED_OF = 1, 11, 12, 13, 14, 15, 16
NAMES = {
    ANN: "Annabel",
    WRITER: "Wilhelmina",
    MENTIONED: "Melisande",
    ANSWERED: "Aristide",
    REACTED: "Rosalind",
    DIRECTLY: "Dagobert",
    TALKED_OF: "Sir Lancelot",
}
OTHERS = [one for one in NAMES if one != ANN]
STANDINGS = {
    ("opt_in", "silent"): False,
    ("opt_in", "granted"): True,
    ("opt_in", "denied"): False,
    ("opt_out", "silent"): True,
    ("opt_out", "denied"): False,
    ("role", "silent"): False,
    ("role", "granted"): False,
    ("role", "holder"): True,
    ("role", "denied holder"): False,
}
"""Mode and standing, and whether such members may be thought about."""


@dataclass
class Matrix:
    """A community of one mode whose members, but for Ann, are of one standing."""

    services: Services
    may: bool

    async def topics_of(self, member_id: int) -> set[str]:
        async with self.services.database.read() as connection:
            keys = (await connection.execute(select(topic.c.key))).scalars()
            return {key for key in keys if member_id in TopicKey.parse(key).members}

    async def stored(self) -> dict[int, str]:
        async with self.services.database.read() as connection:
            rows = await connection.execute(select(message.c.author_id, message.c.content))
            return {row.author_id: row.content for row in rows}

    async def prompt(self, layer: str, key: TopicKey) -> str:
        """What a model would be shown; or why it would be shown nothing."""
        preview = await self.services.preview(layer, [str(key)])
        (target,) = preview.targets
        return target.dry_reason or "".join(one.text for one in target.prompts)


@pytest.fixture(params=STANDINGS, ids="-".join)
async def matrix(
    request: pytest.FixtureRequest, config: Config, clock: SimulatedClock
) -> AsyncIterator[Matrix]:
    mode, standing = request.param
    told = {"consent": mode, "consent_roles": frozenset({ROLE})}
    chosen = config.model_copy(
        update={"privacy": config.privacy.model_validate({**config.privacy.model_dump(), **told})}
    )
    async with build_services(chosen, clock=clock) as services:
        said = [ConsentRecord(ANN, ConsentState.GRANTED, EPOCH, "test")]
        for state in ConsentState:
            if state.value in standing:
                said += [ConsentRecord(one, state, EPOCH, "test") for one in OTHERS]
        await services.consents.record_many(said)
        recorder = Recorder(
            services.database, services.ledger, services.consents, chosen, clock=clock
        )
        first, rest = happened(holders="holder" in standing)
        await recorder.record(first)
        await recorder.record(rest)
        yield Matrix(services, STANDINGS[request.param])


def happened(*, holders: bool) -> tuple[list[Event], list[Event]]:
    """Who is there, and then what they say and do."""
    people = {
        number: Author(
            number,
            f"{name.split()[-1].lower()}77",
            name,
            role_ids=(ROLE,) if holders or number == ANN else (),
            global_name=f"{name.split()[-1]}issimo",
        )
        for number, name in NAMES.items()
    }

    def wrote(number: int, author: int, content: str, **extra: Any) -> MessageCreated:
        place = {"server_id": SERVER, "channel_id": ROOM, **extra}
        return MessageCreated(
            number, author=people[author], created_at=at(number), content=content, **place
        )

    there: list[Event] = [
        ServerSeen(SERVER, "Allotment", at(0)),
        ChannelSeen(ROOM, SERVER, "room", ChannelKind.TEXT, at(0)),
        ChannelSeen(THREAD, SERVER, "lancelot77's plot", ChannelKind.THREAD, at(0), ROOM),
        *(MemberUpdated(one, SERVER, at(0)) for one in people.values()),
    ]
    said: list[Event] = [
        wrote(1, WRITER, "marrow seeds are here, says Wilhelmina"),
        wrote(
            2, ANN, f"<@{MENTIONED}> Melisande, are the marrows up?", mentions=(people[MENTIONED],)
        ),
        wrote(3, ANSWERED, "marrows need sun"),
        wrote(4, ANN, "so they do", reply_to_id=3, reply_to_author_id=ANSWERED),
        ReactionAdded(2, SERVER, Emoji("🌱"), people[REACTED], at(5)),
        wrote(6, DIRECTLY, "marrow in private", server_id=None, channel_id=DIRECT),
        wrote(7, ANN, "Sir Lancelot has marrows too, ask LANCELOT77, our Lancelotissimo"),
        *(wrote(number, ANN, "these marrows are his", channel_id=THREAD) for number in (8, 9, 10)),
    ]
    return there, said


def at(minutes: float) -> datetime:
    return EPOCH - timedelta(hours=1) + timedelta(minutes=minutes)


async def test_consent_counts_wherever_a_member_is_in_it(matrix: Matrix) -> None:
    for check in (
        what_is_captured,
        who_becomes_a_topic,
        what_a_prompt_says,
        what_is_found_and_shown,
        what_is_concluded,
    ):
        await check(matrix)


async def what_is_captured(matrix: Matrix) -> None:
    stored = await matrix.stored()
    assert {WRITER, ANN, ANSWERED} <= set(stored), "the conversation is whole"
    assert (DIRECTLY in stored) is matrix.may, "a private word only with consent"


async def who_becomes_a_topic(matrix: Matrix) -> None:
    found = {one: bool(await matrix.topics_of(one)) for one in OTHERS}
    assert found == {**dict.fromkeys(OTHERS, matrix.may), TALKED_OF: False}
    assert await matrix.topics_of(ANN)
    assert await matrix.services.ledger.audit() == []


async def what_a_prompt_says(matrix: Matrix) -> None:
    shown = await matrix.prompt("nightly-channel-reflection", TopicKey.channel(SERVER, ROOM))
    assert "marrow seeds are here" in shown
    assert "Annabel" in shown
    assert "marrow in private" not in shown, "nobody's private word is in a public prompt"
    for one in (WRITER, MENTIONED, ANSWERED, TALKED_OF):
        assert (NAMES[one].casefold() in shown.casefold()) is matrix.may, NAMES[one]
    assert ("lancelot" in shown.casefold()) is matrix.may
    there = await matrix.prompt("nightly-channel-reflection", TopicKey.thread(SERVER, THREAD))
    assert "these marrows are his" in there
    assert ("lancelot77" in there.casefold()) is matrix.may
    assert ("<chat_1>" in shown) is not matrix.may
    for one in OTHERS:
        assert f"<@{one}>" not in shown
        about = await matrix.prompt("nightly-user-reflection", TopicKey.user(one, SERVER))
        refused = about == "a member has not agreed to be thought about"
        assert refused is not matrix.may


async def what_is_found_and_shown(matrix: Matrix) -> None:
    known = matrix.services.known
    found = [
        hit.found
        for hit in await known.insights.search("marrow marrows seeds", now=EPOCH)
        if isinstance(hit.found, MessageRow)
    ]
    authors = {row.text.split()[0]: (row.author, row.author_id) for row in found}
    writer = (NAMES[WRITER], WRITER) if matrix.may else (authors["marrow"][0], None)
    assert authors["marrow"] == writer
    assert "in private" not in "".join(row.text for row in found)
    texts = "".join(row.author + row.channel + row.text for row in found)
    assert any(row.channel_id == THREAD for row in found)
    assert ("Wilhelmina" in texts) is matrix.may
    assert ("Melisande" in texts) is matrix.may
    assert ("lancelot" in texts.casefold()) is matrix.may
    assert bool(await known.insights.search("Lancelot77", now=EPOCH)) is matrix.may

    listed = (await known.topics.page(limit=200)).items
    shown = {one for row in listed for one in TopicKey.parse(row.topic).members}
    assert shown == ({*NAMES} - {TALKED_OF} if matrix.may else {ANN})
    (thread,) = (row.title for row in listed if row.topic == str(TopicKey.thread(SERVER, THREAD)))
    assert thread == ("#lancelot77's plot" if matrix.may else "#someone's plot")
    ties = (await known.relationships.page(SERVER)).items
    tied = {person.id for tie in ties for person in tie.people}
    assert tied == ({ANN, MENTIONED, ANSWERED, REACTED} if matrix.may else set())


async def what_is_concluded(matrix: Matrix) -> None:
    services = matrix.services
    layer = services.loader.require("nightly-channel-reflection")
    await services.executor.execute_layer(layer, [str(TopicKey.channel(SERVER, ROOM))])
    heard = "Sir Lancelot waters his marrows, says lancelot77"
    await World(services.database).learn(heard, message_ids=[7])
    rows = (await services.known.insights.page(InsightFilter())).items
    assert len(rows) == 2
    said = "\n".join(row.content for row in rows).casefold()
    for one in OTHERS:
        assert matrix.may or NAMES[one].casefold() not in said
    assert ("lancelot" in said) is matrix.may
    assert "in private" not in said
