"""`Eraser`: an erasure from its tombstone to the last byte, in steps that may be interrupted anywhere.

Every transaction deletes a bounded portion and counts it on the receipt. The tombstone comes first:
from then on nothing of the member comes in, is shown or is thought about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from zos.consent.names.store import known_in
from zos.core.ids import discord_operator
from zos.db.purge import purge
from zos.insights.quarantine.store import settle
from zos.members.erasure import store
from zos.members.erasure.aftermath import Aftermath
from zos.members.erasure.deeds import store as deeds
from zos.members.erasure.echoes import Echoes
from zos.members.knowledge import store as knowledge
from zos.members.reexamining.rewording.store import put_texts, reworded, texts_after, texts_at
from zos.members.reexamining.store import (
    Gone,
    insights_about,
    insights_resting_on,
    insights_with,
    strike,
    take_out,
)
from zos.observe.messages.store import take_turn
from zos.prompts.labels import nameless
from zos.reflect.outbox.withdrawal.store import are_settled, settled
from zos.reflect.self_concept.file import settle as settle_file
from zos.reflect.self_concept.store import SelfConceptStore

if TYPE_CHECKING:
    from pathlib import Path

    from zos.consent.store import ConsentStore
    from zos.core.clock import Clock
    from zos.db.engine import Connection, Database
    from zos.members.model import Erasure
    from zos.salience.ledger import SalienceLedger

log = structlog.get_logger(__name__)

PORTION = 500
"""Rows of one kind that go in one transaction, at most."""


class Eraser:
    """Erases members.

    Args:
        database: The store.
        consents: Who may be thought about.
        ledger: Topics.
        clock: The time.
        self_concept: The file that shows the self-concept.
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
        self._aftermath = Aftermath(database, ledger, clock)
        self._clock = clock
        self._self_concept = self_concept
        self._one_at_a_time = asyncio.Lock()

    async def open(self, member_id: int, by: str) -> Erasure:
        """Set a member's tombstone, unless it stands; return the erasure as it stands then."""
        async with self._database.write() as connection:
            await take_turn(self._database, connection)  # whoever observes now has done so first
            await store.open_erasure(
                self._database, connection, member_id, by=by, now=self._clock.now()
            )
            view = await self._consents.view(connection)
            await settle(self._database, connection, view, [member_id])
            return await self._standing(connection, member_id)

    async def erase(
        self, member_id: int, by: str, progress: Callable[[int, int], None] | None = None
    ) -> Erasure:
        """Erase a member, from the beginning or from where it stopped; return the receipt."""
        async with self._one_at_a_time:
            erasure = await self.open(member_id, by)
            erasure_id = erasure.id
            await self._settle_self_concept()
            names = await self._names(member_id)
            near = await self._servers(erasure)
            await self._messages(erasure_id, member_id, names, progress or _nobody)
            await self._insights(erasure_id, member_id, names)
            await self._notes(erasure_id, member_id, names, near)
            await self._topics(erasure_id, member_id)
            await self._runs(erasure_id, member_id)
            await self._reactions(erasure_id, member_id)
            await self._deeds(erasure_id, member_id)
            await self._rest(erasure_id, member_id)
            await self._settle_self_concept()
            pending = await self._at_work(member_id) or await purge(
                self._database, (*store.TOUCHED, *deeds.TOUCHED)
            )
            return await self._end(erasure_id, member_id, pending)

    async def finish(self) -> int:
        """Go on with erasures that are not complete; return how many are now."""
        await self._count_taken_back()
        async with self._database.read() as connection:
            waiting = await store.unfinished(connection)
        done = [await self.erase(member_id, by) for member_id, by in waiting]
        return sum(one.completed_at is not None for one in done)

    async def _count_taken_back(self) -> None:
        """Add to receipts what became of the texts that stood elsewhere; it may take longer than the rest."""
        async with self._database.read() as connection:
            if not await are_settled(connection):
                return
        async with self._database.write() as connection:
            for erasure_id, counts in (await settled(connection)).items():
                await store.note(connection, erasure_id, counts)

    async def _names(self, member_id: int) -> frozenset[str]:
        async with self._database.read() as connection:
            profile = await knowledge.profile_of(connection, member_id)
        if profile is None:
            return frozenset()
        return frozenset(filter(None, (profile.name, profile.display_name, profile.global_name)))

    async def _servers(self, erasure: Erasure) -> frozenset[int] | None:
        """Return the servers in which the member was seen, or None where not all of them are known any more."""
        if "messages" in erasure.receipt:  # it goes on: what they wrote there may be gone
            return None
        async with self._database.read() as connection:
            return await store.servers_of(connection, erasure.member_id) or None

    async def _messages(
        self,
        erasure_id: str,
        member_id: int,
        names: frozenset[str],
        progress: Callable[[int, int], None],
    ) -> None:
        async with self._database.read() as connection:
            total = await store.count_messages(connection, member_id)
        done = 0
        while True:
            async with self._database.write() as connection:
                await take_turn(self._database, connection)
                words = await store.next_messages(connection, member_id, limit=PORTION)
                if not words:
                    return
                # Deleted before anybody looks who rests on them: what commits meanwhile is seen too.
                gone = await store.delete_messages(
                    self._database, connection, words, self._clock.now()
                )
                ids = frozenset(one.id for one in words)
                resting = await insights_resting_on(self._database, connection, ids)
                what = Gone(ids, says=Echoes((one.text for one in words), names))
                struck = await strike(self._database, connection, resting, what)
                await take_out(self._database, connection, member_id, struck.rewritten)
                gone |= await self._aftermath.follow(connection, struck, erasure_id=erasure_id)
                await store.note(connection, erasure_id, gone)
            done += len(words)
            progress(min(done, total), total)

    async def _insights(self, erasure_id: str, member_id: int, names: frozenset[str]) -> None:
        """Delete insights about the member, and strike lines that name them from others.

        Where no line holds a name that is known, they stand under one that they once had: all of it goes.
        """
        while await self._insights_portion(erasure_id, member_id, names):
            pass

    async def _insights_portion(
        self, erasure_id: str, member_id: int, names: frozenset[str]
    ) -> bool:
        async with self._database.write() as connection:
            await take_turn(self._database, connection)  # another process may go on with it, too
            ids = await insights_about(connection, member_id, limit=PORTION)
            gone = Gone(whole=ids)
            if not ids:
                ids = await insights_with(connection, member_id, limit=PORTION)
                gone = Gone(says=Echoes(names=names))
            struck = await strike(self._database, connection, ids, gone)
            await take_out(self._database, connection, member_id, struck.rewritten)
            counts = await self._aftermath.follow(connection, struck, erasure_id=erasure_id)
            await store.note(connection, erasure_id, counts)
            unfound = ids - struck.rewritten - struck.removed
            whole = await strike(self._database, connection, unfound, Gone(whole=unfound))
            counts = await self._aftermath.follow(connection, whole, erasure_id=erasure_id)
            await store.note(connection, erasure_id, counts)
        return bool(ids)

    async def _notes(
        self,
        erasure_id: str,
        member_id: int,
        names: frozenset[str],
        near: frozenset[int] | None,
    ) -> None:
        """Take their names out of notes that only say them, as others do: these stay what they are.

        Texts that were sent of such notes, or wait to be, are taken back.
        """
        told = await self._without(member_id, names)
        if told is None:
            return
        last = 0
        while True:
            async with self._database.read() as connection:
                texts = await texts_after(connection, last, near=near, limit=PORTION)
            if not texts:
                return
            if found := [one.seq for one in reworded(texts, told)]:
                await self._reword(erasure_id, found, told)
            last = texts[-1].seq

    async def _reword(
        self, erasure_id: str, seqs: Collection[int], told: Callable[[str], str]
    ) -> None:
        async with self._database.write() as connection:
            await take_turn(self._database, connection)  # what Zos heard of its own posts goes, too
            changed = [*reworded(await texts_at(self._database, connection, seqs), told)]
            if not changed:
                return
            await put_texts(connection, changed)
            sent = await self._aftermath.take_back(
                connection, {one.origin for one in changed}, erasure_id=erasure_id
            )
            counts = {"insights_reworded": len(changed), **sent}
            await store.note(connection, erasure_id, counts)

    async def _without(self, member_id: int, names: frozenset[str]) -> Callable[[str], str] | None:
        """Return what takes a member's names out of texts, or None where they have none that is one there.

        Those that somebody else agreed to show, or that mean something else, stay.
        """
        async with self._database.read() as connection:
            called = await known_in(connection, names)
            consent = await self._consents.view(connection, among=called)
        if member_id not in called or not called[member_id].names:
            return None
        gone = replace(called.pop(member_id), is_bot=False)
        shown = {one: other for one, other in called.items() if consent.allows(one) or other.is_bot}
        return nameless({**shown, member_id: gone}, consent, shown)

    async def _topics(self, erasure_id: str, member_id: int) -> None:
        while True:
            async with self._database.write() as connection:
                keys, entries = await self._ledger.drop_topics(connection, member_id, limit=PORTION)
                if not keys:
                    return
                await self._drop_topics(connection, erasure_id, keys, entries)

    async def _runs(self, erasure_id: str, member_id: int) -> None:
        """A run may have worked on a topic when it went: what it noted about it goes, too.

        To find it all that runs have noted is read, before the transaction in which others wait.
        """
        while True:
            async with self._database.read() as connection:
                keys = await store.topics_in_runs(connection, member_id)
            if not keys:
                return
            async with self._database.write() as connection:
                gone = await store.delete_from_runs(self._database, connection, keys[:PORTION])
                await store.note(connection, erasure_id, gone)

    async def _drop_topics(
        self, connection: Connection, erasure_id: str, keys: list[str], entries: int
    ) -> None:
        gone = await store.delete_from_runs(self._database, connection, keys)
        counts = {**gone, "topics": len(keys), "ledger_entries": entries}
        await store.note(connection, erasure_id, counts)

    async def _deeds(self, erasure_id: str, member_id: int) -> None:
        """Take their id from what they did as an operator on Discord."""
        name = discord_operator(member_id)
        async with self._database.read() as connection:
            runs = await deeds.runs_naming(connection, name)
        for some in (runs[start : start + PORTION] for start in range(0, len(runs) or 1, PORTION)):
            async with self._database.write() as connection:
                count = await deeds.take_out(connection, name, some)
                await store.note(connection, erasure_id, {"operator_marks": count})

    async def _reactions(self, erasure_id: str, member_id: int) -> None:
        while True:
            async with self._database.write() as connection:
                count = await store.delete_reactions(
                    self._database, connection, member_id, limit=PORTION
                )
                if not count:
                    return
                await store.note(connection, erasure_id, {"reactions": count})

    async def _rest(self, erasure_id: str, member_id: int) -> None:
        async with self._database.write() as connection:
            counts = await store.delete_references(connection, member_id)
            counts["model_calls"] = await store.delete_from_calls(connection, member_id)
            counts |= await store.delete_profile(connection, member_id)
            await store.note(connection, erasure_id, counts)
            keys, entries = await self._ledger.drop_unmentioned(connection)
            await self._drop_topics(connection, erasure_id, keys, entries)

    async def _settle_self_concept(self) -> None:
        """An operator's edit comes in before anything is withdrawn; afterwards the file follows."""
        store_of_versions = SelfConceptStore(self._database)
        await settle_file(store_of_versions, self._self_concept, now=self._clock.now())

    async def _at_work(self, member_id: int) -> str:
        async with self._database.read() as connection:
            runs = await store.open_targets(connection, member_id)
        return f"run {runs[0]} works on a topic about them" if runs else ""

    async def _end(self, erasure_id: str, member_id: int, pending: str) -> Erasure:
        async with self._database.write() as connection:
            if not pending:
                await store.complete(connection, erasure_id, self._clock.now())
            receipt = await self._standing(connection, member_id)
        log.info("member_erased", erasure=erasure_id, complete=not pending, pending=pending)
        return replace(receipt, pending=pending)

    async def _standing(self, connection: Connection, member_id: int) -> Erasure:
        found = await knowledge.erasure_of(connection, member_id)
        assert found is not None  # noqa: S101 - the tombstone stays for good
        return found


def _nobody(_done: int, _total: int) -> None:
    """Nobody looks."""
