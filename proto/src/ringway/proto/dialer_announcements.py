"""Announcements of operators: recordings with a meaning, recognised before a call is answered."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ringway.proto.base import Reply, Request, Token
from ringway.proto.dialer_spec import NumberState

ANNOUNCEMENT_RATE_HZ = 8000
ANNOUNCEMENT_MOST_S = 30


class PutAnnouncementV1(Request):
    """Store a recording, or give the one with this id another name, meaning and audio.

    Refused with ``announcement_invalid`` when nothing could be recognised by it, or with
    ``too_many_announcements``.
    """

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.put_announcement"

    announcement_id: Token
    name: str = Field(min_length=1, max_length=200)
    meaning: NumberState
    # 16 bit samples, little-endian, one channel at 8 kHz, as base64.
    audio: str = Field(max_length=ANNOUNCEMENT_MOST_S * ANNOUNCEMENT_RATE_HZ * 3)
    by: str = Field(default="", max_length=200)


class AnnouncementPutV1(Reply):
    """It is stored. ``used_s``: by how much of it something can be recognised."""

    duration_s: float
    used_s: float


class RemoveAnnouncementV1(Request):
    """Remove a recording. Refused with ``announcement_not_found``."""

    SUBJECT: ClassVar[str] = "dialer.v1.{tenant}.cmd.remove_announcement"

    announcement_id: Token
