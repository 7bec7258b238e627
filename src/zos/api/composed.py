"""Examples of what is made of other things: a page of its items, a detail of its parts.

In: schemas by name, some with an example. Out: an example for each of the rest that can be put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REFERENCE = "#/components/schemas/"
_UNKNOWN = object()
_OF_FORMAT = {"date-time": "2026-11-23T03:00:00Z", "date": "2026-11-23"}
_OF_TYPE: dict[str, Any] = {"integer": 3, "number": 0.5, "boolean": True, "null": None}


def compose(schemas: Mapping[str, dict[str, Any]], parts: Mapping[str, Any]) -> None:
    """Give schemas without an example one that is made of their parts', where all parts have one.

    Args:
        schemas: By name; changed.
        parts: Examples of single values, by the name of the property.
    """
    composer = _Composer(schemas, parts)
    for schema in schemas.values():
        if "examples" not in schema and "enum" not in schema:
            made = composer.example(schema)
            if made is not _UNKNOWN:
                schema["examples"] = [made]


class _Composer:
    def __init__(self, schemas: Mapping[str, dict[str, Any]], parts: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self._parts = parts

    def example(self, schema: Mapping[str, Any], name: str = "") -> Any:
        """Return an example of the property `name`; `_UNKNOWN` if a part of it has none."""
        if "$ref" in schema:
            return self.example(self._schemas[schema["$ref"].removeprefix(_REFERENCE)])
        for said in ("examples", "enum"):
            if said in schema:
                return schema[said][0]
        for said in ("const", "default"):
            if said in schema:
                return schema[said]
        return self._of_type(schema, name)

    def _of_type(self, schema: Mapping[str, Any], name: str) -> Any:
        if "anyOf" in schema:
            found = (self.example(one, name) for one in schema["anyOf"])
            return next((one for one in found if one is not _UNKNOWN), _UNKNOWN)
        match schema.get("type"):
            case "array":
                item = self.example(schema["items"], name)
                return _UNKNOWN if item is _UNKNOWN else [item]
            case "object":
                parts = schema.get("properties", {})
                made = {part: self.example(one, part) for part, one in parts.items()}
                return _UNKNOWN if _UNKNOWN in made.values() else made
            case "string":
                return _OF_FORMAT.get(schema.get("format", ""), self._parts.get(name, _UNKNOWN))
            case other:
                return _OF_TYPE.get(str(other), _UNKNOWN)
