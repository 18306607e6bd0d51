"""Whose a request is."""

from __future__ import annotations

from uuid import UUID

from ringway.proto.base import Request
from ringway.runtime.errors import Refused


def tenant_id_of(request: Request) -> UUID:
    """Return the tenant of a request.

    Raises:
        Refused: Its tenant is no UUID.
    """
    try:
        return UUID(request.tenant)
    except ValueError as exc:
        raise Refused("invalid", "tenant is not a UUID") from exc
