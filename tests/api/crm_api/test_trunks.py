"""SIP trunks: every setting, the password that is never shown, state, and who may delete one."""

from __future__ import annotations

import pytest
from tests.support.crm import Crm, ok, refused

from ringway.proto.acd import DeleteTrunkV1, PutTrunkV1
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api


async def test_trunk_cannot_smuggle_sip_parameters(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    for host in ("a;transport=tcp", "a b", "", "a\r\nX: y", "-a", "sip:x@y", "[::1]/x"):
        response = await boss("POST", "/trunks", json={"name": "t", "host": host})
        refused(response, 422, "validation_failed")
    made = await boss.post("/trunks", {"name": "t", "host": "192.0.2.1", "port": 5070})
    assert made["endpoint"] == f"trunk-{made['trunk_id']}"
    changed = await boss.put(f"/trunks/{made['trunk_id']}", {"name": "t2", "host": "192.0.2.2"})
    assert changed["name"] == "t2"
    assert (await boss.get(f"/trunks/{made['trunk_id']}"))["host"] == "192.0.2.2"


async def test_trunk_is_kept_with_all_its_settings_but_never_shows_its_password(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    wanted = {
        "name": "carrier", "host": "sip.example", "port": 5061, "transport": "tcp",
        "codecs": ["alaw"], "sources": ["192.0.2.0/28", "[2001:db8::1]:5060"], "username": "acme",
        "register_at": True, "from_user": "acme", "from_domain": "carrier.example",
        "max_channels": 30, "dtmf": "inband", "qualify_s": 30, "caller_id": "+862150001000",
        "enabled": True,
    }  # fmt: skip
    made = await boss.post("/trunks", {**wanted, "password": "s3cret-word"})
    path = f"/trunks/{made['trunk_id']}"
    assert crm.behind.last(PutTrunkV1).password == "s3cret-word"
    for view in (made, await boss.get(path), (await boss.get("/trunks"))["items"][0]):
        assert {name: view[name] for name in wanted} == wanted
        assert view["has_password"] is True
        assert "password" not in view
    audit = await boss.get("/audit-log")
    assert "s3cret-word" not in str(audit)
    assert "password_changed" in str(audit)
    bad = await boss("POST", "/trunks", json={**wanted, "port": 0, "password": "s3cret-word"})
    refused(bad, 422, "validation_failed")
    assert "s3cret-word" not in bad.text

    off = await boss.post(f"{path}/disable")
    assert (off["enabled"], crm.behind.last(PutTrunkV1).password) == (False, None)
    assert {name: off[name] for name in wanted if name != "enabled"} == {
        name: value for name, value in wanted.items() if name != "enabled"
    }
    assert (await boss.post(f"{path}/enable"))["enabled"] is True
    assert await boss.get(f"{path}/state") == {
        "trunk_id": made["trunk_id"],
        "is_reachable": True,
        "is_registered": None,
        "active_channels": 3,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sources", ["sip.example"]), ("sources", ["1.2.3.4;x"]), ("username", 'a"b'),
        ("username", "a\r\nb"), ("from_user", "a@b>"), ("from_domain", "a b"), ("dtmf", "smoke"),
        ("transport", "ws"), ("max_channels", 0), ("qualify_s", -1), ("caller_id", "x\r\n"),
        ("password", ""), ("surprise", 1),
    ],
)  # fmt: skip
async def test_trunk_with_a_bad_field_is_refused(crm: Crm, field: str, value: object) -> None:
    boss = await crm.open_tenant("acme")
    trunk = {"name": "t", "host": "sip.example", field: value}
    refused(await boss("POST", "/trunks", json=trunk), 422, "validation_failed")


async def test_trunk_is_deleted_unless_somebody_calls_by_it(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    made = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    path = f"/trunks/{made['trunk_id']}"
    for method, end in (("DELETE", ""), ("GET", "/state"), ("POST", "/disable")):
        refused(await other(method, f"{path}{end}"), 404, "trunk_not_found")
    crm.behind.refuse[DeleteTrunkV1] = Refused("config_in_use", "A route names it.")
    refused(await boss("DELETE", path), 409, "config_in_use")
    crm.behind.refuse.clear()
    crm.behind.refuse[PutTrunkV1] = Refused("trunk_invalid", "sources: too wide.")
    refused(await boss("POST", f"{path}/disable"), 422, "trunk_invalid")
    ok(await boss("DELETE", path))
    refused(await boss("GET", path), 404, "trunk_not_found")
    refused(await boss("DELETE", path), 404, "trunk_not_found")
