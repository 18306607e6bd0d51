"""What the permission matrix asks of the platform, its people, telephony and campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.support.audio import spoken_wav
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, rows_of

from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

_IDENTITY_PROVIDER = {
    "name": "id",
    "issuer": "https://id.example",
    "client_id": "c",
    "redirect_uris": ["https://console.example/"],
}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Make one object of each noun; return path parameters by name."""
    tenants = (await crm.platform.get("/tenants"))["items"]
    tenant_id = next(t["tenant_id"] for t in tenants if t["slug"] == slug)
    agent = await boss.post(
        "/users",
        {"username": "seat", "password": USER_PASSWORD, "role": "agent", "agent_number": "900"},
    )
    trunk = await boss.post("/trunks", {"name": "t", "host": "sip.example"})
    customer = await boss.post("/customers", {"phone_e164": "+40215550100", "name": slug})
    numbers = await boss.post("/lists", {"name": f"list of {slug}"})
    lead_id = f"lead-{slug}"
    await boss.put(f"/lists/{numbers['list_id']}/leads/{lead_id}", {"phone_e164": "+40215550178"})
    await boss.post(f"/lists/{numbers['list_id']}/query", {"phone_e164": "+40215559999"})
    upload = {"file": ("n.csv", b"phone\n+40215550100\nx\n")}
    batch = ok(await boss("POST", f"/lists/{numbers['list_id']}/imports", files=upload))
    project = await boss.post("/projects", {"name": f"project of {slug}"})
    campaign = await boss.post("/campaigns", _campaign(project, numbers, agent, trunk))
    interaction, recording = str(uuid7()), str(uuid7())
    await rows_of(
        crm,
        """
        INSERT INTO crm.interaction (tenant_id, interaction_id, direction, caller, called,
            agent_number, disposition, agent_disposition, is_live, sources)
        VALUES ($1, $2, 'outbound', '', '+40215550100', '', 'connected', '', false, '{}')
        """,
        tenant_id,
        interaction,
    )
    await rows_of(
        crm,
        """
        INSERT INTO recorder.recording (tenant_id, recording_id, interaction_id, started_at,
            duration_s, caller, called, agent_id, agent_number, state, file_name, node)
        VALUES ($1, $2, $3, now(), 1, '', '', $4, '900', 'stored', $5, 'ast-0')
        """,
        tenant_id,
        recording,
        interaction,
        agent["user_id"],
        f"{recording}.wav",
    )
    role = await boss.post("/roles", {"name": f"role of {slug}", "template": "agent"})
    team = await boss.post("/teams", {"name": f"team of {slug}"})
    await boss.post(f"/teams/{team['team_id']}/members", {"user_ids": [agent["user_id"]]})
    visit = await crm.platform.post(f"/tenants/{tenant_id}/jump-ins", {"reason": "to look"})
    return {
        "role_id": role["role_id"],
        "team_id": team["team_id"],
        "jump_in_id": visit["jump_in_id"],
        **await _configuration(boss, slug, agent["user_id"], trunk["trunk_id"]),
        "tenant_id": tenant_id,
        "user_id": agent["user_id"],
        "trunk_id": trunk["trunk_id"],
        "customer_id": customer["customer_id"],
        "list_id": numbers["list_id"],
        "lead_id": lead_id,
        "batch_id": batch["batch_id"],
        "batch_number": batch["batch_number"],
        "project_id": project["project_id"],
        "campaign_id": campaign["campaign_id"],
        "interaction_id": interaction,
        "recording_id": recording,
        "leg_id": "p1",
        "conference_id": str(uuid7()),
        "session_id": str(uuid7()),
        "provider_id": (await boss.post("/identity-providers", _IDENTITY_PROVIDER))["provider_id"],
        "key_id": (await boss.post("/api-keys", {"name": "k", "scopes": ["users.read"]}))["key_id"],
        "callback_id": await _callback(crm, boss, tenant_id, campaign),
        **await _caller_ids(crm, boss, tenant_id),
        "node": "ast-0" if slug == "acme" else "ast-9",  # which is not there
    }


