"""Scripts with keys: what a person answers counts at once, whatever Asterisk still has to say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

import pytest
from tests.support.waiting import eventually

from ringway.dialer import scripts
from ringway.dialer.core import messages as m
from ringway.dialer.model import Attempt
from ringway.dialer.switchboard import Line, Switchboard
from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_spec import KeyAction, KeyScript, ScriptKey
from ringway.runtime.ari import AriNode
from ringway.runtime.clock import utcnow

pytestmark = pytest.mark.unit

AGENT = ScriptKey(key="1", action=KeyAction.AGENT)
NEVER = ScriptKey(key="9", action=KeyAction.DNC, value="never again")
SCRIPT = KeyScript(sounds=("question",), keys=(AGENT, NEVER), key_timeout_s=1, repeats=0)


class _Board:
    """Plays without an end, and answers no more once a sound is to be stopped."""

    def __init__(self) -> None:
        self.is_playing = self.is_stopping = False
        self.answers = asyncio.Event()

    async def play(self, line: Line, sounds: Sequence[str], n: int) -> None:
        self.is_playing = True
        await asyncio.Event().wait()

    async def stop_playing(self, line: Line, n: int) -> None:
        self.is_stopping = True
        await self.answers.wait()

    async def hang_up(self, line: Line) -> None:
        pass


class _Node:
    """Begins to play when it is told so."""

    def __init__(self) -> None:
        self.is_asked = False
        self.begins = asyncio.Event()
        self.is_playing = self.was_stopped = False

    async def play(self, *_: object, **__: object) -> None:
        self.is_asked = True
        await self.begins.wait()
        self.is_playing = True

    async def stop_playback(self, _: str) -> bool:
        self.was_stopped = self.is_playing
        return self.is_playing


class _Switchboard(Switchboard):
    def __init__(self, node: _Node) -> None:
        self._only = node

    def node(self, line: Line) -> AriNode:
        return cast(AriNode, self._only)


def _line(events: list[Any]) -> Line:
    attempt = Attempt(
        tenant=str(uuid4()), attempt_id=uuid4(), interaction_id=uuid4(), campaign_id="c",
        list_id="l", lead_id="lead", attempt_no=1, phone_e164="+40215000001", caller_id=None,
        mode=CampaignMode.IVR, trunk_id="t", node="ast-0", claimed_at=utcnow(),
    )  # fmt: skip
    return Line(attempt, events.append)


async def test_whoever_wishes_no_more_calls_and_hangs_up_at_once_is_understood() -> None:
    events: list[Any] = []
    line, board, keys = _line(events), _Board(), list[ScriptKey]()
    running = asyncio.create_task(
        scripts.run(line, cast(Switchboard, board), SCRIPT, keys.append), name="script"
    )
    await eventually(lambda: board.is_playing, what="the script is played")
    line.keys.put_nowait("9")
    await eventually(lambda: board.is_stopping, what="the key was heard")
    # The call, and the campaign with it, may end here.
    assert keys == [NEVER]
    assert line.script_answer == "never again"
    assert [type(e) for e in events] == [m.ScriptHeard]
    assert not events[0].wants_agent
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_agent_comes_when_the_sounds_have_ended() -> None:
    events: list[Any] = []
    line, board, keys = _line(events), _Board(), list[ScriptKey]()
    running = asyncio.create_task(
        scripts.run(line, cast(Switchboard, board), SCRIPT, keys.append), name="script"
    )
    await eventually(lambda: board.is_playing, what="the script is played")
    line.keys.put_nowait("1")
    await eventually(lambda: board.is_stopping, what="the key was heard")
    assert (keys, events) == ([AGENT], [])
    board.answers.set()
    await running
    assert [e.wants_agent for e in events] == [True]
    assert line.live_at is not None


async def test_sounds_that_have_not_begun_when_the_key_comes_are_stopped_nevertheless() -> None:
    events: list[Any] = []
    line, node = _line(events), _Node()
    running = asyncio.create_task(
        scripts.run(line, _Switchboard(node), SCRIPT, lambda _: None), name="script"
    )
    await eventually(lambda: node.is_asked, what="the script is to be played")
    line.keys.put_nowait("1")
    await eventually(lambda: line.script_answer == "1", what="the key was heard")
    assert events == []
    node.begins.set()
    await running
    assert node.was_stopped
    assert [e.wants_agent for e in events] == [True]
