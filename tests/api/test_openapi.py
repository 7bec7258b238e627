"""The interface's description: complete, described, and true to the types."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema_rs import validator_for
from pydantic import TypeAdapter

from zos.access.audit.store import AuditRow
from zos.access.keys.store import Key
from zos.access.sessions.store import Session
from zos.api import access, jobs, members, runs
from zos.api.app import openapi_document
from zos.api.examples import EXAMPLES
from zos.api.problems import Problem
from zos.members.model import ConsentChange, Dispute, Erasure, Known, MemberRow
from zos.views.budgets import BudgetRow
from zos.views.calls import CallRow
from zos.views.costs import CostRow
from zos.views.insight_rows import InsightRow
from zos.views.jobs import JobStatus
from zos.views.relationships import Relationship
from zos.views.runs import RunView
from zos.views.topics import LedgerRow, TopicRow

TYPES: dict[str, type] = {
    "RunView": RunView,
    "JobStatus": JobStatus,
    "TriggerRequest": jobs.TriggerRequest,
    "PauseRequest": jobs.PauseRequest,
    "CancelRequest": runs.CancelRequest,
    "TopicRow": TopicRow,
    "LedgerRow": LedgerRow,
    "InsightRow": InsightRow,
    "BudgetRow": BudgetRow,
    "Relationship": Relationship,
    "CallRow": CallRow,
    "CostRow": CostRow,
    "MemberRow": MemberRow,
    "Known": Known,
    "ConsentRequest": members.ConsentRequest,
    "ConsentChange": ConsentChange,
    "DisputeRequest": members.DisputeRequest,
    "Dispute": Dispute,
    "Erasure": Erasure,
    "Standing": access.Standing,
    "Session": Session,
    "KeyRequest": access.KeyRequest,
    "Key": Key,
    "NewKey": access.NewKey,
    "GrantRequest": access.GrantRequest,
    "NewLink": access.NewLink,
    "AuditRow": AuditRow,
    "Problem": Problem,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [one for value in part.values() for one in references(value)]
    return [one for value in part for one in references(value)] if isinstance(part, list) else []


def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert set(operations(document)) == {
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api/v1/jobs",
        "GET /api/v1/jobs/{layer}",
        "GET /api/v1/jobs/{layer}/slots",
        "POST /api/v1/jobs/{layer}/trigger",
        "POST /api/v1/jobs/{layer}/pause",
        "POST /api/v1/jobs/{layer}/resume",
        "POST /api/v1/jobs/{layer}/preview",
        "GET /api/v1/runs",
        "GET /api/v1/runs/{run_id}",
        "POST /api/v1/runs/{run_id}/cancel",
        "GET /api/v1/topics",
        "GET /api/v1/topics/{topic}",
        "GET /api/v1/salience/groups",
        "GET /api/v1/salience/topics/{topic}/ledger",
        "GET /api/v1/salience/topics/{topic}/why",
        "GET /api/v1/insights",
        "GET /api/v1/insights/search",
        "GET /api/v1/insights/{insight_id}",
        "GET /api/v1/relationships",
        "GET /api/v1/relationships/graph",
        "GET /api/v1/members",
        "GET /api/v1/members/{member_id}",
        "GET /api/v1/members/{member_id}/export",
        "GET /api/v1/members/{member_id}/erasure",
        "POST /api/v1/members/{member_id}/consent",
        "POST /api/v1/members/{member_id}/disputes",
        "POST /api/v1/members/{member_id}/forget",
        "GET /api/v1/costs",
        "GET /api/v1/costs/calls",
        "GET /api/v1/access",
        "GET /api/v1/access/sessions",
        "DELETE /api/v1/access/sessions/{session_id}",
        "GET /api/v1/access/keys",
        "POST /api/v1/access/keys",
        "DELETE /api/v1/access/keys/{key_id}",
        "POST /api/v1/access/links",
        "GET /api/v1/audit",
        "POST /api/v1/reload",
        "GET /api/v1/events",
    }
    for operation in operations(document).values():
        assert operation["summary"]
        assert operation["description"]


def test_every_route_says_that_it_wants_the_token_and_how_it_fails(
    document: dict[str, Any],
) -> None:
    for name, operation in operations(document).items():
        assert ("security" in operation) is (name != "GET /healthz"), name
        failures = {key: one for key, one in operation["responses"].items() if key >= "4"}
        assert ("401" in failures) is (name != "GET /healthz"), name
        assert ("404" in failures) is bool(operation.get("parameters")), name
        failures.pop("503" if name == "GET /readyz" else "", None)
        assert all("application/problem+json" in one["content"] for one in failures.values())


def test_attributes_are_described_where_they_stand(document: dict[str, Any]) -> None:
    run = document["components"]["schemas"]["RunView"]
    assert run["description"] == "A run, or the outcome of a fire that did not run."
    lateness = run["properties"]["lateness_seconds"]["description"]
    assert lateness.startswith("From when the fire was due")
    assert not [
        name
        for name, schema in document["components"]["schemas"].items()
        if "Attributes:" in schema.get("description", "")
    ]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


def test_ids_are_strings_since_numbers_of_javascript_do_not_hold_discords(
    document: dict[str, Any],
) -> None:
    found = [
        (name, field, part)
        for name, schema in document["components"]["schemas"].items()
        for field, part in schema.get("properties", {}).items()
        if field == "id" or field.endswith(("_id", "_ids"))
    ]
    assert len(found) > 30
    asked = [
        (name, one["name"], one["schema"])
        for name, operation in operations(document).items()
        for one in operation.get("parameters", [])
        if one["name"].endswith("_id")
    ]
    for name, field, part in (*found, *asked):
        assert "integer" not in str(part), f"{name}: {field}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_true_to_their_types(document: dict[str, Any], name: str) -> None:
    TypeAdapter(TYPES[name]).validate_python(EXAMPLES[name])
    schema = document["components"]["schemas"][name]
    assert schema["examples"] == [EXAMPLES[name]]
    assert set(EXAMPLES[name]) <= set(schema["properties"])


def test_everything_that_is_asked_and_answered_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, operation in operations(document).items():
        answers = [one for status, one in operation["responses"].items() if status < "3"]
        for part in (operation.get("requestBody", {}), *answers):
            for content in part.get("content", {}).values():
                for used in references(content):
                    assert "examples" in schemas[used.rpartition("/")[2]], f"{name}: {used}"
        for parameter in operation.get("parameters", []):
            is_shown = {"example", "examples"} & {*parameter, *parameter["schema"]}
            assert is_shown or parameter["in"] != "path", f"{name}: {parameter['name']}"


def test_every_example_is_what_its_schema_allows(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        validator = validator_for({**document, "$ref": f"#/components/schemas/{name}"})
        for example in schema.get("examples", []):
            assert [str(error) for error in validator.iter_errors(example)] == [], name


def test_operations_have_short_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert sorted(names) == sorted(set(names))
    assert "trigger" in names
