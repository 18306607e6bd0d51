"""One party, one record: duplicates are merged, one person is handed out and erased."""

from __future__ import annotations

import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from tests.support.crm import Crm, ok, refused, rows_of
from tests.support.customer_import import customers, import_file, undo, work

pytestmark = pytest.mark.api


async def test_duplicates_become_one_and_two_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")

    async def made(**record: Any) -> dict[str, Any]:
        return dict(await boss.post("/customers", record))

    phone = {"phone_e164": "+40215550100"}
    ann = await made(**phone, name="Ann Pop", tags=["a"], data={"card": "1"}, emails=["A@x.ro"])
    twin = await made(
        name="ＡＮＮ-pop",
        numbers=[{"phone_e164": "+40215550111"}, phone],
        tags=["b"],
        data={"card": "2", "city": "Iasi"},
        emails=["a@x.ro"],
        contacts=[{"name": "Bob", "phone_e164": "+40215550122"}],
    )
    await made(phone_e164="+40215550199", name="Somebody else")
    for by in ("phone", "email", "name"):
        (group,) = (await boss.get("/customers/duplicates", params={"by": by}))["items"]
        ids = [each["customer_id"] for each in group["customers"]]
        assert ids == [ann["customer_id"], twin["customer_id"]]
    follow_up = {"note": "call", "due_at": "2099-01-01T00:00:00Z"}
    await boss.post(f"/customers/{twin['customer_id']}/follow-ups", follow_up)
    twin = await boss.get(f"/customers/{twin['customer_id']}")
    ann_path, twin_path = (f"/customers/{each['customer_id']}" for each in (ann, twin))
    body = {
        "merged_id": twin["customer_id"],
        "take": ["name"],
        "survivor_version": ann["version"],
        "merged_version": twin["version"] + 1,
    }
    refused(await boss("POST", f"{ann_path}/merge", json=body), 412, "customer_changed")
    body["merged_version"] = twin["version"]
    same = {**body, "merged_id": ann["customer_id"], "merged_version": ann["version"]}
    refused(await boss("POST", f"{ann_path}/merge", json=same), 422, "merge_same")
    merge = await boss.post(f"{ann_path}/merge", body)
    for path in (ann_path, twin_path):
        one = await boss.get(path)
        assert (one["customer_id"], one["name"]) == (ann["customer_id"], "ＡＮＮ-pop")
        assert one["data"] == {"card": "1", "city": "Iasi"}
        assert [n["phone_e164"] for n in one["numbers"]] == ["+40215550100", "+40215550111"]
        assert (set(one["tags"]), len(one["contacts"])) == ({"a", "b"}, 1)
    assert len((await boss.get(f"{ann_path}/follow-ups"))["items"]) == 1
    assert (await boss.get("/customers/duplicates"))["items"] == []
    again = await boss("POST", f"{ann_path}/merge", json=body)
    refused(again, 422, "merge_same")

    undone = await boss.post(f"/customers/merges/{merge['merge_id']}/undo")
    assert undone["undone_at"] is not None
    two = [await boss.get(path) for path in (ann_path, twin_path)]
    kept = ("customer_id", "name", "numbers", "emails", "tags", "data", "contacts", "created_at")
    for before, after in zip((ann, twin), two, strict=True):
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert len((await boss.get(f"{twin_path}/follow-ups"))["items"]) == 1
    body |= {"survivor_version": two[0]["version"], "merged_version": two[1]["version"]}
    merge = await boss.post(f"{ann_path}/merge", body)
    one = await boss.get(ann_path)
    change = {"title": "Ms"}
    ok(await boss("PATCH", ann_path, json=change, headers={"If-Match": f'"{one["version"]}"'}))
    late = await boss("POST", f"/customers/merges/{merge['merge_id']}/undo")
    refused(late, 409, "merge_changed_since")
    other = await crm.open_tenant("other")
    gone = await other("POST", f"/customers/merges/{merge['merge_id']}/undo")
    refused(gone, 404, "merge_not_found")


