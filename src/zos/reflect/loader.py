"""`LayerLoader`: finds the layers that are shipped and those of an operator's folder.

In: YAML files. Out: layers by name, each with its source, and what is wrong with the files that
hold none. An operator's layer replaces the shipped one of its name. A file that breaks keeps its
last good layer in force; only a file that is gone takes its layer with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from zos.config.yaml_document import MAX_CHARACTERS, YamlDocument, YamlProblem, YamlProblemsError
from zos.core.errors import LayerError, LayerNotFoundError
from zos.prompts.library import SYSTEM_VARIABLES, PromptLibrary
from zos.reflect.layer import Layer
from zos.reflect.node import AskingNode

SHIPPED = "builtin:"
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class LayerSource:
    """Where a layer came from.

    Attributes:
        path: `builtin:<file>`, or the file's path below the operator's folder.
        text: The YAML text in force (of the last good version, if the file has broken since).
    """

    layer: Layer
    path: str
    text: str

    @property
    def is_shipped(self) -> bool:
        """Whether it is one of the package's own."""
        return self.path.startswith(SHIPPED)


@dataclass(frozen=True, slots=True)
class LayerProblem:
    """What is wrong with a file, and in which line (from 1).

    Attributes:
        kept: The name of the layer that stays in force from the file's last good version, if any.
    """

    path: str
    line: int
    message: str
    kept: str = ""

    def __str__(self) -> str:
        kept = f" (its last good version of {self.kept} stays in force)" if self.kept else ""
        return f"{self.path}:{self.line}: {self.message}{kept}"


