"""Phone numbers as people write them, to E.164.

``phonenumbers`` decides what is valid, but takes 40 µs a number. Most numbers in a list are
plain digits that need no rewriting: for these the same metadata is asked directly
(:func:`_quickly`), and everything else goes through the library. A property test holds the two
equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberFormat
from phonenumbers.phonemetadata import PhoneNumberDesc

# What people put between digits. Letters are no digits here: "call 5550100" is not a number.
_SEPARATORS = str.maketrans("", "", " \t\u00a0\u2009\u3000()（）-\u2010\u2011\u2012\u2013\u2014./")
_WIDE = str.maketrans("０１２３４５６７８９＋", "0123456789+")
_PLAIN = re.compile(r"\+?[0-9]{2,20}", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,2}", re.ASCII)
_FLOAT = re.compile(r"([0-9]{7,20})\.00?", re.ASCII)
# Spreadsheets keep leading zeros by these two tricks.
_TRICKS = re.compile(r"""(?:="([^"]*)"|'(.*))""", re.DOTALL)

_CODES = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)


class NumberCheck(StrEnum):
    """How closely a number is looked at."""

    VALID = "valid"  # inside a range that its country has assigned
    POSSIBLE = "possible"  # the right length for its country


@dataclass(frozen=True, slots=True)
class NotANumber(Exception):
    """Why a text is no phone number."""

    code: str
    reason: str


def to_e164(text: str, region: str | None, check: NumberCheck = NumberCheck.VALID) -> str:
    """Return ``text`` as E.164.

    Args:
        text: As a person or a spreadsheet wrote it.
        region: Two letters; where numbers without a country code belong to.

    Raises:
        NotANumber: It is none, or not one that can be dialed.
    """
    plain = _plain(text)
    if plain.startswith("00") and region is None:
        plain = f"+{plain[2:]}"
    if not plain.startswith("+") and region is None:
        raise NotANumber(
            "phone_without_country",
            "The number has no country code: write +<country code>, or give default_region.",
        )
    quick = _quickly(plain, region)
    return quick if quick is not None else _thoroughly(plain, region, check)


def _plain(text: str) -> str:
    """Return digits with or without a leading plus."""
    trick = _TRICKS.fullmatch(text.strip())
    if trick is not None:
        text = trick.group(1) or trick.group(2) or ""
    as_float = _FLOAT.fullmatch(text.strip())
    if as_float is not None:
        return as_float.group(1)
    plain = text.translate(_SEPARATORS).translate(_WIDE)
    if _PLAIN.fullmatch(plain):
        return plain
    if not plain:
        raise NotANumber("phone_missing", "There is no number.")
    if _SCIENTIFIC.fullmatch(text.strip()):
        raise NotANumber(
            "phone_damaged",
            "A spreadsheet has shortened this number: format the column as text and save again.",
        )
    raise NotANumber("phone_not_a_number", "This is not a phone number.")


def _thoroughly(plain: str, region: str | None, check: NumberCheck) -> str:
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException as error:
        raise NotANumber("phone_not_a_number", f"This is not a phone number: {error}.") from None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length == phonenumbers.ValidationResult.TOO_LONG:
        raise NotANumber("phone_too_long", "The number has too many digits for its country.")
    if length in (
        phonenumbers.ValidationResult.TOO_SHORT,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
    ):
        raise NotANumber("phone_too_short", "The number has too few digits for its country.")
    if length == phonenumbers.ValidationResult.INVALID_COUNTRY_CODE:
        raise NotANumber("phone_country_unknown", "No country has this code.")
    if length != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise NotANumber("phone_too_long", "No number of its country has so many digits.")
    if check is NumberCheck.VALID and not phonenumbers.is_valid_number(number):
        raise NotANumber("phone_invalid", "Its country has not assigned this number.")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if len(e164) > 16:
        raise NotANumber("phone_too_long", "An E.164 number has at most 15 digits.")
    return e164


# -- the quick way -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Desc:
    lengths: frozenset[int]
    pattern: re.Pattern[str]

    def fits(self, digits: str) -> bool:
        return len(digits) in self.lengths and self.pattern.fullmatch(digits) is not None


@dataclass(frozen=True, slots=True)
class _Region:
    general: _Desc
    types: tuple[_Desc, ...]
    leading: re.Pattern[str] | None
    prefix: re.Pattern[str] | None  # national prefix or carrier code, which parsing may cut off
    international: re.Pattern[str] | None

    def fits(self, digits: str) -> bool:
        return self.general.fits(digits) and any(desc.fits(digits) for desc in self.types)


def _quickly(plain: str, region: str | None) -> str | None:
    """Return E.164 when ``plain`` is valid exactly as written, None when the library must say."""
    if plain.startswith("+"):
        for end in (2, 3, 4):
            code = _CODES.get(plain[1:end])
            if code is not None:
                return plain if _is_valid_as_is(code, plain[end:], None) else None
        return None
    if region is None or region not in REGIONS:
        return None
    code_number = phonenumbers.country_code_for_region(region)
    return f"+{code_number}{plain}" if _is_valid_as_is(code_number, plain, region) else None


def _is_valid_as_is(code: int, digits: str, region: str | None) -> bool:
    names = COUNTRY_CODE_TO_REGION_CODE[code]
    home = _region(code, region or names[0])
    if home is None or not home.general.fits(digits):
        return False
    if home.prefix is not None and home.prefix.match(digits):
        return False
    if region is not None and home.international is not None and home.international.match(digits):
        return False
    if len(names) == 1:
        return home.fits(digits)
    for name in names:
        candidate = _region(code, name)
        if candidate is None:
            continue
        if candidate.leading is not None:
            if candidate.leading.match(digits):
                return candidate.fits(digits)
        elif candidate.fits(digits):
            return True
    return False


@cache
def _region(code: int, name: str) -> _Region | None:
    found = (
        PhoneMetadata.metadata_for_nongeo_region(code, None)
        if name == "001"
        else PhoneMetadata.metadata_for_region(name, None)
    )
    general = _desc(found.general_desc) if found is not None else None
    if found is None or general is None:
        return None
    kinds = (
        found.mobile,
        found.fixed_line,
        found.toll_free,
        found.premium_rate,
        found.shared_cost,
        found.voip,
        found.personal_number,
        found.pager,
        found.uan,
        found.voicemail,
    )
    return _Region(
        general=general,
        types=tuple(desc for kind in kinds if (desc := _desc(kind)) is not None),
        leading=_compiled(found.leading_digits),
        prefix=_compiled(found.national_prefix_for_parsing),
        international=_compiled(found.international_prefix),
    )


def _desc(desc: PhoneNumberDesc | None) -> _Desc | None:
    if desc is None or not desc.national_number_pattern:
        return None
    return _Desc(frozenset(desc.possible_length), re.compile(desc.national_number_pattern))


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
