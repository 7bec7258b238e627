"""What a service meets in its life: planted rows, broken files, and visitors without a token."""

from __future__ import annotations

import pickle
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from tests.acceptance.conftest import Home, until

from zos.api.app import openapi_document
from zos.db.tables import apscheduler_jobs


class Bomb:
    """A pickle that touches a file when it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self._path,)


async def test_a_planted_pickle_is_not_executed_but_kept_and_reported(home: Home) -> None:
    home.write_layer(schedule="0 3 * * *")
    first = await home.serve()
    await home.reload()
    assert (await first.stop()).code == 0

    exploded = home.folder / "exploded"
    bomb = pickle.dumps(Bomb(exploded))
    with closing(sqlite3.connect(home.config.data_dir / "zos.db")) as writer, writer:
        in_place = "UPDATE apscheduler_jobs SET job_state = ? WHERE id = 'layer:nightly'"
        assert writer.execute(in_place, (bomb,)).rowcount == 1
        writer.execute("INSERT INTO apscheduler_jobs VALUES ('backdoor', 1.0, ?)", (bomb,))

    service = await home.serve()
    await service.until_logged("job_parked", times=2)
    jobs = (await home.reload())["jobs"]
    assert next(job for job in jobs if job["layer"] == "nightly")["next_fires"]
    assert not exploded.exists()

    rows = {row.id: row for row in await home.rows(apscheduler_jobs)}
    kept = {row_id: row for row_id, row in rows.items() if row.job_state == bomb}
    assert {row_id.split(":", 2)[2] for row_id in kept} == {"layer:nightly", "backdoor"}
    assert all(row.next_run_time is None for row in kept.values())
    assert rows["layer:nightly"].next_run_time is not None

    listed = await home.ask("reflect", "jobs")
    examined = await home.ask("doctor")
    assert (listed.code, examined.code) == (0, 1)
    for row_id in kept:
        assert row_id in listed.out
        assert f"The row {row_id} is no job of Zos." in examined.out
    assert not exploded.exists()
    pickle.loads(bomb)
    assert exploded.exists()  # it was a real one


async def test_a_file_broken_while_running_keeps_its_last_good_layer_until_it_is_mended(
    home: Home,
) -> None:
    home.write_layer(schedule="0 3 * * *")
    service = await home.serve()
    await home.reload()

    good = (home.layers / "nightly.yaml").read_text()
    (home.layers / "nightly.yaml").write_text(good.replace("schedule:", "shedule:"))
    await service.until_logged("layer_file_broken")
    await assert_kept(home)
    assert (await home.ask("reflect", "trigger", "nightly", "--topic", home.topics[0])).code == 0

    # The last good layer outlives the process that read it.
    await service.kill()
    service = await home.serve()
    await assert_kept(home)

    home.write_layer(schedule="0 4 * * *")

    async def in_force() -> bool:
        return bool((await home.job())["schedule"] == "0 4 * * *")

    await until(in_force)
    assert (await home.reload())["problems"] == []
    assert service.is_alive


async def assert_kept(home: Home) -> None:
    found = await home.reload()
    (problem,) = found["problems"]
    assert "nightly.yaml" in problem
    assert "shedule" in problem
    job = await home.job()
    assert job["schedule"] == "0 3 * * *"
    assert job["next_fires"]


def every_route() -> Iterator[tuple[str, str]]:
    """Every method and path that the API describes, with something in place of parameters."""
    for path, operations in openapi_document()["paths"].items():
        for method in operations:
            yield method.upper(), re.sub(r"\{\w+\}", "nightly", path)


async def test_every_route_but_the_sign_of_life_wants_the_token_and_a_name_of_this_machine(
    home: Home,
) -> None:
    await home.serve()
    guarded = [one for one in every_route() if one[1] != "/healthz"]
    assert len(guarded) > 10
    async with home.http() as client:
        strangers: list[tuple[int, dict[str, str]]] = [
            (401, {"authorization": ""}),
            (401, {"authorization": "Bearer " + "x" * 43}),
            (421, {"host": "zos.example"}),
        ]
        for status, headers in strangers:
            for method, path in guarded:
                answer = await client.request(method, path, headers=headers)
                assert (method, path, answer.status_code) == (method, path, status)
                assert answer.json()["detail"]
        alive = await client.get("/healthz", headers={"authorization": ""})
        assert alive.json() == {"status": "ok"}
        rebound = await client.get("/healthz", headers={"host": "zos.example"})
        assert rebound.status_code == 421
        assert (await client.get("/api/v1/jobs")).status_code == httpx.codes.OK
    assert await home.runs() == []
