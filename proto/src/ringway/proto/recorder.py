"""Messages of the recorder."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from ringway.proto.base import Fact, Seconds, Token


class RecordingStoredV1(Fact):
    """A stereo file (agent left, customer right) is stored and can be played."""

    SUBJECT: ClassVar[str] = "recorder.v1.{tenant}.recording.{recording_id}.stored"

    recording_id: Token
    interaction_id: Token
    agent_id: Token
    agent_number: str
    caller: str = ""
    called: str = ""
    started_at: AwareDatetime
    duration_s: Seconds
    file_name: str
    size_bytes: int


class RecordingMissingV1(Fact):
    """An interaction talked but its audio cannot be had; ``reason`` says why."""

    SUBJECT: ClassVar[str] = "recorder.v1.{tenant}.recording.{interaction_id}.missing"

    interaction_id: Token
    reason: str
