"""What was said in private surfaces nowhere else: in no prompt about anything but its author, on no route of
the API, on no page, in no answer of the command line. Nor does the name of somebody without consent, of
whom the others talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner
from fastapi.routing import APIRoute
from sqlalchemy import select
from tests.api.serving import serving
from tests.conftest import EPOCH
from tests.insights.conftest import World
from tests.members.lived import ANN, ANN_AUTHOR, BEN, BEN_AUTHOR, SERVER, at, happened, wrote
from tests.reflect.test_pipeline import BUILT_IN

from zos.access.access import open_access
from zos.access.token import OperatorToken, make_token, token_path
from zos.api.app import create_app, openapi_document
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.cli.app import cli
from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.core.ids import new_ulid
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.tables import insight, layer_run, topic
from zos.observe.events import Author, Emoji, Event, MemberUpdated, ReactionAdded
from zos.observe.recorder import Recorder
from zos.service.discord import discord_bot
from zos.service.http import http_app
from zos.service.services import Services, build_services
from zos.service.serving import api_services, web_services
from zos.web.app import PAGES, create_pages

WORD = "petrichor"
NAME = "ottoline"
SECRET = f"the tool shed: my {WORD} is behind it"
OTTOLINE = 707
FAR = 2**62
"""From here on there are ids as long as Discord's: JavaScript's numbers do not hold them."""
EXACT = 2**53
OWN = TopicKey.user(ANN)
"""The one topic to which Ann's private words belong."""
AFAR = TopicKey.channel(FAR, FAR + 1)

# What views read is tested on both databases in tests/views.
only_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


@dataclass
class Night:
    """A community with private words in it, reflected on by every built-in layer."""

    services: Services
    topics: list[TopicKey]
    insights: list[str]
    runs: list[str]

    @property
    def values(self) -> dict[str, list[str]]:
        """What the parts of a path, and the queries that it needs, may be."""
        return {
            "layer": ["nightly-user-reflection", "user-synthesis"],
            "topic": list(map(str, (OWN, TopicKey.user(ANN, SERVER), TopicKey.self_topic(), AFAR))),
            "insight_id": self.insights[:8],
            "run_id": self.runs,
            "member_id": [str(ANN), str(BEN), str(FAR)],
            "server_id": [str(SERVER), str(FAR)],
            "q": ["behind", "tool shed", "hides"],
        }


@pytest.fixture
async def night(config: Config, clock: SimulatedClock) -> AsyncIterator[Night]:
    async with build_services(config, clock=clock) as services:
        for one in (ANN, BEN, FAR):
            await services.members.set_consent(one, ConsentState.GRANTED, "member")
        recorder = Recorder(
            services.database, services.ledger, services.consents, config, clock=clock
        )
        await recorder.record([*happened(), *talk()])
        await name_subject(services)
        hidden = await understand(World(services.database))
        async with services.database.read() as connection:
            keys = [TopicKey.parse(one) for one in await connection.scalars(select(topic.c.key))]
        clock.move_to(EPOCH + timedelta(hours=1))
        topics = sorted({*keys, OWN, TopicKey.self_topic()})
        made = Night(services, topics, hidden, [])
        yield made
        await services.scheduler.drain(0)


def talk() -> Iterator[Event]:
    """Ann and Ben talk about Ottoline's tools, answer each other, and Ann tells Zos something in private."""
    yield MemberUpdated(Author(OTTOLINE, NAME, "Ottoline"), SERVER, EPOCH)
    sprout = (Emoji("sprout", 801),)
    for number in range(2_020, 2_032, 2):
        text = f"the tool shed needs Ottoline's tools, number {number}"
        yield wrote(number, ANN_AUTHOR, text, mentions=(BEN_AUTHOR,), emoji=sprout)
        yield wrote(number + 1, BEN_AUTHOR, text, reply_to_id=number, emoji=sprout)
    for number in range(2_040, 2_046):
        yield wrote(number, ANN_AUTHOR, f"{SECRET} {number}", server_id=None, channel_id=77)
    fay = Author(FAR, "fay", "Fay")
    for number in range(4):
        text = f"far away the tool shed is green {number}"
        yield replace(
            wrote(2_030, fay if number % 2 else BEN_AUTHOR, text, mentions=(fay,)),
            id=FAR + number,
            server_id=FAR,
            channel_id=FAR + 1,
            reply_to_id=FAR + number - 1,
        )
        yield ReactionAdded(FAR + number, FAR, Emoji("sprout", 801), fay, at(40))


async def name_subject(services: Services) -> None:
    async with services.database.write() as connection:
        await services.ledger.name_subject(
            connection, SERVER, "tools", [*range(2_020, 2_032)], EPOCH, batch=new_ulid(EPOCH)
        )


async def understand(world: World) -> list[str]:
    """Store insights that rest on private words, and public ones for syntheses; the ids of all."""
    private = await world.learn(
        f"Ann hides a {WORD}", topic=OWN, message_ids=[2_040], scope=Scope.DM
    )
    return [private] + [
        await world.learn("They share Ottoline's tools", topic=key, message_ids=[2_020])
        for key in (TopicKey.user(ANN, SERVER), TopicKey.dyad(ANN, BEN, SERVER)) * 2
    ]


