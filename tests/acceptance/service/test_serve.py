"""`zos serve`, as an operator meets it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import stat
from contextlib import closing

import httpx
import pytest
from tests.acceptance.service.conftest import Place, ended, serve, until


async def test_it_says_where_it_answers_and_where_the_token_is_but_not_the_token(
    place: Place,
) -> None:
    service = await serve(place)
    token_file = place.folder / "data" / "token"
    token = token_file.read_text().strip()
    async with service.client() as http:
        jobs = (await http.get("/jobs")).json()["jobs"]
        assert "nightly" in {job["layer"] for job in jobs}
        assert (await http.get(f"{service.url}/readyz")).json()["ready"] is True
    done = await service.stop()
    assert done.code == 0, done.err
    assert f"{service.url}/login?code=" in done.out
    assert f"answers at {service.url}/api/v1" in done.out
    assert f"token is in {token_file}" in done.out
    assert token not in done.out + done.err
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600


async def test_a_stop_leaves_nothing_behind_but_the_data(place: Place) -> None:
    service = await serve(place)
    assert service.described["pid"] == service.process.pid
    done = await service.stop(signal.SIGINT)
    assert (done.code, place.runtime_file.exists()) == (0, False)
    assert "scheduler_started" in done.err
    assert "scheduler_stopped" in done.err
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{service.url}/healthz")


async def test_it_books_the_history_that_is_left_before_layers_fire(place: Place) -> None:
    place.change("UPDATE message SET booked = 0")
    place.change("DELETE FROM salience_entry")
    place.change("DELETE FROM topic")
    service = await serve(place)
    assert place.rows("SELECT count(*) FROM message WHERE NOT booked") == [(0,)]
    assert place.rows("SELECT count(*) FROM topic WHERE category = 'channel'") == [(40,)]
    await service.stop()


async def test_a_second_service_on_one_database_is_refused(place: Place) -> None:
    service = await serve(place)
    before = place.runtime_file.read_text()
    second = await place.run("serve")
    assert (second.code, second.out) == (1, "")
    (sentence,) = second.err.splitlines()
    assert sentence.startswith("Error: Zos is already running on this database")
    assert place.runtime_file.read_text() == before
    async with service.client() as http:
        assert (await http.get("/jobs")).is_success
    assert (await service.stop()).code == 0


async def test_of_two_that_start_at_once_one_runs(place: Place) -> None:
    processes = [await place.start("serve") for _ in range(2)]
    await until(lambda: any(one.returncode is not None for one in processes), "one gives up")
    (loser,) = [one for one in processes if one.returncode is not None]
    refused = await ended(loser)
    assert refused.code == 1
    assert "already running" in refused.err
    await until(place.runtime_file.exists, "the other runs")
    (winner,) = [one for one in processes if one is not loser]
    winner.terminate()
    assert (await ended(winner)).code == 0


async def test_a_taken_port_is_told_in_one_sentence(place: Place) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        place.configure(api=f"{{port: {taken.getsockname()[1]}}}")
        done = await place.run("serve")
    assert (done.code, done.out) == (1, "")
    (sentence,) = done.err.splitlines()
    assert "is taken by another program" in sentence


async def test_an_open_address_without_protection_is_refused(place: Place) -> None:
    place.configure(api="{host: 0.0.0.0, port: 0}")
    done = await place.run("serve")
    assert (done.code, done.out) == (2, "")
    assert "is reachable from other machines, unencrypted" in done.err


async def test_a_database_that_cannot_be_reached_is_told_in_one_sentence(place: Place) -> None:
    place.configure('database: {url: "postgresql://127.0.0.1:1/zos"}\n')
    done = await place.run("serve")
    assert (done.code, done.out) == (1, "")
    (sentence,) = done.err.splitlines()
    assert sentence.startswith("Error: The database postgresql://127.0.0.1:1/zos cannot be used")
    assert not (place.folder / "data" / "token").exists()


async def test_a_layer_file_is_read_again_when_it_changes_and_on_a_hangup(place: Place) -> None:
    service = await serve(place)
    async with service.client() as http:

        async def schedule() -> str:
            return str((await http.get("/jobs/nightly")).json()["schedule"])

        for text, hangup in (("0 5 * * *", False), ("0 6 * * *", True)):
            place.write_layer("nightly", f"schedule: {text}")
            if hangup:
                service.process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(20):
                while await schedule() != text:  # noqa: ASYNC110 - another process sets no event
                    await asyncio.sleep(0.05)
    await service.stop()


async def test_an_edit_of_the_self_concept_becomes_a_version(place: Place) -> None:
    concept = place.folder / "data" / "self-concept.md"
    concept.write_text("I listen to potters.\n")
    service = await serve(place)
    await service.stop()
    assert place.rows("SELECT content, origin FROM self_concept_version") == [
        ("I listen to potters.", "operator")
    ]
    assert "I listen to potters." in concept.read_text()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
async def test_with_tls_it_may_be_open_and_the_command_line_still_finds_it(place: Place) -> None:
    make = await asyncio.create_subprocess_exec(
        *[
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=zos.example",
        ],
        *["-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=place.folder,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await make.wait() == 0
    place.configure(
        api="{host: 0.0.0.0, port: 0, tls_certificate: certificate.pem, tls_key: key.pem}"
    )
    service = await serve(place)
    assert service.url.startswith("https://127.0.0.1:")
    done = await place.run("reflect", "jobs", "nightly", "--json")
    assert done.code == 0, done.err
    assert done.json["layer"] == "nightly"
    await service.stop()
