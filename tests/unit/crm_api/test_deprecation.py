"""What will go is announced in the document and in the headers of answers."""

from __future__ import annotations

from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field

from ringway.crm_api import openapi
from ringway.crm_api.deprecation import Deprecation, Register
from ringway.crm_api.middleware import Edge
from ringway.crm_api.routing import api_router

pytestmark = pytest.mark.unit

_SOON = Deprecation(date(2026, 1, 1), date(2026, 8, 1), "list_things", "https://docs.example/v2")
_LATER = Deprecation(date(2026, 2, 1), date(2027, 2, 1), "name")


class Inner(BaseModel):
    label: str = Field(default="", description="Its label.")
    name: str = ""


class Thing(BaseModel):
    inner: Inner


def _app(register: Register) -> FastAPI:
    router = api_router("/things", "things")

    @router.get("/old")
    async def get_old_things() -> str:
        return "x"

    @router.get("/one")
    async def get_thing() -> Thing:
        return Thing(inner=Inner())

    @router.get("/none")
    async def get_nothing() -> str:
        return "x"

    app = FastAPI(generate_unique_id_function=openapi.operation_id)
    app.include_router(router, prefix="/api/v1")
    openapi.install(app, [router], register)
    return app


async def _headers(register: Register, path: str) -> httpx.Headers:
    app = _app(register)
    app.add_middleware(
        Edge,
        body_max_bytes=1_000,
        bulk_max_bytes=1_000,
        upload_max_bytes=1_000,
        clock=lambda: 0.0,
        rate_policy="",
        going=register.headers(app.openapi()),
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        response = await http.get(f"/api/v1/things/{path}")
        assert response.status_code == 200
        return response.headers


async def test_an_operation_that_will_go_says_so() -> None:
    register = Register(operations={"get_old_things": _SOON})
    headers = await _headers(register, "old")
    assert headers["Deprecation"] == "@1767225600"
    assert parsedate_to_datetime(headers["Sunset"]).date() == date(2026, 8, 1)
    assert headers["Sunset"] == "Sat, 01 Aug 2026 00:00:00 GMT"
    assert headers["Link"] == '<https://docs.example/v2>; rel="deprecation"'
    operation = _app(register).openapi()["paths"]["/api/v1/things/old"]["get"]
    assert operation["deprecated"] is True
    assert operation["x-sunset"] == "2026-08-01"
    assert "Instead: list_things" in operation["description"]
    assert "Deprecation" not in await _headers(register, "none")


async def test_a_field_that_will_go_concerns_all_operations_that_have_it() -> None:
    register = Register(fields={"Inner.label": _LATER})
    headers = await _headers(register, "one")
    assert headers["Sunset"] == "Mon, 01 Feb 2027 00:00:00 GMT"
    assert "Sunset" not in await _headers(register, "none")
    document = _app(register).openapi()
    label = document["components"]["schemas"]["Inner"]["properties"]["label"]
    assert label["deprecated"] is True
    assert label["description"].startswith("Its label.\n\nGoes on 2027-02-01.")


async def test_what_goes_first_is_told() -> None:
    register = Register({"get_thing": _SOON}, {"Inner.label": _LATER})
    assert "Aug 2026" in (await _headers(register, "one"))["Sunset"]


@pytest.mark.parametrize(
    "register", [Register({"get_gone": _SOON}), Register(fields={"Inner.gone": _LATER})]
)
def test_nothing_is_announced_that_is_not_there(register: Register) -> None:
    with pytest.raises(ValueError, match="not there"):
        _app(register).openapi()


def test_nothing_is_marked_that_is_not_announced() -> None:
    for where in ("paths", "schemas"):
        document: dict[str, Any] = _app(Register()).openapi()
        if where == "paths":
            document["paths"]["/api/v1/things/old"]["get"]["deprecated"] = True
        else:
            document["components"]["schemas"]["Inner"]["properties"]["label"]["deprecated"] = True
        with pytest.raises(ValueError, match="not in the table"):
            Register().mark(document)


def test_it_does_not_go_before_people_can_change() -> None:
    with pytest.raises(ValueError, match="180 days"):
        Deprecation(date(2026, 1, 1), date(2026, 3, 1), "")
