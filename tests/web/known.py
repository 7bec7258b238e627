"""A community that something is known about, as the pages show it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, SERVER
from tests.views.known import Known
from tests.web.conftest import Web

from zos.core.topics import TopicKey
from zos.salience.model import EntryKind

SCRIPT = "<script>alert(1)</script>"
GARDEN = TopicKey.channel(SERVER, CHANNEL)


@dataclass
class Garden:
    """Ann and Ben have consented, Cat has not; each has said something, and an insight rests on it."""

    known: Known
    insight_id: str


@pytest.fixture
async def garden(web: Web) -> Garden:
    known = Known(web.services.database, web.services.config)
    said = [
        await known.world.say(f"tomato seedlings {SCRIPT}", author=ANN),
        await known.world.say("I have some, ask member102", author=CAT),
    ]
    await known.people((BEN, f"Ben {SCRIPT}"))
    await known.consents(ANN, BEN)
    await known.topic(
        GARDEN,
        (EntryKind.MESSAGE, 4),
        (EntryKind.REPLY, 3),
        (EntryKind.SPENT, -2),
        run_id="run".rjust(26, "0"),
    )
    for one, other in ((ANN, BEN), (ANN, CAT)):
        await known.topic(TopicKey.dyad(one, other, SERVER), (EntryKind.REPLY, 8))
    insight_id = await known.world.learn(f"Seedlings are shared {SCRIPT}", message_ids=said)
    return Garden(known, insight_id)
