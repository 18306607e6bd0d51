"""Putting a talk right on Asterisk after a time in which commands may have been lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ringway.acd.adoption import Picture
from ringway.acd.core import talk_model as t
from ringway.acd.core.talk_model import ON_HOLD
from ringway.acd.talk_live import Live, Step

_log = logging.getLogger("ringway.acd.talks")


def rooms_of(picture: Picture) -> Mapping[str, str]:
    """Return where each channel of a node stands, as talks name places."""
    return {
        channel: ON_HOLD if bridge.bridge_type == "holding" else bridge.id
        for bridge in picture.bridges
        for channel in bridge.channels
    }


def put_right(
    live: Live,
    picture: Picture,
    rooms: Mapping[str, str],
    *,
    at: float,
    tell: Callable[[Live, t.Event], object],
    perform: Callable[[Live, Sequence[Step]], object],
) -> None:
    """Move everybody to where he belongs: what was to be done may never have been done.

    A snapshot may be older than what was done: there Asterisk's word on a held customer counts.
    """
    parties = live.talk.parties
    if live.mixer and rooms.get(live.mixer) != live.mixed_in:
        live.mixer = live.mixed_in = ""
    lost = {
        leg_id: rooms.get(channel)
        for leg_id, channel in live.channels.items()
        if leg_id in parties
        and channel in picture.channels
        and parties[leg_id].place not in (None, rooms.get(channel))
    }
    if lost:
        _log.info(
            "A talk's parties are not where they belong.",
            extra={"interaction_id": live.talk.interaction_id, "legs": sorted(lost)},
        )
        there = {bridge.id for bridge in picture.bridges}
        tell(live, t.Seen(at, lost, there, is_news=live.is_restored))
    live.is_restored = False
    muted = [t.Mute(leg_id, muted=True) for leg_id, party in parties.items() if party.is_muted]
    if muted or live.is_mixed:
        perform(live, muted)
