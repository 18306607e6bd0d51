"""Every operation × every role × own and other tenant."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.support.api_document import api_document
from tests.support.crm import USER_PASSWORD, Crm, Signed, refused, rows_of
from tests.support.matrix import arguments_of, make_objects
from tests.support.nats import NatsServer

from ringway.crm_api.access import (
    PLATFORM_ROLES,
    PLATFORM_TENANT,
    ROLE_PERMISSIONS,
    Permission,
    Role,
)
from ringway.crm_api.app import NOUNS
from ringway.crm_api.openapi import permissions

pytestmark = pytest.mark.api

_PUBLIC = {"issue_token", "get_sign_in_page", "start_sso", "finish_sso"}


@dataclass
class Operation:
    name: str
    method: str
    path: str
    is_file: bool  # what it answers is taken along: an export, or sound


def _operations() -> list[Operation]:
    return [
        Operation(
            operation["operationId"],
            method.upper(),
            path.removeprefix("/api/v1"),
            any("json" not in kind for kind in operation["responses"]["200"].get("content", {}))
            if "200" in operation["responses"]
            else False,
        )
        for path, methods in api_document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_asks_for_a_permission_or_is_known_to_be_public() -> None:
    asked = permissions(NOUNS)
    assert {name for name, permission in asked.items() if permission is None} == _PUBLIC
    assert {operation.name for operation in _operations()} == set(asked)


def test_every_permission_is_somebodys_and_every_role_sees_himself() -> None:
    asked = {permission for permission in permissions(NOUNS).values() if permission}
    assert asked <= set().union(*ROLE_PERMISSIONS.values())
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert all("me" in granted for granted in ROLE_PERMISSIONS.values())


@dataclass
class Who:
    """Somebody who asks. ``home`` is his tenant, None for the platform's."""

    name: str
    granted: frozenset[Permission]
    home: str | None
    signed: Signed


_NARROW = frozenset({Permission.ME, Permission.CUSTOMERS_READ})
_ASKED_APART = {"sign_out"}  # it ends the session that the others are asked in
_TENANTS = ("acme", "other")
# What one does with oneself alone, and what agents do on their calls, is not in the audit log.
_PERSONAL = {Permission.ME, Permission.AGENTS_ACT, Permission.PHONE}
# Files that belong to a record are looked at with it; an export is what leaves with many.
_LOOKED_AT = {"get_record_file", "get_work_order_attachment", "get_article_attachment"}
# Not for want of a permission: an object of the same tenant may be somebody else's.
_RULES_OF_OBJECTS = {"not_the_owner", "team_not_yours"}


@pytest.mark.timeout(300)  # some 10,000 requests
async def test_matrix(crm: Crm, nats: NatsServer) -> None:
    """Every operation of the document x everybody x his own and another tenant's objects."""
    async with nats.bus("acd", name="acd-voicemail") as bus:
        await crm.behind.attach_voicemail(bus)
        await _matrix(crm)


async def _everybody(crm: Crm, boss: Signed, home: str) -> list[Who]:
    """Return somebody of each shipped role, and of a narrower one made from such."""
    everybody: list[Who] = []
    for role in Role:
        if role in PLATFORM_ROLES:
            signed = await crm.user(crm.platform, "", role)
            everybody.append(Who(role, ROLE_PERMISSIONS[role], None, signed))
            continue
        number = {Role.AGENT: "801", Role.TEAM_LEADER: "800"}.get(role)
        signed = await crm.user(boss, home, role, number=number)
        everybody.append(Who(role, ROLE_PERMISSIONS[role], home, signed))
    new = {"name": "narrow", "template": "team_leader", "permissions": sorted(_NARROW)}
    own = (await boss.post("/roles", new))["role_id"]
    user = {"username": "narrow", "password": USER_PASSWORD, "role": "team_leader"}
    await boss.post("/users", {**user, "own_role_id": own})
    everybody.append(Who("own role", _NARROW, home, await crm.sign_in(f"narrow@{home}")))
    return everybody