class LayerLoader:
    """Loads layers. All methods that read files block; call them at start or in a thread.

    Args:
        layers_dir: The operator's folder, or a single file; None, or one that does not exist: shipped
            layers only.
        prompts: The prompts that layers name; None: those shipped.
        last_good: Path → text of the last good version of each of the operator's files, as recorded.
    """

    def __init__(
        self,
        layers_dir: Path | None,
        *,
        prompts: PromptLibrary | None = None,
        last_good: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = layers_dir
        self._prompts = prompts or PromptLibrary(None)
        self._last_good = dict(last_good or {})
        self._parsed: dict[str, LayerSource] = {}
        self._loaded: dict[str, LayerSource] | None = None
        self.problems: tuple[LayerProblem, ...] = ()

    def load_all(self) -> dict[str, Layer]:
        """Read all files and prompts again and return every layer by name, sorted.

        A file is parsed again only if it, or a prompt that it names, has changed since. `problems` then says what is wrong with the files that could not be used.

        Raises:
            LayerError: If the operator's folder cannot be listed.
            PromptError: If the prompts folder cannot be listed.
        """
        self._prompts.reload()
        shipped, shipped_problems = self._collect(_files(files("zos.reflect") / "builtin", SHIPPED))
        own, own_problems = self._collect(self._own_files())
        prompt_problems = (
            LayerProblem(f"prompts/{one.name}", one.line, one.message)
            for one in self._prompts.problems
        )
        self.problems = (*prompt_problems, *shipped_problems, *own_problems)
        self._last_good.update({one.path: one.text for one in own.values()})
        self._loaded = dict(sorted({**shipped, **own}.items()))
        return {name: source.layer for name, source in self._loaded.items()}

    @property
    def sources(self) -> Mapping[str, LayerSource]:
        """Every layer in force by name, with where it came from (reads the files the first time)."""
        if self._loaded is None:
            self.load_all()
        return self._loaded or {}

    def get_layer(self, name: str) -> Layer | None:
        """Return the layer in force of that name, or None."""
        source = self.sources.get(name)
        return None if source is None else source.layer

    def require(self, name: str) -> Layer:
        """Return the layer in force of that name.

        Raises:
            LayerNotFoundError: If there is none.
        """
        layer = self.get_layer(name)
        if layer is None:
            near = get_close_matches(name, self.sources, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "See `zos layer list`."
            raise LayerNotFoundError(f"There is no layer {name!r}.", hint=hint)
        return layer

    def parse(self, text: str) -> Layer:
        """Return the layer that a YAML text describes, whatever it is called and wherever it is from.

        Raises:
            YamlProblemsError: With every mistake and its line.
        """
        document = YamlDocument(text)
        layer = document.validate(Layer)
        problems = self._prompt_problems(layer, document)
        if problems:
            raise YamlProblemsError(problems)
        return layer.with_prompts(self._prompts.sources(layer.prompt_names))

    def _prompt_problems(self, layer: Layer, document: YamlDocument) -> list[YamlProblem]:
        found: list[YamlProblem] = []
        for number, node in enumerate(layer.nodes):
            if isinstance(node, AskingNode):
                for key, name in (("system", node.system), ("prompt", node.prompt)):
                    line = document.line_of(("nodes", number, key))
                    found += [YamlProblem(line, one) for one in self._objections(key, name)]
        return found

    def _objections(self, key: str, name: str) -> Iterator[str]:
        if self._prompts.source(name) is None:
            yield self._prompts.missing(name)
        elif key == "system":
            varying = sorted(self._prompts.variables(name) - SYSTEM_VARIABLES)
            if varying:
                yield (
                    f"the system prompt {name!r} uses {varying[0]!r}, but it must be the same "
                    "for all topics: only self_concept may stand there"
                )

    def _own_files(self) -> list[tuple[str, Traversable]]:
        if self._folder is None or not self._folder.exists():
            return []
        if self._folder.is_file():
            return [(self._folder.name, self._folder)]
        try:
            return _files(self._folder)
        except OSError as error:
            raise LayerError(
                f"The layers folder {self._folder} cannot be read: {error.strerror}.",
                hint="Check reflect.layers_dir and its permissions.",
            ) from error

    def _collect(
        self, found: list[tuple[str, Traversable]]
    ) -> tuple[dict[str, LayerSource], list[LayerProblem]]:
        """Return the layers of `found`, first come first served by name, and the problems of the rest."""
        sources: dict[str, LayerSource] = {}
        problems: list[LayerProblem] = []
        for path, entry in found:
            source, wrong = self._read(path, entry)
            if source is not None and source.layer.name in sources:
                other = sources[source.layer.name].path
                wrong = [YamlProblem(1, f"{other} defines {source.layer.name!r} already")]
                source = None
            kept = "" if source is None else source.layer.name
            problems += [LayerProblem(path, one.line, one.message, kept) for one in wrong]
            if source is not None:
                sources[source.layer.name] = source
        return sources, problems

    def _read(self, path: str, entry: Traversable) -> tuple[LayerSource | None, list[YamlProblem]]:
        try:
            text = _text(entry)
            source = self._unchanged(path, text) or LayerSource(self.parse(text), path, text)
        except YamlProblemsError as error:
            return self._last_good_of(path), list(error.problems)
        self._parsed[path] = source
        return source, []

    def _unchanged(self, path: str, text: str) -> LayerSource | None:
        known = self._parsed.get(path)
        if known is None or known.text != text:
            return None
        prompts = self._prompts.sources(known.layer.prompt_names)
        return known if known.layer.is_versioned_with(prompts) else None

    def _last_good_of(self, path: str) -> LayerSource | None:
        text = self._last_good.get(path)
        if text is None:
            return None
        try:
            return LayerSource(self.parse(text), path, text)
        except YamlProblemsError:  # good under an earlier release, or with a prompt that is gone
            return None


def _files(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_SUFFIXES):
            found.append((f"{prefix}{entry.name}", entry))
    return found


def _text(entry: Traversable) -> str:
    try:
        with entry.open("rb") as file:
            return file.read(4 * MAX_CHARACTERS).decode()
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise YamlProblemsError([YamlProblem(1, reason)])
