"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: `problem` stops something from working, `warning` may."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at, in a word or two.
        detail: How it is, in one sentence.
        advice: What to do about it; empty where all is well.
    """

    level: Level
    subject: str
    detail: str
    advice: str = ""


def ok(subject: str, detail: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, subject, detail)


def warning(subject: str, detail: str, advice: str) -> Finding:
    """Return that something deserves a look."""
    return Finding(Level.WARNING, subject, detail, advice)


def problem(subject: str, detail: str, advice: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.PROBLEM, subject, detail, advice)
