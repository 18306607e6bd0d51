"""Commands on bridges."""

from __future__ import annotations

from ringway.runtime.ari import models as m
from ringway.runtime.ari.base import Commands, q
from ringway.runtime.ari.errors import AriConflict

# proxy_media keeps Asterisk in the audio path from the start, so that a snoop attached later
# does not switch the bridge's technology (SSRC change, sequence jump).
MIXING = "mixing,proxy_media"


class BridgeCommands(Commands):
    """Make and end bridges, put channels in and take them out."""

    async def create_bridge(
        self, bridge_id: str, type: str = MIXING, name: str = "", *, exists_ok: bool = False
    ) -> m.Bridge:
        """Make a bridge under an id of our choice; never reuse the id of an earlier bridge.

        An application hears of a bridge only while a channel of its own is in it. Who needs
        ``BridgeDestroyed`` subscribes to ``bridge:<id>`` after this.

        Args:
            type: Comma-separated, such as ``mixing,proxy_media`` or ``holding``.
            exists_ok: Return the bridge that has the id already, instead of raising.

        Raises:
            AriConflict: The id is taken (unless ``exists_ok``).
        """
        try:
            raw = await self._json(
                "create_bridge",
                "POST",
                "bridges",
                query={"bridgeId": bridge_id, "type": type, "name": name or None},
            )
        except AriConflict:
            if not exists_ok:
                raise
            return await self.get_bridge(bridge_id)
        return m.bridge(raw)

    async def destroy_bridge(self, bridge: str) -> bool:
        """End a bridge; its channels stay in Stasis, in silence.

        Returns:
            Whether it was still there.
        """
        try:
            return await self._gone("destroy_bridge", "DELETE", f"bridges/{q(bridge)}")
        except AriConflict:
            # "Bridge not in Stasis application": Asterisk is just taking it down.
            return False

    async def get_bridges(self) -> tuple[m.Bridge, ...]:
        """Return every bridge on the node."""
        return tuple(m.bridge(raw) for raw in await self._json("bridges", "GET", "bridges"))

    async def get_bridge(self, bridge: str) -> m.Bridge:
        """Return one bridge.

        Raises:
            AriNotFound: It is gone.
        """
        return m.bridge(await self._json("bridge", "GET", f"bridges/{q(bridge)}"))

    async def add_to_bridge(
        self,
        bridge: str,
        *channels: str,
        role: str | None = None,
        mute: bool = False,
        absorb_dtmf: bool = False,
    ) -> None:
        """Put channels into a bridge, taking them out of the one they are in.

        Args:
            role: ``participant`` or ``announcer`` in a holding bridge.
            mute: Nobody in the bridge hears the channels.
            absorb_dtmf: Their key tones are not passed on.

        Raises:
            AriNotFound: No such bridge.
            AriError: 400 no such channel; as ``AriUnprocessable`` not in Stasis.
        """
        if not channels:
            raise ValueError("no channel to add")
        await self._ask(
            "add_to_bridge",
            "POST",
            f"bridges/{q(bridge)}/addChannel",
            query={
                "channel": ",".join(channels),
                "role": role,
                "mute": mute or None,
                "absorbDTMF": absorb_dtmf or None,
            },
        )

    async def remove_from_bridge(self, bridge: str, *channels: str) -> None:
        """Take channels out of a bridge; they stay in Stasis.

        Raises:
            AriNotFound: No such bridge.
            AriError: 400 no such channel; as ``AriUnprocessable`` not in this bridge.
        """
        if not channels:
            raise ValueError("no channel to remove")
        await self._ask(
            "remove_from_bridge",
            "POST",
            f"bridges/{q(bridge)}/removeChannel",
            query={"channel": ",".join(channels)},
        )

    async def start_bridge_moh(self, bridge: str, moh_class: str | None = None) -> None:
        """Play music into a bridge; a holding bridge is silent before this."""
        await self._ask(
            "start_bridge_moh",
            "POST",
            f"bridges/{q(bridge)}/moh",
            query={"mohClass": moh_class},
        )

    async def stop_bridge_moh(self, bridge: str) -> None:
        """End the music."""
        await self._ask("stop_bridge_moh", "DELETE", f"bridges/{q(bridge)}/moh")
