"""Voice quality of every live leg: looked at every few seconds, told live and at its end.

A leg that is gone cannot be asked any more, so its last look is at its hang-up request, and what
happened after that is not known: at most one interval.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Histogram

from ringway.acd.app import Acd
from ringway.acd.core.quality import LegQuality, Limits, Reading
from ringway.acd.runner import FloorRunner
from ringway.proto.acd import LegMode
from ringway.proto.acd_calls import LegQualityNowV1, LegQualityV1, PartyRole, QualityAlarmV1
from ringway.runtime.ari import (
    AriDown,
    AriError,
    AriNode,
    ChannelDestroyed,
    ChannelHangupRequest,
    Event,
    StasisEnd,
)
from ringway.runtime.clock import utcnow

_log = logging.getLogger("ringway.acd.quality")
_mos = Histogram(
    "acd_leg_mos",
    "Mean opinion score of legs over their life.",
    ["role"],
    buckets=(1.5, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.35, 4.5),
)
_loss = Histogram(
    "acd_leg_loss_percent",
    "Lost packets of legs over their life, worse direction.",
    ["role"],
    buckets=(0.1, 0.5, 1, 2, 3, 5, 10, 20),
)
_alarms = Counter("acd_quality_alarms", "Legs over a limit.", ["measure"])
_AT_ONCE = 4  # requests to a node; calls come first


@dataclass(slots=True)
class _Leg:
    runner: FloorRunner
    node: str
    channel_id: str
    role: PartyRole
    interaction_id: str
    quality: LegQuality
    agent_id: str | None = None


class QualityWatch:
    """Looks at every leg that talks.

    Args:
        every_s: Seconds between two looks at a leg.
    """

    def __init__(self, acd: Acd, every_s: float) -> None:
        self._acd = acd
        self._every_s = every_s
        self._legs: dict[str, _Leg] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Worker."""
        while True:
            self._find()
            legs = list(self._legs.values())
            await asyncio.gather(*(self._look(leg) for leg in legs))
            await asyncio.sleep(self._every_s)

    def _find(self) -> None:
        """Know the legs of every talk: the customer's, and those of the agents in it."""
        live: set[str] = set()
        for runner in self._acd.runners.values():
            for call in list(runner.calls.values()):
                floor_call = runner.floor.calls.get(call.interaction_id)
                if floor_call is None or call.is_gone or not call.channel_id:
                    continue
                node, channel_id = call.origin
                live.add(channel_id)
                self._know(runner, node, channel_id, call.interaction_id)
                for agent_id in floor_call.members:
                    leg = runner.legs.get(agent_id)
                    if leg is not None and leg.is_up:
                        live.add(leg.channel_id)
                        self._know(runner, leg.node, leg.channel_id, call.interaction_id, agent_id)
        for channel_id in [c for c in self._legs if c not in live]:
            self._tell_end(channel_id)

    def _know(
        self,
        runner: FloorRunner,
        node: str,
        channel_id: str,
        interaction_id: str,
        agent_id: str | None = None,
    ) -> None:
        known = self._legs.get(channel_id)
        if known is not None and known.interaction_id == interaction_id:
            return
        role = PartyRole.AGENT if agent_id else PartyRole.CUSTOMER
        is_new = agent_id is None or runner.legs[agent_id].leg_mode is LegMode.ON_DEMAND
        # A nailed-up leg goes from talk to talk: its counters go on, its talk begins new.
        base = known.quality.last if known else Reading() if is_new else None
        quality = LegQuality(base)
        leg = _Leg(runner, node, channel_id, role, interaction_id, quality, agent_id)
        if known is not None:
            self._tell_end(channel_id)
        self._acd.watch(channel_id, self._on_event)
        self._legs[channel_id] = leg

    def _on_event(self, node: str, event: Event) -> None:
        match event:
            case ChannelHangupRequest() if (leg := self._legs.get(event.channel.id)) is not None:
                leg.runner.spawn(self._look(leg), "last look")
            case StasisEnd() | ChannelDestroyed():
                self._tell_end(event.channel.id)
            case _:
                pass

    async def _look(self, leg: _Leg) -> None:
        try:
            async with self._gate:
                raw = await self._node(leg).rtp_statistics(leg.channel_id)
        except (AriDown, AriError):
            return  # it has just gone, or the node has; the last look stands
        settings = leg.runner.configuration.settings
        limits = Limits(
            settings.mos_alarm,
            settings.loss_alarm_percent,
            settings.jitter_alarm_ms,
            settings.rtt_alarm_ms,
        )
        for alarm in leg.quality.look(reading_of(raw), limits):
            _alarms.labels(alarm.measure).inc()
            leg.runner.tell(
                QualityAlarmV1(
                    occurred_at=utcnow(),
                    tenant=leg.runner.tenant,
                    interaction_id=leg.interaction_id,
                    leg_id=_token(leg.channel_id),
                    role=leg.role,
                    agent_id=leg.agent_id,
                    measure=alarm.measure,
                    value=round(alarm.value, 2),
                    limit=alarm.limit,
                )
            )
        now = leg.quality.now
        leg.runner.show(
            LegQualityNowV1(
                occurred_at=utcnow(),
                tenant=leg.runner.tenant,
                leg_id=_token(leg.channel_id),
                interaction_id=leg.interaction_id,
                role=leg.role,
                agent_id=leg.agent_id,
                loss_percent=round(now.loss_percent, 2),
                jitter_ms=round(now.jitter_ms, 1),
                rtt_ms=round(now.rtt_ms, 1),
                mos=round(now.mos, 2),
            )
        )

    def _node(self, leg: _Leg) -> AriNode:
        return self._acd.control.node(leg.node)

    def _tell_end(self, channel_id: str) -> None:
        leg = self._legs.pop(channel_id, None)
        if leg is None:
            return
        self._acd.unwatch(channel_id, self._on_event)
        whole = leg.quality.whole
        if whole.received_packets == 0 and whole.sent_packets == 0:
            return  # it ended before anybody looked
        loss = max(whole.received_loss_percent, whole.sent_loss_percent)
        _mos.labels(leg.role.value).observe(whole.mos)
        _loss.labels(leg.role.value).observe(loss)
        leg.runner.tell(
            LegQualityV1(
                message_id=f"{leg.interaction_id}-quality-{_token(channel_id)}",
                occurred_at=utcnow(),
                tenant=leg.runner.tenant,
                interaction_id=leg.interaction_id,
                leg_id=_token(channel_id),
                role=leg.role,
                agent_id=leg.agent_id,
                received_packets=whole.received_packets,
                sent_packets=whole.sent_packets,
                received_loss_percent=round(whole.received_loss_percent, 3),
                sent_loss_percent=round(whole.sent_loss_percent, 3),
                received_jitter_ms=round(whole.received_jitter_ms, 2),
                sent_jitter_ms=round(whole.sent_jitter_ms, 2),
                rtt_ms=round(whole.rtt_ms, 2),
                mos=round(whole.mos, 2),
                is_alarm=leg.quality.had_alarm,
            )
        )


def reading_of(raw: Mapping[str, Any]) -> Reading:
    """Read what Asterisk says of a channel's RTP; its times are seconds.

    Its loss is named from our side, its jitter from the other: ``txjitter`` is what we measure on
    what we receive (22.10, seen with a phone that jitters).
    """

    def number(name: str) -> float:
        value = raw.get(name, 0)
        return float(value) if isinstance(value, int | float) else 0.0

    return Reading(
        int(number("rxcount")),
        int(number("rxploss")),
        number("txjitter") * 1000,
        int(number("txcount")),
        int(number("txploss")),
        number("rxjitter") * 1000,
        number("rtt") * 1000,
    )


def _token(channel_id: str) -> str:
    """Return a channel's id as it may stand in a subject."""
    return channel_id.replace(".", "-")
