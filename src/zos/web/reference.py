"""What the API's own description says, for people: its routes in groups, with parameters, examples and types.

In: an OpenAPI document. Out: groups of operations, ready to be shown. Pure.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

_REFERENCE = "#/components/schemas/"
_JSON = "application/json"
_BOUNDS = (
    ("minimum", "from {}"),
    ("maximum", "to {}"),
    ("exclusiveMaximum", "below {}"),
    ("minLength", "from {} characters"),
    ("maxLength", "to {} characters"),
    ("maxItems", "to {} of them"),
)

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property of a type.

    Attributes:
        place: Where a parameter stands; empty for a property.
        kind: What it may be, in words.
    """

    name: str
    place: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Type:
    """An object that is asked for or answered."""

    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status that a route answers with, and when."""

    status: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A route.

    Attributes:
        name: Its own, short.
        is_open: Whether it wants no token.
        body: An example of what it is sent, as JSON; empty if it is sent nothing.
        answer: An example of what it answers, as JSON; empty if there is none.
        curl: The line that asks it.
        types: What is sent and answered, each type before its parts.
    """

    name: str
    method: str
    path: str
    summary: str
    description: str
    is_open: bool
    parameters: tuple[Field, ...]
    body: str
    answer: str
    curl: str
    answers: tuple[Answer, ...]
    types: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Routes that belong together."""

    name: str
    description: str
    operations: tuple[Operation, ...]


def groups_of(document: Mapping[str, Any]) -> tuple[Group, ...]:
    """Return the routes of an OpenAPI document, in its tags' order and then its own."""
    reader = _Reader(document["components"]["schemas"])
    found = [
        (tag, reader.operation(method, path, one))
        for path, methods in document["paths"].items()
        for method, one in methods.items()
        for tag in one["tags"]
    ]
    return tuple(
        Group(tag["name"], tag["description"], tuple(one for of, one in found if of == tag["name"]))
        for tag in document["tags"]
    )


class _Reader:
    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def operation(self, method: str, path: str, said: Schema) -> Operation:
        parameters = said.get("parameters", [])
        sent = _content(said.get("requestBody", {}))
        done = next(one for status, one in said["responses"].items() if status < "3")
        answered = _content(done)
        body = self._example(sent)
        return Operation(
            name=said["operationId"],
            method=method.upper(),
            path=path,
            summary=said["summary"],
            description=said["description"],
            is_open="security" not in said,
            parameters=tuple(map(self._parameter, parameters)),
            body="" if body is None else _written(body),
            answer="" if (example := self._example(answered)) is None else _written(example),
            curl=_curl(
                method.upper(), _filled(path, parameters), body, is_open="security" not in said
            ),
            answers=tuple(
                Answer(status, one["description"])
                for status, one in sorted(said["responses"].items())
            ),
            types=tuple(self._types([*_names(sent), *_names(answered)])),
        )

    def _parameter(self, said: Schema) -> Field:
        schema = said["schema"]
        description = said.get("description") or schema.get("description", "")
        kind = self._kind(schema)
        return Field(said["name"], said["in"], kind, said.get("required", False), description)

    def _types(self, waiting: list[str]) -> Iterator[Type]:
        seen: set[str] = set()
        while waiting:
            name = waiting.pop(0)
            schema = self._schemas[name]
            if name in seen or "properties" not in schema:
                continue
            seen.add(name)
            needed = schema.get("required", [])
            yield Type(
                name,
                schema.get("description", ""),
                tuple(
                    Field(one, "", self._kind(part), one in needed, part.get("description", ""))
                    for one, part in schema["properties"].items()
                ),
            )
            waiting += _names(schema["properties"])

    def _kind(self, schema: Schema) -> str:
        if "$ref" in schema:
            name = _named(schema["$ref"])
            known = self._schemas[name]
            return self._kind(known) if "enum" in known else name
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(map(self._kind, schema["anyOf"])))
        if "enum" in schema:
            return "one of " + ", ".join(map(str, schema["enum"]))
        if "const" in schema:
            return str(schema["const"])
        if schema.get("type") == "array":
            return f"list of {self._kind(schema.get('items', {}))}" + _bounds(schema)
        return str(schema.get("format") or schema.get("type", "anything")) + _bounds(schema)

    def _example(self, schema: Schema) -> Any:
        if "examples" in schema:
            return schema["examples"][0]
        if "$ref" in schema:
            return self._example(self._schemas[_named(schema["$ref"])])
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0])
        if "items" in schema and (item := self._example(schema["items"])) is not None:
            return [item]
        return None


def _content(part: Schema) -> Schema:
    schema: Schema = part.get("content", {}).get(_JSON, {}).get("schema", {})
    return schema


def _named(reference: str) -> str:
    return reference.removeprefix(_REFERENCE)


def _names(part: Any) -> list[str]:
    """Return the types that a schema refers to, in their order."""
    if isinstance(part, Mapping):
        own = [_named(part["$ref"])] if isinstance(part.get("$ref"), str) else []
        return own + [name for value in part.values() for name in _names(value)]
    return [name for value in part for name in _names(value)] if isinstance(part, list) else []


def _bounds(schema: Schema) -> str:
    said = [words.format(f"{schema[name]:,}") for name, words in _BOUNDS if name in schema]
    return f", {' '.join(said)}" if said else ""


def _filled(path: str, parameters: list[Schema]) -> str:
    """Return a route's path with examples for its parts, and for what its query must have."""
    query: dict[str, str] = {}
    for one in parameters:
        example = str(_example_of(one))
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(example, safe=":"))
        elif one["in"] == "query" and one.get("required"):
            query[one["name"]] = example
    return f"{path}?{urlencode(query)}" if query else path


def _example_of(parameter: Schema) -> Any:
    found = parameter["schema"].get("examples") or parameter.get("examples")
    return found[0] if found else "…"


def _curl(method: str, address: str, body: Any, *, is_open: bool) -> str:
    parts = ["curl"]
    if method != "GET":
        parts.append(f"-X {method}")
    if not is_open:
        parts.append('-H "Authorization: Bearer $ZOS_KEY"')
    if body is not None:
        parts.append(f"--json {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return " ".join([*parts, f'"$ZOS_URL{address}"'])


def _written(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)
