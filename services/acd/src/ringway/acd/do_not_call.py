"""Numbers that the tenant does not call: the dialer knows them, and is asked before agents dial."""

from __future__ import annotations

import logging
import re

from ringway.acd.runner import FloorRunner
from ringway.proto.acd_config import OwnDials
from ringway.proto.dialer_law import CheckNumberV1, NumberCheckedV1
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown, Refused

_log = logging.getLogger("ringway.acd.do_not_call")

_ASK_S = 1.0
_NUMBER = re.compile(r"^\+[1-9][0-9]{1,14}$")


async def check(bus: Bus, runner: FloorRunner, number: str, *, is_known: bool) -> None:
    """Let an agent dial a number, or not.

    While the dialer does not answer, agents may dial: people who asked to be called back wait.

    Args:
        is_known: The agent was told that the number is on a list, and dials it all the same.

    Raises:
        Refused: ``do_not_call``.
    """
    rule = runner.configuration.settings.own_dials
    if rule is OwnDials.ALLOW or (rule is OwnDials.WARN and is_known):
        return
    if _NUMBER.match(number) is None:
        return
    question = CheckNumberV1(occurred_at=utcnow(), tenant=runner.tenant, phone_e164=number)
    try:
        answer = await bus.request(question, NumberCheckedV1, timeout_s=_ASK_S)
    except (DependencyDown, Refused) as error:
        _log.debug("Nobody says whether a number may be called.", extra={"error": str(error)})
        return
    if not answer.is_allowed:
        more = " Dial it again to call all the same." if rule is OwnDials.WARN else ""
        raise Refused("do_not_call", f"This number is on a list of those not to call.{more}")
