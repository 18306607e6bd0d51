"""The phones of agents who are in talks, as far as their own events go: hold keys, transfers."""

from __future__ import annotations

from collections.abc import Callable

from ringway.acd.adoption import Picture
from ringway.acd.calls import Leg
from ringway.acd.outbound import Watching
from ringway.runtime.ari import ChannelDestroyed, Event


class TalkPhones:
    """Passes on what agents' phones do, until their channels are no more.

    Args:
        events: Passes on the events of single channels.
        on_event: Told of each event: node, agent, event.
    """

    def __init__(self, events: Watching, on_event: Callable[[str, str, Event], None]) -> None:
        self._events = events
        self._on_event = on_event
        self._heard: dict[str, tuple[str, Callable[[str, Event], None]]] = {}  # by channel

    def listen(self, leg: Leg) -> None:
        """Pass on the events of a phone from now on; a repeat changes nothing."""
        channel_id, agent_id = leg.channel_id, leg.agent_id
        if channel_id in self._heard:
            return

        def on_event(node: str, event: Event) -> None:
            self._on_event(node, agent_id, event)
            if isinstance(event, ChannelDestroyed):
                self._heard.pop(channel_id, None)

        self._heard[channel_id] = leg.node, on_event
        self._events.watch(channel_id, on_event)

    def compare(self, picture: Picture) -> None:
        """Forget the phones of a node that are no more there."""
        for channel_id, (node, on_event) in list(self._heard.items()):
            if node == picture.node.name and channel_id not in picture.channels:
                del self._heard[channel_id]
                self._events.unwatch(channel_id, on_event)
