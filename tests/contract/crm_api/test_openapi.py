"""The committed OpenAPI document, and the shape that outsiders rely on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tests.support.api_document import api_document

from ringway.crm_api.app import NOUNS, make_api
from ringway.runtime.outbox import outbox_ddl

pytestmark = pytest.mark.contract

_SERVICE = Path(__file__).resolve().parents[3] / "services" / "crm_api"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return api_document()


@pytest.mark.timeout(240)  # to derive it takes 15 s of CPU
def test_shipped_document_is_what_the_code_says(document: dict[str, Any]) -> None:
    assert document == json.loads(json.dumps(make_api().openapi())), "run tools/openapi"


def test_every_operation_has_an_id_a_summary_and_a_description(document: dict[str, Any]) -> None:
    operations = [o for methods in document["paths"].values() for o in methods.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) >= 60
    assert all(operation["summary"] and operation["description"] for operation in operations)


def test_schemas_have_names_of_their_own(document: dict[str, Any]) -> None:
    """Where two classes share a name, the document would name them by their modules."""
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_an_operation_that_changes_nothing_may_name_a_conflict(document: dict[str, Any]) -> None:
    """An enterprise's data are exported by the platform only while it is closed."""
    said = document["paths"]["/api/v1/tenants/{tenant_id}/export"]["get"]["responses"]
    assert list(said["409"]["content"]) == ["application/problem+json"]


def test_where_if_match_is_required_the_document_says_so(document: dict[str, Any]) -> None:
    said = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "428" in operation["responses"]
    }
    asked = {
        route.name
        for router in NOUNS
        for route in router.routes
        if isinstance(route, APIRoute)
        and "expected_version(if_match, required=True)" in inspect.getsource(route.endpoint)
    }
    assert len(asked) > 20
    assert asked <= said


def test_a_map_whose_keys_have_a_form_takes_no_others(document: dict[str, Any]) -> None:
    def maps(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if "patternProperties" in schema:
                yield schema
            for each in schema.values():
                yield from maps(each)
        elif isinstance(schema, list):
            for each in schema:
                yield from maps(each)

    found = list(maps(document["components"]["schemas"]))
    assert len(found) > 10
    assert all(each["additionalProperties"] is False for each in found)


def test_every_error_is_a_problem_document(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")) and status != "416":
                    content = response["content"]
                    assert list(content) == ["application/problem+json"], (path, method, status)


def test_everything_but_sign_in_is_secured(document: dict[str, Any]) -> None:
    unsecured = [
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if "security" not in operation
    ]
    public = ("sign-in-page", "sso/finish", "sso/start", "token")
    assert sorted(unsecured) == [f"/api/v1/auth/{each}" for each in public]


def test_migration_has_the_outbox_of_the_runtime() -> None:
    folder = _SERVICE / "src" / "ringway" / "crm_api" / "migrations"
    text = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.sql"))
    assert outbox_ddl("crm", "ringway_crm_api") in text