async def _callback(crm: Crm, boss: Signed, tenant_id: str, campaign: dict[str, Any]) -> str:
    lead_id = str(uuid7())
    await rows_of(
        crm,
        "INSERT INTO dialer.lead (tenant_id, lead_id, list_id, phone_e164)"
        " VALUES ($1, $2, $3, '+40215550177')",
        tenant_id,
        lead_id,
        campaign["list_ids"][0],
    )
    at = (utcnow() + timedelta(days=1)).isoformat()
    body = {"campaign_id": campaign["campaign_id"], "lead_id": lead_id, "at": at}
    return str((await boss.post("/callbacks", body))["callback_id"])


async def _caller_ids(crm: Crm, boss: Signed, tenant_id: str) -> dict[str, str]:
    number = f"+4420{int(tenant_id[-6:], 16):08}"
    given = {"phones_e164": [number]}
    await crm.platform.post(f"/tenants/{tenant_id}/caller-numbers", given)
    pool = await boss.post("/caller-pools", {"name": "p"})
    dnc = await boss.post("/dnc-lists", {"name": "d"})
    file = {"file": ("a.wav", spoken_wav())}
    spoken = {"name": "a", "meaning": "vacant"}
    announcement = ok(await boss("POST", "/announcements", files=file, data=spoken))
    return {
        "caller_pool_id": pool["caller_pool_id"],
        "phone_e164": number,
        "dnc_list_id": dnc["dnc_list_id"],
        "announcement_id": announcement["announcement_id"],
    }


async def _configuration(boss: Signed, slug: str, agent_id: str, trunk_id: str) -> dict[str, str]:
    """Make one object of each kind of the ACD's configuration."""
    ids = {"agent_id": agent_id, "trunk_id": trunk_id}
    for name, path, id_name in _CONFIGURED:
        body = _configured(name, ids, slug)
        made = await boss.post(path, body)
        ids[id_name] = made[id_name]
    await boss.put(f"/agent-profiles/{agent_id}", {}, headers={"If-None-Match": "*"})
    return ids


_CONFIGURED = (
    ("skill", "/skills", "skill_id"),
    ("calendar", "/calendars", "calendar_id"),
    ("voicemail_box", "/voicemail-boxes", "voicemail_id"),
    ("queue", "/queues", "queue_id"),
    ("inbound_route", "/inbound-routes", "inbound_route_id"),
    ("outbound_route", "/outbound-routes", "outbound_route_id"),
    ("blocked_caller", "/blocked-callers", "blocked_caller_id"),
    ("monitor_group", "/monitor-groups", "monitor_group_id"),
    ("time_condition", "/time-conditions", "time_condition_id"),
    ("caller_group", "/caller-groups", "caller_group_id"),
    ("conference_room", "/conference-rooms", "conference_room_id"),
)


def _configured(name: str, ids: dict[str, str], text: str | int) -> dict[str, Any]:
    # A number of its own for each text, as a slug has no digits.
    digits = f"{text:06}" if isinstance(text, int) else f"{sum(text.encode()):06}"
    bodies: dict[str, dict[str, Any]] = {
        "agent_profile": {"auto_answer": False},
        "queue": {"calendar_id": ids.get("calendar_id"), "agent_ids": [ids["agent_id"]]},
        "inbound_route": {
            "did": f"+40{digits}",
            "target": {"kind": "queue", "value": ids.get("queue_id", "")},
        },
        "outbound_route": {"trunk_ids": [ids["trunk_id"]]},
        "blocked_caller": {"number": f"+41{digits}"},
        "monitor_group": {"agent_ids": [ids["agent_id"]], "supervisor_ids": [ids["agent_id"]]},
        "voicemail_box": {"agent_ids": [ids["agent_id"]]},
        "time_condition": {
            "calendar_id": ids.get("calendar_id"),
            "target": {"kind": "queue", "value": ids.get("queue_id", "")},
        },
        "caller_group": {"numbers": [f"+42{digits}"], "owner_agent_id": ids["agent_id"]},
    }
    named = {} if name in ("blocked_caller", "agent_profile") else {"name": f"{name} {text}"}
    return {**named, **bodies.get(name, {})}


