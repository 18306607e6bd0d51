"""Messages: left by callers, heard by requests and by phone, deleted."""

from __future__ import annotations

import asyncio
import base64
import io
import wave

import pytest
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.front_centre import FrontCentre
from tests.support.waiting import eventually

from ringway.proto import acd_voicemail as v
from ringway.proto.base import Done
from ringway.runtime.errors import Refused

# One centre serves the whole module; each test uses its own boxes and agents.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(90),
]


async def leaves_a_message(centre: FrontCentre, box_id: str, *, hangs_up: bool) -> str:
    """Have a customer leave a message of about two seconds; returns its id."""
    did = await centre.route({"kind": "voicemail", "value": box_id})
    call = await centre.call(did, "+8613800000042")
    await call.until_answered()
    interaction = await centre.started(did)
    await centre.until_sounds(call)
    call.press("#")  # no greeting, please

    def is_recording() -> bool:
        files = centre.acd.asterisk.recordings.iterdir()
        return any(interaction in file.name and file.stat().st_size > 16_000 for file in files)

    await eventually(is_recording, within_s=20, what="the recording grows")
    await asyncio.sleep(1)  # the length of the message
    if hangs_up:
        call.hang_up()
    else:
        call.press("#")
        await call.until_over(20)
    told = await centre.until_told("voicemail_left", interaction_id=interaction, within_s=20)
    assert told["caller"] == "+8613800000042"
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "voicemail"
    return str(told["voicemail_id"])


@pytest.mark.parametrize("hangs_up", [True, False])
async def test_a_message_is_kept_and_can_be_heard_in_parts(
    centre: FrontCentre, hangs_up: bool
) -> None:
    await centre.acd.account("ned", "3001")
    box = f"box-{hangs_up}"
    await centre.put("voicemail_box", box, name=box, agent_ids=["ned"], max_s=30)
    voicemail_id = await leaves_a_message(centre, box, hangs_up=hangs_up)
    await centre.until_shown("voicemail", box_id=box, total=1, new=1)
    ask = centre.acd.ask
    (message,) = (await ask(v.ListVoicemailsV1, v.VoicemailListV1, box_id=box)).messages
    assert (message.voicemail_id, message.is_heard) == (voicemail_id, False)

    async def is_fetched() -> bool:
        got = await ask(v.GetVoicemailV1, v.VoicemailV1, voicemail_id=voicemail_id)
        return got.message.size_bytes > 0

    await eventually(is_fetched, within_s=15, what="the sound is there")
    sound = b""
    while True:
        part = await ask(
            v.ReadVoicemailV1,
            v.VoicemailPartV1,
            voicemail_id=voicemail_id,
            offset=len(sound),
            length=10_000,
        )
        if not part.data:
            break
        sound += base64.b64decode(part.data)
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == 8000
        assert abs(file.getnframes() / 8000 - message.duration_s) < 2
    await ask(v.MarkVoicemailV1, Done, voicemail_id=voicemail_id, agent_id="ned")
    await centre.until_shown("voicemail", box_id=box, total=1, new=0)
    with pytest.raises(Refused, match="voicemail_unknown"):
        await ask(v.GetVoicemailV1, v.VoicemailV1, voicemail_id=voicemail_id, agent_id="somebody")
    for _ in range(2):  # a repeat is done, too
        await ask(v.DeleteVoicemailV1, Done, voicemail_id=voicemail_id)
    assert (await ask(v.ListVoicemailsV1, v.VoicemailListV1, box_id=box)).messages == ()
    with pytest.raises(Refused, match="voicemail_unknown"):
        await ask(v.GetVoicemailV1, v.VoicemailV1, voicemail_id=voicemail_id)
    await centre.until_nothing_is_left()


async def test_a_caller_who_hangs_up_in_the_greeting_leaves_no_message(
    centre: FrontCentre,
) -> None:
    await centre.put("voicemail_box", "box-none", name="none")
    did = await centre.route({"kind": "voicemail", "value": "box-none"})
    call = await centre.call(did)
    await call.until_answered()
    await centre.until_sounds(call)
    call.hang_up()
    interaction = await centre.started(did)
    finished = await centre.until_told("finished", interaction_id=interaction)
    assert finished["outcome"] == "left"
    await centre.until_nothing_is_left()
    assert centre.told("voicemail_left", interaction_id=interaction) == []


async def test_messages_are_heard_and_deleted_by_phone(centre: FrontCentre) -> None:
    account = await centre.acd.account("oda", "3002")
    await centre.put(
        "voicemail_box", "box-oda", name="oda", number="80", pin="4711", agent_ids=["oda"]
    )
    voicemail_id = await leaves_a_message(centre, "box-oda", hangs_up=True)
    await centre.until_shown("voicemail", box_id="box-oda", total=1, new=1)
    phone = await centre.acd.phone(account)
    call = await phone.call("*9780")
    await call.until_answered()
    for pin in ("0000#", "4711#"):
        await centre.until_sounds(call)
        call.press(pin)
    await call.until_hears(CUSTOMER_HZ, within_s=30)  # what the customer said
    call.press("3")
    await centre.until_shown("voicemail", within_s=20, box_id="box-oda", total=0, new=0)
    await call.until_over(20)
    with pytest.raises(Refused, match="voicemail_unknown"):
        await centre.acd.ask(v.GetVoicemailV1, v.VoicemailV1, voicemail_id=voicemail_id)
    await centre.until_nothing_is_left()
