"""The interface's description: what the code says of itself, put where readers of OpenAPI look for it.

In: an application. Out: its OpenAPI document with the attributes' documentation at each property,
examples, and one kind of error.
"""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from zos.access.problems import MEDIA_TYPE
from zos.api.asking import OPERATORS_ALONE
from zos.api.composed import compose
from zos.api.examples import EXAMPLES, PARTS
from zos.api.problems import Problem

_METHODS = ("get", "post", "delete")
# status: (the part that an operation must have to answer so, why it does)
_ERRORS = {
    HTTPStatus.BAD_REQUEST: ("requestBody", "The body is no text"),
    HTTPStatus.UNAUTHORIZED: ("security", "The token or key is missing or wrong"),
    HTTPStatus.FORBIDDEN: ("security", "Whoever asks may not do this"),
    HTTPStatus.NOT_FOUND: ("parameters", "There is no such thing"),
    HTTPStatus.CONFLICT: ("requestBody", "It is running already, or has ended"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("", "The request is too large"),
    HTTPStatus.MISDIRECTED_REQUEST: ("", "The Host header is not one that is answered to"),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("security", "The request was not understood"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("security", "The database does not answer, or not in time"),
}
_ATTRIBUTES = re.compile(r"\n+Attributes:\n(?P<body>.*)", re.DOTALL)
_ATTRIBUTE = re.compile(r"^    (?P<name>\w+): (?P<text>.*(?:\n {5,}.*)*)", re.MULTILINE)


def described(app: FastAPI) -> None:
    """Give `app` its description, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    for name, schema in schemas.items():
        _describe_properties(schema)
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
    compose(schemas, PARTS)
    for methods in document["paths"].values():
        for method in _METHODS:
            if method in methods:
                _explain_errors(methods[method], is_write=method != "get")
        if "get" in methods:
            unchanged = {"description": "Nothing has changed since the answer of `If-None-Match`"}
            methods["get"]["responses"][str(HTTPStatus.NOT_MODIFIED.value)] = unchanged
    return document


def _describe_properties(schema: dict[str, Any]) -> None:
    """Move what the docstring says of attributes to the properties themselves."""
    text = inspect.cleandoc(schema.get("description", ""))
    found = _ATTRIBUTES.search(text)
    if found is None:
        return
    schema["description"] = text[: found.start()]
    for attribute in _ATTRIBUTE.finditer(found["body"]):
        described_property = schema["properties"].get(attribute["name"], {})
        described_property["description"] = " ".join(attribute["text"].split())


def _explain_errors(operation: dict[str, Any], *, is_write: bool) -> None:
    """Say which errors a route may answer with: each is a problem, and nothing else is answered."""
    operation["responses"].pop("422", None)
    if is_write:
        operation["responses"].update(OPERATORS_ALONE)
    for status, (part, reason) in _ERRORS.items():
        if not part or operation.get(part):
            said = operation["responses"].get(str(status.value), {})
            operation["responses"][str(status.value)] = _problem(reason) | said


def _problem(reason: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": reason, "content": {MEDIA_TYPE: {"schema": schema}}}
