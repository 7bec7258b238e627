"""The topics of one category in one server, best first, read only as far as they are needed."""

from __future__ import annotations

from zos.db.engine import Connection
from zos.salience import retrieval
from zos.salience.eligibility import obstacles
from zos.salience.model import TopicView
from zos.salience.picking import Refused
from zos.salience.retrieval import Source
from zos.salience.selection import SelectionRequest

_LOOKED_AT_BEYOND = 10
"""Topics read beyond those that are wanted, so that the record says what came next."""


class CandidateQueue:
    """What is known of a source by now.

    Attributes:
        passing: Topics that meet the request, best first.
        refused: Topics that were looked at and do not, with the reason. Of those further down
            nothing is known but that they do not pass the filter: the database skips them.
        is_complete: There are no more.
    """

    def __init__(self, connection: Connection, source: Source, request: SelectionRequest) -> None:
        self.source = source
        self.passing: list[TopicView] = []
        self.refused: list[Refused] = []
        self.is_complete = False
        self._connection = connection
        self._request = request
        self._last: TopicView | None = None

    async def read(self, want: int) -> None:
        """Read on until `want` topics pass, or there are no more."""
        while len(self.passing) < want and not self.is_complete:
            limit = want - len(self.passing) + _LOOKED_AT_BEYOND
            page = await self._page(limit)
            for topic in page:
                self._judge(topic)
            self.is_complete = len(page) < limit

    async def _page(self, limit: int) -> list[TopicView]:
        request, after = self._request, self._last
        condition = retrieval.sql_of(request.target_filter.condition, request.now)
        page = await retrieval.candidates(
            self._connection,
            self.source,
            limit=limit,
            after=after,
            condition=None if after is None else condition,
        )
        self._last = page[-1] if page else after
        return page

    def _judge(self, topic: TopicView) -> None:
        request = self._request
        if found := obstacles(topic, request.consent):
            self.refused.append((topic, "; ".join(found)))
        elif not request.target_filter.passes(topic, request.now):
            reason = f"it does not meet the layer's filter: {request.target_filter.text}"
            self.refused.append((topic, reason))
        else:
            self.passing.append(topic)
