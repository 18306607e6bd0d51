"""Commands on channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

from ringway.runtime.ari import models as m
from ringway.runtime.ari.base import DEFAULT_TIMEOUT_S, Commands, joined, q, variables_body
from ringway.runtime.ari.errors import AriConflict, AriError, AriNotFound
from ringway.runtime.ari.http import Query

Direction = Literal["none", "both", "out", "in"]
MuteDirection = Literal["both", "in", "out"]
TransferState = Literal[
    "channel_progress", "channel_answered", "channel_unavailable", "channel_declined"
]
HangupReason = Literal[
    "normal", "busy", "congestion", "no_answer", "timeout", "rejected", "unallocated",
    "normal_unspecified", "number_incomplete", "codec_mismatch", "interworking", "failure",
    "answered_elsewhere",
]  # fmt: skip


class ChannelCommands(Commands):
    """Make, move, answer and end channels; variables; tones; snoops."""

    async def originate(
        self,
        endpoint: str,
        *,
        channel_id: str,
        app: str,
        app_args: Sequence[str] | str = (),
        caller_id: str | None = None,
        timeout_s: int = 30,
        variables: Mapping[str, str] | None = None,
        formats: str | None = None,
        originator: str | None = None,
        other_channel_id: str | None = None,
        exists_ok: bool = False,
    ) -> m.Channel:
        """Make a channel, dial ``endpoint`` and put it into ``app`` when it is answered.

        ``app`` is subscribed to the channel before Asterisk dials, so none of its events is
        lost. After ``AriTimedOut`` ask again with the same id and ``exists_ok``: Asterisk
        never dials twice while the first channel lives.

        Args:
            endpoint: Such as ``PJSIP/+40215550100@trunk``.
            channel_id: Chosen by us, unique on the node.
            timeout_s: How long the far end may ring, whole seconds; -1 for no limit.
            variables: Set before the dialling; a leading ``__`` makes one inherited.
            formats: Codecs to offer, comma-separated.
            originator: Id of the channel on whose behalf this is.
            other_channel_id: Id of a ``Local`` channel's second half.
            exists_ok: Return the channel that has the id already, instead of raising.

        Raises:
            AriConflict: The id is taken (unless ``exists_ok``).
            AriError: 500 ``Allocation failed`` when the endpoint is unknown or unregistered.
        """
        query = {
            "endpoint": endpoint,
            "app": app,
            "appArgs": joined(app_args),
            "callerId": caller_id,
            "timeout": timeout_s,
            "channelId": channel_id,
            "otherChannelId": other_channel_id,
            "originator": originator,
            "formats": formats,
        }
        return await self._make(
            "originate", "channels", channel_id, query, variables_body(variables), exists_ok
        )

    async def create(
        self,
        endpoint: str,
        *,
        channel_id: str,
        app: str,
        app_args: Sequence[str] | str = (),
        variables: Mapping[str, str] | None = None,
        formats: str | None = None,
        originator: str | None = None,
        other_channel_id: str | None = None,
        exists_ok: bool = False,
    ) -> m.Channel:
        """Make a channel in ``app`` without dialling it yet; ``dial`` follows.

        This is the way to hear early media: bridge the channel before dialling it.
        Arguments and errors as ``originate``.
        """
        query = {
            "endpoint": endpoint,
            "app": app,
            "appArgs": joined(app_args),
            "channelId": channel_id,
            "otherChannelId": other_channel_id,
            "originator": originator,
            "formats": formats,
        }
        return await self._make(
            "create", "channels/create", channel_id, query, variables_body(variables), exists_ok
        )

    async def _make(
        self,
        command: str,
        path: str,
        channel_id: str,
        query: Query,
        body: m.Raw | None,
        exists_ok: bool,
    ) -> m.Channel:
        """Make a channel; find out what a refusal really means."""
        if exists_ok:
            # Look first: for each conflict Asterisk 22 leaks a channel object, and with one
            # leaked it never finishes an orderly stop.
            with suppress(AriNotFound):
                return await self.get_channel(channel_id)
        try:
            return m.channel(await self._json(command, "POST", path, query=query, body=body))
        except AriError as error:
            # Asterisk 22 takes the reason from a variable of the serving thread that nobody
            # resets: after one true conflict on a connection, an unknown endpoint is also
            # answered with 409 there. And a snoop's taken id is answered with 500.
            if error.status not in (409, 500):
                raise
            try:
                existing = await self.get_channel(channel_id)
            except AriNotFound:
                if isinstance(error, AriConflict):
                    raise AriError(500, "Allocation failed", command) from error
                raise error from None
            if exists_ok:
                return existing
            raise AriConflict(409, f"channel {channel_id} exists already", command) from error

    async def dial(self, channel: str, *, caller: str | None = None, timeout_s: int = 30) -> None:
        """Dial a channel made by ``create``. ``timeout_s``: how long it may ring."""
        await self._ask(
            "dial",
            "POST",
            f"channels/{q(channel)}/dial",
            query={"caller": caller, "timeout": timeout_s},
        )

    async def get_channels(self) -> tuple[m.Channel, ...]:
        """Return every channel on the node, also those of other applications.

        ``channelvars`` are part of it: one request is enough to rebuild the picture of a node.
        """
        return tuple(m.channel(raw) for raw in await self._json("channels", "GET", "channels"))

    async def get_channel(self, channel: str) -> m.Channel:
        """Return one channel.

        Raises:
            AriNotFound: It is gone.
        """
        return m.channel(await self._json("channel", "GET", f"channels/{q(channel)}"))

    async def answer(self, channel: str) -> None:
        """Answer a channel. Returns when the channel's thread has done it."""
        await self._ask("answer", "POST", f"channels/{q(channel)}/answer")

    async def ring(self, channel: str) -> None:
        """Tell the caller that it rings."""
        await self._ask("ring", "POST", f"channels/{q(channel)}/ring")

    async def hangup(
        self,
        channel: str,
        reason_code: int | None = None,
        *,
        reason: HangupReason | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bool:
        """End a channel; one that is gone already is no error.

        Args:
            reason_code: Q.850 number, or
            reason: ARI's word for it, not both.

        Returns:
            Whether it was still there.
        """
        return await self._gone(
            "hangup",
            "DELETE",
            f"channels/{q(channel)}",
            query={"reason_code": reason_code, "reason": reason},
            timeout_s=timeout_s,
        )

    async def move(self, channel: str, app: str, app_args: Sequence[str] | str = ()) -> None:
        """Hand a channel to another application.

        Success means accepted only: a missing application shows as ``ApplicationMoveFailed``.
        """
        await self._ask(
            "move",
            "POST",
            f"channels/{q(channel)}/move",
            query={"app": app, "appArgs": joined(app_args)},
        )

    async def continue_(
        self,
        channel: str,
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
    ) -> None:
        """Send a channel back to the dialplan, by default to where it left it."""
        await self._ask(
            "continue",
            "POST",
            f"channels/{q(channel)}/continue",
            query={"context": context, "extension": extension, "priority": priority},
        )

    async def claim(self, channel: str, app: str) -> bool:
        """Claim a caller offered by ``StasisBroadcast``. Returns whether we got it."""
        try:
            await self._ask(
                "claim",
                "POST",
                "events/claim",
                query={"channelId": channel, "application": app},
            )
        except (AriConflict, AriNotFound):
            return False
        return True

    async def mute(self, channel: str, direction: MuteDirection = "both") -> None:
        """Silence a channel; ``in`` is what comes from the party, ``out`` what it hears."""
        await self._ask(
            "mute", "POST", f"channels/{q(channel)}/mute", query={"direction": direction}
        )

    async def unmute(self, channel: str, direction: MuteDirection = "both") -> None:
        """Undo ``mute``."""
        await self._ask(
            "unmute", "DELETE", f"channels/{q(channel)}/mute", query={"direction": direction}
        )

    async def hold(self, channel: str) -> None:
        """Signal hold to the party."""
        await self._ask("hold", "POST", f"channels/{q(channel)}/hold")

    async def unhold(self, channel: str) -> None:
        """Undo ``hold``."""
        await self._ask("unhold", "DELETE", f"channels/{q(channel)}/hold")

    async def start_moh(self, channel: str, moh_class: str | None = None) -> None:
        """Play music to a channel. A holding bridge is cheaper and survives prompts."""
        await self._ask(
            "start_moh", "POST", f"channels/{q(channel)}/moh", query={"mohClass": moh_class}
        )

    async def stop_moh(self, channel: str) -> None:
        """End the music."""
        await self._ask("stop_moh", "DELETE", f"channels/{q(channel)}/moh")

    async def dtmf(
        self,
        channel: str,
        digits: str,
        *,
        before_ms: int = 0,
        between_ms: int = 100,
        duration_ms: int = 100,
        after_ms: int = 0,
    ) -> None:
        """Send key tones to the party."""
        await self._ask(
            "dtmf",
            "POST",
            f"channels/{q(channel)}/dtmf",
            query={
                "dtmf": digits,
                "before": before_ms,
                "between": between_ms,
                "duration": duration_ms,
                "after": after_ms,
            },
        )

    async def snoop(
        self,
        channel: str,
        snoop_id: str,
        *,
        app: str,
        spy: Direction = "none",
        whisper: Direction = "none",
        app_args: Sequence[str] | str = (),
        exists_ok: bool = False,
    ) -> m.Channel:
        """Make a channel that hears (``spy``) and speaks to (``whisper``) another one.

        ``spy="in"`` is what comes from the party, ``spy="out"`` what the party hears. Wait for
        the snoop's ``StasisStart`` before commanding it.

        Args:
            exists_ok: Return the channel that has the id already, instead of raising.

        Raises:
            AriNotFound: The channel to listen to is gone.
            AriConflict: ``snoop_id`` is taken (unless ``exists_ok``).
        """
        return await self._make(
            "snoop",
            f"channels/{q(channel)}/snoop/{q(snoop_id)}",
            snoop_id,
            {"app": app, "spy": spy, "whisper": whisper, "appArgs": joined(app_args)},
            None,
            exists_ok,
        )

    async def get_variable(self, channel: str, name: str) -> str | None:
        """Return a channel variable or function such as ``CHANNEL(pjsip,call-id)``.

        Returns:
            ``None`` when it is not set.

        Raises:
            AriNotFound: The channel is gone.
        """
        try:
            raw = await self._json(
                "get_variable",
                "GET",
                f"channels/{q(channel)}/variable",
                query={"variable": name},
            )
        except AriNotFound as error:
            if "variable" in error.message.lower():
                return None
            raise
        return str(raw["value"])

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set a channel variable or function."""
        await self._ask(
            "set_variable",
            "POST",
            f"channels/{q(channel)}/variable",
            query={"variable": name, "value": value},
        )

    async def transfer_progress(self, channel: str, state: TransferState) -> None:
        """Tell a phone that asked for a transfer (REFER) what becomes of it.

        Asterisk answers each with one more ``ChannelTransfer`` event that carries the state.

        Raises:
            AriNotFound: The phone has gone.
        """
        await self._ask(
            "transfer_progress",
            "POST",
            f"channels/{q(channel)}/transfer_progress",
            query={"states": state},
        )

    async def rtp_statistics(self, channel: str) -> m.Raw:
        """Return the RTP counters of a channel as Asterisk gives them."""
        raw: m.Raw = await self._json(
            "rtp_statistics", "GET", f"channels/{q(channel)}/rtp_statistics"
        )
        return raw
