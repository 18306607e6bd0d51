"""Law and courtesy: may this number be dialed now? Pure; see ``gate``."""

from ringway.dialer.core.law.gate import (
    Allowed,
    Decision,
    DncHit,
    Facts,
    Refused,
    Rules,
    decide,
)
from ringway.dialer.core.law.hours import Hours
from ringway.dialer.core.law.zones import UNKNOWN, UNSET, zone_key, zones_of_key

__all__ = [
    "UNKNOWN",
    "UNSET",
    "Allowed",
    "Decision",
    "DncHit",
    "Facts",
    "Hours",
    "Refused",
    "Rules",
    "decide",
    "zone_key",
    "zones_of_key",
]
