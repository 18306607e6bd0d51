"""What the permission matrix asks of alarms, which the system itself raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.support.crm import Crm, Signed

from ringway.crm_api.alarms.service import raise_alarm
from ringway.crm_api.core.alarms.kinds import AlarmCode, AlarmKind
from ringway.crm_api.core.alarms.rules import Condition


async def objects(crm: Crm, boss: Signed, slug: str, ids: Mapping[str, str]) -> dict[str, str]:
    """Raise an alarm of the enterprise."""
    condition = Condition(
        UUID(ids["tenant_id"]), AlarmKind.WEBHOOK_OFF, slug, AlarmCode.WEBHOOK_OFF
    )
    raised = await raise_alarm(crm.deps.pool, condition, crm.clock())
    assert raised is not None
    return {"alarm_id": str(raised.alarm_id)}


def arguments(name: str, ids: Mapping[str, str], n: int) -> dict[str, Any] | None:
    """Return arguments of a request that an operation would carry out; None: not of this area."""
    return {"json": {"note": f"n{n}"}} if name == "acknowledge_alarm" else None
