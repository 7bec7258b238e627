"""`zos serve`, as an operator meets it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import stat
from contextlib import closing
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, update
from tests.acceptance.conftest import CHANNELS, Home, until

from zos.access.token import token_path
from zos.db.tables import message, salience_entry, self_concept_version, topic


async def test_it_says_where_it_answers_keeps_others_out_and_leaves_nothing_behind(
    home: Home,
) -> None:
    concept = home.config.data_dir / "self-concept.md"
    concept.write_text("I listen to potters.\n")
    service = await home.serve()
    described, token_file = home.service, token_path(home.config)
    token = token_file.read_text().strip()
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.runtime_file.stat().st_mode) == 0o600
    async with home.http() as http:
        assert (await http.get("/readyz")).json()["ready"] is True
        jobs = (await http.get("/api/v1/jobs")).json()["jobs"]
        assert "nightly" in {job["layer"] for job in jobs}

    before = home.runtime_file.read_text()
    second = await home.run("serve")
    assert (second.code, second.out) == (1, "")
    (sentence,) = second.err.splitlines()
    assert sentence.startswith("Error: Zos is already running on this database")
    assert home.runtime_file.read_text() == before

    done = await service.stop(signal.SIGINT)
    assert (done.code, home.runtime_file.exists()) == (0, False)
    assert f"{described.url}/login?code=" in done.out
    assert f"answers at {described.url}/api/v1" in done.out
    assert f"token is in {token_file}" in done.out
    assert token not in done.out + done.err
    assert (service.log("scheduler_started"), service.log("scheduler_stopped")) != ([], [])
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{described.url}/healthz")
    (version,) = await home.rows(self_concept_version)
    assert (version.content, version.origin) == ("I listen to potters.", "operator")
    assert "I listen to potters." in concept.read_text()


async def test_it_books_what_is_left_and_reads_layers_again_when_they_change_and_on_a_hangup(
    home: Home,
) -> None:
    async with home.database.write() as connection:
        await connection.execute(update(message).values(booked=False))
        await connection.execute(delete(salience_entry))
        await connection.execute(delete(topic))
    service = await home.serve()
    assert all(row.booked for row in await home.rows(message))
    channels = [row for row in await home.rows(topic) if row.category == "channel"]
    assert len(channels) == CHANNELS

    for schedule, hangup in (("0 5 * * *", False), ("0 6 * * *", True)):
        home.write_layer(schedule=schedule)
        if hangup:
            service.send(signal.SIGHUP)

        async def in_force(schedule: str = schedule) -> bool:
            return bool((await home.job())["schedule"] == schedule)

        await until(in_force, 20)


async def test_of_two_that_start_at_once_one_runs(home: Home) -> None:
    processes = [home.launch("serve") for _ in range(2)]
    await until(lambda: any(not one.is_alive for one in processes))
    (loser,) = [one for one in processes if not one.is_alive]
    refused = await loser.ended()
    assert refused.code == 1
    assert "already running" in refused.err
    await until(home.runtime_file.exists)
    (winner,) = [one for one in processes if one is not loser]
    assert (await winner.stop()).code == 0


TAKEN = "taken"


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"api": {"port": TAKEN}}, 1, "is taken by another program"),
        ({"api": {"host": "0.0.0.0"}}, 2, "is reachable from other machines, unencrypted"),
        (
            {"database": {"url": "postgresql://127.0.0.1:1/zos"}},
            1,
            "Error: The database postgresql://127.0.0.1:1/zos cannot be used",
        ),
    ],
    ids=["taken port", "open address", "unreachable database"],
)
def test_what_stands_in_the_way_is_told_in_one_sentence(
    home: Home, settings: dict[str, dict[str, Any]], code: int, said: str
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        if settings.get("api", {}).get("port") == TAKEN:
            settings = {"api": {"port": taken.getsockname()[1]}}
        home.settings(**settings)
        done = home.in_this_process("serve")
    assert (done.code, done.out) == (code, "")
    (sentence,) = done.err.splitlines()
    assert said in sentence
    assert not token_path(home.config).exists()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
async def test_with_tls_it_may_be_open_and_the_command_line_still_finds_it(home: Home) -> None:
    key, certificate = home.folder / "key.pem", home.folder / "certificate.pem"
    make = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=zos.example", "-keyout", str(key), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await make.wait() == 0
    home.settings(api={"host": "0.0.0.0", "tls_certificate": str(certificate), "tls_key": str(key)})
    await home.serve()
    assert home.service.url.startswith("https://127.0.0.1:")
    done = await home.ask("reflect", "jobs", "nightly", "--json")
    assert done.code == 0, done.err
    assert done.json["layer"] == "nightly"
