"""`Members`: what a member may ask for, whoever asks it for them: a slash command, a page, an operator.

In: a member's id. Out: what is known, changed, or gone. Presentation-free: nothing here speaks to people
but through errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from zos.consent.store import ConsentRecord
from zos.core.consent import ConsentState, ConsentView
from zos.core.errors import ConsentError, NotFoundError, UsageError
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.insights.quarantine.store import Settled, record_consents, settle
from zos.insights.store import InsightStore, put_under_review
from zos.members.erasure.course import Eraser
from zos.members.export import exported
from zos.members.knowledge import store as knowledge
from zos.members.model import (
    ConsentChange,
    ConsentStanding,
    Dispute,
    Erasure,
    Known,
    KnownInsight,
    MemberRow,
)
from zos.members.understanding import store as understanding
from zos.members.understanding.store import Reader
from zos.observe.content import storable
from zos.observe.messages.store import take_turn
from zos.reflect.commit import informed_topics

if TYPE_CHECKING:
    from pathlib import Path

    from zos.consent.store import ConsentStore
    from zos.core.clock import Clock
    from zos.db.engine import Connection, Database
    from zos.salience.ledger import SalienceLedger

DISPUTE_CHARACTERS = 1_000
INSIGHTS_SHOWN = 100
INSIGHTS_A_PAGE = 10
"""Of pages and the API: each comes down to its messages."""
CALLS_SHOWN = 100

Progress = Callable[[int, int], None]
"""Is told how many messages are erased, and of how many."""


class Members:
    """Members' rights over one open store.

    Args:
        database: The store.
        consents: Who may be thought about.
        ledger: Topics and their attention.
        clock: The time.
        self_concept: The file that shows the self-concept.

    Attributes:
        asked: Set when `ask_to_forget` has left an erasure to be carried out.
    """

    def __init__(
        self,
        database: Database,
        consents: ConsentStore,
        ledger: SalienceLedger,
        clock: Clock,
        self_concept: Path,
    ) -> None:
        self._database = database
        self._consents = consents
        self._ledger = ledger
        self._clock = clock
        self._insights = InsightStore(database)
        self._eraser = Eraser(database, consents, ledger, clock, self_concept)
        self.asked = asyncio.Event()

    async def page(
        self, *, after: int | None = None, limit: int = 50, query: str = ""
    ) -> list[MemberRow]:
        """Return up to `limit` members by ascending id, only those after `after` whose name holds `query`."""
        async with self._database.read() as connection:
            return await knowledge.page_of_members(
                connection,
                self._consents,
                after=after or 0,
                limit=limit,
                query=query,
            )

    async def known(
        self,
        member_id: int,
        *,
        private: bool = False,
        insights: int = INSIGHTS_SHOWN,
        before: str | None = None,
    ) -> Known:
        """Return everything that is known about a member.

        Args:
            member_id: The member.
            private: The member themselves will read it: what they said in private is shown too.
            insights: How many insights, at most.
            before: The cursor: only insights that are older than this one.

        Raises:
            NotFoundError: If nothing at all is known about them, not even a consent.
        """

        async def work(connection: Connection) -> Known:
            reader = Reader(member_id, private)
            return await self._known(connection, reader, before=before, limit=insights)

        return await self._database.read_at_once(work)

    async def export(self, member_id: int) -> AsyncIterator[bytes]:
        """Yield everything about a member as one JSON document, in pieces of bounded size.

        It is for the member: what they said in private is in it.

        Raises:
            NotFoundError: If nothing at all is known about them; before the first piece.
        """
        known = await self.known(member_id, private=True)
        now = self._clock.now()
        async for piece in exported(self._database, known, self._consents, now):
            yield piece

    async def standing(self, member_id: int) -> ConsentStanding:
        """Return what a member said, and whether they may be thought about."""
        async with self._database.read() as connection:
            return await self._standing(connection, member_id)

    async def set_consent(self, member_id: int, state: ConsentState, by: str) -> ConsentChange:
        """Record what a member says now; what they are in goes out of sight or comes back at once.

        Raises:
            ConsentError: If they were erased: nothing is recorded about them any more.
        """
        return (await self.set_consents([(member_id, state)], by))[0]

    async def set_consents(
        self, said: Sequence[tuple[int, ConsentState]], by: str
    ) -> list[ConsentChange]:
        """Record what members say now, all or none; see `set_consent`."""
        now = self._clock.now()
        changes = []
        async with self._database.write() as connection:
            await take_turn(self._database, connection)  # an erasure that opens has done so first
            for member_id, state in said:
                if await knowledge.erasure_of(connection, member_id) is not None:
                    raise _erased(member_id)
                record = ConsentRecord(member_id, state, now, by)
                settled = await record_consents(
                    self._database, connection, self._consents, [record]
                )
                changes.append(
                    ConsentChange(
                        member_id=member_id,
                        standing=await self._standing(connection, member_id),
                        changed=settled.recorded == 1,
                        quarantined=settled.quarantined,
                        restored=settled.restored,
                    )
                )
        return changes

    async def dispute(self, member_id: int, insight_id: str, text: str, by: str) -> Dispute:
        """Hold something against an insight: it is put under review, and so is what rests on it.

        Raises:
            UsageError: If `text` is empty or too long.
            NotFoundError: If there is no such insight, or it has nothing to do with the member.
        """
        said = storable(text).strip()
        if not 0 < len(said) <= DISPUTE_CHARACTERS:
            raise UsageError(f"A dispute has 1 to {DISPUTE_CHARACTERS:,} characters.")
        topic = (await self._insights.get(insight_id)).topic
        now = self._clock.now()
        made = Dispute(new_ulid(now), insight_id, member_id, said, now, by)
        async with self._database.write() as connection:
            if not await understanding.roles_of(connection, member_id, insight_id):
                raise NotFoundError(
                    f"There is no insight {insight_id} that has to do with member {member_id}.",
                    hint="Their own are listed by `zos member show`.",
                )
            await understanding.add_dispute(connection, made)
            await put_under_review(connection, insight_id)
            await self._remind(connection, topic)
        return made

    async def ask_to_forget(self, member_id: int, by: str) -> Erasure:
        """Set a member's tombstone and return at once: nothing of theirs comes in or is shown from then on.

        `finish_erasures` does the rest; `erasure` tells how far it is.

        Raises:
            NotFoundError: If nothing at all is known about them.
            UsageError: If they are Zos itself.
        """
        await self._insist_on_erasable(member_id)
        opened = await self._eraser.open(member_id, by)
        self.asked.set()
        return opened

    async def erasure(self, member_id: int) -> Erasure:
        """Return a member's erasure with its receipt as it stands now.

        Raises:
            NotFoundError: If nobody asked for one.
        """
        async with self._database.read() as connection:
            found = await knowledge.erasure_of(connection, member_id)
        if found is None:
            raise NotFoundError(f"Nobody has asked to erase member {member_id}.")
        return found

    async def forget(self, member_id: int, by: str, progress: Progress | None = None) -> Erasure:
        """Erase a member: all that they said, and all that rests on it, down to the bytes.

        Asked again it goes on where it stopped, or returns the receipt of what was done.

        Args:
            member_id: The member.
            by: Who asks for it: `member`, or an operator's name.
            progress: Is told how far it is.

        Raises:
            NotFoundError: If nothing at all is known about them.
            UsageError: If they are Zos itself.
        """
        await self._insist_on_erasable(member_id)
        return await self._eraser.erase(member_id, by, progress)

    async def finish_erasures(self) -> int:
        """Go on with erasures that were asked for or interrupted; return how many are complete now."""
        return await self._eraser.finish()

    async def settle_consent(self) -> Settled:
        """Bring all insights in line with who has consented: what silence means may have been configured anew."""
        async with self._database.write() as connection:
            view = await self._consents.view(connection)
            return await settle(self._database, connection, view)

    async def _known(
        self, connection: Connection, reader: Reader, *, before: str | None, limit: int
    ) -> Known:
        member_id = reader.member_id
        standing = await self._standing(connection, member_id)
        profile = await knowledge.profile_of(connection, member_id)
        gone = await knowledge.erasure_of(connection, member_id)
        if profile is None and gone is None and standing.state is None:
            raise _unknown(member_id)
        counts = await knowledge.counts_of(connection, member_id)
        newest, cursor = await self._insights_of(connection, reader, before, limit)
        return Known(
            id=member_id,
            name=None if profile is None else profile.name,
            display_name=None if profile is None else profile.display_name,
            global_name=None if profile is None else profile.global_name,
            is_bot=profile is not None and profile.is_bot,
            consent=standing,
            erasure=gone,
            servers=await knowledge.presences(connection, member_id),
            messages=await knowledge.message_counts(connection, member_id, self._consents),
            reactions_given=counts.reactions_given,
            reactions_received=counts.reactions_received,
            mentions=counts.mentions,
            topics=await knowledge.topics_of(connection, member_id, self._consents),
            insights=newest,
            insights_next=cursor,
            insights_total=await understanding.count_insights(connection, member_id),
            model_calls=await understanding.model_calls(
                connection, member_id, before=None, limit=CALLS_SHOWN
            ),
            model_calls_total=await understanding.count_calls(connection, member_id),
            disputes=await understanding.disputes_of(connection, member_id),
        )

    async def _insights_of(
        self, connection: Connection, reader: Reader, before: str | None, limit: int
    ) -> tuple[tuple[KnownInsight, ...], str | None]:
        """Return a member's newest insights, and the cursor of those that come behind them."""
        roles = await understanding.roles_in(
            connection, reader.member_id, before_id=before, limit=limit + 1
        )
        shown = dict(islice(roles.items(), limit))
        found = await understanding.known_insights(connection, self._consents, reader, shown)
        return found, next(reversed(shown)) if len(roles) > limit else None

    async def _insist_on_erasable(self, member_id: int) -> None:
        async with self._database.read() as connection:
            profile = await knowledge.profile_of(connection, member_id)
            gone = await knowledge.erasure_of(connection, member_id)
            said = await self._consents.said(member_id, connection)
        if profile is None and gone is None and said is None:
            raise _unknown(member_id)
        if profile is not None and profile.is_agent:
            raise UsageError(
                "Zos does not erase itself.", hint="To end all of it, delete its data folder."
            )

    async def _standing(self, connection: Connection, member_id: int) -> ConsentStanding:
        said = await self._consents.said(member_id, connection)
        view: ConsentView = await self._consents.view(connection, among=[member_id])
        return ConsentStanding(
            mode=view.mode,
            state=None if said is None else said.state,
            allowed=view.allows(member_id),
            recorded_at=None if said is None else said.at,
            recorded_by=None if said is None else said.by,
        )

    async def _remind(self, connection: Connection, topic: TopicKey) -> None:
        """A dispute is new material: for its topic, and for Zos's picture of itself."""
        keys = [topic, *(one for one in informed_topics(topic) if not one.members)]
        await self._ledger.remind(connection, keys)


def _unknown(member_id: int) -> NotFoundError:
    return NotFoundError(
        f"Nothing is known about member {member_id}.", hint="Check the id (Discord: Copy User ID)."
    )


def _erased(member_id: int) -> ConsentError:
    return ConsentError(
        f"Member {member_id} was erased: nothing is recorded about them any more.",
        hint="Their receipt is shown by `zos member show`.",
    )
