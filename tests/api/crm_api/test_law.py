"""Numbers that are not called, consents, refusals, abandonment and the evidence, over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api

LONDON, TOKYO = "+442071838750", "+81355501234"


async def test_a_number_is_added_found_and_taken_out_again(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    rows = [{"phone_e164": LONDON, "reason": "asked for it"}, {"phone_e164": TOKYO}]
    assert await boss.post("/dnc-lists/own/entries", {"entries": rows}) == {"added": 2}
    assert await boss.post("/dnc-lists/own/entries", {"entries": rows}) == {"added": 0}
    (own,) = (await boss.get("/dnc-lists"))["items"]
    assert (own["dnc_list_id"], own["scope"], own["numbers"]) == ("own", "tenant", 2)
    found = await boss.get(f"/dnc-lists/own/entries?phone_e164=%2B{LONDON[1:]}")
    assert [e["reason"] for e in found["items"]] == ["asked for it"]
    page = await boss.get("/dnc-lists/own/entries?limit=1")
    rest = await boss.get(f"/dnc-lists/own/entries?limit=1&cursor={page['next_cursor']}")
    assert [e["phone_e164"] for e in page["items"] + rest["items"]] == [LONDON, TOKYO]
    check = {"phone_e164": LONDON}
    answer = await boss.post("/numbers/check", check)
    assert (answer["is_allowed"], answer["reason"], answer["until"]) == (False, "dnc_tenant", None)
    path = f"/dnc-lists/own/entries/{LONDON}"
    assert (await boss("DELETE", f"{path}?reason=typo")).status_code == 204
    refused(await boss("DELETE", path), 404, "dnc_entry_not_found")
    answer = await boss.post("/numbers/check", check)
    assert answer["is_allowed"]
    assert answer["zones"] == ["Europe/London"]
    noted = await rows_of(
        crm, "SELECT action FROM crm.audit_log WHERE action LIKE 'dnc%' ORDER BY seq"
    )
    assert [r["action"] for r in noted] == ["dnc_list.added", "dnc_list.added", "dnc_list.removed"]


async def test_an_enterprise_sets_for_how_long_it_keeps_proofs(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    path = "/evidence/retention"
    usual = {"refusal_days": 1826, "dnc_change_days": 1826, "is_default": True}
    assert await boss.get(path) == usual
    own = {"refusal_days": 365, "dnc_change_days": 3650}
    assert await boss.put(path, own) == {**own, "is_default": False}
    assert await boss.get(path) == {**own, "is_default": False}
    assert await other.get(path) == usual
    for days in (0, 29, 36_501):
        wrong = {**own, "refusal_days": days}
        refused(await boss("PUT", path, json=wrong), 422, "validation_failed")
    noted = await rows_of(crm, "SELECT detail FROM crm.audit_log WHERE action LIKE 'evidence.r%'")
    assert [orjson.loads(r["detail"]) for r in noted] == [own]


async def test_lists_of_campaigns_are_made_named_and_kept_while_in_use(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    made = await boss.post("/dnc-lists", {"name": "rivals", "scope": "campaign"})
    path = f"/dnc-lists/{made['dnc_list_id']}"
    renamed = ok(await boss("PUT", path, json={"name": "Rivals"}))
    assert (renamed["name"], renamed["scope"]) == ("Rivals", "campaign")
    file = {"file": ("r.txt", f"{LONDON}\nwhat?\n\n0044 20 7183 8751\n".encode())}
    report = ok(await boss("POST", f"{path}/file", files=file))
    assert (report["numbers"], report["lines"], report["bad_lines"]) == (2, 3, 1)
    assert report["first_bad"] == ["2: what?"]
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("GET", path), 404, "dnc_list_not_found")


async def test_the_operators_file_counts_for_everybody_and_is_replaced_at_once(crm: Crm) -> None:
    boss, admin = await crm.open_tenant("acme"), crm.platform
    refused(
        await admin("POST", "/dnc-lists", json={"name": "n", "scope": "tenant"}),
        422,
        "dnc_list_invalid",
    )
    made = await admin.post("/dnc-lists", {"name": "US", "scope": "national"})
    path = f"/dnc-lists/{made['dnc_list_id']}"
    body = {"data": {"default_region": "US"}}
    first = b"area,number\n212,5550123\n(310) 555-0188\n+442071838750\n"
    report = ok(await admin("POST", f"{path}/file", files={"file": ("may.csv", first)}, **body))
    assert (report["numbers"], report["numbers_before"], report["bad_lines"]) == (3, 0, 0)
    campaign = await _campaign(boss)
    asked = {"phone_e164": "+12125550123", "campaign_id": campaign}
    assert (await boss.post("/numbers/check", asked))["reason"] == "dnc_national"
    seen = (await boss.get("/dnc-lists"))["items"]
    assert [(d["name"], d["is_platforms"], d["numbers"]) for d in seen] == [("US", True, 3)]
    refused(await boss("GET", path), 404, "dnc_list_not_found")
    refused(await boss("DELETE", path), 404, "dnc_list_not_found")
    june = {"file": ("june.csv", b"3105550188\n")}
    report = ok(await admin("POST", f"{path}/file", files=june, **body))
    assert (report["numbers"], report["numbers_before"]) == (1, 3)
    assert (await boss.post("/numbers/check", asked))["is_allowed"]
    rubbish = {"file": ("x.csv", b"nothing\nhere\n")}
    refused(await admin("POST", f"{path}/file", files=rubbish, **body), 422, "file_empty")
    assert (await admin.get(path))["numbers"] == 1
    one = {"entries": [{"phone_e164": LONDON}]}
    refused(await admin("POST", f"{path}/entries", json=one), 409, "dnc_list_invalid")


async def test_consents_are_recorded_withdrawn_and_never_lost(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaign = await _campaign(boss, needs_consent=True)
    asked = {"phone_e164": LONDON, "campaign_id": campaign}
    assert (await boss.post("/numbers/check", asked))["reason"] == "no_consent"
    given = (utcnow() - timedelta(days=1)).isoformat()
    consent = {"phone_e164": LONDON, "how": "web", "evidence": "form 7", "given_at": given}
    made = await boss.post("/consents", consent)
    assert (made["purpose"], made["recorded_by"]) == ("calls", "boss")
    assert (await boss.post("/numbers/check", asked))["is_allowed"]
    gone = await boss("POST", "/consents/withdraw", json={"phone_e164": LONDON})
    assert gone.status_code == 204
    refused(
        await boss("POST", "/consents/withdraw", json={"phone_e164": LONDON}),
        404,
        "consent_not_found",
    )
    assert (await boss.post("/numbers/check", asked))["reason"] == "no_consent"
    (kept,) = (await boss.get(f"/consents?phone_e164=%2B{LONDON[1:]}"))["items"]
    assert kept["withdrawn_by"] == "boss"
    late = consent | {"given_at": (utcnow() + timedelta(days=1)).isoformat()}
    refused(await boss("POST", "/consents", json=late), 400, "given_at_invalid")


async def test_nobody_sees_or_changes_what_is_anothers(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    made = await boss.post("/dnc-lists", {"name": "x", "scope": "campaign"})
    path = f"/dnc-lists/{made['dnc_list_id']}"
    await boss.post("/dnc-lists/own/entries", {"entries": [{"phone_e164": LONDON}]})
    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, {"name": "y"}),
        ("DELETE", path, None),
        ("GET", f"{path}/entries", None),
        ("POST", f"{path}/entries", {"entries": [{"phone_e164": TOKYO}]}),
        ("DELETE", f"{path}/entries/{TOKYO}", None),
    ):
        refused(await other(method, where, json=body), 404, "dnc_list_not_found")
    assert (await other.get("/dnc-lists"))["items"] == []
    assert (await other.post("/numbers/check", {"phone_e164": LONDON}))["is_allowed"]
    campaign = await _campaign(boss)
    for where in ("refusals", "refusals/counts", "abandonment?from=2026-01-01&to=2026-01-02"):
        got = await other("GET", f"/campaigns/{campaign}/{where}")
        refused(got, 404, "campaign_not_found")
    days = "from=2026-01-01&to=2026-01-02"
    got = await other("GET", f"/evidence?{days}&campaign_id={campaign}")
    refused(got, 404, "campaign_not_found")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    refused(await ann("GET", f"/evidence?{days}&campaign_id={campaign}"), 403, "permission_missing")


async def test_abandonment_is_told_by_day_and_half_hour(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaign = await _campaign(boss, schedule={"zone": "Asia/Kathmandu"})
    tenant = (await boss.get("/me"))["tenant_id"]
    noon = datetime(2026, 11, 2, 6, 15, tzinfo=UTC)  # 12:00 in Kathmandu
    for minutes, end, live in (
        (0, "connected", True),
        (29, "abandoned", True),
        (29, "machine", True),
        (30, "hung_up_early", True),
        (31, "busy", False),
        (12 * 60, "connected", True),  # midnight: the next day
    ):
        await _attempt(crm, tenant, campaign, end, noon + timedelta(minutes=minutes), live=live)
    url = f"/campaigns/{campaign}/abandonment?from=2026-11-02&to=2026-11-03"
    found = await boss.get(url)
    assert (found["zone"], found["cap"]) == ("Asia/Kathmandu", 0.03)
    first, second = found["days"]
    assert (first["dialed"], first["live"], first["abandoned"]) == (5, 3, 1)
    assert first["rate"] == pytest.approx(1 / 3)
    assert first["is_over"] is True
    assert [(w["dialed"], w["live"], w["abandoned"], w["is_over"]) for w in first["windows"]] == [
        (3, 2, 1, False),
        (2, 1, 0, False),
    ]
    assert first["windows"][0]["begins_at"] == "2026-11-02T06:15:00Z"
    assert (second["day"], second["live"], second["is_over"]) == ("2026-11-03", 1, False)
    one = await boss.get(url.replace("to=2026-11-03", "to=2026-11-02"))
    assert len(one["days"]) == 1
    backwards = await boss(
        "GET", f"/campaigns/{campaign}/abandonment?from=2026-02-02&to=2026-02-01"
    )
    refused(backwards, 400, "period_invalid")


async def test_the_evidence_is_whole_in_both_forms_and_audited(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaign = await _campaign(boss)
    tenant = (await boss.get("/me"))["tenant_id"]
    await boss.post("/dnc-lists/own/entries", {"entries": [{"phone_e164": LONDON}]})
    given = (utcnow() - timedelta(days=9)).isoformat()
    await boss.post("/consents", {"phone_e164": LONDON, "how": "call", "given_at": given})
    await boss.post("/consents", {"phone_e164": TOKYO, "how": "call", "given_at": given})
    now = utcnow()
    await _attempt(crm, tenant, campaign, "abandoned", now, live=True)
    await _refusal(crm, tenant, campaign, now)
    day = now.date()
    span = f"from={day - timedelta(days=1)}&to={day + timedelta(days=1)}"
    answer = await boss("GET", f"/evidence?{span}&campaign_id={campaign}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/jsonl")
    rows = [orjson.loads(line) for line in answer.content.splitlines()]
    kinds = [row["kind"] for row in rows]
    assert kinds == [
        "scope", "abandonment_day", "abandonment_window", "attempt", "refusal", "dnc_change",
        "consent",
    ]  # fmt: skip
    attempt = rows[3]
    assert (attempt["phone_e164"], attempt["is_abandoned"]) == (LONDON, True)
    assert attempt["zones"] == ["Europe/London"]
    assert len(attempt["local_times"]) == 1
    assert rows[4]["reason"] == "number_per_day"
    assert rows[6]["phone_e164"] == LONDON  # who was not called is nobody's evidence
    about = await boss("GET", f"/evidence?{span}&phone_e164=%2B{TOKYO[1:]}&form=csv")
    lines = list(csv.DictReader(io.StringIO(about.text.removeprefix("\ufeff"))))
    assert [line["kind"] for line in lines] == ["scope", "consent"]
    refused(await boss("GET", f"/evidence?{span}"), 400, "scope_missing")
    counts = await boss.get(f"/campaigns/{campaign}/refusals/counts")
    assert counts == {"items": [{"reason": "number_per_day", "refusals": 1, "leads": 1}]}
    listed = (await boss.get(f"/campaigns/{campaign}/refusals?reason=number_per_day"))["items"]
    assert [(r["lead_id"], r["zone"]) for r in listed] == [("l1", "Europe/London")]
    noted = await rows_of(
        crm,
        "SELECT detail ->> 'form' AS form FROM crm.audit_log WHERE action LIKE 'evidence%'"
        " ORDER BY seq",
    )
    assert [r["form"] for r in noted] == ["jsonl", "csv"]


async def _campaign(boss: Signed, **more: Any) -> str:
    project = await boss.post("/projects", {"name": "p"})
    numbers = await boss.post("/lists", {"name": "l"})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    made = await boss.post(
        "/campaigns",
        {
            "name": "c", "project_id": project["project_id"], "mode": "progressive",
            "list_ids": [numbers["list_id"]], "trunk_id": trunk["trunk_id"], **more,
        },
    )  # fmt: skip
    return str(made["campaign_id"])


async def _attempt(
    crm: Crm, tenant: str, campaign: str, end: str, at: datetime, *, live: bool
) -> None:
    """Write an attempt as the dialer would have; its id tells its time."""
    attempt_id = UUID(int=(int(at.timestamp() * 1000) << 80) | (uuid4().int & ((1 << 80) - 1)))
    await crm.behind.owner.execute(
        """
        INSERT INTO dialer.attempt
               (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id, attempt_no,
                phone_e164, mode, trunk_id, node, claimed_at, placed_at, answered_at, ended_at,
                disposition, zone_key)
        VALUES ($1, $2, $3, $4, 'l', $5, 1, $6, 'progressive', 't', 'ast-0', $7, $7, $8, $7, $9,
                'Europe/London')
        """,
        UUID(tenant), attempt_id, uuid7(), campaign, str(uuid4()), LONDON, at,
        at if live else None, end,
    )  # fmt: skip


async def _refusal(crm: Crm, tenant: str, campaign: str, at: datetime) -> None:
    await crm.behind.owner.execute(
        """
        INSERT INTO dialer.refusal (tenant_id, refusal_id, campaign_id, list_id, lead_id,
                                    phone_e164, reason, until, zone_key, refused_at)
        VALUES ($1, $2, $3, 'l', 'l1', $4, 'number_per_day', $5, 'Europe/London', $6)
        """,
        UUID(tenant), uuid7(), campaign, LONDON, at + timedelta(hours=1), at,
    )  # fmt: skip
