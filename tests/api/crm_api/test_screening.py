"""Announcements, and what a campaign found out about numbers, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from tests.support.audio import spoken_wav, wav_of
from tests.support.crm import Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role
from ringway.proto.dialer import AddLeadsV1
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.api


async def _upload(who: Signed, meaning: str = "powered_off", wav: bytes | None = None) -> Any:
    file = {"file": ("a.wav", spoken_wav() if wav is None else wav)}
    body = {"name": "Off", "meaning": meaning}
    return await who("POST", "/announcements", files=file, data=body)


async def test_recordings_are_stored_with_their_meaning_and_removed(crm: Crm) -> None:
    boss, admin = await crm.open_tenant("acme"), crm.platform
    made = ok(await _upload(boss))
    assert (made["name"], made["meaning"], made["is_platforms"]) == ("Off", "powered_off", False)
    assert made["duration_s"] == 4
    assert 2 < made["used_s"] <= 4
    path = f"/announcements/{made['announcement_id']}"
    ours = ok(await _upload(admin, "vacant"))
    seen = (await boss.get("/announcements"))["items"]
    assert [(a["meaning"], a["is_platforms"]) for a in seen] == [
        ("powered_off", False),
        ("vacant", True),
    ]
    # The platform's is everybody's to see and nobody else's to change.
    refused(
        await boss("DELETE", f"/announcements/{ours['announcement_id']}"),
        404,
        "announcement_not_found",
    )
    other = await crm.open_tenant("other")
    assert [a["is_platforms"] for a in (await other.get("/announcements"))["items"]] == [True]
    refused(await other("GET", path), 404, "announcement_not_found")
    refused(await other("DELETE", path), 404, "announcement_not_found")
    assert (await boss("DELETE", path)).status_code == 204
    refused(await boss("GET", path), 404, "announcement_not_found")
    noted = await rows_of(crm, "SELECT action FROM crm.audit_log WHERE action LIKE 'announce%'")
    assert sorted(r["action"] for r in noted) == [
        *["announcement.added"] * 2,
        "announcement.deleted",
    ]


async def test_what_is_no_usable_recording_is_refused_with_words(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    good = np.frombuffer(spoken_wav()[44:], dtype="<i2")
    bad: dict[str, bytes] = {
        "no WAV": b"RIFF or not",
        "nothing": b"",
        "cut off": spoken_wav()[:30],
        "16 kHz": wav_of(good, rate_hz=16_000),
        "stereo": wav_of(good, channels=2),
        "short": wav_of(good[:8000]),
        "silent": wav_of(np.zeros(40_000, dtype=np.int16)),
        "long": wav_of(np.tile(good, 8)),
    }
    for what, wav in bad.items():
        problem = refused(await _upload(boss, wav=wav), 422, "announcement_invalid")
        assert len(problem["detail"]) > 30, what
    refused(await _upload(boss, meaning="asleep"), 422, "validation_failed")
    assert (await boss.get("/announcements"))["items"] == []


async def test_numbers_are_filtered_by_what_is_known_of_them(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaign = await _screened(crm, boss)
    path = f"/campaigns/{campaign}/screening"

    async def found(query: str) -> list[str]:
        items = (await boss.get(f"{path}?{query}"))["items"]
        return [item["phone_e164"][-1] for item in items]

    assert await found("") == list("0124536")
    assert await found("verdict=alive") == list("0236")
    assert await found("verdict=dead") == list("14")
    assert await found("verdict=dead&verdict=unknown") == list("145")
    assert await found("number_state=powered_off") == ["3"]
    assert await found("number_state=none&verdict=dead") == ["1"]
    assert await found("disposition=busy&disposition=served") == list("026")
    assert await found("attempts_min=2") == ["2"]
    assert await found("attempts_max=1&verdict=alive") == list("036")
    assert await found("field=city:Oslo") == list("024")
    assert await found("field=city:Oslo&verdict=alive&attempts_min=2") == ["2"]
    assert await found("field=city:Os") == []
    (one,) = (await boss.get(f"{path}?attempts_min=2"))["items"]
    assert (one["disposition"], one["attempts"], one["data"]) == ("busy", 2, {"city": "Oslo"})
    for wrong in ("verdict=maybe", "number_state=asleep", "field=city", "attempts_min=0"):
        refused(await boss("GET", f"{path}?{wrong}"), 422, "validation_failed")
    refused(await boss("GET", f"{path}?field=a:1&field=a:2"), 400, "field_repeated")


async def test_pages_give_every_number_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"/campaigns/{await _screened(crm, boss)}/screening?limit=2"
    page = await boss.get(path)
    items = page["items"]
    while page["next_cursor"]:
        assert len(page["items"]) == 2
        page = await boss.get(f"{path}&cursor={page['next_cursor']}")
        items += page["items"]
    assert [item["phone_e164"][-1] for item in items] == list("0124536")
    refused(await boss("GET", f"{path}&cursor=rubbish"), 400, "cursor_invalid")


async def test_an_export_is_a_safe_file_and_is_audited(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    campaign = await _screened(crm, boss, name='=HYPERLINK("http://evil")')
    response = await boss("GET", f"/campaigns/{campaign}/screening?format=csv&verdict=dead")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [(r["phone_e164"][-1], r["number_state"]) for r in rows] == [("1", ""), ("4", "vacant")]
    assert all(cell[:1] not in ("=", "+", "-", "@") for r in rows for cell in r.values())
    (noted,) = await rows_of(
        crm, "SELECT object_id, detail FROM crm.audit_log WHERE action = 'screening.exported'"
    )
    assert noted["object_id"] == campaign
    assert "dead" in noted["detail"]


async def test_the_numbers_that_are_alive_become_a_list(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    path = f"/campaigns/{await _screened(crm, boss)}/screening/list"
    made = await boss.post(path, {"name": "Clean"})
    # Two of the four numbers are of one lead.
    assert (made["numbers"], made["leads"], made["has_more"]) == (4, 3, False)
    leads = (await boss.get(f"/lists/{made['list_id']}/leads"))["items"]
    assert {lead["phone_e164"][-1]: lead["data"] for lead in leads} == {
        "0": {"city": "Oslo"},
        "2": {"city": "Oslo"},
        "6": {"city": "Rome"},
    }
    (told,) = [m for m in crm.behind.asked if isinstance(m, AddLeadsV1) and m.rows]
    more = {row.phone_e164[-1]: [n.phone_e164[-1] for n in row.more_numbers] for row in told.rows}
    assert more == {"0": [], "2": [], "6": ["3"]}
    few = await boss.post(path, {"name": "Few", "at_most": 1, "filter": {"verdict": ["dead"]}})
    assert (few["numbers"], few["leads"], few["has_more"]) == (1, 1, True)
    wrong = {"name": "x", "filter": {"colour": "red"}}
    refused(await boss("POST", path, json=wrong), 422, "validation_failed")


async def test_nobody_sees_what_another_campaign_or_tenant_found_out(crm: Crm) -> None:
    boss, other = await crm.open_tenant("acme"), await crm.open_tenant("other")
    path = f"/campaigns/{await _screened(crm, boss)}/screening"
    refused(await other("GET", path), 404, "campaign_not_found")
    refused(await other("POST", f"{path}/list", json={"name": "x"}), 404, "campaign_not_found")
    lists = await boss.get("/lists")
    second = await _campaign(boss, [lists["items"][0]["list_id"]])
    assert (await boss.get(f"/campaigns/{second}/screening"))["items"] == []
    quality = await crm.user(boss, "acme", Role.QC_AGENT)
    refused(await quality("GET", path), 403, "permission_missing")


# -- what there is ---------------------------------------------------------------------------------

# Number's last digit: lead, dispositions of its attempts, state told, city.
_NUMBERS: dict[str, tuple[str, tuple[str, ...], str | None, str]] = {
    "0": ("a", ("served",), None, "Oslo"),
    "1": ("b", ("invalid_number",), None, "Rome"),
    "2": ("c", ("no_answer", "busy"), None, "Oslo"),
    "3": ("f", ("no_answer",), "powered_off", "Rome"),
    "4": ("d", ("invalid_number",), "vacant", "Oslo"),
    "5": ("e", ("congestion",), None, "Rome"),
    "6": ("f", ("served",), None, "Rome"),
}


async def _screened(crm: Crm, boss: Signed, name: str = "N") -> str:
    """A campaign over two lists; the second one's lead has two numbers."""
    first, second = [(await boss.post("/lists", {"name": n}))["list_id"] for n in "lm"]
    campaign = await _campaign(boss, [first, second])
    owner = crm.behind.owner
    tenant = await owner.fetchval("SELECT tenant_id FROM dialer.list WHERE list_id = $1", first)
    for lead in "abcdef":
        digit = next(d for d, (of, *_) in _NUMBERS.items() if of == lead)
        city = _NUMBERS[digit][3]
        await owner.execute(
            "INSERT INTO dialer.lead (tenant_id, lead_id, list_id, phone_e164, name, data)"
            " VALUES ($1, $2, $3, $4, $5, jsonb_build_object('city', $6::text))",
            tenant, f"{lead}-{first}", second if lead == "f" else first,
            f"+4420718387{digit}", name, city,
        )  # fmt: skip
    for digit, (lead, ends, state, _) in _NUMBERS.items():
        for n, end in enumerate(ends, 1):
            await owner.execute(
                """
                INSERT INTO dialer.attempt
                       (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id,
                        attempt_no, phone_e164, mode, trunk_id, node, claimed_at, placed_at,
                        ended_at, disposition, number_state)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'screening', 't', 'ast-0', $9, $9, $9,
                        $10, $11)
                """,
                tenant, UUID(str(uuid7())), uuid7(), campaign, second if lead == "f" else first,
                f"{lead}-{first}", n, f"+4420718387{digit}", utcnow(), end, state,
            )  # fmt: skip
    return campaign


async def _campaign(boss: Signed, list_ids: list[str]) -> str:
    project = await boss.post("/projects", {"name": "p"})
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    body = {
        "name": "c", "project_id": project["project_id"], "mode": "screening",
        "list_ids": list_ids, "trunk_id": trunk["trunk_id"],
    }  # fmt: skip
    return str((await boss.post("/campaigns", body))["campaign_id"])
