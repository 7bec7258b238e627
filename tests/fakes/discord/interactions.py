"""Interactions: what members type at slash commands, and what they are answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.fakes.discord.world import APPLICATION, ROOM, SERVER, Json, World

COMMAND, AUTOCOMPLETE, MODAL_SUBMIT = 2, 4, 5
MESSAGE, DEFERRED, CHOICES, MODAL = 4, 5, 8, 9
_EPHEMERAL = 1 << 6
_STRING, _INTEGER, _NUMBER = 3, 4, 10


@dataclass
class Answer:
    """What somebody got to see.

    Attributes:
        kind: How Discord was answered first.
        text: What it says in the end.
        is_ephemeral: Nobody else sees it.
        modal: The dialogue that was opened.
    """

    kind: int = 0
    text: str = ""
    is_ephemeral: bool = False
    modal: Json = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    payload: Json = field(default_factory=dict)
    is_final: asyncio.Event = field(default_factory=asyncio.Event)


class Interactions:
    """Discord's side of slash commands.

    Attributes:
        published: What the application's commands are, as last told.
        publishings: How often they were told.
        refusals: HTTP statuses for the next tellings.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.published: list[Json] = []
        self.publishings = 0
        self.refusals: list[int] = []
        self._answers: dict[str, Answer] = {}
        self._count = 0

    def routes(self, app: web.Application) -> None:
        original = "/api/webhooks/{application}/{token}/messages/@original"
        app.router.add_post("/api/interactions/{id}/{token}/callback", self._callback)
        app.router.add_patch(original, self._edit)
        app.router.add_put("/api/applications/{application}/commands", self._publish)
        app.router.add_get("/api/applications/{application}/commands", self._commands)

    async def use(self, who: int, command: str, *, private: bool = False, **options: Any) -> Answer:
        """Let somebody type a command such as `zos-admin runs`; return what they see in the end."""
        return await self._ask(COMMAND, who, _command(command, options), private=private)

    async def complete(self, who: int, command: str, option: str, typed: str) -> list[str]:
        """Return what somebody is offered while they type."""
        data = _command(command, {option: typed})
        data["options"][0]["options"][0]["focused"] = True
        return (await self._ask(AUTOCOMPLETE, who, data)).choices

    async def submit(self, who: int, modal: Json, text: str) -> Answer:
        """Let somebody fill in the one field of a dialogue and send it."""
        filled = [_filled(row, text) for row in modal["components"]]
        data = {"custom_id": modal["custom_id"], "components": filled}
        return await self._ask(MODAL_SUBMIT, who, data)

    async def _ask(self, kind: int, who: int, data: Json, *, private: bool = False) -> Answer:
        self._count += 1
        token, answer = f"token-{self._count}", Answer()
        self._answers[token] = answer
        asked = {
            "id": str(self.world.tick()[0]),
            "application_id": str(APPLICATION),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "channel_id": str(ROOM),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 10 * 1024**2,
        }
        member = self.world.members[who]
        if private:
            place = {"channel": {"id": "5", "type": 1, "recipients": []}, "context": 1}
            asked |= {**place, "user": member["user"]}
        else:
            asked |= {
                "guild_id": str(SERVER),
                "channel": {**self.world.channels[ROOM], "guild_id": str(SERVER)},
                "context": 0,
                "member": {**member, "permissions": "0"},
            }
        self.world.dispatch("INTERACTION_CREATE", asked)
        await asyncio.wait_for(answer.is_final.wait(), 20)
        return answer

    async def _callback(self, request: web.Request) -> web.Response:
        answer = self._answers[request.match_info["token"]]
        told = await _told(request, answer)
        data = told.get("data") or {}
        assert not answer.kind, "an interaction is answered once"
        answer.kind = told["type"]
        answer.is_ephemeral = bool(data.get("flags", 0) & _EPHEMERAL)
        answer.text = data.get("content", "")
        answer.payload = data
        answer.choices = [one["value"] for one in data.get("choices", ())]
        answer.modal = data if answer.kind == MODAL else {}
        if answer.kind != DEFERRED:
            answer.is_final.set()
        shown = {"id": request.match_info["id"], "type": 2}
        return _json({"interaction": shown, "resource": {"type": answer.kind}})

    async def _edit(self, request: web.Request) -> web.Response:
        answer = self._answers[request.match_info["token"]]
        told = await _told(request, answer)
        answer.text, answer.payload = told["content"], told
        answer.is_final.set()
        number, at = self.world.tick()
        return _json(
            {
                "id": str(number),
                "type": 20,
                "channel_id": str(ROOM),
                "author": {"id": "7", "username": "zos", "discriminator": "0", "avatar": None},
                "content": answer.text,
                "timestamp": at.isoformat(),
                "edited_timestamp": None,
                "attachments": [],
                "embeds": [],
                "mentions": [],
                "mention_roles": [],
                "flags": _EPHEMERAL,
            }
        )

    async def _publish(self, request: web.Request) -> web.Response:
        if self.refusals:
            return _json({"code": 0, "message": "as told"}, self.refusals.pop(0))
        self.publishings += 1
        self.published = await request.json()
        return await self._commands(request)

    async def _commands(self, _request: web.Request) -> web.Response:
        head = {"application_id": str(APPLICATION), "version": "1"}
        return _json(
            [head | {"id": str(n), **one} for n, one in enumerate(self.published, start=900)]
        )


def _command(command: str, options: Json) -> Json:
    group, name = command.split()
    given = [
        {"name": key.replace("_", "-"), "type": _kind(value), "value": value}
        for key, value in options.items()
    ]
    return {
        "id": "900",
        "name": group,
        "type": 1,
        "options": [{"name": name, "type": 1, "options": given}],
    }


def _kind(value: Any) -> int:
    return {str: _STRING, int: _INTEGER, float: _NUMBER}[type(value)]


def _filled(row: Json, text: str) -> Json:
    inner = row.get("component") or row["components"][0]
    value = {"type": inner["type"], "custom_id": inner["custom_id"], "id": 2, "value": text}
    if "component" in row:
        return {"type": row["type"], "id": 1, "component": value}
    return {"type": row["type"], "id": 1, "components": [value]}


async def _told(request: web.Request, answer: Answer) -> Json:
    """Return the payload; files that come with it are kept."""
    if not request.content_type.startswith("multipart/"):
        told: Json = await request.json()
        return told
    payload: Json = {}
    async for part in await request.multipart():
        assert part is not None
        if part.name == "payload_json":  # type: ignore[union-attr]
            payload = json.loads(await part.text())  # type: ignore[union-attr]
        else:
            answer.files[part.filename] = bytes(await part.read())  # type: ignore[union-attr, index]
    return payload


def _json(data: Any, status: int = 200) -> web.Response:
    body = json.dumps(data).encode()
    return web.Response(body=body, status=status, content_type="application/json")
