"""What callers are told before and after an agent, as sounds to be played."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ringway.acd.core.callback import Prompt, Say
from ringway.acd.core.speaking import (
    Language,
    callback_confirmation,
    message_envelope,
    prompt,
)

Sounds = list[str]


def callback(say: Say, language: Language) -> Sounds:
    """What the dialogue for a callback says."""
    match say.prompt:
        case Prompt.CONFIRM:
            return callback_confirmation(say.number, language)
        case Prompt.ENTER:
            return [prompt("callback-enter-number", language)]
        case Prompt.INVALID:
            return [prompt("wrong-key", language)]
        case Prompt.GOODBYE:
            return [prompt("callback-goodbye", language)]


def rating(language: Language) -> Sounds:
    """Rate the talk with a key of 1 to 5."""
    return [prompt("rate", language)]


def thanks(language: Language) -> Sounds:
    """Thank you, good-bye."""
    return [prompt("thank-you", language), prompt("goodbye", language)]


def unavailable(language: Language) -> Sounds:
    """Nobody can take the call."""
    return [prompt("no-agents", language)]


def leave_message(language: Language) -> Sounds:
    """Speak after the tone, end with the hash key."""
    return [prompt("leave-message", language)]


def envelope(
    caller: str, left_at: datetime, now: datetime, time_zone: str, language: Language
) -> Sounds:
    """Whose message it is and when it came, as the clocks of a time zone have it."""
    zone = ZoneInfo(time_zone)
    return message_envelope(caller, left_at.astimezone(zone), now.astimezone(zone).date(), language)
