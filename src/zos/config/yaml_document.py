"""A YAML mapping whose mistakes can be pointed at: safe, bounded, and with the line of every key.

In: the text of one document and a pydantic model. Out: its data, or problems with line, sentence
and, for an unknown key, the nearest known one. Configuration and layers are read through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

MAX_CHARACTERS = 256 * 1024
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class YamlProblem:
    """What is wrong with a document, and in which line (from 1)."""

    line: int
    message: str


class YamlProblemsError(Exception):
    """The document cannot be used; carries all its problems."""

    def __init__(self, problems: Sequence[YamlProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"line {one.line}: {one.message}" for one in problems))


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses aliases (a few lines of them can stand for gigabytes) and repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            line = self.line + 1
            raise YamlProblemsError([YamlProblem(line, "aliases (*name) are not supported")])
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise YamlProblemsError([YamlProblem(line, f"{key.value!r} stands here twice")])
            seen.add(str(key.value))
        return node


class YamlDocument:
    """One parsed mapping.

    Args:
        text: The document; an empty one is an empty mapping.

    Raises:
        YamlProblemsError: If it is too long, no YAML, or no mapping.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_CHARACTERS:
            limit = f"it is longer than {MAX_CHARACTERS // 1024} KiB"
            raise YamlProblemsError([YamlProblem(1, limit)])
        self._root, self.data = _load(text)

    def validate(self, model: type[_Model]) -> _Model:
        """Return the data as `model`.

        Raises:
            YamlProblemsError: With every problem that pydantic found.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise YamlProblemsError(self.explain(error, model)) from None

    def explain(self, error: ValidationError, model: type[BaseModel]) -> list[YamlProblem]:
        """Return what `error`, from validating the data as `model`, means for the document's author."""
        problems = [
            YamlProblem(self.line_of(one["loc"]), sentence(one, model))
            for one in error.errors(include_url=False, include_input=False)
        ]
        return sorted(problems, key=lambda problem: problem.line)

    def line_of(self, place: Sequence[str | int]) -> int:
        """Return the line of the deepest part of `place` (keys and indexes) that the document has."""
        node, line = self._root, 1
        for part in place:
            step = _step(node, part)
            if step is not None:
                line, node = step
        return line


def _load(text: str) -> tuple[yaml.Node | None, dict[str, Any]]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        data = loader.construct_document(root) if root is not None else {}
    except yaml.YAMLError as error:
        raise YamlProblemsError([_yaml_problem(error)]) from None
    except (
        ValueError,
        RecursionError,
    ) as error:  # a date such as 2026-99-99; `[` ten thousand times
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise YamlProblemsError([YamlProblem(loader.line + 1, reason)]) from None
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise YamlProblemsError([YamlProblem(1, "it is no mapping of keys to values")])
    return root, data


def _yaml_problem(error: yaml.YAMLError) -> YamlProblem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    return YamlProblem(mark.line + 1 if mark else 1, f"it is no YAML: {reason}")


def _step(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and node of `part` within `node`; None for what only the model knows (a union's tag)."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    return None


def sentence(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return one of pydantic's errors from validating `model`, in words for people, without the value."""
    *place, last = error["loc"] or ("",)
    if error["type"] == "extra_forbidden":
        return _unknown("key", str(last), _known_keys(model, place))
    if error["type"] == "missing":
        return f"the key {last!r} is missing"
    if error["type"] == "union_tag_invalid":
        known = [tag.strip("'") for tag in error["ctx"]["expected_tags"].split(", ")]
        return _unknown("type", error["ctx"]["tag"], known)
    message = error["msg"].removeprefix("Value error, ")
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "string_pattern_mismatch":
        return f"{path} does not fit: {_description(model, error['loc'])}"
    return f"{path}: {message}" if path else message


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"unknown {what} {name!r}; {hint}"


def _known_keys(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    return sorted({name for one in _models_at(model, place) for name in one.model_fields})


def _description(model: type[BaseModel], place: Sequence[str | int]) -> str:
    """Return what the key at `place` is for, as its model says."""
    fields = (one.model_fields.get(str(place[-1])) for one in _models_at(model, place[:-1]))
    return next((field.description for field in fields if field and field.description), "")


def _models_at(model: type[BaseModel], place: Sequence[str | int]) -> list[type[BaseModel]]:
    """Return the models that the mapping at `place` may be: several where a union has no tag."""
    candidates = [model]
    for part in place:
        tagged = [one for one in candidates if _has_tag(one, part)]
        fields = [one.model_fields[part] for one in candidates if part in one.model_fields]
        if fields:
            candidates = [inner for field in fields for inner in _models_in(field.annotation)]
        elif tagged:
            candidates = tagged
    return candidates


def _has_tag(model: type[BaseModel], tag: str | int) -> bool:
    """Return whether `model` is the member of a union that `tag` selects (a Literal field holds it)."""
    return any(
        get_origin(field.annotation) is Literal and tag in get_args(field.annotation)
        for field in model.model_fields.values()
    )


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
