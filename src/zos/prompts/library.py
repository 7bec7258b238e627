"""Where prompts come from: those shipped, overridden by an operator's folder, path by path.

In: a folder. Out: sources by name (a path below the folder, with `/`), their problems, and what a
prompt includes. It is read whole, at start and on `reload`: rendering touches no disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import FunctionLoader, TemplateSyntaxError, meta, nodes

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
"""What a prompt may use."""
SYSTEM_VARIABLES = frozenset({"self_concept"})
"""What a system prompt may use: it is the same for all topics, so that providers can cache it."""


@dataclass(frozen=True, slots=True)
class PromptProblem:
    """What is wrong with a prompt, and in which line (from 1; 0: no particular one)."""

    name: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.name}:{self.line}" if self.line else self.name
        return f"{place}: {self.message}"


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a prompt's own text asks for, without what it includes."""

    included: tuple[str, ...]
    variables: frozenset[str]


class PromptLibrary:
    """The prompts at hand.

    An operator's prompt that is broken is not used: its last good version stays in force, or else
    the shipped prompt of its name. `problems` says so.

    Args:
        prompts_dir: An operator's folder; None, or one that does not exist: only those shipped.
    """

    def __init__(self, prompts_dir: Path | None) -> None:
        self._folder = prompts_dir
        self._sources: dict[str, str] = {}
        self._needs: dict[tuple[str, str], _Needs] = {}
        self.environment = PromptEnvironment(FunctionLoader(self._load))
        self.problems: tuple[PromptProblem, ...] = ()
        self._shipped = _read(files("zos.prompts") / "builtin")[0]
        self.reload()

    def reload(self) -> None:
        """Read the operator's prompts again (blocking).

        Raises:
            PromptError: If the folder cannot be listed; the prompts stay as they were.
        """
        good, problems = self._own()
        kept = self._still_good(one.name for one in problems)
        broken: Mapping[str, object] = good
        while broken:  # a prompt that includes a broken one is broken too
            known = {*self._shipped, *kept, *good}
            checked = {name: self._check(name, text, known) for name, text in good.items()}
            broken = {name: found for name, found in checked.items() if found}
            problems += [one for found in checked.values() for one in found]
            good = {name: text for name, text in good.items() if name not in broken}
            kept |= self._still_good(broken)
        self._sources = {**self._shipped, **kept, **good}
        self._needs = {}
        self.problems = tuple(problems)

    def _still_good(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._sources[name] for name in names if name in self._sources}

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
                waiting += self._needs_of(name, text).included
        return dict(sorted(found.items()))

    def variables(self, name: str) -> frozenset[str]:
        """Return the variables that a prompt and all that it includes ask for."""
        parts = self.sources([name]).items()
        return frozenset().union(*(self._needs_of(*part).variables for part in parts))

    def _needs_of(self, name: str, text: str) -> _Needs:
        """Parse a prompt once for all the layers that name it."""
        found = self._needs.get((name, text))
        if found is None:
            tree = self.environment.parse(text, name)
            variables = frozenset(meta.find_undeclared_variables(tree))
            found = self._needs[name, text] = _Needs(tuple(_included(tree)), variables)
        return found

    def missing(self, name: str) -> str:
        """Return, in words, that there is no prompt `name`, and the nearest name."""
        return _missing(name, self.names)

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """Give Jinja a source, its name for tracebacks, and the question whether it is still the same."""
        text = self.source(name)
        return None if text is None else (text, name, lambda: self.source(name) == text)

    def _own(self) -> tuple[dict[str, str], list[PromptProblem]]:
        if self._folder is None or not self._folder.is_dir():
            return {}, []
        try:
            return _read(self._folder)
        except OSError as error:
            raise PromptError(
                f"The prompts folder {self._folder} cannot be read: {error.strerror}.",
                hint="Check its permissions.",
            ) from error

    def _check(self, name: str, text: str, known: Collection[str]) -> list[PromptProblem]:
        try:
            tree = self.environment.parse(text, name)
        except TemplateSyntaxError as error:
            return [PromptProblem(name, error.lineno, error.message or "it has a mistake")]
        unknown = sorted(meta.find_undeclared_variables(tree) - VARIABLES)
        return [
            *(PromptProblem(name, _line_with(text, one), _unknown(one)) for one in unknown),
            *(
                PromptProblem(name, _line_with(text, one), _missing(one, sorted(known)))
                for one in _included(tree)
                if one not in known
            ),
        ]


def _read(folder: Traversable, below: str = "") -> tuple[dict[str, str], list[PromptProblem]]:
    texts: dict[str, str] = {}
    problems: list[PromptProblem] = []
    for entry in folder.iterdir():
        name = f"{below}{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            inner, wrong = _read(entry, f"{name}/")
            texts.update(inner)
            problems += wrong
        elif name.endswith(SUFFIX):
            text = _text(name, entry)
            if isinstance(text, PromptProblem):
                problems.append(text)
            else:
                texts[name] = text
    return texts, problems


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


def _included(tree: nodes.Template) -> list[str]:
    return [one for one in meta.find_referenced_templates(tree) if one is not None]


def _missing(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"there is no prompt {name!r}; {hint}"


def _unknown(variable: str) -> str:
    near = get_close_matches(variable, sorted(VARIABLES), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(VARIABLES))}"
    return f"unknown name {variable!r}; {hint}"


def _line_with(text: str, word: str) -> int:
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if word in line), 0)
