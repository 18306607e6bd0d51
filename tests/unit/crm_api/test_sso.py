"""What claims of an identity provider mean."""

from __future__ import annotations

import pytest

from ringway.crm_api.access import Role
from ringway.crm_api.sso.service import role_of, username_of
from ringway.crm_api.sso.store import Wanted

pytestmark = pytest.mark.unit


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
