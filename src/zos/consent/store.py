"""Consent in the database. In: what members said. Out: the one `ConsentView` that every rule asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    literal,
    or_,
    select,
    union_all,
)

from zos.core.consent import ConsentMode, ConsentState, ConsentView
from zos.db.sets import is_one_of, one_of
from zos.db.tables import consent, erasure, member_role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.config import Config
    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What one member said.

    Attributes:
        at: When; aware. Of two records, the later counts.
        by: Who recorded it: `member`, `operator`, `file:<name>`.
    """

    member_id: int
    state: ConsentState
    at: datetime
    by: str


_A_NO: ColumnElement[str] = literal(ConsentState.DENIED.value)
_ALL_SAID = union_all(
    select(consent.c.member_id, consent.c.state), select(erasure.c.member_id, _A_NO)
)
_SAID_AMONG = union_all(
    select(consent.c.member_id, consent.c.state).where(one_of(consent.c.member_id, "among")),
    select(erasure.c.member_id, _A_NO).where(one_of(erasure.c.member_id, "among")),
)


class ConsentStore:
    """Reads and records consent.

    Args:
        db: The open store.
        config: `privacy` says what silence means.
    """

    def __init__(self, db: Database, config: Config) -> None:
        self._db = db
        self._privacy = config.privacy

    async def view(
        self,
        connection: AsyncConnection | None = None,
        *,
        among: Collection[int] | None = None,
    ) -> ConsentView:
        """Return who has consented by now.

        In `role` mode only a consenting role grants, so that losing the role takes consent away; a
        no is stronger than any role. Erased members count as having said no.

        Args:
            connection: The transaction to read in; None: one of its own.
            among: Only these members are asked about: the view says nothing of others.
        """
        async with self._db.read(connection) as reader:
            if among is None:
                said = (await reader.execute(_ALL_SAID)).all()
            else:
                said = (await reader.execute(_SAID_AMONG, {"among": among})).all()
            by_role = await self._holders(reader, among)
        denied = {member_id for member_id, state in said if state == ConsentState.DENIED}
        granted = {member_id for member_id, state in said if state == ConsentState.GRANTED}
        return ConsentView(
            mode=self._privacy.consent,
            granted=frozenset(granted if by_role is None else by_role),
            denied=frozenset(denied),
        )

    async def said(
        self, member_id: int, connection: AsyncConnection | None = None
    ) -> ConsentRecord | None:
        """Return what a member said last, or None if they never said anything."""
        query = select(consent).where(consent.c.member_id == member_id)
        async with self._db.read(connection) as reader:
            row = (await reader.execute(query)).first()
        if row is None:
            return None
        state = ConsentState(row.state)
        return ConsentRecord(row.member_id, state, row.recorded_at, row.recorded_by)

    def barred(self, member_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition that a member may not be thought about: `ConsentView.allows`, denied, in SQL.

        It looks up the one member only, so that its cost does not grow with the community.
        """
        denied = or_(
            _said_by(member_id, ConsentState.DENIED),
            exists().where(erasure.c.member_id == member_id),
        )
        match self._privacy.consent:
            case ConsentMode.OPT_OUT:
                return denied
            case ConsentMode.OPT_IN:
                return or_(~_said_by(member_id, ConsentState.GRANTED), denied)
            case ConsentMode.ROLE:
                roles = member_role.c.role_id.in_(self._privacy.consent_roles)
                return or_(~exists().where(member_role.c.member_id == member_id, roles), denied)

    async def erased(self, connection: AsyncConnection | None = None) -> frozenset[int]:
        """Return the members whose erasure was asked for: nothing of theirs may come in again."""
        async with self._db.read(connection) as reader:
            return frozenset(await _ids(reader, select(erasure.c.member_id)))

    @property
    def mode(self) -> ConsentMode:
        """What silence means."""
        return self._privacy.consent

    async def record(self, member_id: int, state: ConsentState, at: datetime, by: str) -> bool:
        """Record what a member said at `at`; return whether that changed anything."""
        return await self.record_many([ConsentRecord(member_id, state, at, by)]) == 1

    async def record_many(
        self, records: Sequence[ConsentRecord], connection: AsyncConnection | None = None
    ) -> int:
        """Record what members said; return for how many of them that changed anything.

        A record that is older than the one that stands is passed over, so that an old file does not
        take back what a member decided since.

        Args:
            records: In any order.
            connection: The write transaction to do it in; None: one of its own.
        """
        if not records:
            return 0
        if connection is None:
            async with self._db.write() as own:
                return await self.record_many(records, own)
        upsert = self._later_wins().returning(consent.c.member_id)
        latest = {record.member_id: record for record in sorted(records, key=attrgetter("at"))}
        return len((await connection.execute(upsert, [*map(_row, latest.values())])).all())

    def _later_wins(self) -> Any:
        add = self._db.insert(consent)
        same_moment = consent.c.recorded_at == add.excluded.recorded_at
        return add.on_conflict_do_update(
            index_elements=[consent.c.member_id],
            set_={name: add.excluded[name] for name in ("state", "recorded_at", "recorded_by")},
            where=or_(
                consent.c.recorded_at < add.excluded.recorded_at,
                and_(same_moment, consent.c.state != add.excluded.state),
            ),
        )

    async def _holders(
        self, connection: AsyncConnection, among: Collection[int] | None
    ) -> set[int] | None:
        if self._privacy.consent is not ConsentMode.ROLE:
            return None
        holding = member_role.c.role_id.in_(self._privacy.consent_roles)
        query = select(member_role.c.member_id).where(holding).distinct()
        if among is not None:
            query = query.where(is_one_of(self._db, member_role.c.member_id, among))
        return await _ids(connection, query)


def _said_by(member_id: ColumnElement[Any], state: ConsentState) -> ColumnElement[bool]:
    return exists().where(consent.c.member_id == member_id, consent.c.state == state.value)


def _row(record: ConsentRecord) -> dict[str, object]:
    return {
        "member_id": record.member_id,
        "state": record.state.value,
        "recorded_at": record.at,
        "recorded_by": record.by,
    }


async def _ids(connection: AsyncConnection, query: Select[int]) -> set[int]:
    return set((await connection.execute(query)).scalars())
