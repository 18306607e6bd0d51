"""Customers who go on to an outside number or to an IVR flow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ringway.acd.control import state_variable
from ringway.acd.front.caller import Caller, CallerGone
from ringway.acd.outbound import NotCarried
from ringway.proto.acd_calls import Outcome
from ringway.proto.acd_config import Target, TargetKind
from ringway.runtime.ari import (
    MIXING,
    ApplicationMoveFailed,
    AriError,
    AriNotFound,
    Event,
    StasisEnd,
)

if TYPE_CHECKING:
    from ringway.acd.calls import Call
    from ringway.acd.front.front import Front
    from ringway.acd.front.visit import Visit
    from ringway.acd.outbound import Outbound

_log = logging.getLogger("ringway.acd.front")

RING_S = 45.0
_MOVE_LIMIT_S = 3.0
_HANG_UP = Target(kind=TargetKind.HANG_UP)


async def call_out(
    front: Front,
    outbound: Outbound,
    number: str,
    *,
    node: str,
    channel_id: str,
    variables: Mapping[str, str],
    ring_s: float,
    caller_id: str,
) -> str | None:
    """Call a number by the tenant's routes; the answered channel's id, or ``None``.

    Raises:
        AriDown: The node does not answer.
    """
    tenant = front.runner.tenant
    try:
        choices = await outbound.choices(tenant, number, caller_id=caller_id)
        placed = await outbound.place(
            front.node(node),
            tenant,
            choices,
            channel_id=channel_id,
            app=front.acd.settings.app,
            app_args=("party",),
            variables=variables,
            ring_s=ring_s,
        )
    except NotCarried as refused:
        _log.info(
            "A number cannot be called.", extra={"tenant": tenant, "reason": str(refused.reason)}
        )
        return None
    except AriError as error:
        _log.warning("A call could not be placed.", extra={"tenant": tenant, "error": str(error)})
        return None
    return placed.channel_id if placed.is_answered else None


async def forward(
    front: Front, visit: Visit, number: str, *, ring_s: float = RING_S, leg: int = 1
) -> Target | None:
    """Connect the customer with an outside number until one of the two hangs up.

    Args:
        leg: Which of the customer's other legs this is; no two have the same number.

    Raises:
        CallerGone, AriDown: The other leg is ended with him.
    """
    call, caller = visit.call, visit.caller
    party_id, room_id = f"{call.interaction_id}.p{leg}", f"{call.interaction_id}.x0"
    node = front.node(call.node)
    talking = await _talking_with(front, call.node, room_id, call.channel_id)
    if talking is not None:
        party_id = talking  # since before this process
    elif caller.is_gone or (call.outcome, call.detail) == (Outcome.FORWARDED, number):
        # One of them hung up, or both did, while nobody was there.
        with suppress(AriError):
            await node.destroy_bridge(room_id)
        return _HANG_UP
    else:
        if visit.is_answered:
            await caller.music("default")
        else:
            await node.ring(call.channel_id)
        answered = await _dial(front, visit, number, party_id, ring_s)
        if answered is None:
            call.outcome, call.detail = Outcome.NOT_ANSWERED, number
            return _HANG_UP
        party_id = answered
    party = Caller(front.runner.control, call.node, party_id)

    def on_event(_: str, event: Event) -> None:
        party.on_event(event)
        if party.is_gone:
            caller.nudge()

    front.acd.watch(party_id, on_event)
    call.outcome, call.detail = Outcome.FORWARDED, number
    front.keep(visit)
    try:
        await visit.answer()
        await node.create_bridge(room_id, MIXING, exists_ok=True)
        await node.add_to_bridge(room_id, call.channel_id, party_id)
        while not party.is_gone:
            await caller.pause(None)
    except AriError:
        if not party.is_gone and not caller.is_gone:
            raise
    finally:
        front.acd.unwatch(party_id, on_event)
        await node.end(party_id, room_id)
    return _HANG_UP


async def _talking_with(front: Front, node: str, room_id: str, channel_id: str) -> str | None:
    """Return the other channel of a room that an earlier process made, or ``None``."""
    try:
        room = await front.node(node).get_bridge(room_id)
    except AriNotFound:
        return None
    return next((each for each in room.channels if each != channel_id), None)


async def _dial(
    front: Front, visit: Visit, number: str, party_id: str, ring_s: float
) -> str | None:
    """Call the number while the customer hears ringing; give it up when he hangs up."""
    call = visit.call
    target = front.dialable(number)
    if target is None:
        return None
    variables = state_variable(
        tenant=front.runner.tenant, interaction=call.interaction_id, role="party"
    )
    dialing = asyncio.get_running_loop().create_task(
        front.call_out(
            target,
            node=call.node,
            channel_id=party_id,
            variables=variables,
            ring_s=ring_s,
            caller_id=call.caller,
        )
    )
    dialing.add_done_callback(lambda _: visit.caller.nudge())
    try:
        while not dialing.done():
            await visit.caller.pause(None)
        return dialing.result()
    except CallerGone:
        dialing.cancel()  # which hangs the ringing channel up
        with suppress(asyncio.CancelledError):
            late = await dialing
            if late is not None:
                await front.node(call.node).hangup(late)
        raise


async def to_flow(front: Front, visit: Visit, flow_id: str) -> Target | None:
    """Give the customer to the IVR; when none takes him, the route's other target counts.

    Raises:
        HandedOver: The IVR has him.
    """
    from ringway.acd.front.visit import HandedOver

    call = visit.call
    node = front.node(call.node)
    apps = sorted(a.name for a in await node.get_applications() if a.name.startswith("ivr-"))
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def on_event(_: str, event: Event) -> None:
        if isinstance(event, StasisEnd | ApplicationMoveFailed) and not ended.done():
            ended.set_result(isinstance(event, StasisEnd))

    if apps:
        app = apps[hash(call.interaction_id) % len(apps)]
        front.acd.unwatch_customer(call.channel_id)
        front.acd.watch(call.channel_id, on_event)
        try:
            for name, value in _who_he_is(front, call).items():
                await node.set_variable(call.channel_id, name, value)
            args = ("inbound", front.runner.tenant, call.interaction_id, flow_id)
            await node.move(call.channel_id, app, args)
            async with asyncio.timeout(_MOVE_LIMIT_S):
                moved = await ended
        except TimeoutError:
            moved = False
        except AriNotFound as error:
            # His end may have come while we did not listen for it.
            cause = visit.caller.cause_q850
            front.runner.customer_gone(call.interaction_id, cause_q850=cause)
            raise CallerGone from error
        finally:
            front.acd.unwatch(call.channel_id, on_event)
        if moved:
            front.forget(visit)
            raise HandedOver
        front.acd.watch_customer(call.channel_id, front.runner, call.interaction_id)
    _log.warning(
        "No IVR takes a caller.",
        extra={"tenant": front.runner.tenant, "interaction_id": call.interaction_id},
    )
    call.detail = "no_ivr"
    return visit.fallback or _HANG_UP


def _who_he_is(front: Front, call: Call) -> dict[str, str]:
    """Return what is written on a caller's channel, so that whoever has him next knows it."""
    return state_variable(
        tenant=front.runner.tenant,
        interaction=call.interaction_id,
        role="caller",
        direction="inbound",
        caller=call.caller,
        called=call.called,
        trunk=call.trunk_id,
        route=call.route_id,
    )
