"""Asterisk nodes over REST: the platform's operators empty them, tenants do not know of them."""

from __future__ import annotations

import pytest
from tests.support.crm import Crm, refused

from ringway.crm_api.access import Role
from ringway.proto.acd_nodes import DrainNodeV1, ListNodesV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api


async def test_an_operator_drains_a_node_and_sees_what_is_left(crm: Crm) -> None:
    operator = await crm.user(crm.platform, "", Role.OPERATIONS_ADMIN)
    (node,) = (await operator.get("/nodes"))["items"]
    assert node["draining_since"] is None
    assert (node["calls"], node["agent_legs"], node["channels"]) == (2, 3, 9)
    drained = await operator.post("/nodes/ast-0/drain")
    assert drained["draining_since"]
    assert drained["drained_by"] == "operations-admin"
    assert not crm.behind.last(DrainNodeV1).force
    await operator.post("/nodes/ast-0/drain", {"force": True})
    assert crm.behind.last(DrainNodeV1).force
    assert (await operator.post("/nodes/ast-0/undrain"))["draining_since"] is None
    entries = (await crm.platform.get("/audit-log"))["items"]
    acts = [(e["actor"], e["action"], e["object_id"], e["detail"]) for e in entries]
    for action, detail in (
        ("node.drained", {"force": False}),
        ("node.drained", {"force": True}),
        ("node.undrained", {}),
    ):
        assert ("operations-admin", action, "ast-0", detail) in acts


async def test_what_cannot_be_drained_is_refused(crm: Crm) -> None:
    refused(await crm.platform("POST", "/nodes/ast-7/drain"), 404, "node_unknown")
    refused(await crm.platform("POST", "/nodes/a.b/drain"), 422, "validation_failed")
    refused(
        await crm.platform("POST", "/nodes/ast-0/drain", json={"forse": True}),
        *(422, "validation_failed"),
    )
    crm.behind.refuse[DrainNodeV1] = Refused("last_node", "No node but ast-0 serves.")
    refused(await crm.platform("POST", "/nodes/ast-0/drain"), 409, "last_node")
    assert not [
        entry
        for entry in (await crm.platform.get("/audit-log"))["items"]
        if entry["object_type"] == "node"
    ]


async def test_no_tenant_sees_or_drains_nodes(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    refused(await boss("GET", "/nodes"), 403, "permission_missing")
    refused(await boss("POST", "/nodes/ast-0/drain"), 403, "permission_missing")
    refused(await boss("POST", "/nodes/ast-0/undrain"), 403, "permission_missing")
    assert not any(isinstance(each, ListNodesV1 | DrainNodeV1) for each in crm.behind.asked)
