"""Single sign-on against a real OpenID Connect provider in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.crm import SERVICES, Crm, Signed, ok, refused, rows_of, running_crm
from tests.support.nats import NatsServer
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.processes import ServerProcess

from ringway.crm_api.access import Role

# A Python program more has to start than elsewhere.
pytestmark = [pytest.mark.api, pytest.mark.timeout(120)]

_BACK = "https://console.example/sign-in"
_PEOPLE = (
    {"sub": "s-ann", "preferred_username": "Ann", "groups": ["staff", "leaders"], "name": "Ann L"},
    {"sub": "s-eve", "preferred_username": "boss"},
    {"sub": "s-new", "preferred_username": "newcomer", "name": "New C"},
    {"sub": "s-mail", "email": "mia@acme.example", "email_verified": True},
    {"sub": "s-fake", "email": "mia@acme.example", "email_verified": False},
)


class Idp:
    """The provider, and a browser in which somebody signs in at it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        people = [f"--user-claims={json.dumps(each)}" for each in _PEOPLE]
        argv = [sys.executable, "-m", "oidc_provider_mock", f"--port={self.port}"]
        argv += ["--host=127.0.0.1", *people]
        self.process = ServerProcess("idp", argv, dict(os.environ), folder)

    async def start(self) -> None:
        async def check() -> str | None:
            try:
                async with httpx.AsyncClient() as http:
                    return None if (await http.get(f"{self.issuer}/jwks")).is_success else "no"
            except httpx.HTTPError as error:
                return repr(error)

        await self.process.start(check)

    async def sign_in(self, url: str, subject: str) -> dict[str, str]:
        """Return what the browser comes back with."""
        async with httpx.AsyncClient() as http:
            answer = await http.post(url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == _BACK
        return {name: values[0] for name, values in parse_qs(back.query).items()}


@pytest.fixture(scope="module")
def idp_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    made = Idp(tmp_path_factory.mktemp("idp"))
    yield made
    if made.process.is_running:
        made.process.kill()


@pytest.fixture
async def idp(idp_of_all: Idp) -> Idp:
    await idp_of_all.start()
    return idp_of_all


@pytest.fixture
async def crm(postgres: PostgresServer, nats: NatsServer, tmp_path: Path) -> AsyncIterator[Crm]:
    """An application that may call providers on this machine."""
    database = await postgres.create_database(SERVICES)
    try:
        inside = {"sso_inside_hosts": ("127.0.0.1",)}
        async with running_crm(database, nats, tmp_path, **inside) as running:
            yield running
    finally:
        await postgres.drop_database(database)


def _provider(issuer: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Directory",
        "issuer": issuer,
        "client_id": "ringway",
        "client_secret": "a client's secret",
        "redirect_uris": [_BACK],
        **more,
    }


async def _begin(crm: Crm, **more: str) -> dict[str, Any]:
    wanted = {"tenant": "acme", "redirect_uri": _BACK, **more}
    return dict(ok(await crm.http.post("/api/v1/auth/sso/start", json=wanted)))


async def _finish(crm: Crm, begun: dict[str, Any], back: dict[str, str]) -> httpx.Response:
    body = {"browser_secret": begun["browser_secret"], "code": back["code"], "state": back["state"]}
    return await crm.http.post("/api/v1/auth/sso/finish", json=body)


async def _whole(crm: Crm, idp: Idp, subject: str) -> httpx.Response:
    begun = await _begin(crm)
    return await _finish(crm, begun, await idp.sign_in(begun["authorization_url"], subject))


async def test_people_of_the_provider_come_in_as_users_they_are(crm: Crm, idp: Idp) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.STAFF, "ann")
    made = await boss.post(
        "/identity-providers",
        _provider(idp.issuer, role_claim="groups", role_map={"leaders": "team_leader"}),
    )
    assert made["has_secret"]
    assert "client's" not in str(made) + str(await boss.get("/audit-log"))
    (row,) = await rows_of(crm, "SELECT client_secret FROM crm.identity_provider")
    assert b"client's" not in row["client_secret"]

    begun = await _begin(crm)
    asked = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] == [begun["state"]]
    back = await idp.sign_in(begun["authorization_url"], "s-ann")
    signed = Signed(crm.http, ok(await _finish(crm, begun, back))["access_token"], "")
    me = await signed.get("/me")
    assert (me["user_id"], me["role"]) == (ann.user_id, "team_leader")
    assert (await signed.get("/me/sessions"))["items"][0]["method"] == "oidc"
    refused(await _finish(crm, begun, back), 400, "sso_unknown")  # it ends once

    # The subject is who she is; a name that the provider gives to another does not reach her.
    await rows_of(crm, "UPDATE crm.identity SET subject = 'somebody else'")
    refused(await _whole(crm, idp, "s-ann"), 403, "sso_user_unknown")
    refused(await _whole(crm, idp, "s-new"), 403, "sso_user_unknown")
    ok(await boss("PATCH", f"/users/{ann.user_id}", json={"is_enabled": False}))
    await rows_of(crm, "UPDATE crm.identity SET subject = 's-ann'")
    refused(await _whole(crm, idp, "s-ann"), 403, "sso_user_unknown")


