"""Voicemail over REST: whose messages one sees, and playing them in ranges."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
from tests.support.crm import Crm, refused
from tests.support.nats import NatsServer

from ringway.crm_api.access import Role
from ringway.proto import acd_voicemail as v
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

# More than one part, and no two bytes near each other alike.
SOUND = bytes(i * 7 % 251 for i in range(v.LONGEST_PART_BYTES + 5000))


class Acd:
    """Stands in for the ACD: one box with one message, which one agent may hear."""

    def __init__(self) -> None:
        self.tenant = ""
        self.agent_id = ""
        self.is_heard = False
        self.is_there = True
        self.asked: list[v.ReadVoicemailV1] = []

    def _message(self) -> v.VoicemailMessage:
        return v.VoicemailMessage(
            voicemail_id="m1",
            box_id="b1",
            interaction_id="i1",
            caller="+8613800000001",
            left_at=utcnow(),
            duration_s=24,
            is_heard=self.is_heard,
            size_bytes=len(SOUND),
        )

    def _check(self, tenant: str, agent_id: str | None, code: str) -> None:
        if tenant != self.tenant or agent_id not in (None, self.agent_id) or not self.is_there:
            raise Refused(code, "There is no such thing.")

    async def listed(self, request: v.ListVoicemailsV1) -> v.VoicemailListV1:
        self._check(request.tenant, request.agent_id, "box_unknown")
        return v.VoicemailListV1(messages=(self._message(),))

    async def got(self, request: v.GetVoicemailV1) -> v.VoicemailV1:
        self._check(request.tenant, request.agent_id, "voicemail_unknown")
        return v.VoicemailV1(message=self._message())

    async def read(self, request: v.ReadVoicemailV1) -> v.VoicemailPartV1:
        self.asked.append(request)
        part = SOUND[request.offset : request.offset + request.length]
        return v.VoicemailPartV1(data=base64.b64encode(part).decode())

    async def marked(self, request: v.MarkVoicemailV1) -> Done:
        self.is_heard = request.is_heard
        return Done()

    async def deleted(self, request: v.DeleteVoicemailV1) -> Done:
        self.is_there = False
        return Done()


@pytest.fixture
async def acd(nats: NatsServer) -> AsyncIterator[Acd]:
    acd = Acd()
    async with nats.bus("acd", name="acd-voicemail") as bus:
        await bus.respond(v.ListVoicemailsV1, acd.listed)
        await bus.respond(v.GetVoicemailV1, acd.got)
        await bus.respond(v.ReadVoicemailV1, acd.read)
        await bus.respond(v.MarkVoicemailV1, acd.marked)
        await bus.respond(v.DeleteVoicemailV1, acd.deleted)
        yield acd


async def test_messages_are_listed_played_marked_and_deleted(crm: Crm, acd: Acd) -> None:
    boss = await crm.open_tenant("acme")
    acd.tenant = (await boss.get("/me"))["tenant_id"]
    (item,) = (await boss.get("/voicemails?box_id=b1"))["items"]
    assert (item["caller"], item["is_heard"]) == ("+8613800000001", False)
    whole = await boss("GET", "/voicemails/m1/audio")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content == SOUND
    assert len(acd.asked) == 2
    assert (await boss("PUT", "/voicemails/m1/heard", json={})).status_code == 204
    assert (await boss.get("/voicemails/m1"))["is_heard"] is True
    assert (await boss("DELETE", "/voicemails/m1")).status_code == 204
    refused(await boss("GET", "/voicemails/m1"), 404, "voicemail_unknown")
    audit = str(await boss.get("/audit-log"))
    assert "voicemail.listened" in audit
    assert "voicemail.deleted" in audit


RANGES = (
    ("bytes=0-99", 206, 0, 99),
    ("bytes=1000-", 206, 1000, len(SOUND) - 1),
    ("bytes=-10", 206, len(SOUND) - 10, len(SOUND) - 1),
    (f"bytes=5-{len(SOUND) * 2}", 206, 5, len(SOUND) - 1),
    ("bytes=9999999-", 416, 0, 0),
    ("bytes=5-4", 416, 0, 0),
    ("bytes=-0", 416, 0, 0),
    ("bytes=-", 416, 0, 0),
    ("pages=1-2", 200, 0, len(SOUND) - 1),
)


async def test_ranges(crm: Crm, acd: Acd) -> None:
    boss = await crm.open_tenant("acme")
    acd.tenant = (await boss.get("/me"))["tenant_id"]
    for asked, status, first, last in RANGES:
        answer = await boss("GET", "/voicemails/m1/audio", headers={"Range": asked})
        assert answer.status_code == status, asked
        if status == 416:
            assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"
            continue
        assert answer.content == SOUND[first : last + 1]
        if status == 206:
            assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"


async def test_an_agent_hears_his_own_boxes_only_and_no_other_tenants(crm: Crm, acd: Acd) -> None:
    boss = await crm.open_tenant("acme")
    acd.tenant = (await boss.get("/me"))["tenant_id"]
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", "1001")
    acd.agent_id = str(ann.user_id)
    assert len((await ann.get("/voicemails?box_id=b1"))["items"]) == 1
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", "1002")
    refused(await bob("GET", "/voicemails?box_id=b1"), 404, "box_unknown")
    refused(await bob("GET", "/voicemails/m1/audio"), 404, "voicemail_unknown")
    other = await crm.open_tenant("other")
    refused(await other("GET", "/voicemails/m1"), 404, "voicemail_unknown")
    refused(await other("GET", "/voicemails/..%2Fx"), 404, "route_not_found")
