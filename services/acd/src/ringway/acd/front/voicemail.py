"""Voicemail of one tenant: leaving messages, and hearing them by phone (*97)."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from ringway.acd.core.speaking import message_count, prompt
from ringway.acd.front import sounds
from ringway.acd.front import voicemail_store as store
from ringway.acd.front.caller import Caller, CallerGone, NoRecording
from ringway.acd.front.voicemail_store import Message
from ringway.proto import acd_config as c
from ringway.proto.acd_calls import Outcome, VoicemailLeftV1
from ringway.proto.acd_voicemail import VoicemailWaitingV1
from ringway.runtime.ari import AriDown, AriError
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Pool

if TYPE_CHECKING:
    from ringway.acd.front.front import Front
    from ringway.acd.front.visit import Visit

_log = logging.getLogger("ringway.acd.voicemail")

_WAV_HEADER_BYTES, _WAV_BYTES_PER_S = 44, 16_000  # 8 kHz, 16 bits
SHORTEST_S = 1.0  # a shorter message is a caller who hung up after the tone
_PIN_TRIES = 3
_KEY_S = 6.0
_FETCH_RETRY_S = (0.2, 1.0, 5.0, 30.0, 120.0)


class Voicemail:
    """The boxes of one tenant."""

    def __init__(self, front: Front, pool: Pool) -> None:
        self._front = front
        self._pool = pool
        self._tenant = front.runner.tenant
        self._tenant_id = UUID(self._tenant)

    # -- leaving a message -----------------------------------------------------------------------

    async def leave(self, visit: Visit, box_id: str) -> None:
        """Greet, beep, record; what was said counts, also when the caller just hangs up.

        Raises:
            CallerGone, AriDown: See Caller.
        """
        call, caller = visit.call, visit.caller
        box = self._front.runner.configuration.get(c.VoicemailBox, box_id)
        if box is None:
            call.outcome, call.detail = Outcome.REFUSED, "no such voicemail box"
            await caller.play(sounds.unavailable(caller.language))
            return
        caller.language = box.language
        # The same for every process, so that one that comes after this one finds the recording.
        voicemail_id = str(uuid5(UUID(call.interaction_id), box_id))
        name = f"{call.interaction_id}.vm-{voicemail_id}"
        if caller.is_gone:  # he hung up while nobody was there
            await self._keep_unseen(visit, voicemail_id, box_id, name)
            raise CallerGone
        if not await caller.is_being_recorded(name):
            greeting = [box.greeting] if box.greeting else sounds.leave_message(box.language)
            await caller.play(greeting, keys="#")
        loop = asyncio.get_running_loop()
        began = loop.time()
        is_there = True
        # The end of the call is told at once, so what it was must be known before.
        timer = loop.call_later(SHORTEST_S, self._counts, visit, box_id)
        try:
            await caller.record(name, box.max_s)
        except CallerGone:
            is_there = False
        except NoRecording as error:
            _log.error(
                "A message could not be recorded.",
                extra={"interaction_id": call.interaction_id, "error": str(error)},
            )
            return
        finally:
            timer.cancel()
        duration_s = caller.recorded_s(name, loop.time() - began)
        message = Message(
            voicemail_id,
            box_id,
            call.interaction_id,
            call.caller,
            utcnow(),
            duration_s,
            call.node,
            name,
        )
        if duration_s >= SHORTEST_S:
            self._counts(visit, box_id)
            self._front.spawn(self._keep(message), "voicemail")
        elif call.outcome is None:
            call.outcome = Outcome.LEFT
        if not is_there:
            if duration_s < SHORTEST_S:  # we may have begun to listen after the end
                await self._keep_unseen(visit, voicemail_id, box_id, name)
            raise CallerGone
        await caller.play([prompt("message-saved", box.language), prompt("goodbye", box.language)])

    async def _keep_unseen(self, visit: Visit, voicemail_id: str, box_id: str, name: str) -> None:
        """Keep what was recorded before the caller hung up, when nobody saw him do so."""
        call = visit.call
        try:
            sound = await visit.caller.node.get_stored_recording(name)
        except AriError:
            return  # he had said nothing yet
        duration_s = max(0, len(sound) - _WAV_HEADER_BYTES) / _WAV_BYTES_PER_S
        if duration_s >= SHORTEST_S:
            message = Message(
                voicemail_id,
                box_id,
                call.interaction_id,
                call.caller,
                utcnow(),
                duration_s,
                call.node,
                name,
            )
            self._front.spawn(self._keep(message), "voicemail")

    def _counts(self, visit: Visit, box_id: str) -> None:
        """The call has become a message."""
        visit.call.outcome, visit.call.detail = Outcome.VOICEMAIL, box_id
        self._front.keep(visit)

    async def _keep(self, message: Message) -> None:
        """Store a message and its sound, whatever is away meanwhile, and tell it."""
        for pause_s in (*_FETCH_RETRY_S, None):
            try:
                async with self._pool.tenant(self._tenant) as conn:
                    await store.put(conn, tenant_id=self._tenant_id, message=message)
                break
            except DependencyDown:
                if pause_s is None:
                    _log.error("A message is lost.", extra={"recording": message.recording})
                    return
                await asyncio.sleep(pause_s)
        self._front.runner.tell(
            VoicemailLeftV1(
                message_id=f"{message.voicemail_id}-left",
                occurred_at=message.left_at,
                tenant=self._tenant,
                interaction_id=message.interaction_id,
                voicemail_id=message.voicemail_id,
                caller=message.caller,
                duration_s=message.duration_s,
                node=message.node,
                recording=message.recording,
            )
        )
        await self._fetch(message)
        await self.tell_waiting(message.box_id)

    async def _fetch(self, message: Message) -> None:
        for pause_s in _FETCH_RETRY_S:
            await asyncio.sleep(pause_s)
            try:
                sound = await self._front.node(message.node).get_stored_recording(message.recording)
                async with self._pool.tenant(self._tenant) as conn:
                    await store.put_sound(
                        conn,
                        tenant_id=self._tenant_id,
                        voicemail_id=message.voicemail_id,
                        sound=sound,
                    )
                return
            except (DependencyDown, AriError):
                continue
        _log.warning("A message's sound stays on its node.", extra={"node": message.node})

    async def fetch_missing(self) -> None:
        """Fetch the sounds that a dead process could not."""
        with suppress(DependencyDown):
            async with self._pool.tenant(self._tenant) as conn:
                missing = await store.without_sound(conn, tenant_id=self._tenant_id)
            for message in missing:
                await self._fetch(message)

    # -- what requests ask -----------------------------------------------------------------------

    async def messages(self, box_id: str, limit: int = 100) -> Sequence[Message]:
        """Return a box's messages, the newest first. Raises PostgresDown."""
        async with self._pool.tenant(self._tenant) as conn:
            return await store.listed(
                conn, tenant_id=self._tenant_id, box_id=box_id, before=None, limit=limit
            )

    async def message(self, voicemail_id: str) -> Message | None:
        """Return one message. Raises PostgresDown."""
        async with self._pool.tenant(self._tenant) as conn:
            return await store.get(conn, tenant_id=self._tenant_id, voicemail_id=voicemail_id)

    async def part(self, voicemail_id: str, offset: int, length: int) -> bytes:
        """Return a part of a message's sound. Raises PostgresDown."""
        async with self._pool.tenant(self._tenant) as conn:
            return await store.part(
                conn,
                tenant_id=self._tenant_id,
                voicemail_id=voicemail_id,
                offset=offset,
                length=length,
            )

    async def mark_heard(self, message: Message, *, is_heard: bool = True) -> None:
        """Say that a message has been heard, or not. Raises PostgresDown."""
        async with self._pool.tenant(self._tenant) as conn:
            await store.mark_heard(
                conn,
                tenant_id=self._tenant_id,
                voicemail_id=message.voicemail_id,
                is_heard=is_heard,
            )
        await self.tell_waiting(message.box_id)

    async def delete(self, message: Message) -> None:
        """Delete a message and its sound. Raises PostgresDown."""
        async with self._pool.tenant(self._tenant) as conn:
            await store.delete(conn, tenant_id=self._tenant_id, voicemail_id=message.voicemail_id)
        with suppress(AriDown, AriError):
            await self._front.node(message.node).delete_stored_recording(message.recording)
        await self.tell_waiting(message.box_id)

    async def tell_waiting(self, box_id: str) -> None:
        """Say how many messages wait in a box."""
        with suppress(DependencyDown):
            async with self._pool.tenant(self._tenant) as conn:
                total, new = await store.counts(conn, tenant_id=self._tenant_id, box_id=box_id)
            self._front.runner.show(
                VoicemailWaitingV1(
                    occurred_at=utcnow(), tenant=self._tenant, box_id=box_id, total=total, new=new
                )
            )

    # -- hearing messages by phone -----------------------------------------------------------------

    async def by_phone(self, node: str, channel_id: str, agent_id: str, number: str) -> None:
        """An agent dialed *97: his own box, or one he names by number and PIN."""
        caller = Caller(self._front.runner.control, node, channel_id)

        def on_event(_: str, event: object) -> None:
            caller.on_event(event)  # type: ignore[arg-type]

        self._front.acd.watch(channel_id, on_event)
        try:
            await caller.answer()
            found = await self._box(caller, agent_id, number)
            if found is not None:
                await self._hear(caller, *found)
            await caller.play([prompt("goodbye", caller.language)])
            await caller.hang_up()
        except CallerGone:
            pass
        except (AriError, DependencyDown) as error:
            _log.info("Messages cannot be heard now.", extra={"error": str(error)})
            with suppress(AriError, AriDown):
                await caller.hang_up()
        finally:
            self._front.acd.unwatch(channel_id, on_event)

    async def _box(
        self, caller: Caller, agent_id: str, number: str
    ) -> tuple[str, c.VoicemailBox] | None:
        """Find the box and check the PIN; somebody else's box needs one."""
        boxes = self._front.runner.configuration.all(c.VoicemailBox)
        own = next((b for b in boxes if not number and agent_id in boxes[b].agent_ids), None)
        if own is not None and not boxes[own].pin:
            return own, boxes[own]
        language = caller.language
        if own is None and not number:
            number = await caller.number([prompt("box-number", language)], _KEY_S)
        box_id = own or next((b for b, box in boxes.items() if number and box.number == number), "")
        pin = boxes[box_id].pin if box_id in boxes else ""
        may = box_id in boxes and (bool(pin) or agent_id in boxes[box_id].agent_ids)
        question = [prompt("pin", language)]
        for _ in range(_PIN_TRIES):
            if may and not pin:
                return box_id, boxes[box_id]
            # Asked for in any case: who guesses does not learn which numbers are boxes.
            typed = await caller.number(question, _KEY_S)
            if may and hmac.compare_digest(typed, pin):
                return box_id, boxes[box_id]
            question = [prompt("pin-wrong", language), prompt("pin", language)]
        return None

    async def _hear(self, caller: Caller, box_id: str, box: c.VoicemailBox) -> None:
        """Play message after message: 1 again, 2 next, 3 delete."""
        language = caller.language = box.language
        messages = [m for m in await self.messages(box_id) if m.node == caller.node_name]
        new = [m for m in messages if not m.is_heard]
        await caller.play(message_count(len(new), language))
        for message in [*new, *(m for m in messages if m.is_heard)]:
            if await self._hear_one(caller, message, box) == "3":
                await self.delete(message)
                await caller.play([prompt("message-deleted", language)])
        await caller.play([prompt("no-more-messages", language)])

    async def _hear_one(self, caller: Caller, message: Message, box: c.VoicemailBox) -> str:
        language = box.language
        zone = box.time_zone or self._front.runner.configuration.settings.time_zone
        envelope = sounds.envelope(message.caller, message.left_at, utcnow(), zone, language)
        menu = [prompt("voicemail-menu", language)]
        while True:
            said = [*envelope, f"recording:{message.recording}"]
            key = await caller.play(said, keys="123")
            if key is None:
                await self.mark_heard(message)
                # A key that was pressed just as the message ended counts.
                key = await caller.play(menu, keys="123") or await caller.key(_KEY_S, "123")
            elif not message.is_heard:
                await self.mark_heard(message)
            if key != "1":
                return key or "2"
