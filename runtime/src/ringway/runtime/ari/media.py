"""Commands on prompts and recordings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Literal

from ringway.runtime.ari import models as m
from ringway.runtime.ari.base import Commands, q

# A recording of an hour is 58 MB; loopback and data-centre links need far less than this.
DOWNLOAD_TIMEOUT_S = 120.0
CHUNK_BYTES = 64 * 1024

IfExists = Literal["fail", "overwrite", "append"]


class MediaCommands(Commands):
    """Play prompts, record channels, fetch and delete what was recorded."""

    @abstractmethod
    def _stream(
        self, command: str, path: str, *, chunk_bytes: int, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Yield the body of a binary answer."""

    async def play(
        self,
        media: str | Sequence[str],
        *,
        channel: str | None = None,
        bridge: str | None = None,
        playback_id: str,
        lang: str | None = None,
    ) -> m.Playback:
        """Play one or more media URIs, such as ``sound:hello``, to a channel or a bridge.

        Prompts of one channel queue behind each other and behind its recordings.

        Raises:
            ValueError: Neither or both of ``channel`` and ``bridge`` given.
        """
        if (channel is None) == (bridge is None):
            raise ValueError("play to exactly one of channel and bridge")
        target = f"channels/{q(channel)}" if channel is not None else f"bridges/{q(bridge or '')}"
        uris = media if isinstance(media, str) else ",".join(media)
        raw = await self._json(
            "play",
            "POST",
            f"{target}/play/{q(playback_id)}",
            query={"media": uris, "lang": lang},
        )
        return m.playback(raw)

    async def get_playback(self, playback_id: str) -> m.Playback:
        """Return a prompt that is queued or playing.

        Raises:
            AriNotFound: It is over.
        """
        raw = await self._json("get_playback", "GET", f"playbacks/{q(playback_id)}")
        return m.playback(raw)

    async def stop_playback(self, playback_id: str) -> bool:
        """Stop a prompt. Returns whether it was still queued or playing."""
        return await self._gone("stop_playback", "DELETE", f"playbacks/{q(playback_id)}")

    async def record(
        self,
        channel: str,
        name: str,
        format: str = "wav",
        *,
        max_duration_s: int = 0,
        max_silence_s: int = 0,
        if_exists: IfExists = "fail",
        beep: bool = False,
        terminate_on: str = "none",
    ) -> m.LiveRecording:
        """Record what comes from a channel into the node's spool under ``name``.

        Args:
            max_duration_s: Whole seconds, 0 for no limit.
            max_silence_s: Stop after so much silence, 0 for never.
            terminate_on: Key that ends it: ``none, any, *, #``.

        Raises:
            AriConflict: The name is being recorded already, or the channel cannot now.
            AriUnprocessable: Asterisk does not know the format.
        """
        raw = await self._json(
            "record",
            "POST",
            f"channels/{q(channel)}/record",
            query={
                "name": name,
                "format": format,
                "maxDurationSeconds": max_duration_s,
                "maxSilenceSeconds": max_silence_s,
                "ifExists": if_exists,
                "beep": beep,
                "terminateOn": terminate_on,
            },
        )
        return m.live_recording(raw)

    async def record_bridge(self, bridge: str, name: str, format: str = "wav") -> m.LiveRecording:
        """Record what everybody in a bridge says, mixed, into the node's spool under ``name``.

        It ends with the bridge.

        Raises:
            AriConflict: The name is being recorded already.
            AriNotFound: The bridge is gone.
        """
        raw = await self._json(
            "record_bridge",
            "POST",
            f"bridges/{q(bridge)}/record",
            query={"name": name, "format": format, "ifExists": "fail"},
        )
        return m.live_recording(raw)

    async def get_live_recording(self, name: str) -> m.LiveRecording:
        """Return a recording in progress.

        Raises:
            AriNotFound: It is not being written.
        """
        raw = await self._json("live_recording", "GET", f"recordings/live/{q(name)}")
        return m.live_recording(raw)

    async def stop_recording(self, name: str) -> bool:
        """Finish and keep a recording. Returns whether it was still being written."""
        return await self._gone("stop_recording", "POST", f"recordings/live/{q(name)}/stop")

    async def discard_recording(self, name: str) -> bool:
        """Stop a recording and throw it away. Returns whether it was being written."""
        return await self._gone("discard_recording", "DELETE", f"recordings/live/{q(name)}")

    async def mute_recording(self, name: str) -> None:
        """Write silence from now on; unlike a pause the length stays true."""
        await self._ask("mute_recording", "POST", f"recordings/live/{q(name)}/mute")

    async def unmute_recording(self, name: str) -> None:
        """Undo ``mute_recording``."""
        await self._ask("unmute_recording", "DELETE", f"recordings/live/{q(name)}/mute")

    async def list_stored_recordings(self) -> tuple[m.StoredRecording, ...]:
        """Return everything in the node's spool, finished or not."""
        raw = await self._json("stored_recordings", "GET", "recordings/stored")
        return tuple(m.stored_recording(each) for each in raw)

    def stream_stored_recording(
        self, name: str, *, chunk_bytes: int = CHUNK_BYTES, timeout_s: float = DOWNLOAD_TIMEOUT_S
    ) -> AsyncGenerator[bytes, None]:
        """Yield a recording's file in pieces; iterate inside ``contextlib.aclosing``.

        Raises:
            AriNotFound: No such recording.
            AriDown: Also in the middle of the file: what came so far is incomplete.
        """
        return self._stream(
            "fetch_recording",
            f"recordings/stored/{q(name)}/file",
            chunk_bytes=chunk_bytes,
            timeout_s=timeout_s,
        )

    async def get_stored_recording(
        self, name: str, *, timeout_s: float = DOWNLOAD_TIMEOUT_S
    ) -> bytes:
        """Return a recording's whole file, e.g. a WAV. Errors as the streaming variant."""
        pieces = bytearray()
        stream = self.stream_stored_recording(name, timeout_s=timeout_s)
        async with aclosing(stream):
            async for piece in stream:
                pieces += piece
        return bytes(pieces)

    async def delete_stored_recording(self, name: str) -> bool:
        """Delete a recording's file. Returns whether it was there."""
        return await self._gone("delete_recording", "DELETE", f"recordings/stored/{q(name)}")
