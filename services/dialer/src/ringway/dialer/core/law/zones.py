"""In which zones a number may be, and the short key under which leads of one zone are found.

A number tells its zone by its prefix. Several zones for one number (a mobile of a wide country, a
toll-free number) mean that a dial must be lawful in every one of them.
"""

from __future__ import annotations

from functools import lru_cache

import phonenumbers
from phonenumbers import timezone as _timezone
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

# Keys: "" not worked out, "-" not known, "Area/City" one zone, "+prefix" the prefix's zones.
UNSET = ""
UNKNOWN = "-"
_NORTH_AMERICA = "1"


def zone_key(phone_e164: str, lead_zone: str | None = None) -> str:
    """Return the key of a lead's zones: his own where it is given, otherwise his number's."""
    if lead_zone:
        return lead_zone
    prefix = _prefix(phone_e164[1:])
    zones = TIMEZONE_DATA.get(prefix, ())
    if not zones or zones == (_timezone.UNKNOWN_TIMEZONE,):
        return UNKNOWN
    return str(zones[0]) if len(zones) == 1 else f"+{prefix}"


@lru_cache(maxsize=4096)
def zones_of_key(key: str) -> tuple[str, ...]:
    """Return the zones of a key; empty: the campaign's own zone counts."""
    if key in (UNSET, UNKNOWN):
        return ()
    if key.startswith("+"):
        return tuple(TIMEZONE_DATA.get(_longest(key[1:]), ()))
    return (key,)


def _prefix(digits: str) -> str:
    """Return the prefix that tells a number's zones; empty when none does.

    A prefix finer than the country's says something about numbers that are tied to a place, and in
    North America about all of them, mobiles too. Elsewhere a mobile may be anywhere in its country.
    """
    finest = _longest(digits)
    country = _longest(digits[: _country_code_length(digits)])
    if finest == country or country == _NORTH_AMERICA:
        return finest
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return country
    is_of_place = _timezone.time_zones_for_number(number) == TIMEZONE_DATA[finest]
    return finest if is_of_place else country


def _longest(digits: str) -> str:
    for length in range(min(len(digits), TIMEZONE_LONGEST_PREFIX), 0, -1):
        if digits[:length] in TIMEZONE_DATA:
            return digits[:length]
    return ""


def _country_code_length(digits: str) -> int:
    for length in (1, 2, 3):
        if int(digits[:length] or 0) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return length
    return 0
