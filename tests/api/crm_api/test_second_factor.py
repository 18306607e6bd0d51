"""The second factor: enrolment, sign-in, recovery, and roles that must have one."""

from __future__ import annotations

import httpx
import pyotp
import pytest
from tests.support.crm import USER_PASSWORD, Crm, Signed, ok, refused, rows_of

from ringway.crm_api.access import Role

pytestmark = pytest.mark.api

_PASSWORD = {"current_password": USER_PASSWORD}


class Phone:
    """An authenticator app."""

    def __init__(self, crm: Crm, secret: str) -> None:
        self._crm = crm
        self._totp = pyotp.TOTP(secret)

    def code(self, *, steps: int = 0) -> str:
        return self._totp.at(self._crm.clock(), counter_offset=steps)

    def later(self) -> str:
        """Return a code that was not used yet."""
        self._crm.clock.forward(61)
        return self.code()


async def _sign_in(crm: Crm, otp: str | None, login: str = "boss@acme") -> httpx.Response:
    form = {"grant_type": "password", "username": login, "password": USER_PASSWORD}
    more = {"otp": otp} if otp is not None else {}
    return await crm.http.post("/api/v1/auth/token", data={**form, **more})


async def _enrol(crm: Crm, signed: Signed) -> tuple[Phone, list[str]]:
    crm.clock.stop()  # a code is used or fresh by the half minute in which it is made
    phone = Phone(crm, (await signed.post("/me/second-factor", _PASSWORD))["secret"])
    body = await signed.post("/me/second-factor/confirm", {"code": phone.code()})
    return phone, body["recovery_codes"]


async def test_after_its_confirmation_sign_in_asks_for_a_code_that_works_once(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    crm.clock.stop()
    wrong = await boss("POST", "/me/second-factor", json={"current_password": "x"})
    refused(wrong, 400, "password_wrong")
    made = await boss.post("/me/second-factor", _PASSWORD)
    assert made["uri"].startswith("otpauth://totp/Ringway:boss%40acme?secret=")
    ok(await _sign_in(crm, None))  # not confirmed, not asked for
    phone = Phone(crm, made["secret"])
    bad = await boss("POST", "/me/second-factor/confirm", json={"code": phone.code(steps=9)})
    refused(bad, 400, "otp_invalid")
    await boss.post("/me/second-factor/confirm", {"code": phone.code()})
    refused(await boss("POST", "/me/second-factor", json=_PASSWORD), 409, "second_factor_active")

    assert refused(await _sign_in(crm, None), 400, "otp_required")["error"] == "otp_required"
    used = phone.code()
    refused(await _sign_in(crm, used), 400, "otp_invalid")  # by the confirmation
    fresh = phone.later()
    ok(await _sign_in(crm, fresh))
    refused(await _sign_in(crm, fresh), 400, "otp_invalid")
    refused(await _sign_in(crm, phone.code(steps=-1)), 400, "otp_invalid")
    ok(await _sign_in(crm, phone.code(steps=1)))  # the phone is a little ahead

    (row,) = await rows_of(crm, "SELECT secret FROM crm.second_factor")
    assert made["secret"].encode() not in row["secret"]


async def test_wrong_codes_lock_although_the_password_is_right(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    phone, _ = await _enrol(crm, boss)
    for _ in range(crm.deps.settings.lockout_failures):
        refused(await _sign_in(crm, phone.code(steps=7)), 400, "otp_invalid")
        crm.clock.forward(1)
    refused(await _sign_in(crm, phone.code(steps=1)), 429, "sign_in_locked")
    crm.clock.forward(crm.deps.settings.lockout_s)
    ok(await _sign_in(crm, phone.code()))


async def test_a_recovery_code_works_once_and_renewing_ends_the_old_ones(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    none = await boss("POST", "/me/second-factor/recovery-codes", json={"code": "000000"})
    refused(none, 404, "second_factor_not_found")
    phone, codes = await _enrol(crm, boss)
    assert len(set(codes)) == 10
    ok(await _sign_in(crm, codes[0].upper().replace("-", " ")))
    refused(await _sign_in(crm, codes[0]), 400, "otp_invalid")
    state = await boss.get("/me/second-factor")
    assert state == {"active": True, "recovery_codes_left": 9}
    renewed = await boss.post("/me/second-factor/recovery-codes", {"code": phone.later()})
    refused(await _sign_in(crm, codes[1]), 400, "otp_invalid")
    ok(await _sign_in(crm, renewed["recovery_codes"][1]))
    stored = await rows_of(crm, "SELECT code_hash FROM crm.recovery_code")
    assert not any(code.encode() in row["code_hash"] for row in stored for code in codes)


async def test_a_role_that_must_have_one_reaches_only_itself_without(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    leader = await crm.user(boss, "acme", Role.TEAM_LEADER, "lea")
    agent = await crm.user(boss, "acme", Role.AGENT, "ann")
    await leader.get("/customers")
    await boss.put("/security-policy", {"second_factor_roles": ["team_leader"]})
    refused(await leader("GET", "/customers"), 403, "second_factor_missing")
    await agent.get("/customers")
    phone, _ = await _enrol(crm, leader)
    await leader.get("/customers")
    removal = {**_PASSWORD, "code": phone.later()}
    assert (await leader("POST", "/me/second-factor/remove", json=removal)).status_code == 204
    refused(await leader("GET", "/customers"), 403, "second_factor_missing")


async def test_an_administrator_helps_who_lost_his_phone(crm: Crm) -> None:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann")
    path = f"/users/{ann.user_id}/second-factor"
    refused(await boss("DELETE", path), 404, "second_factor_not_found")
    await _enrol(crm, ann)
    other = await crm.open_tenant("other")
    refused(await other("DELETE", path), 404, "second_factor_not_found")
    assert (await boss("DELETE", path)).status_code == 204
    refused(await ann("GET", "/me"), 401, "session_ended")
    ok(await _sign_in(crm, None, "ann@acme"))
    actions = [e["action"] for e in (await boss.get("/audit-log?q=factor"))["items"]]
    assert actions == ["user.second_factor_reset", "auth.second_factor_added"]
