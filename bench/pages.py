"""How long every page and every list of the API takes over a large community, first pages and last.

In: a made-up community in an SQLite file: 1,000,000 messages, 100,000 insights, 10,000 runs (100,000 calls of models,
100,000 topics). Out: p50 and p99 in milliseconds of each address, asked one at a time through the gate without a
socket, and the same of the processor's time, which other work on the machine hardly changes. Exit code 1 when one is
above its target.

    python bench/pages.py [--messages 1000000] [--insights 100000] [--runs 10000] [--rounds 100] [--keep DIR]
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from urllib.parse import quote

from _community import (  # type: ignore[import-not-found] # beside this file, as it is run
    LAYERS,
    LIVELY,
    MODELS,
    Sizes,
    words,
    write,
)
from starlette.types import ASGIApp, Message, Scope

from zos.access.access import open_access
from zos.access.token import OperatorToken
from zos.api.app import create_app
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.cli.context import fast_runner, set_aside_what_stays
from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.service.discord import discord_bot
from zos.service.http import http_app
from zos.service.services import build_services
from zos.service.serving import api_services, web_services
from zos.web.app import create_pages

P50_MS, P99_MS, SEARCH_P50_MS = 10.0, 50.0, 20.0
TOKEN = OperatorToken("t" * 43)
SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of one address."""

    path: str
    p50: float
    p99: float
    cpu_p50: float
    cpu_p99: float

    @property
    def is_slow(self) -> bool:
        """Whether it is above a target."""
        return self.p50 > (SEARCH_P50_MS if SEARCH in self.path else P50_MS) or self.p99 > P99_MS


def pages(path: Path) -> Iterator[str]:
    """Yield the addresses of pages: first ones, last ones, and single things."""
    some = _some(path)
    yield from ("/", "/runs", f"/runs?before={some['late_run']}", "/runs?status=failed")
    yield from ("/runs?status=open", f"/runs?layer={LAYERS[3]}")
    yield from (f"/runs/{some['run']}", f"/runs/{some['large_run']}")
    yield from ("/schedule", "/schedule?layout=list", "/layers", f"/layers/{LAYERS[3]}")
    yield f"/layers/{LAYERS[3]}/slots"
    yield from ("/topics", f"/topics?before={some['late_topic']}", "/topics?category=channel")
    yield from ("/topics?category=emoji", "/topics?server_id=2", f"/topics/{LIVELY}")
    yield f"/topics/{some['topic']}"
    yield f"/topics/{LIVELY}?before={some['late_entry']}"
    yield from ("/insights", "/insights?before=60", "/insights?status=review")
    yield from (
        f"/insights?layer={LAYERS[3]}",
        "/insights?category=channel",
        "/insights?server_id=2",
    )
    yield from ("/insights?category=emoji", "/insights?category=channel&before=2000")
    yield from (f"/insights?topic={LIVELY}", f"/insights/{some['insight']}")
    yield from ("/relationships", "/relationships?server_id=2&ties=250")
    yield f"/relationships?before={some['late_tie']}"
    yield from ("/costs", "/costs?days=7", "/costs?days=90", "/costs/calls")
    yield from (f"/costs/calls?before={some['late_call']}", "/costs/calls?failed=true")
    yield from (f"/costs/calls?model={MODELS[2]}", "/costs/calls?layer=none")
    yield from ("/members", "/members?before=4900", "/members?q=ember+49", "/members/7")
    yield from ("/system", "/system/audit", "/preferences")


def lists(path: Path) -> Iterator[str]:
    """Yield the addresses of the API's lists and single things."""
    some = _some(path)
    for name, late in (
        ("runs", some["late_run"]),
        ("topics", some["late_topic"]),
        ("insights", "60"),
        ("costs/calls", some["late_call"]),
        ("members", "4900"),
    ):
        yield from (f"/api/v1/{name}", f"/api/v1/{name}?before={late}")
    yield from ("/api/v1/runs?layer=none", "/api/v1/insights?status=review", "/api/v1/jobs")
    yield from (f"/api/v1/runs/{some['run']}", f"/api/v1/topics/{LIVELY}")
    yield from (f"/api/v1/insights/{some['insight']}", f"/api/v1/salience/topics/{LIVELY}/ledger")
    yield from (f"/api/v1/salience/topics/{LIVELY}/why", "/api/v1/salience/groups")
    yield from (f"/api/v1/jobs/{LAYERS[1]}/slots", "/api/v1/members/7")
    yield from ("/api/v1/relationships?server_id=1", "/api/v1/relationships/graph?server_id=1")
    yield f"/api/v1/relationships?server_id=1&before={some['late_tie']}"
    yield from ("/api/v1/costs?by=day", "/api/v1/costs?by=model&days=90")


