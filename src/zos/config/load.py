"""Loading: the file, then the environment over it, checked against the model as one.

In: a path (or where to look for one) and an environment. Out: a `LoadedConfig`, which knows where
each value came from; or one `ConfigError` that lists everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from zos.config.environment import (
    CONFIG_VARIABLE,
    Place,
    Setting,
    from_environment,
    inner_type,
    is_model,
)
from zos.config.model import Config
from zos.config.yaml_document import MAX_CHARACTERS, YamlDocument, YamlProblemsError, sentence
from zos.core.errors import ConfigError

DEFAULT_NAME = "zos.yaml"
DEFAULT_ORIGIN = "default"
_SQLITE_FILE = re.compile(r"^(sqlite(?:\+\w+)?:///)((?!:memory:).+)")
_Section = TypeVar("_Section", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration and where it is from.

    Attributes:
        config: The values. Paths are absolute: relative ones are meant from the file's folder.
        path: The file, or None when there was none.
        origins: Dotted key -> `default`, `zos.yaml:12`, `env ZOS_X__Y` or `file /run/secrets/x (ZOS_X__Y_FILE)`.
    """

    config: Config
    path: Path | None
    origins: Mapping[str, str]


def load_config(path: Path | None, environ: Mapping[str, str]) -> LoadedConfig:
    """Read the configuration.

    Args:
        path: The file; None: what ZOS_CONFIG names, else `zos.yaml` in the working folder if it is there.
        environ: Settings that go before the file's: `ZOS_SECTION__KEY`, and `…_FILE` for one in a file.

    Raises:
        ConfigError: With every problem, each with its file and line or its variable.
    """
    found = path or _default_path(environ)
    document = _read(found) if found else YamlDocument("")
    settings, problems = from_environment(environ, Config)
    data = _overlaid(_filled(document.data, Config), settings)
    source = _Source(found, document, {setting.place: setting.origin for setting in settings})
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise _refusal([*problems, *source.problems(error)]) from None
    if problems:
        raise _refusal(problems)
    origins = {key: source.origin(place) for key, place, _ in leaves(config)}
    return LoadedConfig(_anchored(config, found), found, MappingProxyType(origins))


def leaves(config: BaseModel) -> Iterator[tuple[str, Place, object]]:
    """Yield the dotted key, the place and the value of everything that is no section, in the model's order."""
    for place, value in _leaves(config, ()):
        yield ".".join(place), place, value


def _leaves(value: object, place: Place) -> Iterator[tuple[Place, object]]:
    inner: Mapping[Any, object] = {}
    if isinstance(value, BaseModel):
        inner = {name: getattr(value, name) for name in type(value).model_fields}
    elif isinstance(value, dict):
        inner = value
    if not inner:
        yield place, value
    for name, part in inner.items():
        yield from _leaves(part, (*place, str(name)))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the data came from: a file, and the places that the environment set."""

    path: Path | None
    document: YamlDocument
    environment: Mapping[Place, str]

    def origin(self, place: Place) -> str:
        if place in self.environment:
            return self.environment[place]
        if self.path is None or not _holds(self.document.data, place):
            return DEFAULT_ORIGIN
        return f"{self.path.name}:{self.document.line_of(place)}"

    def problems(self, error: ValidationError) -> list[str]:
        """Return what `error` means for people: what is from the environment first, then line by line."""
        found = []
        for one in error.errors(include_url=False, include_input=False):
            line, where = self._place_of(one["loc"])
            found.append((line, f"{where}: {sentence(one, Config)}"))
        return [text for _, text in sorted(found)]

    def _place_of(self, loc: tuple[str | int, ...]) -> tuple[int, str]:
        place = tuple(map(str, loc))
        setting = max(self.environment, key=lambda known: _shared(known, place), default=())
        is_its_own = bool(setting) and place[: len(setting)] == setting
        if is_its_own or self.path is None:
            return 0, self.environment[setting]
        line = self.document.line_of(loc)
        return line, f"{self.path}:{line}"


def _shared(one: Place, other: Place) -> int:
    """Return how many parts two places have in common from the start."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def _default_path(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get(CONFIG_VARIABLE):
        return Path(named)
    default = Path(DEFAULT_NAME)
    return default if default.is_file() else None


def _read(path: Path) -> YamlDocument:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"The configuration {path} cannot be read: {reason}.",
            hint="`zos init` writes a new one.",
        ) from None
    try:
        return YamlDocument(text)
    except YamlProblemsError as error:
        raise _refusal([f"{path}:{one.line}: {one.message}" for one in error.problems]) from None


def _refusal(problems: Sequence[str]) -> ConfigError:
    if len(problems) == 1:
        (problem,) = problems
        return ConfigError(problem if problem.endswith((".", "?")) else f"{problem}.")
    return ConfigError("\n  ".join([f"The configuration has {len(problems)} problems:", *problems]))


def _filled(value: object, annotation: object) -> Any:
    """Return `value` with its sections that are only headlines (null) as empty ones."""
    if not isinstance(value, dict):
        return {} if value is None and is_model(annotation) else value
    filled = {}
    for key, part in value.items():
        inner = inner_type(annotation, str(key))
        if part is not None or get_origin(inner) is not dict:
            filled[key] = _filled(part, inner)
    return filled


def _overlaid(data: dict[str, Any], settings: Sequence[Setting]) -> dict[str, Any]:
    """Put the settings into the data, which is changed."""
    for setting in settings:
        target = data
        for part in setting.place[:-1]:
            inner = target.get(part)
            target[part] = target = inner if isinstance(inner, dict) else {}
        target[setting.place[-1]] = setting.value
    return data


def _holds(data: object, place: Place) -> bool:
    for part in place:
        keys = {str(key): key for key in data} if isinstance(data, dict) else {}
        if part not in keys or not isinstance(data, dict):
            return False
        data = data[keys[part]]
    return True


def _anchored(config: Config, path: Path | None) -> Config:
    """Return the configuration with absolute paths, and the folders beside its file that it has by default."""
    base = (path.parent if path else Path()).absolute()
    reflect = config.reflect
    beside = {
        name: base / folder
        for name, folder in (("layers_dir", "layers"), ("prompts_dir", "prompts"))
        if path and getattr(reflect, name) is None and (base / folder).is_dir()
    }
    url = _SQLITE_FILE.sub(lambda found: found[1] + str(base / found[2]), config.database.url)
    sections = {
        "reflect": reflect.model_copy(update=beside),
        "database": config.database.model_copy(update={"url": url}),
    }
    return _absolute(config.model_copy(update=sections), base)


def _absolute(section: _Section, base: Path) -> _Section:
    update: dict[str, object] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            update[name] = base / value
        elif isinstance(value, BaseModel):
            update[name] = _absolute(value, base)
    return section.model_copy(update=update)
