"""What the permission matrix asks of virtual operators, which the platform lends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.crm import Crm, Signed

_ACCOUNT = {"host": "sip.example", "app_id": "ringway", "secret": "s3cret-word"}


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Keep an account that nobody has yet."""
    new = {**_ACCOUNT, "name": f"operator for {slug}"}
    made = await crm.platform.post("/virtual-operators", new)
    return {"virtual_operator_id": made["virtual_operator_id"]}


def arguments(name: str, ids: dict[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    bodies: dict[str, dict[str, Any]] = {
        "create_virtual_operator": {**_ACCOUNT, "name": f"vo{n}"},
        "change_virtual_operator": {**_ACCOUNT, "name": f"vo{n}"},
        "rotate_virtual_operator_secret": {"secret": f"s3cret-{n}"},
        "grant_virtual_operator": {"max_channels": 5},
    }
    return {"json": bodies[name]} if name in bodies else None
