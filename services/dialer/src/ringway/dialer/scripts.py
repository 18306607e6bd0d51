"""What is played to answered calls that no agent has: scripts with keys, messages on machines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from ringway.dialer.core import messages as m
from ringway.dialer.hearing import Hearing
from ringway.dialer.switchboard import Line, Switchboard
from ringway.proto.dialer_spec import KeyAction, KeyScript, ScriptKey
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.clock import utcnow

_log = logging.getLogger("ringway.dialer.scripts")

_LONGEST_S = 300.0  # of one playing of all its sounds


async def run(
    line: Line, board: Switchboard, script: KeyScript, on_key: Callable[[ScriptKey], None]
) -> None:
    """Play a script and obey its keys; the call is over at the end unless an agent was wished.

    Args:
        on_key: Told of the key that was pressed, for what else it asks. It is told at once: who
            pressed it may put the phone down, and the campaign may be over, before Asterisk answers
            again.
    """
    chosen: ScriptKey | None = None
    try:
        for n in range(script.repeats + 1):
            chosen = await _round(line, board, script, n, on_key)
            if not script.keys or (chosen is not None and chosen.action is not KeyAction.REPEAT):
                break
    except (AriDown, AriError, TimeoutError) as error:
        _log.info(
            "A script was not played to its end.",
            extra={"channel_id": line.attempt.channel_id, "error": str(error)},
        )
        await board.hang_up(line)
        return
    wants_agent = chosen is not None and chosen.action is KeyAction.AGENT
    if wants_agent:
        line.live_at = utcnow()
    line.tell(m.ScriptHeard(_now(), line.attempt_id, wants_agent))
    if not wants_agent:
        await board.hang_up(line)


def _pressed(line: Line, key: ScriptKey, on_key: Callable[[ScriptKey], None]) -> None:
    """Take note of what the person answered."""
    if key.action is KeyAction.REPEAT:
        return
    line.script_answer = key.value or key.key
    on_key(key)
    if key.action is not KeyAction.AGENT:
        line.tell(m.ScriptHeard(_now(), line.attempt_id, wants_agent=False))


async def leave_message(
    line: Line, board: Switchboard, hearing: Hearing, sounds: Sequence[str]
) -> None:
    """Leave a message on a machine when its greeting is over, then hang up."""
    try:
        if await hearing.until_beep(line.attempt_id):
            await _play(line, board, sounds, 0)
            line.has_message = line.ended_at is None
    except (AriDown, AriError, TimeoutError) as error:
        _log.info(
            "A message was not left.",
            extra={"channel_id": line.attempt.channel_id, "error": str(error)},
        )
    await board.hang_up(line)


async def _round(
    line: Line,
    board: Switchboard,
    script: KeyScript,
    n: int,
    on_key: Callable[[ScriptKey], None],
) -> ScriptKey | None:
    """Play the sounds once; return the first key that means something, also while they play."""
    keys = {key.key: key for key in script.keys}
    playing = asyncio.get_running_loop().create_task(_play(line, board, script.sounds, n))
    try:
        if not keys:
            await playing
            return None
        pressed = asyncio.get_running_loop().create_task(_key(line, keys))
        try:
            await asyncio.wait((playing, pressed), return_when=asyncio.FIRST_COMPLETED)
            if not pressed.done():
                playing.result()
                await asyncio.wait((pressed,), timeout=script.key_timeout_s)
            if not pressed.done():
                return None
            _pressed(line, pressed.result(), on_key)
            return pressed.result()
        finally:
            pressed.cancel()
    finally:
        if not playing.done():
            playing.cancel()
            await board.stop_playing(line, n)


async def _key(line: Line, keys: dict[str, ScriptKey]) -> ScriptKey:
    while True:
        key = keys.get(await line.keys.get())
        if key is not None:
            return key


async def _play(line: Line, board: Switchboard, sounds: Sequence[str], n: int) -> None:
    async with asyncio.timeout(_LONGEST_S):
        await board.play(line, sounds, n)


def _now() -> float:
    return asyncio.get_running_loop().time()
