"""A customer's channel while no agent has it: prompts, keys, music, recordings.

What is played stops when the caller presses a key or when an agent is there. Every method ends
with ``CallerGone`` as soon as the channel is no more, so a path through a call is written down
straight on, and there is one place where callers who hang up end.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from ringway.acd.control import CallControl
from ringway.acd.core.speaking import Language
from ringway.runtime.ari import (
    AriConflict,
    AriDown,
    AriError,
    AriNode,
    AriNotFound,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    Event,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
)
from ringway.runtime.ids import uuid7

_MAX_KEYS = 64
_PROMPT_LIMIT_S = 120.0
_RECORDING_GRACE_S = 10.0
_LOOK_S = 2.0  # what has not been told to be over is looked at so often


class CallerGone(Exception):
    """The caller's channel is no more."""


class NoRecording(Exception):
    """Asterisk could not record; the text says why."""


class Caller:
    """One channel. Its events are given to ``on_event``, from whichever node it is on.

    Args:
        language: Of the sounds: ``en`` or ``zh``.
    """

    def __init__(
        self, control: CallControl, node: str, channel_id: str, language: Language = "en"
    ) -> None:
        self.node_name = node
        self.channel_id = channel_id
        self.language: Language = language
        self.is_gone = False
        self.cause_q850 = 0
        self._control = control
        self._keys: deque[str] = deque(maxlen=_MAX_KEYS)
        self._waiters: set[asyncio.Future[None]] = set()
        self._playing: str | None = None
        self._beginning = asyncio.Lock()  # held until what is to be played can be stopped
        self._done: set[str] = set()  # playbacks and recordings that ended while we look for them
        self._expected: set[str] = set()
        self._failed: dict[str, str] = {}
        self._recorded: dict[str, int | None] = {}

    @property
    def node(self) -> AriNode:
        """Its Asterisk node.

        Raises:
            AriDown: It is not configured any more.
        """
        return self._control.node(self.node_name)

    @property
    def is_playing(self) -> bool:
        """Whether a prompt is being played."""
        return self._playing is not None

    # -- events --------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """See one of the channel's events; whoever waits for it here goes on."""
        match event:
            case ChannelDtmfReceived():
                self._keys.append(event.digit)
            case PlaybackFinished() if event.playback.id in self._expected:
                self._done.add(event.playback.id)
            case RecordingFinished():
                self._done.add(event.recording.name)
                self._recorded[event.recording.name] = event.recording.duration_s
            case RecordingFailed():
                self._failed[event.recording.name] = event.recording.cause or "failed"
            case ChannelHangupRequest():
                self.cause_q850 = event.cause or self.cause_q850
                return
            case StasisEnd():
                self.is_gone = True
            case ChannelDestroyed():
                self.cause_q850 = event.cause or self.cause_q850
                self.is_gone = True
            case _:
                return
        self._wake()

    def gone(self) -> None:
        """The channel is no more, as told by somebody else."""
        self.is_gone = True
        self._wake()

    def nudge(self) -> None:
        """Let ``pause`` return: something else has happened."""
        self._wake()

    async def pause(self, until: float | None) -> None:
        """Wait until ``until``, a key, a nudge or another event of the channel."""
        await self._wait(until)

    # -- keys ----------------------------------------------------------------------------------

    def pressed(self, keys: str) -> str | None:
        """Return a key of ``keys`` that was pressed already, dropping others before it."""
        return self._take(keys)

    def press_again(self, key: str) -> None:
        """Give a key back that somebody else is to see."""
        self._keys.appendleft(key)

    def forget_keys(self) -> None:
        """Drop keys that were pressed before they were asked for."""
        self._keys.clear()

    async def key(self, limit_s: float | None, among: str = "0123456789*#ABCD") -> str | None:
        """Return the next key of ``among``; ``None`` when none came within ``limit_s``."""
        loop = asyncio.get_running_loop()
        until = None if limit_s is None else loop.time() + limit_s
        while True:
            while self._keys:
                if (key := self._keys.popleft()) in among:
                    return key
            if not await self._wait(until):
                return None

    # -- prompts -------------------------------------------------------------------------------

    async def play(self, sounds: Sequence[str], *, keys: str = "") -> str | None:
        """Play sounds to their end; a key of ``keys`` stops them and is returned.

        Raises:
            CallerGone, AriDown: See the module.
        """
        if not sounds:
            return None
        if (key := self._take(keys)) is not None:
            return key
        loop = asyncio.get_running_loop()
        playback_id = f"{uuid7()}.p"
        self._playing = playback_id
        self._expected.add(playback_id)
        until = loop.time() + _PROMPT_LIMIT_S
        try:
            async with self._beginning:
                await self._ask_node(
                    self.node.play(
                        [sound if ":" in sound else f"sound:{sound}" for sound in sounds],
                        channel=self.channel_id,
                        playback_id=playback_id,
                        lang=self.language,
                    )
                )
            while playback_id not in self._done:
                if (key := self._take(keys)) is not None:
                    await self.hush()
                    return key
                if await self._wait(min(until, loop.time() + _LOOK_S)):
                    continue
                if loop.time() >= until:
                    await self.hush()
                    break
                if not await self._goes_on(self.node.get_playback(playback_id)):
                    break
        finally:
            self._done.discard(playback_id)
            self._expected.discard(playback_id)
            if self._playing == playback_id:
                self._playing = None
        return None

    async def hush(self) -> None:
        """Stop what is being played, if anything is: a channel is moved only when it has ended.

        Asterisk stops nothing that it has not begun, and then plays it to its end.
        """
        if (playback_id := self._playing) is not None:
            self._playing = None
            async with self._beginning:
                await self.node.stop_playback(playback_id)

    async def ask(
        self, sounds: Sequence[str], keys: str, limit_s: float, tries: int = 1
    ) -> str | None:
        """Play a question and return the key of ``keys`` that answers it, or ``None``."""
        self.forget_keys()
        for _ in range(tries):
            key = await self.play(sounds, keys=keys)
            if key is None:
                key = await self.key(limit_s, keys)
            if key is not None:
                return key
        return None

    async def number(self, sounds: Sequence[str], limit_s: float, longest: int = 20) -> str:
        """Play a question and return the digits that were typed, until ``#`` or silence.

        Digits that were typed before the question count: whoever calls often types ahead.
        """
        digits = ""
        key = await self.play(sounds, keys="0123456789#*")
        while True:
            if key is None:
                key = await self.key(limit_s, "0123456789#*")
            if key is None or key in "#*" or len(digits) >= longest:
                return digits
            digits += key
            key = None

    # -- recordings ----------------------------------------------------------------------------

    async def record(self, name: str, max_s: float) -> None:
        """Record the caller until ``#``, silence of ten seconds or ``max_s``; then it is stored.

        Raises:
            CallerGone: He hung up; what he said is stored nevertheless.
            NoRecording: Asterisk could not.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + max_s + _RECORDING_GRACE_S
        request = self.node.record(
            self.channel_id,
            name,
            max_duration_s=max(1, int(max_s)),
            max_silence_s=10,
            terminate_on="#",
            beep=True,
        )
        with suppress(AriConflict):  # a process before this one has begun it
            await self._ask_node(request)
        while name not in self._done:
            if name in self._failed:
                raise NoRecording(self._failed.pop(name))
            if await self._wait(min(until, loop.time() + _LOOK_S)):
                continue
            if loop.time() >= until:
                raise NoRecording("it did not end")
            if not await self.is_being_recorded(name):
                break
        self._done.discard(name)

    async def is_being_recorded(self, name: str) -> bool:
        """Tell whether this recording is under way."""
        return await self._goes_on(self.node.get_live_recording(name))

    def recorded_s(self, name: str, otherwise_s: float) -> float:
        """Return how long a recording is as Asterisk says, in seconds."""
        known = self._recorded.pop(name, None)
        return float(known) if known is not None else otherwise_s

    # -- music and the end ---------------------------------------------------------------------

    async def answer(self) -> None:
        """Answer the call."""
        await self._ask_node(self.node.answer(self.channel_id))

    async def music(self, music: str) -> None:
        """Put the caller where music is heard, until he is moved elsewhere."""
        if not await self._control.hold(self.node_name, self.channel_id, music):
            raise CallerGone

    async def refuse(self, cause_q850: int) -> None:
        """End a call that is not answered, with a cause that the caller's side hears."""
        await self._ask_node(self.node.continue_(self.channel_id, "refused", str(cause_q850), 1))

    async def hang_up(self) -> None:
        """End the call. It is no error when it has ended already."""
        await self.node.hangup(self.channel_id)

    async def until_gone(self, limit_s: float) -> bool:
        """Wait for the end of the channel. False: it is still there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + limit_s
        try:
            while await self._wait(until):
                pass
        except CallerGone:
            return True
        return False

    # -- small parts ---------------------------------------------------------------------------

    def _take(self, keys: str) -> str | None:
        while keys and self._keys:
            if (key := self._keys.popleft()) in keys:
                return key
        return None

    async def _ask_node(self, request: Coroutine[Any, Any, object]) -> None:
        if self.is_gone:
            request.close()
            raise CallerGone
        try:
            await request
        except AriError as error:
            if self.is_gone or not await self._control.is_there(self.node_name, self.channel_id):
                self.gone()
                raise CallerGone from error
            raise

    @staticmethod
    async def _goes_on(look: Coroutine[Any, Any, object]) -> bool:
        """Look whether something is still under way: its end may have been told to nobody."""
        try:
            await look
        except AriNotFound:
            return False
        except AriDown:
            pass  # nobody can tell now
        return True

    async def _wait(self, until: float | None) -> bool:
        """Wait for the next event; False: ``until`` has come."""
        if self.is_gone:
            raise CallerGone
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        if self.is_gone:
            raise CallerGone
        return True

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
