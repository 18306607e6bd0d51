"""The music that queues name exists, and `none` is silence."""

from __future__ import annotations

import pytest
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


async def test_every_class_of_music_plays_and_none_is_silence(centre: FrontCentre) -> None:
    classes = await centre.acd.asterisk.command("moh show classes")
    assert {
        line.split(": ")[1].strip() for line in classes.splitlines() if line.startswith("Class")
    } >= {"default", "calm", "bright"}
    await centre.agent("rob")
    await centre.ready("rob", ready=False)
    for music in ("default", "calm", "bright", "none"):
        did = await centre.queue(f"q-{music}", "rob", music=music)
        call = await centre.call(did)
        await call.until_answered()
        interaction = await centre.started(did)
        await centre.until_told("queued", interaction_id=interaction)

        async def in_a_room() -> bool:
            rooms = await centre.acd.node.get_bridges()
            return any(room.bridge_type == "holding" and room.channels for room in rooms)

        await eventually(in_a_room, within_s=10, what="the caller is in a room")
        assert call.listener is not None
        await centre.until_packets(call)
        if music == "none":
            assert call.listener.first_sound_at is None
        else:
            await centre.until_sounds(call)
        call.hang_up()
        await centre.until_told("abandoned", interaction_id=interaction)
    await centre.sign_out("rob")
    await centre.until_nothing_is_left()
