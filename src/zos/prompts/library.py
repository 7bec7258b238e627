"""Where prompts come from: those shipped, overridden by an operator's folder, path by path.

In: a folder. Out: sources by name (a path below the folder, with `/`), their problems, and what a
prompt includes. It is read whole, at start and on `reload`: rendering touches no disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateSyntaxError, meta

from zos.core.errors import PromptError
from zos.prompts.sandbox import PromptEnvironment

SUFFIX = ".j2"
MAX_BYTES = 64 * 1024

VARIABLES = frozenset(
    {
        "insights",
        "layer",
        "messages",
        "now",
        "reactions",
        "reflections",
        "runs",
        "self_concept",
        "subjects",
        "topic",
    }
)
"""What a prompt may use; see `docs/reference/prompts.md`."""


@dataclass(frozen=True, slots=True)
class PromptProblem:
    """What is wrong with a prompt, and in which line (from 1; 0: no particular one)."""

    name: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.name}:{self.line}" if self.line else self.name
        return f"{place}: {self.message}"


class PromptLibrary:
    """The prompts at hand.

    Args:
        prompts_dir: An operator's folder; None, or one that does not exist: only those shipped.
    """

    def __init__(self, prompts_dir: Path | None) -> None:
        self._folder = prompts_dir
        self._sources: dict[str, str] = {}
        self._unreadable: dict[str, PromptProblem] = {}
        self.environment = PromptEnvironment(_Loader(self))
        self.reload()

    def reload(self) -> None:
        """Read all prompts again (blocking).

        Raises:
            PromptError: If the operator's folder cannot be listed; the prompts stay as they were.
        """
        shipped = _read(files("zos.prompts") / "builtin")
        try:
            own = _read(self._folder) if self._folder is not None and self._folder.is_dir() else {}
        except OSError as error:
            raise PromptError(
                f"The prompts folder {self._folder} cannot be read: {error.strerror}.",
                hint="Check its permissions.",
            ) from error
        found = {**shipped, **own}
        self._sources = {name: text for name, text in found.items() if isinstance(text, str)}
        self._unreadable = {
            name: problem for name, problem in found.items() if not isinstance(problem, str)
        }

    @property
    def names(self) -> list[str]:
        """All prompts, sorted."""
        return sorted(self._sources)

    def source(self, name: str) -> str | None:
        """Return a prompt's text, or None if there is none of that name."""
        return self._sources.get(name)

    def sources(self, names: Iterable[str]) -> Mapping[str, str]:
        """Return the texts of `names` and of all that they include, by name; missing ones are left out."""
        found: dict[str, str] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            text = self.source(name)
            if text is not None and name not in found:
                found[name] = text
                waiting += self._included(name, text)
        return dict(sorted(found.items()))

    def problems(self, name: str) -> list[PromptProblem]:
        """Return what is wrong with a prompt and those it includes: missing, unreadable, syntax, unknown names."""
        if name not in self._sources:
            return [self._missing(name)]
        found: list[PromptProblem] = []
        for part, text in self.sources([name]).items():
            found += self._check(part, text)
        return found

    def _check(self, name: str, text: str) -> list[PromptProblem]:
        try:
            tree = self.environment.parse(text, name)
        except TemplateSyntaxError as error:
            return [PromptProblem(name, error.lineno, error.message or "it has a mistake")]
        unknown = sorted(meta.find_undeclared_variables(tree) - VARIABLES)
        included = [one for one in meta.find_referenced_templates(tree) if one is not None]
        return [
            *(PromptProblem(name, _line_with(text, one), _unknown(one)) for one in unknown),
            *(self._missing(one) for one in included if one not in self._sources),
        ]

    def _included(self, name: str, text: str) -> list[str]:
        try:
            referenced = meta.find_referenced_templates(self.environment.parse(text, name))
        except TemplateSyntaxError:
            return []
        return [one for one in referenced if one is not None]

    def _missing(self, name: str) -> PromptProblem:
        if name in self._unreadable:
            return self._unreadable[name]
        near = get_close_matches(name, self.names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.names)}"
        return PromptProblem(name, 0, f"there is no such prompt; {hint}")


class _Loader(BaseLoader):
    """Gives Jinja the library's sources, and tells it when one has changed."""

    def __init__(self, library: PromptLibrary) -> None:
        self._library = library

    def get_source(
        self, _environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        text = self._library.source(template)
        if text is None:
            raise TemplateNotFound(template)
        return text, template, lambda: self._library.source(template) == text


def _read(folder: Traversable, below: str = "") -> dict[str, str | PromptProblem]:
    found: dict[str, str | PromptProblem] = {}
    for entry in folder.iterdir():
        name = f"{below}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found.update(_read(entry, f"{name}/"))
        elif name.endswith(SUFFIX):
            found[name] = _text(name, entry)
    return found


def _text(name: str, entry: Traversable) -> str | PromptProblem:
    try:
        with entry.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode()
    except OSError as error:
        return PromptProblem(name, 0, f"it cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return PromptProblem(name, 0, "it is not UTF-8 text")
    if len(raw) > MAX_BYTES:
        return PromptProblem(name, 0, f"it is longer than {MAX_BYTES // 1024} KiB")
    return text


def _unknown(variable: str) -> str:
    near = get_close_matches(variable, sorted(VARIABLES), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(VARIABLES))}"
    return f"unknown name {variable!r}; {hint}"


def _line_with(text: str, word: str) -> int:
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if word in line), 0)
