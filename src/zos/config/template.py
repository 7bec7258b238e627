"""The configuration that `zos init` writes: every key with its meaning and default, made from the model.

A key that is commented out has the value that is shown. Headlines are not commented out, so that
one line is all there is to uncomment.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel

from zos.config.model import Config

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

HEAD = """\
# The configuration of Zos.
#
# What is commented out shows its default. Every key can also be set in the environment, which goes
# before this file: scheduler.timezone is ZOS_SCHEDULER__TIMEZONE, or ZOS_SCHEDULER__TIMEZONE_FILE
# for the path of a file that holds the value. Keep tokens and keys there, not here.
# Relative paths are meant from this file's folder. `zos config show` tells where each value is from.

"""
ACTIVE = frozenset({"data_dir", "privacy.consent", "scheduler.timezone"})
_WIDTH = 100
_INDENT = "  "


def commented_yaml(active: Collection[str] = ACTIVE) -> str:
    """Return the whole file.

    Args:
        active: Dotted keys that are not commented out.
    """
    return HEAD + "\n".join(_section(Config(), "", "", active)) + "\n"


def _section(
    section: BaseModel | dict[str, BaseModel], place: str, indent: str, active: Collection[str]
) -> Iterator[str]:
    """Yield the lines within a section: its own keys first, then the sections inside it."""
    for part in sorted(_parts(section), key=lambda part: part.is_section):  # a stable sort
        key = f"{place}{part.name}"
        if not part.is_section:
            yield from _entry(part, indent, is_active=key in active)
            continue
        if not indent:
            yield ""
        yield from _comment(part.meaning, indent)
        yield f"{indent}{part.name}:"
        yield from _section(part.value, f"{key}.", indent + _INDENT, active)


@dataclass(frozen=True, slots=True)
class _Part:
    """A key: its value as it is and as plain data, and what the model says about it."""

    name: str
    value: Any
    plain: object
    meaning: str
    limits: str

    @property
    def is_section(self) -> bool:
        return isinstance(self.value, BaseModel) or _holds_models(self.value)


def _parts(section: BaseModel | dict[str, BaseModel]) -> Iterator[_Part]:
    if isinstance(section, dict):
        for name, inner in section.items():
            yield _Part(name, inner, None, _summary(inner), "")
        return
    plain = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        yield _Part(name, value, plain[name], _meaning(field, value), _limits(field))


def _holds_models(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(one, BaseModel) for one in value.values())


def _entry(part: _Part, indent: str, *, is_active: bool) -> Iterator[str]:
    yield from _comment(part.meaning, indent)
    dumped = yaml.safe_dump(part.plain, default_flow_style=True, allow_unicode=True, width=math.inf)
    shown = dumped.removesuffix("...\n").strip()
    limits = f"  # {part.limits}" if part.limits else ""
    yield f"{indent}{'' if is_active else '#'}{part.name}: {shown}{limits}"


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
    )


def _meaning(field: FieldInfo, value: object) -> str:
    return field.description or (_summary(value) if isinstance(value, BaseModel) else "")


def _summary(value: object) -> str:
    return (type(value).__doc__ or "").splitlines()[0]


def _limits(field: FieldInfo) -> str:
    """Return a field's choices or its range in a few words: `2 to 100`, `above 0`, `0 or more`."""
    if choices := _choices(field.annotation):
        return ", ".join(choices)
    bounds = {
        sign: f"{getattr(one, sign):,}"
        for one in field.metadata
        for sign in ("ge", "gt", "le")
        if hasattr(one, sign)
    }
    match bounds:
        case {"ge": low, "le": high}:
            return f"{low} to {high}"
        case {"gt": low, "le": high}:
            return f"above {low}, up to {high}"
        case {"gt": low}:
            return f"above {low}"
        case {"ge": low}:
            return f"{low} or more"
        case _:
            return ""


def _choices(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    is_enum = isinstance(annotation, type) and issubclass(annotation, Enum)
    return [str(one.value) for one in annotation] if is_enum else []
