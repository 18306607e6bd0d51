"""Acts that nobody asked for in this moment: the platform itself did them."""

from __future__ import annotations

from uuid import UUID

from ringway.crm_api.access import Caller, Role

_NOBODY = UUID(int=0)
SYSTEM = "system"


def system_caller(tenant_id: UUID) -> Caller:
    """Return the platform itself as the actor of an entry in a tenant's audit log."""
    return Caller(tenant_id, _NOBODY, SYSTEM, Role.STAFF, None, _NOBODY, "")
