"""Which addresses of identity providers are called, and what claims mean."""

from __future__ import annotations

import pytest

from ringway.crm_api.access import Role
from ringway.crm_api.sso.provider import AddressRefused, OutsideOnly, check_url
from ringway.crm_api.sso.service import role_of, username_of
from ringway.crm_api.sso.store import Wanted

pytestmark = pytest.mark.unit

_NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example",
        "https://10.1.2.3/x",
        "https://127.0.0.1",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://user:secret@id.example",
        "https://id.example/#x",
        "https://id.example:bad",
        "https://",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_what_is_never_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, _NOBODY)


def test_what_is_called() -> None:
    check_url("https://id.example:8443/realms/acme", _NOBODY)
    check_url("https://10.1.2.3", frozenset({"10.1.2.3"}))
    check_url("http://127.0.0.1:9", frozenset({"127.0.0.1"}))
    with pytest.raises(AddressRefused):
        check_url("http://10.1.2.3", frozenset({"10.1.2.3"}))


async def test_a_name_of_an_address_inside_is_not_called() -> None:
    resolver = OutsideOnly(_NOBODY)
    with pytest.raises(OSError, match="inside"):
        await resolver.resolve("localhost", 443)
    assert await OutsideOnly(frozenset({"localhost"})).resolve("localhost", 443)
    await resolver.close()


def _wanted(username_claim: str = "preferred_username") -> Wanted:
    return Wanted(
        *("n", "https://id.example", "c", "openid", [], username_claim, "groups"),
        role_map={"leaders": Role.TEAM_LEADER, "qc": Role.QC_AGENT},
        default_role=None,
        creates_users=False,
        is_enabled=True,
    )


def test_claims_name_users_and_roles() -> None:
    assert username_of(_wanted(), {"preferred_username": " Ann.B "}) == "ann.b"
    for claims in ({}, {"preferred_username": 3}, {"preferred_username": "a b"}):
        assert username_of(_wanted(), claims) is None
    mail = {"email": "Mia@acme.example", "email_verified": True}
    assert username_of(_wanted("email"), mail) == "mia"
    for verified in (False, None, "true"):
        assert username_of(_wanted("email"), {**mail, "email_verified": verified}) is None
    assert role_of(_wanted(), {"groups": ["x", "qc", "leaders"]}) is Role.QC_AGENT
    assert role_of(_wanted(), {"groups": "leaders"}) is Role.TEAM_LEADER
    for odd in ({}, {"groups": None}, {"groups": [{}, 3]}, {"groups": {"leaders": 1}}):
        assert role_of(_wanted(), odd) is None
