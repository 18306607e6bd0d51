"""What callers hear, as names of sounds to be played one after another.

English numbers are Asterisk's own recordings. All else is ``ringway/<language>/<key>``; the keys
are those of ``asterisk/prompts.toml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

Language = Literal["en", "zh"]

LARGEST_NUMBER = 10**12 - 1
_ENGLISH_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_CHINESE_SCALES = ((10**8, "hundred-million"), (10**4, "ten-thousand"))
_CHINESE_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_CHINESE_PLACES = ((1000, "thousand"), (100, "hundred"), (10, "ten"))
_LONGEST_PLACE = 999


def prompt(key: str, language: Language) -> str:
    """Return the name of one prompt's sound."""
    return f"ringway/{language}/{key}"


def say_number(n: int, language: Language, *, counting: bool = False) -> list[str]:
    """Return a number as it is spoken.

    Args:
        n: 0 to ``LARGEST_NUMBER``.
        counting: A measure word follows, before which Chinese says 两 for 2.

    Raises:
        ValueError: The number is negative or too large.
    """
    if not 0 <= n <= LARGEST_NUMBER:
        raise ValueError(f"{n} cannot be said: it is not between 0 and {LARGEST_NUMBER}.")
    if language == "en":
        return [f"digits/{word}" for word in _english(n)]
    words = ["both"] if counting and n == 2 else _chinese(n)
    return [prompt(word, "zh") for word in words]


def say_digits(text: str, language: Language) -> list[str]:
    """Return digits, stars and hashes one by one; everything else is left out.

    Chinese says 幺 for a 1 in numbers of three digits and more, as on the telephone.
    """
    signs = [sign for sign in text if sign in "0123456789*#"]
    if language == "en":
        names = {"*": "star", "#": "pound"}
        return [f"digits/{names.get(sign, sign)}" for sign in signs]
    words = {"*": "star", "#": "hash", **{str(n): w for n, w in enumerate(_CHINESE_DIGITS)}}
    if len(signs) >= 3:
        words["1"] = "yao"
    return [prompt(words[sign], "zh") for sign in signs]


def say_time(moment: datetime, today: date, language: Language) -> list[str]:
    """Return date and time of day.

    Args:
        moment: In the zone of the listener.
        today: The listener's date.
    """
    if language == "en":
        return [*_english_date(moment.date(), today), "digits/at", *_english_clock(moment)]
    words: list[str] = []
    if moment.date() == today:
        words.append("today")
    elif moment.date() == today - timedelta(days=1):
        words.append("yesterday")
    else:
        words += [*_chinese(moment.month), "month", *_chinese(moment.day), "day"]
    words += ["both"] if moment.hour == 2 else _chinese(moment.hour)
    words.append("oclock")
    if moment.minute:
        zero = ["zero"] if moment.minute < 10 else []
        words += [*zero, *_chinese(moment.minute), "minute-of-hour"]
    return [prompt(word, "zh") for word in words]


# -- while waiting -------------------------------------------------------------------------------


def position_announcement(place: int, minutes: int | None, language: Language) -> list[str]:
    """Return place in line and expected wait.

    Args:
        place: 1 is the next.
        minutes: Whole minutes; 0 stands for less than one, ``None`` says nothing about it.

    Raises:
        ValueError: ``place`` is below 1 or ``minutes`` is negative.
    """
    if place < 1 or (minutes is not None and minutes < 0):
        raise ValueError(f"Place {place} with a wait of {minutes} minutes cannot be.")
    place = min(place, _LONGEST_PLACE)
    sounds = _english_place(place) if language == "en" else _chinese_place(place)
    if minutes is not None:
        sounds += _wait(minutes, language)
    return sounds


def waiting_announcement(language: Language) -> list[str]:
    """Return what is said when a call begins to wait."""
    return [prompt("all-agents-busy", language)]


def callback_offer(key: str, language: Language) -> list[str]:
    """Return the offer to be called back, by a key."""
    return [prompt("callback-offer-press", language), *say_digits(key, language)]


def callback_confirmation(number: str, language: Language) -> list[str]:
    """Return the question whether a number is the one to call: 1 for yes, 2 for another."""
    return [
        prompt("callback-number", language),
        *say_digits(number, language),
        prompt("callback-confirm", language),
    ]


def last_agent_offer(number: str, language: Language) -> list[str]:
    """Return the offer of the agent of the last talk: 1 for that agent, 2 for anyone."""
    return [
        prompt("last-agent", language),
        *say_digits(number, language),
        prompt("last-agent-choice", language),
    ]