def searches() -> Iterator[str]:
    """Yield searches of one, two and four words."""
    for count in (1, 2, 4):
        found = quote(" ".join(words(count, count)))
        yield from (f"/insights/search?q={found}", f"/api/v1/insights/search?q={found}")


def _some(path: Path) -> dict[str, str]:
    """Return ids of things in the middle, and cursors that lead to the last page."""
    late = {
        "late_run": "SELECT id FROM layer_run ORDER BY id LIMIT 1 OFFSET 60",
        "late_call": "SELECT id FROM model_call ORDER BY id LIMIT 1 OFFSET 60",
        "late_entry": "SELECT id FROM salience_entry WHERE topic_id = 1 ORDER BY id LIMIT 1 OFFSET 40",
        "late_topic": "SELECT balance || '.' || id FROM topic ORDER BY balance LIMIT 1 OFFSET 60",
        "late_tie": "SELECT balance || '.' || id FROM topic WHERE server_id = 1 AND category = 'dyad'"
        " ORDER BY balance LIMIT 1 OFFSET 60",
        "run": "SELECT id FROM layer_run ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM layer_run)",
        "large_run": "SELECT run_id FROM run_target GROUP BY run_id ORDER BY count(*) DESC LIMIT 1",
        "insight": "SELECT id FROM insight WHERE scope = 'public' ORDER BY seq LIMIT 1"
        " OFFSET (SELECT count(*) / 2 FROM insight)",
        "topic": "SELECT key FROM topic WHERE category = 'user' LIMIT 1 OFFSET 70",
    }
    connection = sqlite3.connect(path)
    found = {name: str(connection.execute(query).fetchone()[0]) for name, query in late.items()}
    connection.close()
    return found


async def ask(app: ASGIApp, path: str) -> int:
    """Ask for `path` as the operator; return the status."""
    address, _, query = path.partition("?")
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address,
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {TOKEN.reveal()}".encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status


async def measure(app: ASGIApp, path: str, rounds: int) -> Taken | None:
    """Ask `rounds` times, after a first time that does not count; None where there is no such address."""
    status = await ask(app, path)
    if status == 404:
        print(f"{'':>24}  no such address: {path}")
        return None
    if status != 200:
        raise SystemExit(f"{path} answers {status}")
    wall, cpu = [], []
    for _ in range(rounds):
        began, ran = perf_counter(), process_time()
        await ask(app, path)
        wall.append((perf_counter() - began) * 1000)
        cpu.append((process_time() - ran) * 1000)
    return Taken(path, *_p50_p99(wall), *_p50_p99(cpu))


def _p50_p99(taken: list[float]) -> tuple[float, float]:
    return median(taken), quantiles(taken, n=100, method="inclusive")[-1]


async def run(folder: Path, sizes: Sizes, rounds: int) -> int:
    """Write the community unless it is there, ask for everything, and tell."""
    config = Config.model_validate({"data_dir": folder})
    path = folder / "zos.db"
    if not path.exists():
        database = Database(config)
        await database.connect()
        await database.close()
        began = perf_counter()
        write(path, sizes)
        print(f"written in {perf_counter() - began:.0f} s, {path.stat().st_size / 1e6:,.0f} MB")
    clock = SimulatedClock(sizes.end)
    async with build_services(config, clock=clock) as services:
        access = open_access(services.database, clock, TOKEN, config.api)
        bot = discord_bot(services)
        events, metrics = EventHub(services.database, clock), Metrics(services.database, clock)
        api = create_app(api_services(services, events, metrics, bot, access))
        shown = create_pages(web_services(services, events, bot, access))
        app = http_app(config.api, access, api=api, pages=shown)
        set_aside_what_stays()
        print(f"{'p50':>8}{'p99':>8}{'CPU p50':>10}{'CPU p99':>10}  milliseconds")
        slow = 0
        for address in (*pages(path), *lists(path), *searches()):
            taken = await measure(app, address, rounds)
            if taken is not None:
                slow += taken.is_slow
                mark = "  SLOW" if taken.is_slow else ""
                print(
                    f"{taken.p50:>8.1f}{taken.p99:>8.1f}{taken.cpu_p50:>10.1f}{taken.cpu_p99:>10.1f}"
                    f"  {address}{mark}",
                    flush=True,
                )
    print(f"{slow} above the targets")
    return 1 if slow else 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--insights", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder in which the community is, or will be")
    asked = parser.parse_args()
    sizes = Sizes(asked.messages, asked.insights, asked.runs)
    with tempfile.TemporaryDirectory(prefix="zos-bench-") as made, fast_runner() as runner:
        return runner.run(run(asked.keep or Path(made), sizes, asked.rounds))


if __name__ == "__main__":
    sys.exit(main())