def _campaign(project: Any, numbers: Any, agent: Any, trunk: Any) -> dict[str, Any]:
    return {
        "name": "c",
        "project_id": project["project_id"],
        "mode": "progressive",
        "list_ids": [numbers["list_id"]],
        "agent_ids": [agent["user_id"]],
        "trunk_id": trunk["trunk_id"],
    }


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    admin = {"username": "boss", "password": USER_PASSWORD}
    campaign = _campaign(ids, ids, ids, ids)
    bodies: dict[str, dict[str, Any]] = {
        "create_tenant": {"slug": f"new{n}", "name": "n", "admin": admin},
        "open_enterprise": {
            "slug": f"open{n}",
            "name": "n",
            "admin": admin,
            "agents": [{"username": "ann", "password": USER_PASSWORD, "agent_number": "1001"}],
            "trunk": {"name": "t", "host": "sip.example"},
        },
        "create_user": {"username": f"u{n}", "password": USER_PASSWORD, "role": "qc_agent"},
        "create_users": {
            "users": [{"username": f"m{n}", "password": USER_PASSWORD, "role": "qc_agent"}]
        },
        "change_user": {"display_name": "d"},
        "put_seat": {"agent_number": "900"},
        "change_own_password": {"current_password": "x", "new_password": f"another one {n}"},
        "put_security_policy": {"password_min_length": 8},
        "enrol_second_factor": {"current_password": "x"},
        "confirm_second_factor": {"code": "000000"},
        "renew_recovery_codes": {"code": "000000"},
        "remove_second_factor": {"current_password": "x", "code": "000000"},
        "create_api_key": {"name": "k", "scopes": ["users.read"]},
        "create_identity_provider": {**_IDENTITY_PROVIDER, "name": f"i{n}"},
        "change_identity_provider": _IDENTITY_PROVIDER,
        "begin_session": {"leg_mode": "on_demand"},
        "choose_state": {"state": "ready"},
        "finish_wrap_up": {"interaction_id": str(uuid4())},
        "send_digits": {"digits": "1"},
        "play_to_call": {"digits": "1"},
        "consult": {"target": {"kind": "number", "value": "+40215550100"}},
        "transfer_call": {"target": {"kind": "number", "value": "+40215550100"}},
        "dial": {"number": "+40215550100"},
        "take_lead": {"campaign_id": str(uuid4())},
        "accept_preview": {"attempt_id": str(uuid4())},
        "skip_preview": {"attempt_id": str(uuid4())},
        "retrieve_call": {"slot": "701"},
        "put_heard": {"is_heard": True},
        "pick_up_call": {"from_agent_id": "bob"},
        "set_do_not_disturb": {"enabled": True},
        "invite_member": {"target": {"kind": "number", "value": "+40215550100"}},
        "create_role": {"name": f"r{n}", "template": "agent"},
        "create_team": {"name": f"team {n}", "kind": "department"},
        "change_team": {"name": f"team {n}", "leader_ids": [ids["user_id"]]},
        "move_to_team": {"user_ids": [ids["user_id"]]},
        "put_tenant_features": {"features": ["outbound", "outbound_calls", "recordings"]},
        "warn_tenant": {"text_en": "Do not."},
        "stop_tenant_outbound": {"reason": "a good reason"},
        "close_tenant": {"reason": "a good reason"},
        "jump_in": {"reason": "a good reason"},
        "change_role": {"name": f"r{n}", "permissions": ["me"]},
        "create_trunk": {"name": "t", "host": "sip.example"},
        "change_trunk": {"name": "t", "host": "sip.example"},
        "create_list": {"name": "l"},
        "rename_list": {"name": "l"},
        "put_lead": {"phone_e164": "+40215550177"},
        "put_list_query": {"phone_e164": "+40215550100"},
        "add_batch": {"batch_number": ids["batch_number"]},
        "create_project": {"name": "p"},
        "create_caller_pool": {"name": "p"},
        "change_caller_pool": {"name": "p"},
        "change_caller_number": {"state": "retired"},
        "allot_caller_numbers": {"phones_e164": [f"+4421{n:08}"]},
        "withdraw_caller_numbers": {"phones_e164": ["+442199999999"]},
        "create_callback": {
            "campaign_id": ids["campaign_id"],
            "lead_id": "none",
            "at": "2026-01-01T00:00:00Z",
        },
        "change_callback": {"at": "2026-01-01T00:00:00Z"},
        "put_disposition": {"code": "later", "name_en": "Later", "name_zh": "x"},
        "set_disposition": {"code": "sale"},
        "create_dnc_list": {"name": "d", "scope": "national"},
        "rename_dnc_list": {"name": "d"},
        "add_dnc_entries": {"entries": [{"phone_e164": "+40215550188"}]},
        "record_consent": {
            "phone_e164": "+40215550188",
            "how": "web",
            "given_at": "2026-01-01T00:00:00Z",
        },
        "withdraw_consent": {"phone_e164": "+40215550188"},
        "put_retention": {"refusal_days": 30, "dnc_change_days": 60},
        "check_number": {"phone_e164": "+40215550188"},
        "make_screened_list": {"name": "l"},
        "rename_project": {"name": "p"},
        "create_campaign": campaign,
        "change_campaign": campaign,
        "put_campaign_defaults": {"max_attempts": 2},
        "transfer_from_agent": {"target": {"kind": "number", "value": "+40215550199"}},
        "change_agent_state": {"state": "not_ready"},
        "choose_campaigns": {"campaign_ids": []},
        "choose_agent_campaigns": {"campaign_ids": []},
    }
    more: dict[str, Any]
    verb, _, kind = name.partition("_")
    if verb in ("create", "put") and kind in {"agent_profile", *(each for each, *_ in _CONFIGURED)}:
        more = {"json": _configured(kind, ids, n)}
        return {**more, "headers": {"If-Match": "*"}} if verb == "put" else more
    if name == "put_acd_settings":
        return {"json": {"area_code": "21"}, "headers": {"If-Match": "*"}}
    if name == "import_calendar_days":
        return {"files": {"file": ("d.csv", b"date,name\n2026-10-01,x\n")}}
    if name == "import_list":
        return {"files": {"file": ("n.csv", b"phone\n+40215550101\n")}}
    if name == "load_dnc_file":
        return {"files": {"file": ("n.txt", b"+40215550199\n")}}
    if name == "create_announcement":
        file = {"file": ("a.wav", spoken_wav())}
        return {"files": file, "data": {"name": "a", "meaning": "vacant"}}
    if name in ("get_abandonment", "export_evidence"):
        days = {"from": "2026-11-01", "to": "2026-11-02"}
        named = {"campaign_id": ids["campaign_id"]} if name == "export_evidence" else {}
        return {"params": {**days, **named}}
    if name == "remove_campaign":
        return {"headers": {"If-Match": '"999"'}}  # for the others it must be there
    if name == "list_screened":
        return {"params": {"format": "csv"}}
    if name == "list_caller_days":
        return {"params": {"from": "2026-11-01", "to": "2026-11-02"}}
    if name == "list_voicemails":
        return {"params": {"box_id": ids["voicemail_id"]}}
    if name not in bodies:
        return None
    more = {"json": bodies[name]}
    if name in ("change_role", "change_team"):
        more["headers"] = {"If-Match": "*"}
    return more
