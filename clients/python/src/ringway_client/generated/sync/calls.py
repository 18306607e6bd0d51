"""Calls. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Calls:
    """Calls."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def accept_preview(
        self, body: models.PreviewChoice | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Dial the lead that one is shown.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/preview/accept",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def answer_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Take the offered call. A phone that rings is called again and asked to answer by itself.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/answer",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def cancel_consult(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """End the consultation and take the customer back.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/consult/cancel",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def complete_transfer(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Leave the customer with the consulted party, also while that still rings.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/transfer/complete",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def consult(
        self,
        body: models.TargetBody | Mapping[str, Any],
        *,
        interaction_id: UUID | str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Call an agent or a number while the customer hears music.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/consult",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def decline_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Let the offered call go to somebody else.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/decline",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def dial(
        self, body: models.DialBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.DialingView:
        """Call a number or a colleague: one's own phone first, then the other side.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls",
                models.DialingView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def get_preview(self) -> models.PreviewView:
        """Return the lead that one is shown, if there is one.

        Permission: ``agents.act``.
        """
        return self._client.send(_core.Call("GET", "/agents/me/preview", models.PreviewView))

    def hang_up_call(self, *, idempotency_key: str | None = None) -> None:
        """End one's part: the customer is hung up, unless others go on with him.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/hang-up",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def hold_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Let the customer hear music.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/hold",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def leave_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Leave a three-way call; the others go on.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/leave",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def list_live_interactions(self) -> models.LiveInteractions:
        """List the interactions that run now, with their parties. An agent sees his own only.

        Permission: ``interactions.read``.
        """
        return self._client.send(_core.Call("GET", "/interactions/live", models.LiveInteractions))

    def merge_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Make a three-way call of a consultation.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/merge",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def mute_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Let nobody hear oneself.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/mute",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def park_call(self, *, idempotency_key: str | None = None) -> models.ParkedView:
        """Let the customer hear music in a slot, from which any phone may take him.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/park",
                models.ParkedView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def pick_up_call(
        self, body: models.PickUpBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Take the call that rings at a colleague's phone.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/pick-up",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def play_to_call(
        self,
        body: models.PlayBody | Mapping[str, Any],
        *,
        interaction_id: UUID | str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Let the customer hear sounds or a number; the agent hears them, too.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/play",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def remove_party(self, leg_id: str, *, interaction_id: UUID | str | None = None) -> None:
        """Hang up one other party of one's call.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "DELETE",
                f"/agents/me/calls/current/parties/{_quoted(leg_id)}",
                type(None),
                query={"interaction_id": interaction_id},
            )
        )

    def resume_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Take the customer back; a consultation that runs goes on hold instead.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/resume",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )

    def retrieve_call(
        self, body: models.SlotBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Take a parked customer.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/retrieve",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def send_digits(
        self,
        body: models.DigitsBody | Mapping[str, Any],
        *,
        interaction_id: UUID | str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Send keys to the customer, or to the outside party that is consulted.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/digits",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def set_do_not_disturb(self, body: models.DoNotDisturbBody | Mapping[str, Any]) -> None:
        """Let no internal or direct call ring, or let them ring again. Queues go on.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call("PUT", "/agents/me/do-not-disturb", type(None), body=body)
        )

    def skip_preview(
        self, body: models.PreviewSkip | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Do not dial it: it is offered again later.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/preview/skip",
                type(None),
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def take_lead(
        self, body: models.TakeLeadBody | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> models.PreviewView:
        """Take a lead of a manual campaign, the next one or a given one, and be shown it.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/preview",
                models.PreviewView,
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def transfer_call(
        self,
        body: models.TargetBody | Mapping[str, Any],
        *,
        interaction_id: UUID | str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """Send the customer on. Who does not answer brings him back.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/transfer",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
                body=body,
            )
        )

    def unmute_call(
        self, *, interaction_id: UUID | str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Be heard again.

        Permission: ``agents.act``.
        """
        return self._client.send(
            _core.Call(
                "POST",
                "/agents/me/calls/current/unmute",
                type(None),
                query={"interaction_id": interaction_id},
                headers={"Idempotency-Key": idempotency_key or _core.new_key()},
            )
        )