def agent_number_announcement(number: str, language: Language) -> list[str]:
    """Return which agent serves the caller (分机报号)."""
    return [
        prompt("agent-number", language),
        *say_digits(number, language),
        prompt("at-your-service", language),
    ]


# -- voicemail and parking -----------------------------------------------------------------------


def message_count(count: int, language: Language) -> list[str]:
    """Return how many messages there are."""
    if count == 0:
        return [prompt("no-messages", language)]
    return [
        prompt("you-have", language),
        *say_number(count, language, counting=True),
        prompt("message" if count == 1 else "messages", language),
    ]


def message_envelope(caller: str, moment: datetime, today: date, language: Language) -> list[str]:
    """Return whose message it is and when it came; ``caller`` is empty when unknown."""
    who = (
        [prompt("message-from", language), *say_digits(caller, language)]
        if caller
        else [prompt("message-from-unknown", language)]
    )
    return [*who, prompt("message-at", language), *say_time(moment, today, language)]


def parked_announcement(place: int, language: Language) -> list[str]:
    """Return where a call is parked."""
    return [prompt("parked-at", language), *say_digits(str(place), language)]


# -- English -------------------------------------------------------------------------------------


def _english(n: int) -> list[str]:
    for scale, name in _ENGLISH_SCALES:
        if n >= scale:
            rest = _english(n % scale) if n % scale else []
            return [*_english(n // scale), name, *rest]
    if n >= 100:
        return [str(n // 100), "hundred", *(_english(n % 100) if n % 100 else [])]
    if n > 20 and n % 10:
        return [str(n // 10 * 10), str(n % 10)]
    return [str(n)]


def _english_date(day: date, today: date) -> list[str]:
    if day == today:
        return ["digits/today"]
    if day == today - timedelta(days=1):
        return ["digits/yesterday"]
    # Asterisk counts weekdays from Sunday and months from 0.
    ordinal = (
        [f"digits/{day.day // 10 * 10}", f"digits/h-{day.day % 10}"]
        if day.day > 20 and day.day % 10
        else [f"digits/h-{day.day}"]
    )
    return [f"digits/day-{day.isoweekday() % 7}", f"digits/mon-{day.month - 1}", *ordinal]


def _english_clock(moment: datetime) -> list[str]:
    words = [str((moment.hour - 1) % 12 + 1)]
    if moment.minute == 0:
        words.append("oclock")
    elif moment.minute < 10:
        words += ["oh", str(moment.minute)]
    else:
        words += _english(moment.minute)
    words.append("a-m" if moment.hour < 12 else "p-m")
    return [f"digits/{word}" for word in words]


def _english_place(place: int) -> list[str]:
    if place == 1:
        return ["queue-youarenext"]
    return ["queue-thereare", *say_number(place, "en"), "queue-callswaiting"]


# -- Chinese -------------------------------------------------------------------------------------


def _chinese(n: int) -> list[str]:
    if 10 <= n < 20:
        return ["ten", *([_CHINESE_DIGITS[n % 10]] if n % 10 else [])]
    for scale, name in _CHINESE_SCALES:
        if n >= scale:
            rest = n % scale
            # A place that is left out is said as one zero.
            gap = ["zero"] if 0 < rest < scale // 10 else []
            ten = ["one"] if 10 <= rest < 20 else []
            return [*_chinese(n // scale), name, *gap, *ten, *(_chinese(rest) if rest else [])]
    return _chinese_below_ten_thousand(n)


def _chinese_below_ten_thousand(n: int) -> list[str]:
    words: list[str] = []
    was_zero = False
    for place, name in _CHINESE_PLACES:
        digit = n // place % 10
        if digit:
            words += [*(["zero"] if was_zero else []), _CHINESE_DIGITS[digit], name]
        was_zero = bool(words) and not digit
    if n % 10 or not words:
        words += [*(["zero"] if was_zero else []), _CHINESE_DIGITS[n % 10]]
    return words


def _chinese_place(place: int) -> list[str]:
    if place == 1:
        return [prompt("you-are-next", "zh")]
    return [prompt("you-are-number", "zh"), *say_number(place, "zh"), prompt("in-line", "zh")]


def _wait(minutes: int, language: Language) -> list[str]:
    if language == "zh":
        if minutes == 0:
            return [prompt("less-than-a-minute", "zh")]
        number = say_number(minutes, "zh", counting=True)
        return [prompt("expected-wait", "zh"), *number, prompt("minutes", "zh")]
    unit = "queue-minute" if minutes <= 1 else "queue-minutes"
    less: Sequence[str] = ("queue-less-than",) if minutes == 0 else ()
    return ["queue-holdtime", *less, *say_number(max(minutes, 1), "en"), unit]
