from __future__ import annotations

from typing import Any

import pytest

from zos.core.consent import ConsentMode, ConsentView
from zos.core.names import KnownMember
from zos.prompts.labels import nameless
from zos.reflect.outbox import wording
from zos.reflect.outbox.wording import called_in

ANN, BEN, BOT, CAT, DAN = range(101, 106)
EVERYBODY = ConsentView(ConsentMode.OPT_OUT, frozenset(), frozenset({DAN}))


def test_those_are_called_whose_name_would_not_stand_there_without_their_consent() -> None:
    known = {
        ANN: KnownMember(("annie", "Ann"), is_bot=False),
        BEN: KnownMember(("ben", "Ben", "The Tool Man"), is_bot=False),
        BOT: KnownMember(("helper",), is_bot=True),
        CAT: KnownMember(("ann", "Cat"), is_bot=False),
        DAN: KnownMember(("Daniel",), is_bot=False),
    }
    payload = {"heading": "Ann", "text": "Daniel", "lines": [{"text": "Helper met the Tool Man"}]}
    assert called_in(payload, known, EVERYBODY, ()) == {ANN, BEN, CAT}
    assert called_in(payload, known, EVERYBODY, (ANN,)) == {BEN}
    assert called_in({"text": "tool man the"}, known, EVERYBODY, ()) == frozenset()


def test_of_many_who_are_called_alike_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0

    def counted(*arguments: Any) -> Any:
        nonlocal tried
        tried += 1
        return nameless(*arguments)

    monkeypatch.setattr(wording, "nameless", counted)
    people = {one: KnownMember((f"rose{one}", "Rosie"), is_bot=False) for one in range(201, 500)}
    called = called_in({"text": "Rosie and rose207 met"}, people, EVERYBODY, ())
    assert called == {*people}
    assert tried == 2
