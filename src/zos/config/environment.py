"""Settings from the environment: `ZOS_SECTION__KEY=value`, or `ZOS_SECTION__KEY_FILE=path` of a file that holds it.

In: an environment and a pydantic model. Out: values at their places in the model, each with where
it came from, and what is wrong with the rest. Text is taken as it stands; numbers, lists and
mappings are read as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr

PREFIX = "ZOS_"
CONFIG_VARIABLE = "ZOS_CONFIG"
_SEPARATOR = "__"
_FILE = "_FILE"
# What Kubernetes tells every container about a service named `zos`.
_SERVICE_LINK = re.compile(r"ZOS_(SERVICE_(HOST|PORT)|PORT)(_[A-Z0-9]+)*")

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value from outside: where it belongs in the model, and where it is from."""

    place: Place
    value: object
    origin: str


def from_environment(
    environ: Mapping[str, str], model: type[BaseModel]
) -> tuple[list[Setting], list[str]]:
    """Return the settings that `environ` holds for `model`, outer places first, and the problems."""
    settings: list[Setting] = []
    problems: list[str] = []
    for name in sorted(environ):
        if _concerns_us(name):
            try:
                settings.extend(_expanded(_setting(name, environ, model)))
            except ValueError as error:
                problems.append(str(error))
    return settings, problems


def inner_type(annotation: Any, part: str) -> Any | None:
    """Return the type under the key `part` of a model or a mapping (or None); None when there is none."""
    for option in _options(annotation):
        if is_model(option) and part in option.model_fields:
            return option.model_fields[part].annotation
        if get_origin(option) is dict:
            return get_args(option)[1]
    return None


def is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    """Return whether a type is a section."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _type_at(model: type[BaseModel], place: Place) -> Any | None:
    annotation: Any = model
    for part in place:
        annotation = inner_type(annotation, part)
    return annotation


def _concerns_us(name: str) -> bool:
    if not name.startswith(PREFIX) or name == CONFIG_VARIABLE:
        return False
    return _SEPARATOR in name or not _SERVICE_LINK.fullmatch(name)


def _setting(name: str, environ: Mapping[str, str], model: type[BaseModel]) -> Setting:
    place = _place(name)
    annotation = _type_at(model, place)
    if annotation is not None:
        return Setting(place, _decoded(environ[name], annotation), f"env {name}")
    named = name.removesuffix(_FILE)
    place = _place(named)
    annotation = _type_at(model, place) if named != name else None
    if annotation is None:
        raise ValueError(f"{name}: unknown setting; {_nearest(name, model)}")
    if named in environ:
        raise ValueError(f"{name} and {named} are both set; keep one")
    text = _file_text(name, environ[name])
    return Setting(place, _decoded(text, annotation), f"file {environ[name]} ({name})")


def _expanded(setting: Setting) -> Iterator[Setting]:
    """Yield a setting for each value of a mapping, so that it goes over the file's key by key."""
    if not isinstance(setting.value, dict) or not setting.value:
        yield setting
        return
    for key, value in setting.value.items():
        yield from _expanded(Setting((*setting.place, str(key)), value, setting.origin))


def _place(name: str) -> Place:
    return tuple(name.removeprefix(PREFIX).lower().split(_SEPARATOR))


def _file_text(name: str, path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{name}: the file {path} cannot be read: {reason}") from None
    if not text:
        raise ValueError(f"{name}: the file {path} is empty")
    return text


def _decoded(text: str, annotation: Any) -> object:
    if any(_is_text(option) for option in _options(annotation)):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # the model will say what it wanted


def _is_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return all(isinstance(value, str) for value in get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, str | SecretStr | Path)


def _options(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _nearest(name: str, model: type[BaseModel]) -> str:
    near = get_close_matches(name, list(_names(model, PREFIX)), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else "`zos config show` lists them all"


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Yield the variable of every place that has a fixed name."""
    for field, info in model.model_fields.items():
        yield prefix + field.upper()
        if is_model(info.annotation):
            yield from _names(info.annotation, f"{prefix}{field.upper()}{_SEPARATOR}")
