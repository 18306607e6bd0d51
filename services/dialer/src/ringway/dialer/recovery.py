"""What became of calls while nobody watched: asked of Asterisk, then of Asterisk's record.

Three situations lead here: a new process finds open attempts in the rows; a node was lost and is
back; an originate got no answer. In each the channel's own existence is the first witness, the
call detail record the second. A call of which neither knows never reached the trunk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ringway.dialer import attempt_store, campaign_store, cdr_store, learning
from ringway.dialer.cdr_store import CallRecord
from ringway.dialer.core import messages as m
from ringway.dialer.core.outcome import from_cdr
from ringway.dialer.switchboard import Line, moment_of, read_state
from ringway.proto.dialer import AttemptDisposition
from ringway.runtime.ari import AriDown, AriNode, AriNotFound, Channel
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown

if TYPE_CHECKING:
    from ringway.dialer.runner import CampaignRunner, Parts

_log = logging.getLogger("ringway.dialer.recovery")

_AGAIN_S = 0.25
# Asterisk writes its record when a channel ends; so long it may take until we can read it.
_RECORD_LIMIT_S = 2.0


async def recover(runner: CampaignRunner, parts: Parts) -> None:
    """Take over what an earlier process left open, then let the campaign dial.

    Waits for PostgreSQL, and for each node that open attempts are on.
    """
    tenant_id, campaign_id = runner.tenant_id, runner.campaign.campaign_id
    while True:
        try:
            await parts.books.synced(5)
            async with parts.pool.tenant(runner.tenant_id) as conn:
                found = await attempt_store.open_attempts(
                    conn, tenant_id=tenant_id, campaign_id=campaign_id
                )
            break
        except PostgresDown:
            await asyncio.sleep(_AGAIN_S)
    by_node: dict[str, list[Line]] = {}
    for attempt in found:
        line = runner.open_line(attempt)
        line.is_adopted, line.kept = True, []
        by_node.setdefault(attempt.node, []).append(line)
    for name, lines in by_node.items():
        await _recover_node(runner, name, lines, parts)
    while True:
        try:
            if not await parts.books.synced(5):
                continue
            async with parts.pool.tenant(runner.tenant_id) as conn:
                counts = await campaign_store.counts(
                    conn, tenant_id=tenant_id, campaign_id=campaign_id
                )
                today, learned = await learning.recall(conn, runner)
            break
        except PostgresDown:
            await asyncio.sleep(_AGAIN_S)
    if found:
        _log.info(
            "Open attempts of an earlier process are taken over or settled.",
            extra={"campaign": runner.campaign.campaign_id, "attempts": len(found)},
        )
    runner.post(
        m.Recovered(
            asyncio.get_running_loop().time(),
            counts.attempts,
            counts.answered,
            counts.connected,
            counts.abandoned,
            today,
            learned,
        )
    )


async def _recover_node(
    runner: CampaignRunner, name: str, lines: Sequence[Line], parts: Parts
) -> None:
    node = parts.switchboard.ari.nodes.get(name)
    while node is not None:
        try:
            await node.wait_connected()
            there = {channel.id: channel for channel in await node.get_channels()}
            for line in lines:
                if (channel := there.get(line.attempt.channel_id)) is not None:
                    runner.note_placed(line, channel.creationtime)
                    await parts.switchboard.watch(line)
            # Read once their events come here: what happened before is in it.
            channels, bridged = await _picture(node)
            break
        except AriDown:
            await asyncio.sleep(_AGAIN_S)
    else:
        channels, bridged = {}, frozenset()  # the node is configured no more
    absent = []
    for line in lines:
        channel = channels.get(line.attempt.channel_id)
        if channel is None:
            absent.append(line)
            continue
        _adopt(runner, line, channel, in_bridge=channel.id in bridged)
    await settle_absent(runner, absent, parts)


async def reconcile(node: AriNode, lines: Iterable[Line], parts: Parts) -> list[Line]:
    """Bring running lines in line with a node that is back; return those whose channel is gone.

    Raises:
        AriDown: It left again.
    """
    channels, bridged = await _picture(node)
    at = asyncio.get_running_loop().time()
    absent = []
    for line in lines:
        if line.kept is not None or line.is_asking:
            continue  # whoever is about to learn of this call does it by itself
        channel = channels.get(line.attempt.channel_id)
        if channel is None:
            absent.append(line)
            continue
        await parts.switchboard.watch(line)
        line.is_adopted = True
        if channel.state == "Up" and line.answered_at is None:
            parts.switchboard.heard_answer(line)
        if channel.id in bridged:
            line.tell(m.Bridged(at, line.attempt_id))
    return absent


async def find_out(runner: CampaignRunner, line: Line, parts: Parts) -> None:
    """See whether an originate without an answer made a call."""
    while True:
        try:
            node = parts.switchboard.node(line)
            await node.wait_connected()
            await node.get_channel(line.attempt.channel_id)
        except AriNotFound:
            await settle_absent(runner, [line], parts)
            return
        except AriDown:
            await asyncio.sleep(_AGAIN_S)
        else:
            runner.post(m.Placed(asyncio.get_running_loop().time(), line.attempt_id))
            return


async def settle_absent(runner: CampaignRunner, lines: Sequence[Line], parts: Parts) -> None:
    """Settle attempts whose channel does not exist, from Asterisk's record of them."""
    waiting = [line for line in lines if runner.lines.get(line.attempt_id) is line]
    loop = asyncio.get_running_loop()
    until = loop.time() + _RECORD_LIMIT_S
    since = utcnow()
    while waiting:
        try:
            async with parts.pool.tenant(runner.tenant_id) as conn:
                records = await cdr_store.records(
                    conn, channel_ids=[line.attempt.channel_id for line in waiting]
                )
                since = await cdr_store.written_since(conn)
        except PostgresDown:
            await asyncio.sleep(_AGAIN_S)
            until = loop.time() + _RECORD_LIMIT_S
            continue
        for line in [x for x in waiting if x.attempt.channel_id in records]:
            _settle(runner, line, records[line.attempt.channel_id], parts)
            waiting.remove(line)
        if loop.time() >= until:
            break
        if waiting:
            await asyncio.sleep(_AGAIN_S)
    for line in waiting:
        # A record that PostgreSQL could not take proves nothing by its absence: such a call is
        # counted as made, so that nobody is called twice by mistake.
        if line.kept is not None and line.attempt.claimed_at < since:
            line.placed_at = line.placed_at or line.attempt.claimed_at
            parts.books.placed(line.attempt, line.placed_at, None)
        _settle(runner, line, None, parts)


