"""Whether a webhook really came from Ringway (Standard Webhooks: HMAC-SHA256, base64)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"
_TOLERANCE_S = 300.0


class NotGenuine(Exception):
    """The signature is not right, or the message is too old: do not believe it."""


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    tolerance_s: float = _TOLERANCE_S,
) -> str:
    """Return the message's id, by which a repeat is recognised.

    Args:
        secret: As it was shown when the webhook was made: ``whsec_...``.
        headers: Of the request.
        body: The bytes as they came, before any parsing.
        now: Unix time, seconds.

    Raises:
        NotGenuine: Do not believe it.
    """
    known = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = known.get("webhook-id", ""), known.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotGenuine("webhook-id or webhook-timestamp is missing.")
    if abs(now - int(stamp)) > tolerance_s:
        raise NotGenuine("The message is too old, or a clock is wrong.")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("This is no secret of a webhook.") from error
    signed = f"{message_id}.{stamp}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    for each in known.get("webhook-signature", "").split():
        version, _, found = each.partition(",")
        if version == "v1" and hmac.compare_digest(found.encode(), wanted.encode()):
            return message_id
    raise NotGenuine("No signature fits.")
