"""Lines of a digest: how a finding reads, and what it cites.

In: findings. Out: `Statement`s of one line. Words of others stand between curly quotation marks that
nothing quoted can close, and names cannot pass for quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from zos.llm.digest.pairs import Pair
from zos.llm.digest.subjects import Subject
from zos.llm.digest.words import Reading, clean, shorten
from zos.llm.output import Statement

MAX_SOURCES = 40
MAX_QUOTE_CHARACTERS = 240
MAX_NAME_CHARACTERS = 40
MAX_LINE_CHARACTERS = 600

# Not from the locale: the same window reads the same on every machine.
_MONTHS = """
January February March April May June July August September October November December
"""
# Double quotation marks of every kind become single ones: a quote cannot end its own quotation.
_MARKS = str.maketrans(dict.fromkeys('"“”„‟«»〝〞＂', "'"))


def quoted(reading: Reading) -> str:
    """Return a message's words between quotation marks, as `name: “words”`."""
    return f"{named(reading.item.speaker)}: “{shorten(bare(reading.text), MAX_QUOTE_CHARACTERS)}”"


def named(label: str) -> str:
    """Return a label as it stands in a line."""
    return shorten(bare(clean(label)), MAX_NAME_CHARACTERS) or "somebody"


def bare(text: str) -> str:
    """Return `text` with its double quotation marks made single."""
    return text.translate(_MARKS)


def counts_line(people: Sequence[Reading]) -> Statement:
    """Say how many messages of how many people, and when."""
    authors = len({reading.item.speaker for reading in people})
    span = _span(people[0].item.at, people[-1].item.at)
    text = f"{_many(len(people), 'message')} from {_many(authors, 'person', 'people')}, {span}."
    return statement(text, people)


def subject_line(subject: Subject, quote: Reading | None) -> Statement:
    """Say who many talked about a subject, with its best quote if there is one."""
    messages = _many(len(subject.readings), "message")
    text = f"{_many(subject.authors, 'person', 'people')} talked about {subject.name} ({messages})"
    return statement(
        f"{text}: {quoted(quote)}" if quote else f"{text}.", subject.readings, always=quote
    )


def pair_line(pair: Pair) -> Statement:
    """Say how often two people answered or mentioned each other."""
    one, other = named(pair.one), named(pair.other)
    if not pair.back:
        text = f"{one} answered or mentioned {other} {_times(pair.forth)}."
    else:
        total = _times(pair.forth + pair.back)
        text = f"{one} and {other} answered or mentioned each other {total}."
    return statement(text, pair.readings)


def quote_line(reading: Reading) -> Statement:
    """Quote one message."""
    return statement(quoted(reading), (reading,))


def question_line(reading: Reading) -> Statement:
    """Quote one question that nobody took up."""
    name, words = quoted(reading).split(": “", 1)
    return statement(f"Left open by {name}: “{words}", (reading,))


def statement(
    text: str, readings: Iterable[Reading], *, always: Reading | None = None
) -> Statement:
    """Return `text` citing `readings`: all, or the first, the last and an even choice between."""
    refs = [reading.item.ref for reading in readings]
    if len(refs) > MAX_SOURCES:
        step = (len(refs) - 1) / (MAX_SOURCES - 1)
        refs = [refs[round(place * step)] for place in range(MAX_SOURCES)]
    if always is not None and always.item.ref not in refs:
        refs[-1] = always.item.ref
    return Statement.model_construct(text=shorten(text, MAX_LINE_CHARACTERS), sources=refs)


def _span(first: datetime, last: datetime) -> str:
    start, end = _day(first), _day(last)
    return f"on {start}" if start == end else f"from {start} to {end}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS.split()[moment.month - 1]} {moment.year}"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
