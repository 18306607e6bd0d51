"""Numbers as people dial them, to what the ACD calls: a colleague, a short code, or E.164.

``phonenumbers`` knows how long a country's numbers are and which it has assigned. What only the
tenant can know (own numbers, area code, short codes, barred prefixes) is in the plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

import phonenumbers

# What people put between digits.
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u2009\u3000()（）-\u2010\u2011\u2012\u2013\u2014./")
_WIDE = str.maketrans("０１２３４５６７８９＋＊＃", "0123456789+*#")
_DIALABLE = re.compile(r"\+?[0-9*#]+", re.ASCII)
_PATTERN = re.compile(r"[0-9X*#]+", re.ASCII)
_NOTHING = re.compile(r"(?!)")
_LONGEST_E164 = 15
_LONGEST_DIALLED = 40  # with every prefix there is


class NumberKind(StrEnum):
    """What a dialled number is."""

    INTERNAL = "internal"  # an agent's or box's own number
    SHORT = "short"  # a short code of the country or of the tenant: 110, 95588, *97
    E164 = "e164"


@dataclass(frozen=True, slots=True)
class Dialled:
    """A number the ACD can call. ``value`` has a leading plus when it is E.164."""

    kind: NumberKind
    value: str


class NumberRefused(Exception):
    """Why a number is not called.

    Codes: empty, letters, too_short, too_long, invalid (no country or no assigned range has it),
    not_allowed (the plan bars it).
    """

    # No frozen dataclass: context managers write to exceptions that pass through them.
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class NumberPlan:
    """How a tenant dials.

    Args:
        country_code: Without plus, such as ``86``.
        national_prefix: What stands before an area code, such as ``0``; empty where nothing does.
        international_prefixes: What stands for the plus.
        area_code: The tenant's own, without the national prefix; empty where numbers are always
            dialled in full.
        internal: The tenant's own numbers; ``X`` stands for any digit, as in ``8XXX``.
        short_codes: Numbers that are called as they are, in the same form.
        barred: Prefixes of E.164 numbers with their plus, or of short codes, that nobody calls.
        outside_prefix: What is dialled for an outside line, and always cut off.
        must_be_assigned: Whether the number must be inside a range that its country has
            assigned, not only of the right length.

    Raises:
        ValueError: ``country_code`` is no country's, or a pattern has other than digits, star,
            hash and ``X``.
    """

    country_code: str
    national_prefix: str = "0"
    international_prefixes: tuple[str, ...] = ("00",)
    area_code: str = ""
    internal: tuple[str, ...] = ()
    short_codes: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    outside_prefix: str = ""
    must_be_assigned: bool = True

    def __post_init__(self) -> None:
        known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        if not self.country_code.isascii() or not self.country_code.isdigit():
            raise ValueError(f"{self.country_code!r} is no country code.")
        if int(self.country_code) not in known:
            raise ValueError(f"No country has the code {self.country_code}.")
        for pattern in (*self.internal, *self.short_codes):
            if not _PATTERN.fullmatch(pattern):
                raise ValueError(f"{pattern!r} is no pattern of a number.")

    @cached_property
    def _internal(self) -> re.Pattern[str]:
        return _any_of(self.internal)

    @cached_property
    def _short(self) -> re.Pattern[str]:
        return _any_of(self.short_codes)

    def is_internal(self, digits: str) -> bool:
        """Return whether the digits are a number of the tenant's own."""
        return self._internal.fullmatch(digits) is not None

    def is_short(self, digits: str) -> bool:
        """Return whether the digits are a short code."""
        return self._short.fullmatch(digits) is not None


@lru_cache(maxsize=4096)  # a call's numbers are asked for several times
def normalise(dialled: str, plan: NumberPlan) -> Dialled:
    """Return what a person who dials this means.

    The tenant's own numbers come first, then short codes, then the telephone network.

    Raises:
        NumberRefused: Nobody can be called by this; see its codes.
    """
    digits = dialled.translate(_SEPARATORS).translate(_WIDE)
    if not digits or digits == "+":
        raise NumberRefused("empty", "There is no number.")
    if not _DIALABLE.fullmatch(digits):
        raise NumberRefused("letters", "This is no number: it has more than digits.")
    if len(digits) > _LONGEST_DIALLED:
        raise NumberRefused("too_long", "No number is that long.")
    if plan.is_internal(digits):
        return Dialled(NumberKind.INTERNAL, digits)
    if plan.outside_prefix and digits.startswith(plan.outside_prefix):
        digits = digits.removeprefix(plan.outside_prefix)
        if not digits:
            raise NumberRefused("too_short", "An outside line is asked for, but no number.")
    found = (
        Dialled(NumberKind.SHORT, digits)
        if plan.is_short(digits)
        else Dialled(NumberKind.E164, _e164(digits, plan))
    )
    if any(found.value.startswith(prefix) for prefix in plan.barred if prefix):
        raise NumberRefused("not_allowed", "Numbers that begin like this may not be called.")
    return found


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    if not patterns:
        return _NOTHING
    return re.compile("|".join(re.escape(p).replace("X", "[0-9]") for p in patterns), re.ASCII)


def _e164(digits: str, plan: NumberPlan) -> str:
    if "*" in digits or "#" in digits:
        raise NumberRefused("invalid", "No number outside has a star or a hash.")
    if digits.startswith("+"):
        return _checked(digits[1:], plan)
    for prefix in plan.international_prefixes:
        if prefix and digits.startswith(prefix):
            return _checked(digits.removeprefix(prefix), plan)
    if plan.national_prefix and digits.startswith(plan.national_prefix):
        return _checked(plan.country_code + digits.removeprefix(plan.national_prefix), plan)
    if plan.area_code:
        # Without the area code people dial a number of their own area, except where the country
        # has numbers without one (mobiles): those do not fit behind an area code.
        local = plan.country_code + plan.area_code + digits
        if _flaw(local, must_be_assigned=True) is None:
            return f"+{local}"
    return _checked(plan.country_code + digits, plan)


def _checked(digits: str, plan: NumberPlan) -> str:
    flaw = _flaw(digits, must_be_assigned=plan.must_be_assigned)
    if flaw is not None:
        raise flaw
    return f"+{digits}"


def _flaw(digits: str, *, must_be_assigned: bool) -> NumberRefused | None:
    """Return what is wrong with the digits of an E.164 number, or ``None``."""
    if not digits:
        return NumberRefused("too_short", "The number ends after its prefix.")
    if len(digits) > _LONGEST_E164:
        return NumberRefused("too_long", "No number has more than 15 digits.")
    try:
        number = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return NumberRefused("invalid", "No country has this code.")
        return NumberRefused("too_short", "The number has too few digits.")
    if f"{number.country_code}{phonenumbers.national_significant_number(number)}" != digits:
        return NumberRefused("invalid", "Behind the country's code is a prefix too much.")
    result = phonenumbers.is_possible_number_with_reason(number)
    if result == phonenumbers.ValidationResult.TOO_LONG:
        return NumberRefused("too_long", "The number has too many digits for its country.")
    if result in (
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ):
        return NumberRefused("too_short", "The number has too few digits for its country.")
    if result != phonenumbers.ValidationResult.IS_POSSIBLE:
        return NumberRefused("invalid", "No number of its country has so many digits.")
    if must_be_assigned and not phonenumbers.is_valid_number(number):
        return NumberRefused("invalid", "Its country has not assigned this number.")
    return None
