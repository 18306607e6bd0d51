"""Waiting for something to become true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from ringway.trainer.core.listening import Listener
from ringway.trainer.endpoint import SipEndpoint

_LOOK_EVERY_S = 0.01
_QUIET_S = 3.0  # without a packet for this long, ask whether the call still exists
_PROBE_S = 4.0  # how long the answer may take, over UDP with three repeats, on a busy machine
_WATCH_EVERY_S = 1.0


async def until(condition: Callable[[], bool], within_s: float, what: str = "") -> None:
    """Wait for ``condition``.

    Raises:
        TimeoutError: It did not become true in time; names ``what``.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not condition():
        if loop.time() > deadline:
            raise TimeoutError(f"not within {within_s} s: {what or 'the condition'}")
        await asyncio.sleep(_LOOK_EVERY_S)


class Watched(Protocol):
    """A call whose other side may vanish without a word."""

    @property
    def handle(self) -> str: ...
    @property
    def ringing_at(self) -> float | None: ...
    @property
    def answered_at(self) -> float | None: ...
    @property
    def listener(self) -> Listener | None: ...


async def probe_quiet_calls(endpoint: SipEndpoint, calls: Callable[[], Iterable[Watched]]) -> None:
    """End calls whose other side forgot them, for ever.

    A switch that was killed sends neither BYE nor CANCEL. Silence alone proves nothing (a caller
    may wait without music), so a call that is quiet, or rings for long, is asked about with an
    OPTIONS inside its dialog.
    """
    asked: dict[str, float] = {}
    while True:
        await asyncio.sleep(_WATCH_EVERY_S)
        quiet_since = endpoint.now - _QUIET_S
        asked = {handle: at for handle, at in asked.items() if at > quiet_since - _PROBE_S}
        for call in tuple(calls()):
            if _is_doubtful(call, quiet_since):
                asked[call.handle] = endpoint.now
                endpoint.do(endpoint.agent.probe(call.handle, endpoint.now, limit_s=_PROBE_S))


def _is_doubtful(call: Watched, quiet_since: float) -> bool:
    if call.answered_at is None:
        return call.ringing_at is not None and call.ringing_at < quiet_since
    if call.answered_at > quiet_since or call.listener is None:
        return False
    return call.listener.is_silent_since(quiet_since)
