"""A member's export as a file that Discord takes: as it is, packed, or not at all."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from zos.bot.commands.answering import Letter
from zos.members.rights import Members

_GZIP = 16 + zlib.MAX_WBITS
_HERE = "Everything that Zos stores about you. Only you see this message."
_TOO_LARGE = (
    "Your export is larger than Discord takes. Ask Zos's operators for it: "
    "`zos member export` writes it to a file."
)


async def exported(members: Members, member_id: int, limit_bytes: int) -> Letter:
    """Return the letter with a member's export, of `limit_bytes` at most.

    Raises:
        NotFoundError: If nothing at all is known about them.
    """
    whole = await _collected(members.export(member_id), limit_bytes)
    if whole is not None:
        return Letter([_HERE], "zos-export.json", whole)
    packed = await _collected(_packed(members.export(member_id)), limit_bytes)
    if packed is not None:
        return Letter([_HERE], "zos-export.json.gz", packed)
    return Letter([_TOO_LARGE])


async def _collected(pieces: AsyncIterator[bytes], limit_bytes: int) -> bytes | None:
    """Return all pieces together, or None as soon as they are too much."""
    found = bytearray()
    async for piece in pieces:
        found += piece
        if len(found) > limit_bytes:
            return None
    return bytes(found)


async def _packed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    async for piece in pieces:
        yield await asyncio.to_thread(packer.compress, piece)
    yield packer.flush()