async def reflect(night: Night) -> None:
    """Let every layer think about everything that it can, offline."""
    services = night.services
    for layer in BUILT_IN.values():
        fitting = [str(one) for one in night.topics if one.category in layer.targets]
        assert fitting, layer.name
        await services.executor.execute_layer(layer, fitting)
    async with services.database.read() as connection:
        night.insights += list(await connection.scalars(select(insight.c.id)))
        night.runs += list(await connection.scalars(select(layer_run.c.id)))


async def test_no_prompt_about_anything_else_holds_a_private_word(night: Night) -> None:
    asked = 0
    for name in BUILT_IN:
        preview = await night.services.preview(name, [str(one) for one in night.topics])
        for target in preview.targets:
            text = "".join(one.system + one.text for one in target.prompts)
            asked += bool(target.prompts)
            assert WORD not in text.lower() or target.topic == OWN, (name, target.topic)
            assert NAME not in text.lower(), (name, target.topic)
    assert asked >= len(BUILT_IN) - 1


@only_sqlite
async def test_no_route_and_no_page_shows_a_private_word(night: Night) -> None:
    await reflect(night)
    services, config = night.services, night.services.config
    events, bot = EventHub(services.database, services.clock), discord_bot(services)
    token = OperatorToken("t" * 43)
    access = open_access(services.database, services.clock, token, config.api)
    metrics = Metrics(services.database, services.clock)
    pages = create_pages(web_services(services, events, bot, access))
    api = create_app(api_services(services, events, metrics, bot, access))
    app = http_app(config.api, access, api=api, pages=pages)
    bearer = {"Authorization": f"Bearer {token.reveal()}"}
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=bearer) as http:
        shown = 0
        for path, query in [*api_questions(night), *page_questions(night)]:
            answer = await http.get(path, params=query)
            assert answer.status_code != 500, (path, answer.text)
            shown += answer.is_success
            if not path.endswith("/export"):
                assert WORD not in answer.text.lower(), path
                assert names_everybody(path) or NAME not in answer.text.lower(), path
            if answer.headers["content-type"] == "application/json":
                assert max(numbers(answer.json()), default=0) < EXACT, path
        for layer, key in product(night.values["layer"], (OWN, TopicKey.user(ANN, SERVER))):
            body = {"topics": [str(key)]}
            answer = await http.post(f"/api/v1/jobs/{layer}/preview", json=body)
            assert WORD not in answer.text.lower(), (layer, key)
            assert NAME not in answer.text.lower(), (layer, key)
        assert shown > 40, shown
    await events.close()


def numbers(told: Any) -> Iterator[float]:
    """Every number of a JSON document."""
    if isinstance(told, dict | list):
        for one in told.values() if isinstance(told, dict) else told:
            yield from numbers(one)
    elif isinstance(told, int | float):
        yield told


def names_everybody(path: str) -> bool:
    """Whether it is a list of members, which operators alone see."""
    return path.endswith("/members")


def api_questions(night: Night) -> Iterator[tuple[str, dict[str, str]]]:
    """Every reading route, with everything that its path may name."""
    for path, methods in openapi_document()["paths"].items():
        if "get" in methods and not path.endswith("/events"):
            wanted = [one for one in methods["get"].get("parameters", ()) if one.get("required")]
            yield from questions(path, [(one["name"], one["in"]) for one in wanted], night)


def page_questions(night: Night) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page, with everything that its path may name, and its search."""
    for route in (one for router in PAGES for one in router.routes):
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            names = [(one, "path") for one in route.param_convertors]
            yield from questions(route.path, names, night)
            if not names:
                yield from questions(route.path, [("q", "query")], night)


def questions(
    path: str, names: list[tuple[str, str]], night: Night
) -> Iterator[tuple[str, dict[str, str]]]:
    for chosen in product(*(night.values.get(name, ["1"]) for name, _ in names)):
        told = dict(zip(names, chosen, strict=True))
        filled = path.replace(":path}", "}")
        for (name, place), value in told.items():
            if place == "path":
                filled = filled.replace("{" + name + "}", quote(value, safe=":"))
        yield filled, {name: value for (name, place), value in told.items() if place == "query"}


@only_sqlite
async def test_no_answer_of_the_command_line_holds_a_private_word(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reflect(night)
    await asyncio.to_thread(make_token, token_path(night.services.config))
    monkeypatch.chdir(tmp_path)
    environ = {"ZOS_DATA_DIR": str(night.services.config.data_dir)}
    for command in commands(night):
        for form in ([], ["--json"]):
            result = await asyncio.to_thread(
                CliRunner().invoke, cli, [*command, *form], env=environ, prog_name="zos"
            )
            assert result.exit_code in {0, 1, 2, 3}, (command, result.output, result.exception)
            assert WORD not in result.output.lower(), command
            assert command[:2] == ["member", "list"] or NAME not in result.output.lower(), command


def commands(night: Night) -> Iterator[list[str]]:
    yield from (["insights", "list", "--status", "any"], ["insights", "search", "behind"])
    yield from (["insights", "search", "hides"], ["salience", "top"], ["costs"])
    yield from (["reflect", "runs"], ["member", "list"], ["member", "show", str(ANN)])
    yield from (["insights", "show", one] for one in night.insights[:3])
    yield from (["reflect", "show", one] for one in night.runs[:2])
    for key in (OWN, TopicKey.user(ANN, SERVER)):
        yield from (["salience", "ledger", str(key)], ["salience", "why", str(key)])
        yield ["reflect", "preview", "nightly-user-reflection", "--topic", str(key)]
        yield ["reflect", "preview", "user-synthesis", "--topic", str(key)]