async def _picture(node: AriNode) -> tuple[Mapping[str, Channel], frozenset[str]]:
    """Return a node's channels by id, and the ids of those that are in a bridge."""
    channels = {channel.id: channel for channel in await node.get_channels()}
    bridged = (channel for bridge in await node.get_bridges() for channel in bridge.channels)
    return channels, frozenset(bridged)


def _adopt(runner: CampaignRunner, line: Line, channel: Channel, *, in_bridge: bool) -> None:
    """The channel lives: the core takes the attempt over where it is."""
    attempt = line.attempt
    state = read_state(channel)
    runner.note_placed(line, channel.creationtime)
    is_up = channel.state == "Up"
    if is_up:
        # When it was answered is not known if nobody was there; it was after it was made.
        line.answered_at = (
            line.answered_at or moment_of(state.get("answered_ms")) or channel.creationtime
        )
        runner.note_answered(line)
    _introduce(
        runner,
        line,
        answered_for_s=(utcnow() - line.answered_at).total_seconds()
        if is_up and line.answered_at
        else None,
        in_bridge=in_bridge,
        was_handed_over="handed_over" in state,
    )
    if channel.state == "Ringing":  # which nobody tells a second time
        line.tell(m.Rang(asyncio.get_running_loop().time(), line.attempt_id))
    _log.info("A call is taken over.", extra={"channel_id": attempt.channel_id, "up": is_up})


def _settle(runner: CampaignRunner, line: Line, record: CallRecord | None, parts: Parts) -> None:
    """The channel is gone: its end is what the record says, or what its absence means."""
    at = asyncio.get_running_loop().time()
    # Seen alive by this process, it ended with its node; else nobody knows how.
    lost = AttemptDisposition.FAILED if line.kept is None else AttemptDisposition.LOST
    was_placed = line.placed_at is not None or record is not None
    if line.kept is not None and was_placed:
        if record is not None:
            runner.note_placed(line, record.started_at)
            if line.answered_at is None and record.answered_at is not None:
                line.answered_at = record.answered_at
                runner.note_answered(line)
        answered_for_s = (
            None
            if line.answered_at is None
            else max(0.0, (utcnow() - line.answered_at).total_seconds())
        )
        _introduce(
            runner, line, answered_for_s=answered_for_s, in_bridge=False, was_handed_over=True
        )
    elif line.kept is not None:
        # Neither Asterisk nor its record know of it: it never reached the trunk.
        line.kept = None
        runner.close_line(line.attempt_id)
        parts.books.given_back(line.attempt)
        if line.attempt.mode.books_agents:
            # Whoever looked at this lead is reserved for as long as he might have called.
            runner.bookings.release(line.attempt_id)
        return
    if not was_placed:
        line.tell(m.NotPlaced(at, line.attempt_id, trunk_fault=False))
        return
    if record is not None:
        line.ended_at = record.ended_at
        if line.answered_at is None and record.answered_at is not None:
            line.answered_at = record.answered_at
            line.tell(m.Answered(at, line.attempt_id))
    known = lost if record is None else from_cdr(record.disposition)
    line.tell(m.ChannelGone(at, line.attempt_id, 0, 0, hangup_requested=False, known=known))


def _introduce(
    runner: CampaignRunner,
    line: Line,
    *,
    answered_for_s: float | None,
    in_bridge: bool,
    was_handed_over: bool,
) -> None:
    """Tell the core of a line it does not know, then what happened to it meanwhile."""
    attempt = line.attempt
    at = asyncio.get_running_loop().time()
    kept, line.kept = line.kept or [], None
    runner.post(
        m.Adopted(
            at,
            line.attempt_id,
            attempt.lead_id,
            attempt.attempt_no,
            attempt.reserved_agent_id,
            answered_for_s,
            in_bridge,
            was_handed_over,
            attempt.outcome,
        )
    )
    if attempt.outcome is AttemptDisposition.CONNECTED:
        line.tell(m.OutcomeKnown(at, line.attempt_id, attempt.outcome, attempt.agent_id))
    for event in kept:
        line.tell(event)