async def test_one_person_is_handed_out_and_erased(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    phone, name, mail = "+40215550177", "Ilinca Vasilescu", "ilinca@example.ro"
    content = f"name,phone,email\n{name},{phone},{mail}\nBad {name},12,{mail}\n".encode()
    done = await import_file(crm, boss, content)
    (ilinca,) = await customers(boss)
    path = f"/customers/{ilinca['customer_id']}"
    key = {"Idempotency-Key": "k1"}
    await boss.post("/customers", {"phone_e164": "+40215550178", "name": "Other"}, headers=key)
    twin = {"phone_e164": phone, "name": f"{name} again"}
    twin = await boss.post("/customers", twin, headers={"Idempotency-Key": "k2"})
    body = {"merged_id": twin["customer_id"], "survivor_version": ilinca["version"]}
    await boss.post(f"{path}/merge", {**body, "merged_version": 1})
    note = {"note": f"Call {name} on {phone}", "due_at": "2099-01-01T00:00:00Z"}
    await boss.post(f"{path}/follow-ups", note)
    numbers = await boss.post("/lists", {"name": "l"})
    upload = {"file": ("n.csv", f"phone,name\n{phone},{name}\nx,{name}\n".encode())}
    ok(await boss("POST", f"/lists/{numbers['list_id']}/imports", files=upload))
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_number, disposition, agent_disposition, is_live, sources)
        SELECT tenant_id, uuidv7(), 'inbound', $2, '100', '', 'connected', '', false,
               jsonb_build_object('a', jsonb_build_object('caller', $2::text))
          FROM crm.customer WHERE customer_id = $1
        """,
        ilinca["customer_id"],
        phone,
    )
    given = (await boss("POST", f"{path}/export-data")).content
    with ZipFile(io.BytesIO(given)) as package:
        data = json.loads(package.read("data.json"))
        assert b"Ilinca" in package.read("customer.csv")
    assert [len(data[part]) for part in ("customer", "follow_up", "interactions")] == [1, 1, 1]
    assert "sources" not in data["interactions"][0]

    present = await boss.get(path)
    asked = {"reason": f"{name} asked for it.", "version": present["version"] + 1}
    refused(await boss("POST", f"{path}/erase", json=asked), 412, "customer_changed")
    asked["version"] = present["version"]
    erasing = {"headers": {"Idempotency-Key": "k3"}, "json": asked}
    begun = await boss("POST", f"{path}/erase", **erasing)
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    # Whoever asks again while it waits gets the same.
    assert await boss.post(f"{path}/erase", asked) == begun.json()
    await work(crm)
    certificate = await boss.get(f"/customers/erasures/{begun.json()['erasure_id']}")
    assert (certificate["state"], certificate["reason"]) == ("finished", "*** asked for it.")
    assert (await boss("POST", f"{path}/erase", **erasing)).json() == begun.json()
    erased = {each["what"]: each["rows"] for each in certificate["erased"]}
    assert {"customer": 1, "interaction": 1, "import_row": 1, "idempotency_key": 1}.items() <= (
        erased.items()
    )
    for gone in (path, f"/customers/{twin['customer_id']}"):
        refused(await boss("GET", gone), 404, "customer_not_found")
    again = await boss("POST", "/customers", json={"phone_e164": phone, "name": f"{name} again"},
                       headers={"Idempotency-Key": "k2"})  # fmt: skip
    assert again.status_code == 410
    left = await _where(crm, phone, name, mail)
    assert left == set(), left
    assert (await boss.get("/audit-log/check"))["intact"]
    other = await boss.get("/customers", params={"phone_e164": "+40215550178"})
    assert other["items"][0]["name"] == "Other"
    undone = await undo(crm, boss, done)
    assert undone["counts"].get("removed") is None


async def _where(crm: Crm, *needles: str) -> set[str]:
    """Return the tables of this service whose rows hold one of the texts, in any column."""
    tables = await rows_of(
        crm,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'crm' AND c.relkind = 'r'",
    )
    raw = [each.encode().hex() for each in needles]
    query = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM crm.{table} t, unnest($1::text[]) n "
        "WHERE strpos(t::text, n) > 0)"
        for (table,) in tables
    )
    return {row[0] for row in await rows_of(crm, query, [*needles, *raw])}
