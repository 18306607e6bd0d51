"""What agents and the console ask of voicemail."""

from __future__ import annotations

import base64

from ringway.acd.app import Acd
from ringway.acd.front.arrivals import Arrivals
from ringway.acd.front.voicemail import Voicemail
from ringway.acd.front.voicemail_store import Message
from ringway.proto import acd_config as c
from ringway.proto import acd_voicemail as v
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused


class VoicemailRequests:
    """Handlers of the requests about messages."""

    def __init__(self, acd: Acd, arrivals: Arrivals) -> None:
        self._acd = acd
        self._arrivals = arrivals

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(v.ListVoicemailsV1, self.messages)
        await bus.respond(v.GetVoicemailV1, self.message)
        await bus.respond(v.ReadVoicemailV1, self.read)
        await bus.respond(v.MarkVoicemailV1, self.mark)
        await bus.respond(v.DeleteVoicemailV1, self.delete)

    async def messages(self, request: v.ListVoicemailsV1) -> v.VoicemailListV1:
        """A box's messages, the newest first."""
        voicemail = await self._voicemail(request.tenant)
        if not self._may_hear(request.tenant, request.box_id, request.agent_id):
            raise Refused("box_unknown", "There is no such voicemail box.")
        found = await voicemail.messages(request.box_id, request.limit)
        return v.VoicemailListV1(messages=tuple(_shown(each) for each in found))

    async def message(self, request: v.GetVoicemailV1) -> v.VoicemailV1:
        """One message."""
        _, message = await self._message(request)
        return v.VoicemailV1(message=_shown(message))

    async def read(self, request: v.ReadVoicemailV1) -> v.VoicemailPartV1:
        """A part of a message's WAV."""
        voicemail, message = await self._message(request)
        part = await voicemail.part(message.voicemail_id, request.offset, request.length)
        return v.VoicemailPartV1(data=base64.b64encode(part).decode())

    async def mark(self, request: v.MarkVoicemailV1) -> Done:
        """Heard, or not."""
        voicemail, message = await self._message(request)
        await voicemail.mark_heard(message, is_heard=request.is_heard)
        return Done()

    async def delete(self, request: v.DeleteVoicemailV1) -> Done:
        """Delete a message and its sound."""
        try:
            voicemail, message = await self._message(request)
        except Refused:
            return Done()  # a repeat, or not his: as if it did not exist
        await voicemail.delete(message)
        return Done()

    async def _voicemail(self, tenant: str) -> Voicemail:
        await self._acd.floor(tenant)
        return self._arrivals.fronts[tenant].voicemail

    async def _message(self, request: v.VoicemailRequest) -> tuple[Voicemail, Message]:
        voicemail = await self._voicemail(request.tenant)
        message = await voicemail.message(request.voicemail_id)
        if message is None or not self._may_hear(request.tenant, message.box_id, request.agent_id):
            raise Refused("voicemail_unknown", "There is no such message.")
        return voicemail, message

    def _may_hear(self, tenant: str, box_id: str, agent_id: str | None) -> bool:
        box = self._acd.configurations[tenant].get(c.VoicemailBox, box_id)
        return box is not None and (agent_id is None or agent_id in box.agent_ids)


def _shown(message: Message) -> v.VoicemailMessage:
    return v.VoicemailMessage(
        voicemail_id=message.voicemail_id,
        box_id=message.box_id,
        interaction_id=message.interaction_id,
        caller=message.caller,
        left_at=message.left_at,
        duration_s=message.duration_s,
        is_heard=message.is_heard,
        size_bytes=message.size_bytes,
    )
