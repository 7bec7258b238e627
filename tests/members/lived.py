"""A community in which one member has left every kind of trace, each with a word that nothing else has.

In: an empty store. Out: events recorded and booked as live ones are, and what layers would have made
of them: insights, topics, runs, calls, outgoing texts, the self-concept and its file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text
from tests.conftest import EPOCH
from tests.insights.conftest import RUN, World
from tests.views.conftest import History

from zos.access.audit.store import AuditLog, Deed
from zos.access.principal import Principal, Role, Via
from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.ids import discord_operator, new_ulid
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import layer_state, metadata, outbox, selection
from zos.insights.model import InsightDraft, InsightLine, Method
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.request import CallContext
from zos.llm.store import ModelCallStore
from zos.members.rights import Members
from zos.observe.events import (
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    Event,
    MemberUpdated,
    MessageCreated,
    MessageEdited,
    ReactionAdded,
    ServerSeen,
)
from zos.observe.recorder import Recorded, Recorder
from zos.reflect.self_concept.file import settle
from zos.reflect.self_concept.store import Origin, SelfConceptStore, add_version
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.salience.ledger import SalienceLedger

SERVER, ROOM, THREAD, DIRECT = 1, 10, 11, 77
ANN, BEN, BOT, LIKE_ANN = 101, 102, 900, 1_017
ANN_AUTHOR = Author(
    ANN, "annquetzal", "Annquetzal", role_ids=(55,), global_name="Ann Globalquetzal"
)
BEN_AUTHOR = Author(BEN, "ben", "Ben", role_ids=())
BOT_AUTHOR = Author(BOT, "zos", "Zos", is_bot=True)

SECRET = "The quetzalnest hangs behind grandmother's old greenhouse window"
REWRITTEN = "My firstquetzal draft was wrong"
DM_SECRET = "Between us: dmquetzal pays my rent"
DM_ANSWER = "I understand the answerquetzal well"
CANARIES = (
    "quetzalnest",
    "firstquetzal",
    "dmquetzal",
    "answerquetzal",
    "annquetzal",
    "globalquetzal",
    "threadquetzal",
    "disputequetzal",
    "subjectquetzal",
    "insightquetzal",
    "conceptquetzal",
    "outquetzal",
    "greenhouse window",
)
"""Words that only Ann said, or that only what rests on her says."""

A_SECRET, A_EDITED, A_REPLY, A_MENTION, B_REPLY, B_MENTION, B_ALONE, A_DM, BOT_DM, A_THREAD = range(
    2_001, 2_011
)


@dataclass
class Lived:
    """The community; `insights` are the ids of what was understood, by name."""

    database: Database
    config: Config
    clock: SimulatedClock
    members: Members
    insights: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.consents = ConsentStore(self.database, self.config)
        self.ledger = SalienceLedger(self.database, self.config)
        self.world = World(self.database)

    @property
    def concept(self) -> Path:
        return self.config.data_dir / "self-concept.md"

    async def live(self) -> None:
        """Let everything happen."""
        for one in (ANN, BEN):
            await self.members.set_consent(one, ConsentState.GRANTED, "member")
        await self.record(*happened())
        await self._name_subjects()
        await self._understand()
        await self._run()
        await self._make_a_self_concept()
        await self._operate()
        about = self.insights["about"]
        await self.members.dispute(ANN, about, "No disputequetzal is mine", "member")

    async def record(self, *events: Event) -> Recorded:
        recorder = Recorder(
            self.database, self.ledger, self.consents, self.config, clock=self.clock
        )
        return await recorder.record(events)

    async def _name_subjects(self) -> None:
        async with self.database.write() as connection:
            for name, ids in (("subjectquetzal", [A_SECRET]), ("tools", [A_REPLY, B_ALONE])):
                await self.ledger.name_subject(
                    connection, SERVER, name, ids, EPOCH, batch=new_ulid(EPOCH)
                )

    async def _understand(self) -> None:
        learn, made = self.world.learn, self.insights
        made["about"] = await learn(
            "Ann hides an insightquetzal", topic=TopicKey.user(ANN, SERVER), message_ids=[A_SECRET]
        )
        made["pair"] = await learn(
            "They answer each other", topic=TopicKey.dyad(ANN, BEN, SERVER), message_ids=[B_REPLY]
        )
        made["place"] = await self._two_lines("A quetzalnest is there", A_SECRET)
        made["echo"] = await self._two_lines("It hangs behind grandmother's old house", B_MENTION)
        made["named"] = await learn(
            "Annquetzal was asked", "Tools are lent", message_ids=[B_MENTION], named=[ANN]
        )
        made["above"] = await learn("Nests hang there", insight_ids=[made["place"]], message_ids=[])
        made["higher"] = await learn("Much hangs", insight_ids=[made["above"]], message_ids=[])
        made["heard"] = await learn("Ben says annquetzal has a rake", message_ids=[B_ALONE])
        made["untouched"] = await learn("Ben lends tools", message_ids=[B_ALONE])
        made["ben"] = await learn(
            "Ben lends tools", topic=TopicKey.user(BEN, SERVER), message_ids=[B_ALONE]
        )

    async def _two_lines(self, first: str, message_id: int) -> str:
        """An insight whose first line is to go, and whose second rests on Ben alone."""
        lines = (
            InsightLine(first, (message_id, A_SECRET)),
            InsightLine("Ben lends tools gladly", (B_ALONE,)),
        )
        draft = InsightDraft(
            TopicKey.channel(SERVER, ROOM),
            lines,
            Method.MODEL,
            0.5,
            0.5,
            0.5,
            Scope.PUBLIC,
            open_questions=("Where does the quetzalnest hang?",),
        )
        return await self.world.store(draft)

    async def _run(self) -> None:
        history = History(self.database)
        run = await history.open()
        await history.start(run)
        await history.target(run, f"server:1:user:{ANN}", 0, TargetStatus.SUCCESS)
        await history.target(run, f"server:1:channel:{ROOM}", 1, TargetStatus.SUCCESS)
        await history.finish(run, RunStatus.SUCCESS)
        await ModelCallStore(self.database).record(call(ANN, BEN))
        chosen = {"run_id": run.id, "position": 0, "balance": 1, "chosen": True, "reason": ""}
        sent = {
            "id": new_ulid(EPOCH),
            "dedup_key": f"{'target'.rjust(26, '0')}:0",
            "run_id": RUN,
            "destination": "log",
            "payload": {"text": "An outquetzal was seen"},
            "created_at": EPOCH,
            "attempts": 1,
        }
        async with self.database.write() as connection:
            for key in (f"server:1:user:{ANN}", f"server:1:channel:{ROOM}"):
                await connection.execute(insert(selection), {**chosen, "topic_key": key})
            await connection.execute(insert(outbox), sent)

    async def _operate(self) -> None:
        """Ann is an operator on Discord, and so is somebody whose id begins like hers."""
        history = History(self.database)
        mine, theirs = map(discord_operator, (ANN, LIKE_ANN))
        for by in (mine, theirs):
            await history.open(
                trigger=Trigger.MANUAL, status=RunStatus.SKIPPED, reason=f"asked for by {by}"
            )
        deed = Deed("pause", "DISCORD", "nightly", 200)
        await AuditLog(self.database, self.clock).record(
            Principal(mine, Role.OPERATOR, Via.DISCORD), deed
        )
        paused = {"layer": "nightly", "paused_at": EPOCH, "paused_by": mine}
        async with self.database.write() as connection:
            counts = dict.fromkeys(("failures_in_row", "insights_since_run", "generation"), 0)
            await connection.execute(
                insert(layer_state), {**paused, **counts, "registered_at": EPOCH}
            )

    async def _make_a_self_concept(self) -> None:
        store = SelfConceptStore(self.database)
        await store.put("I watch.", at=EPOCH, origin=Origin.SHIPPED)
        async with self.database.write() as connection:
            told = "I watch.\nI know of a conceptquetzal."
            await add_version(connection, told, at=EPOCH, insight_ids=[self.insights["place"]])
        kept = told + "\nI was told to be kind."
        await store.put(kept, at=EPOCH, origin=Origin.OPERATOR)
        await settle(store, self.concept, now=EPOCH)

    async def statuses(self) -> dict[str, str]:
        """The status of each insight that is still there, by name."""
        table = metadata.tables["insight"]
        async with self.database.read() as connection:
            rows = await connection.execute(select(table.c.id, table.c.status))
            found = {row.id: row.status for row in rows}
        return {name: found[one] for name, one in self.insights.items() if one in found}

    async def everything(self) -> str:
        """All rows of all tables but the tombstones, as one text."""
        parts = []
        async with self.database.read() as connection:
            for table in metadata.sorted_tables:
                if table.name != "erasure":
                    rows = await connection.execute(select(table).order_by(*table.primary_key))
                    parts += [f"{table.name}: {tuple(row)}" for row in rows]
        return "\n".join(parts)

    async def rows(self, query: str) -> list[Any]:
        async with self.database.read() as connection:
            return [*(await connection.execute(text(query)))]


def happened() -> list[Event]:
    """What happened: Ann and Ben talk in a room, a thread and in private, and react."""
    return [
        ServerSeen(SERVER, "Allotment", at(0)),
        ChannelSeen(ROOM, SERVER, "room", ChannelKind.TEXT, at(0)),
        ChannelSeen(
            THREAD,
            SERVER,
            "threadquetzal",
            ChannelKind.THREAD,
            at(1),
            parent_id=ROOM,
            created_at=at(1),
            creator_id=ANN,
        ),
        MemberUpdated(ANN_AUTHOR, SERVER, at(1)),
        wrote(A_SECRET, ANN_AUTHOR, SECRET, mentions=(BEN_AUTHOR,)),
        wrote(A_EDITED, ANN_AUTHOR, REWRITTEN),
        wrote(B_ALONE, BEN_AUTHOR, "I lend my tools"),
        wrote(B_REPLY, BEN_AUTHOR, "Nice one", reply_to_id=A_SECRET, reply_to_author_id=ANN),
        wrote(B_MENTION, BEN_AUTHOR, f"And you, <@{ANN}>?", mentions=(ANN_AUTHOR,)),
        wrote(A_REPLY, ANN_AUTHOR, "Lend me your tools", reply_to_id=B_ALONE),
        wrote(A_MENTION, ANN_AUTHOR, f"Thank you <@{BEN}>", mentions=(BEN_AUTHOR,)),
        wrote(A_THREAD, ANN_AUTHOR, "First in here", channel_id=THREAD),
        wrote(A_DM, ANN_AUTHOR, DM_SECRET, server_id=None, channel_id=DIRECT),
        wrote(BOT_DM, BOT_AUTHOR, DM_ANSWER, server_id=None, channel_id=DIRECT),
        MessageEdited(A_EDITED, SERVER, "My second draft", at(30)),
        ReactionAdded(B_ALONE, SERVER, Emoji("👍"), ANN_AUTHOR, at(31)),
        ReactionAdded(A_SECRET, SERVER, Emoji("🌱"), BEN_AUTHOR, at(32)),
    ]


def wrote(number: int, author: Author, content: str, **extra: Any) -> MessageCreated:
    place = {"server_id": SERVER, "channel_id": ROOM, **extra}
    return MessageCreated(
        id=number, author=author, created_at=at(number - 2_000), content=content, **place
    )


def call(*member_ids: int) -> ModelCall:
    """A call that was shown words of members."""
    context = CallContext("nightly", "reflect", member_ids=frozenset(member_ids))
    made = ModelCall(new_ulid(EPOCH), context, "default", "openai:small", "f" * 64, EPOCH)
    assert made.outcome is CallOutcome.RESERVED
    return made


def at(minutes: float) -> datetime:
    return EPOCH - timedelta(hours=2) + timedelta(minutes=minutes)