async def test_users_are_made_only_where_that_is_wanted(crm: Crm, idp: Idp) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post(
        "/identity-providers",
        _provider(idp.issuer, creates_users=True, default_role="staff", scopes="openid profile"),
    )
    for _ in range(2):
        token = ok(await _whole(crm, idp, "s-new"))["access_token"]
        me = await Signed(crm.http, token, "").get("/me")
        assert (me["username"], me["role"], me["display_name"]) == ("newcomer", "staff", "New C")
    path = f"/identity-providers/{made['provider_id']}"
    mail = _provider(idp.issuer, creates_users=True, default_role="staff", username_claim="email")
    await boss.put(path, mail)
    refused(await _whole(crm, idp, "s-fake"), 403, "sso_user_unknown")
    token = ok(await _whole(crm, idp, "s-mail"))["access_token"]
    assert (await Signed(crm.http, token, "").get("/me"))["username"] == "mia"
    assert (await boss("DELETE", path)).status_code == 204
    start = await crm.http.post(
        "/api/v1/auth/sso/start", json={"tenant": "acme", "redirect_uri": _BACK}
    )
    refused(start, 404, "sso_not_found")


async def test_only_the_browser_that_began_ends_it_with_what_belongs_to_it(
    crm: Crm, idp: Idp
) -> None:
    boss = await crm.open_tenant("acme")
    await boss.post("/identity-providers", _provider(idp.issuer))
    mine, other = await _begin(crm), await _begin(crm)
    back = await idp.sign_in(mine["authorization_url"], "s-eve")
    refused(await _finish(crm, other, back), 400, "sso_unknown")
    # A code of another sign-in: its token has another nonce.
    mine, other = await _begin(crm), await _begin(crm)
    back = await idp.sign_in(mine["authorization_url"], "s-eve")
    mixed = {**back, "state": other["state"]}
    problem = refused(await _finish(crm, other, mixed), 400, "identity_provider_failed")
    assert "another sign-in" in problem["detail"]
    late = await _begin(crm)
    back = await idp.sign_in(late["authorization_url"], "s-eve")
    crm.clock.forward(601)
    refused(await _finish(crm, late, back), 400, "sso_unknown")
    for state in ("", "x", f"{'0' * 32}.x"):
        refused(await _finish(crm, late, {**back, "state": state}), 400, "sso_unknown")
    wanted = {"tenant": "acme", "redirect_uri": "https://evil.example/"}
    refused(await crm.http.post("/api/v1/auth/sso/start", json=wanted), 422, "redirect_uri_unknown")


async def test_new_keys_of_the_provider_are_learned_and_its_absence_is_told(
    crm: Crm, idp: Idp
) -> None:
    boss = await crm.open_tenant("acme")
    await boss.post("/identity-providers", _provider(idp.issuer))
    ok(await _whole(crm, idp, "s-eve"))
    idp.process.kill()
    begun = await _begin(crm)  # what it says of itself is still known
    await idp.start()  # with a key of its own
    ok(await _finish(crm, begun, await idp.sign_in(begun["authorization_url"], "s-eve")))
    begun = await _begin(crm)
    back = await idp.sign_in(begun["authorization_url"], "s-eve")
    idp.process.kill()
    refused(await _finish(crm, begun, back), 503, "dependency_unavailable")


async def test_addresses_inside_are_refused(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for issuer in (
        "http://id.acme.example",
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "https://user@id.acme.example",
        "https://id.acme.example:bad",
    ):
        wanted = _provider(issuer)
        refused(await boss("POST", "/identity-providers", json=wanted), 422, "issuer_refused")
