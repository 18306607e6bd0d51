"""Voicemails. Written by tools/client; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringway_client import core as _core
from ringway_client.generated import models
from ringway_client.sending import Sender
from ringway_client.sending import quoted as _quoted


class Voicemails:
    """Voicemails."""

    def __init__(self, client: Sender) -> None:
        self._client = client

    def delete_voicemail(self, voicemail_id: str) -> None:
        """Delete a message and its sound.

        Permission: ``recordings.listen``.
        """
        return self._client.send(
            _core.Call("DELETE", f"/voicemails/{_quoted(voicemail_id)}", type(None))
        )

    def get_voicemail(self, voicemail_id: str) -> models.VoicemailView:
        """Return one message.

        Permission: ``recordings.listen``.
        """
        return self._client.send(
            _core.Call("GET", f"/voicemails/{_quoted(voicemail_id)}", models.VoicemailView)
        )

    def get_voicemail_audio(self, voicemail_id: str, *, range: str | None = None) -> bytes:
        """Play a message: WAV.

        Permission: ``recordings.listen``.
        """
        return self._client.send(
            _core.Call(
                "GET", f"/voicemails/{_quoted(voicemail_id)}/audio", bytes, headers={"Range": range}
            )
        )

    def list_voicemails(self, *, box_id: str, limit: int | None = None) -> models.PageVoicemailView:
        """List a box's messages, the newest first.

        Permission: ``recordings.listen``.
        """
        return self._client.send(
            _core.Call(
                "GET",
                "/voicemails",
                models.PageVoicemailView,
                query={"box_id": box_id, "limit": limit},
            )
        )

    def put_heard(self, voicemail_id: str, body: models.HeardBody | Mapping[str, Any]) -> None:
        """Say that a message has been heard, or not.

        Permission: ``recordings.listen``.
        """
        return self._client.send(
            _core.Call("PUT", f"/voicemails/{_quoted(voicemail_id)}/heard", type(None), body=body)
        )
