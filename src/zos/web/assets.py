"""Styles and scripts: read once, and served under a path that changes with their content.

In: the package's folder `static`. Out: `/static/<hash>/<name>`. Nothing else is ever opened: a name
is looked up among what was read, so that no path leads out of the folder.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

_FOREVER = "public, max-age=31536000, immutable"
_HASH_LENGTH = 12
_SERVED = (".css", ".js", ".svg")

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `url` names its content."""

    url: str
    content: bytes
    media_type: str


class Assets:
    """All files that pages may refer to, by their names below `static`."""

    def __init__(self) -> None:
        self._by_name = dict(_read(files("zos.web") / "static"))
        self._by_url = {asset.url: asset for asset in self._by_name.values()}

    def url(self, name: str) -> str:
        """Return where `name` is served.

        Raises:
            KeyError: If there is no such file: a template is wrong.
        """
        return self._by_name[name].url

    def at(self, url: str) -> Asset | None:
        """Return what is served at `url`, or None."""
        return self._by_url.get(url)

    def named(self, name: str) -> Asset:
        """Return the file of that name."""
        return self._by_name[name]


@router.get("/static/{path:path}", name="static")
async def static(request: Request, path: str) -> Response:
    """One file, for as long as the browser likes to keep it."""
    assets: Assets = request.app.state.assets
    return _answer(assets.at(f"/static/{path}"))


@router.get("/favicon.ico", name="favicon")
async def favicon(request: Request) -> Response:
    """The mark, where browsers look for one unasked."""
    assets: Assets = request.app.state.assets
    return _answer(assets.named("mark.svg"))


def _answer(asset: Asset | None) -> Response:
    if asset is None:
        raise HTTPException(404, "There is no such file.")
    return Response(asset.content, media_type=asset.media_type, headers={"cache-control": _FOREVER})


def _read(folder: Traversable, prefix: str = "") -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif name.endswith(_SERVED):
            content = entry.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            found.append((name, Asset(f"/static/{digest}/{name}", content, media_type)))
    return found
