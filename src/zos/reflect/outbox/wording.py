"""The words in an outgoing text's payload: its heading, its lines, both as one text, and whom they name. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from zos.core.consent import ConsentView
from zos.core.names import KnownMember, words_in, words_looked_up, words_of_name
from zos.prompts.labels import nameless

_WORDS = ("text", "heading")


def words_of(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a payload says to people."""
    yield from (payload[name] for name in _WORDS if name in payload)
    yield from (line["text"] for line in payload.get("lines", ()))


def reworded(payload: Mapping[str, Any], shown: Callable[[str], str]) -> dict[str, Any]:
    """Return the payload with all that it says to people put through `shown`."""
    new = {name: shown(text) if name in _WORDS else text for name, text in payload.items()}
    if "lines" in payload:
        new["lines"] = [{**line, "text": shown(line["text"])} for line in payload["lines"]]
    return new


def called_in(
    payload: Mapping[str, Any],
    known: Mapping[int, KnownMember],
    consent: ConsentView,
    people: Collection[int],
) -> frozenset[int]:
    """Return the members, besides `people` and bots, whose names stand in a payload: without their consent it said less.

    Args:
        payload: As it leaves.
        known: Members whose names may stand in it.
        consent: Who may be named.
        people: Whom the text is about, or quotes.
    """
    words = words_in(words_of(payload))
    alike: defaultdict[frozenset[tuple[str, ...]], set[int]] = defaultdict(set)
    for one, member in known.items():
        if one not in people and consent.allows(one) and not member.is_bot:
            alike[frozenset(_standing(member, words))].add(one)
    about = {one: called for one, called in known.items() if one in people}

    def says_less_without(some: Collection[int]) -> bool:
        told = {**about, **{one: known[one] for one in some}}
        without = replace(consent, denied=consent.denied | {*some})
        return reworded(payload, nameless(told, without, people)) != payload

    called = (some for some in alike.values() if says_less_without([min(some)]))
    return frozenset(chain(*called))


def _standing(member: KnownMember, words: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Yield the words of those of a member's names that may stand where `words` do."""
    for name in member.names:
        if words_looked_up(name).issubset(words):
            yield words_of_name(name)
