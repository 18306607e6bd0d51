"""The caller's rating of a talk, after the agent has hung up (R184)."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.calls import Call
from ringway.acd.front import sounds
from ringway.acd.front.caller import Caller, CallerGone
from ringway.proto.acd_calls import InteractionRatedV1, Outcome
from ringway.proto.acd_config import Rating
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.clock import utcnow

if TYPE_CHECKING:
    from ringway.acd.front.front import Front

_log = logging.getLogger("ringway.acd.front")
_NODE_LIMIT_S = 60.0


async def rate(
    front: Front, call: Call, caller: Caller, rules: Rating, agent_id: str, queue_id: str
) -> None:
    """Ask for a key of 1 to 5, thank, hang up. The agent is in after-call work already."""
    call.outcome = Outcome.TALKED
    language = caller.language
    try:
        async with call.placing:  # the agent's room, which may end with his leg, ends after it
            await caller.hush()  # the agent's number, if he was quick
            await caller.music("none")
        for half in ("ri", "ro"):
            await caller.node.hangup(f"{call.interaction_id}.{half}")  # the talk is over
        key = await caller.ask(sounds.rating(language), "12345", rules.timeout_s, rules.attempts)
        if key is not None:
            front.runner.tell(
                InteractionRatedV1(
                    message_id=f"{call.interaction_id}-rated",
                    occurred_at=utcnow(),
                    tenant=front.runner.tenant,
                    interaction_id=call.interaction_id,
                    agent_id=agent_id,
                    queue_id=queue_id,
                    score=int(key),
                )
            )
        await caller.play(sounds.thanks(language))
        await caller.hang_up()
    except CallerGone:
        return
    except (AriDown, AriError) as error:
        _log.info("A rating was broken off.", extra={"error": str(error)})
        with suppress(AriDown, AriError):
            await caller.node.wait_connected(_NODE_LIMIT_S)
            await caller.hang_up()