async def _matrix(crm: Crm) -> None:
    asked = permissions(NOUNS)
    bosses = {slug: await crm.open_tenant(slug) for slug in _TENANTS}
    objects = {slug: await make_objects(crm, boss, slug) for slug, boss in bosses.items()}
    for each in objects.values():
        crm.behind.voicemails.add((each["tenant_id"], each["voicemail_id"]))
    await crm.open_tenant("third")
    third = next(
        t["tenant_id"]
        for t in (await crm.platform.get("/tenants"))["items"]
        if t["slug"] == "third"
    )
    everybody = await _everybody(crm, bosses["acme"], "acme")
    operations = [each for each in _operations() if each.name not in _PUBLIC | _ASKED_APART]
    counted: Counter[str] = Counter()
    wrong: list[str] = []

    async def ask(operation: Operation, who: Who, target: str) -> None:
        permission = asked[operation.name]
        assert permission is not None
        values = {**objects[target], "tenant_id": third}
        path = re.sub(r"\{(\w+)\}", lambda m: values[m.group(1)], operation.path)
        counted["asked"] += 1
        payload = arguments_of(operation.name, objects[target], counted["asked"])
        is_act = _is_audited(operation, who, permission)
        home = str(PLATFORM_TENANT) if who.home is None else objects[who.home]["tenant_id"]
        before = await _entries(crm, home) if is_act else 0
        response = await who.signed(operation.method, path, **payload)
        if is_act and response.is_success:
            counted["audited"] += 1
            if await _entries(crm, home) == before:
                wrong.append(f"{who.name} {operation.name}: no entry in the audit log")
        belongs = who.home in (None, target)
        wrong.extend(
            f"{who.name} of {who.home} {operation.method} {path} ({belongs=}): {why}"
            for why in _wrong(operation, who, target, response, permission, objects)
        )
        counted["refused" if permission not in who.granted else "allowed"] += 1
        counted["own" if belongs else "other"] += 1

    # What is refused and what is only read can be asked side by side.
    for who in everybody:
        no = [each for each in operations if asked[each.name] not in who.granted]
        await _side_by_side(ask(each, who, target) for each in no for target in _TENANTS)
    for operation in operations:
        may = [who for who in everybody if asked[operation.name] in who.granted]
        asks = (ask(operation, who, target) for who in may for target in _TENANTS)
        if operation.method == "GET" and not operation.is_file:
            await _side_by_side(asks)
        else:
            for one in asks:
                await one
    assert not wrong, "\n".join(wrong)
    size = f"{len(operations)} operations x {len(everybody)} callers x {len(_TENANTS)} tenants"
    print(f"Permission matrix: {size} = {counted['asked']} requests: {dict(counted)}")
    # Nothing is left out: whoever adds an operation or a role has it asked here.
    in_document = {each.name for each in _operations()}
    assert in_document - {each.name for each in operations} == _PUBLIC | _ASKED_APART
    assert {who.name for who in everybody} == {*Role, "own role"}
    assert counted["asked"] == len(operations) * len(everybody) * len(_TENANTS)
    assert len(operations) >= 550
    assert counted["audited"] >= 500


def _is_audited(operation: Operation, who: Who, permission: Permission) -> bool:
    """Whether an operation, when it is carried out, must leave an entry in the audit log."""
    if permission not in who.granted or operation.name in _LOOKED_AT:
        return False
    is_act = operation.method != "GET" and permission not in _PERSONAL and who.name != Role.AGENT
    return is_act or operation.is_file


async def _entries(crm: Crm, tenant_id: str) -> int:
    sql = "SELECT count(*) AS n FROM crm.audit_log WHERE tenant_id = $1"
    return int((await rows_of(crm, sql, tenant_id))[0]["n"])


async def _side_by_side(asks: Iterator[Coroutine[Any, Any, None]]) -> None:
    while some := list(islice(asks, 16)):
        await asyncio.gather(*some)


def _wrong(
    operation: Operation,
    who: Who,
    target: str,
    response: httpx.Response,
    permission: Permission,
    objects: dict[str, dict[str, str]],
) -> Iterator[str]:
    """Say what is wrong with an answer."""
    status = response.status_code
    if permission not in who.granted:
        if status != 403 or response.json()["code"] != "permission_missing":
            yield f"{status} instead of 403"
    elif status in (401, 403) and response.json()["code"] in _RULES_OF_OBJECTS:
        return
    elif status in (401, 403) or status >= 500:
        # The one part that is not there answers 503, after the permission.
        if not (operation.name == "get_audio" and status == 503):
            yield f"{status} {response.text}"
    elif "{" in operation.path and "tenant_id" not in operation.path and who.home != target:
        if status != 404 and who.home is not None:
            yield f"{status} instead of 404"
    elif operation.method == "GET" and who.home is not None:
        # What is asked for by name may be named in the answer that there is nothing.
        other = next(slug for slug in _TENANTS if slug != who.home)
        hidden = set(objects[other].values()) - set(objects[target].values()) - {"B000001"}
        leaked = [each for each in hidden if each in response.text]
        if leaked:
            yield f"leaks {leaked}"


async def test_nobody_gets_in_without_a_token(crm: Crm) -> None:
    for operation in _operations():
        if operation.name in _PUBLIC:
            continue
        path = re.sub(r"\{\w+\}", str(uuid4()), operation.path)
        response = await crm.http.request(operation.method, f"/api/v1{path}")
        refused(response, 401, "not_signed_in")


async def test_agent_sees_only_his_own_interactions_and_recordings(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ids = await make_objects(crm, boss, "acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    seat = await crm.sign_in("seat@acme")
    assert (await ann.get("/interactions"))["items"] == []
    assert (await ann.get(f"/interactions?agent_id={ids['user_id']}"))["items"] == []
    refused(
        await ann("GET", f"/interactions/{ids['interaction_id']}"), 404, "interaction_not_found"
    )
    assert (await ann.get("/recordings"))["items"] == []
    refused(await ann("GET", f"/recordings/{ids['recording_id']}"), 404, "recording_not_found")
    refused(
        await ann("GET", f"/recordings/{ids['recording_id']}/audio"), 404, "recording_not_found"
    )
    (mine,) = (await seat.get("/recordings"))["items"]
    assert mine["recording_id"] == ids["recording_id"]


async def test_roles_of_the_platform_and_of_enterprises_do_not_mix(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    new = {"username": "xx", "password": USER_PASSWORD}
    for role in PLATFORM_ROLES:
        response = await boss("POST", "/users", json={**new, "role": role})
        refused(response, 422, "role_not_here")
    response = await crm.platform("POST", "/users", json={**new, "role": "enterprise_admin"})
    refused(response, 422, "role_not_here")


async def test_nobody_raises_himself(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    me = await boss.get("/me")
    for change in ({"role": "team_leader"}, {"is_enabled": False}):
        response = await boss("PATCH", f"/users/{me['user_id']}", json=change)
        refused(response, 403, "own_access")
