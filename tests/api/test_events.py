"""Changes of runs as server-sent events."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import pytest
from tests.api.conftest import Api
from tests.conftest import EPOCH

from zos.api.events import HEARTBEAT, RESYNC, EventHub
from zos.core.clock import SimulatedClock, SystemClock
from zos.core.errors import ServiceError
from zos.db.engine import Database
from zos.views.changes import JobWatch


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[AsyncIterator[str]]:
    async with asyncio.timeout(20), api.http.stream("GET", "/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["event: resync", "data: {}", ""]
        yield lines


async def next_run(lines: AsyncIterator[str]) -> dict[str, Any]:
    async for line in lines:
        if line.startswith("data: "):
            return dict(json.loads(line.removeprefix("data: ")))
    raise AssertionError("the events ended")


async def test_a_listener_first_reads_everything_again(api: Api) -> None:
    """What changed between the rendering of a page and its subscription is told to nobody."""
    await api.open()
    async with listening(api):
        pass


async def test_who_has_read_all_by_then_does_not_read_it_again(api: Api) -> None:
    hub = api.parts.events
    async with hub.subscribe(hub.mark) as first:
        assert await anext(first) == RESYNC, "nobody looked before"
    mark = hub.mark
    async with hub.subscribe(mark) as second:
        assert await anext(second) == HEARTBEAT
        run = await api.open()
        told = [message async for message in until_told(second)]
        assert run.id.encode() in told[-1]
    async with hub.subscribe(mark) as third:
        assert await anext(third) == RESYNC


async def until_told(messages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for message in messages:
        yield message
        if message != HEARTBEAT:
            return


async def test_a_page_listens_from_where_it_was_read(api: Api) -> None:
    async with listening(api):
        page = (await api.http.get(f"{api.url}/runs")).text
        (path,) = re.findall(r'sse-connect="([^"]+)"', page)
        for expected in (": still here", "event: resync"):
            async with api.http.stream("GET", f"{api.url}{path}") as answer:
                assert await anext(answer.aiter_lines()) == expected
            mark = api.parts.events.mark
            await api.open()
            async with asyncio.timeout(10):
                while api.parts.events.mark == mark:  # noqa: ASYNC110 - nothing sets an event
                    await asyncio.sleep(0.01)


async def test_a_change_of_a_run_is_told(api: Api) -> None:
    async with listening(api) as lines:
        run = await api.open()
        told = await next_run(lines)
        assert (told["id"], told["status"]) == (run.id, "queued")
        await api.services.executor.runs.claim(run.id, owner="me", now=api.services.clock.now())
        assert (await next_run(lines))["status"] == "running"


async def test_a_change_of_a_job_is_told(api: Api) -> None:
    await api.services.scheduler.pause("nightly", by="ann")  # registers it
    async with listening(api) as lines:
        await api.services.scheduler.resume("nightly", by="ann")
        assert await anext(lines) == "event: job"
        assert await next_run(lines) == {"layer": "nightly"}


async def test_many_who_begin_to_listen_at_once_are_served_by_one_look(database: Database) -> None:
    hub = EventHub(database, SystemClock())

    async def listen(all_there: asyncio.Barrier) -> set[str]:
        async with hub.subscribe():
            await all_there.wait()
            return {one.get_name() for one in asyncio.all_tasks() if one is hub._poller}

    there = asyncio.Barrier(4)
    names = await asyncio.gather(*(listen(there) for _ in range(4)))
    assert names == [{"events"}] * 4
    await hub.close()
    assert not [one for one in asyncio.all_tasks() if one.get_name() == "events"]


async def test_every_listener_is_told(api: Api) -> None:
    async with listening(api) as one, listening(api) as other:
        run = await api.open()
        assert (await next_run(one))["id"] == (await next_run(other))["id"] == run.id


async def test_a_listener_that_hears_nothing_hears_that_the_line_stands(api: Api) -> None:
    async with listening(api) as lines:
        assert await anext(lines) == ": still here"


def looking() -> bool:
    """Whether somebody looks at the store for listeners."""
    return "events" in {task.get_name() for task in asyncio.all_tasks()}


async def test_the_store_is_looked_at_only_while_somebody_listens(api: Api) -> None:
    assert not looking()
    async with listening(api):
        assert (api.parts.events.listeners, looking()) == (1, True)
    async with asyncio.timeout(10):
        while api.parts.events.listeners or looking():  # noqa: ASYNC110 - nothing sets an event
            await asyncio.sleep(0.01)


async def test_the_end_of_the_service_ends_the_events(api: Api) -> None:
    async with listening(api) as lines:
        await api.parts.events.close()
        assert [line async for line in lines if line not in ("", ": still here")] == []
    answer = await api.http.get("/events")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:zos:problem:service")


async def test_more_listeners_than_there_is_room_for_are_refused(api: Api) -> None:
    hub = EventHub(api.services.database, api.services.clock, max_listeners=1)
    async with hub.subscribe():
        with pytest.raises(ServiceError, match="No more listeners"):
            async with hub.subscribe():
                pass
    async with hub.subscribe():
        pass
    await hub.close()


async def test_a_listener_that_does_not_keep_up_is_told_to_read_everything_again(api: Api) -> None:
    hub = EventHub(api.services.database, SystemClock(), poll_seconds=0.01, queue_length=2)
    async with asyncio.timeout(20), hub.subscribe() as slow, hub.subscribe() as fast:
        assert await anext(slow) == await anext(fast) == RESYNC
        opened = []
        for _ in range(3):
            opened.append((await api.open()).id.encode())
            assert opened[-1] in await anext(fast)
        assert await anext(slow) == RESYNC
        assert opened[-1] in await anext(slow)
    await hub.close()


class SteppedClock(SimulatedClock):
    """Sleeps until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(EPOCH)
        self.asleep, self.turn = asyncio.Event(), asyncio.Event()

    async def sleep(self, _seconds: float) -> None:
        self.turn.clear()
        self.asleep.set()
        await self.turn.wait()

    async def step(self) -> None:
        self.asleep.clear()
        self.turn.set()
        await self.asleep.wait()


async def test_a_store_that_cannot_be_read_for_a_moment_ends_nothing(api: Api) -> None:
    database, clock = Database(api.services.config), SteppedClock()
    await database.connect()
    hub = EventHub(database, clock)
    async with asyncio.timeout(20), hub.subscribe() as messages:
        assert await anext(messages) == RESYNC
        await clock.asleep.wait()
        await database.close()
        await clock.step()
        await database.connect()
        run = await api.open()
        await clock.step()
        assert run.id.encode() in await anext(messages)
    await hub.close()
    await database.close()


async def test_a_change_that_cannot_be_told_silences_no_other(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteppedClock()
    hub = EventHub(api.services.database, clock)
    async with asyncio.timeout(20), hub.subscribe() as messages:
        assert await anext(messages) == RESYNC
        await clock.asleep.wait()
        with monkeypatch.context() as broken:
            broken.setattr(JobWatch, "step", AsyncMock(side_effect=ValueError("of no kind")))
            await clock.step()
        run = await api.open()
        await clock.step()
        assert run.id.encode() in await anext(messages)
    await hub.close()


async def test_a_hub_that_is_closed_takes_no_more(api: Api) -> None:
    await api.parts.events.close()
    with pytest.raises(ServiceError, match="No more listeners"):
        async with api.parts.events.subscribe():
            pass
