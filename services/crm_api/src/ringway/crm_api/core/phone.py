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


class QuickNumbers:
    """Reads numbers that need no rewriting, many a second. What it reads is as ``to_e164`` has it.

    Args:
        region: Two letters; where numbers without a country code belong to.
    """

    def __init__(self, region: str | None) -> None:
        self._region = region if region in REGIONS else None
        self._known: dict[str, _Fits] = {}  # by the first characters, which tell the country

    def read(self, text: str) -> str | None:
        """Return E.164, or None when somebody has to look closely."""
        begin = text[:_TELLING]
        fits = self._known.get(begin) or self._fits(begin)
        return fits.before + text if fits.pattern.fullmatch(text) is not None else None

    def _fits(self, begin: str) -> _Fits:
        if _BEGIN.fullmatch(begin) is None:
            return _NOTHING
        code = _code_of(begin) if begin[0] == "+" else None
        if code is not None:
            found = _Fits("", _pattern(code, None, rf"\+{code}"))
        elif begin[0] != "+" and self._region is not None:
            home = phonenumbers.country_code_for_region(self._region)
            found = _Fits(f"+{home}", _pattern(home, self._region, ""))
        else:
            found = _NOTHING
        self._known[begin] = found
        return found


_TELLING = 4
_BEGIN = re.compile(r"[+0-9][0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Fits:
    before: str
    pattern: re.Pattern[str]


_NEVER = re.compile(r"(?!)")
_NOTHING = _Fits("", _NEVER)


@dataclass(frozen=True, slots=True)
class _Region:
    fits: str
    leading: str | None
    prefix: str | None  # national prefix or carrier code, which parsing may cut off
    international: str | None


def _quickly(plain: str, region: str | None) -> str | None:
    """Return E.164 when ``plain`` is valid exactly as written, None when the library must say."""
    if plain.startswith("+"):
        code = _code_of(plain)
        is_valid = code is not None and _pattern(code, None, rf"\+{code}").fullmatch(plain)
        return plain if is_valid else None
    if region is None or region not in REGIONS:
        return None
    home = phonenumbers.country_code_for_region(region)
    return f"+{home}{plain}" if _pattern(home, region, "").fullmatch(plain) else None


def _code_of(plain: str) -> int | None:
    return next((code for end in (2, 3, 4) if (code := _CODES.get(plain[1:end]))), None)


@cache
def _pattern(code: int, region: str | None, before: str) -> re.Pattern[str]:
    """Return what a valid number looks like that parsing leaves as it is.

    Args:
        region: Where a number without a country code belongs to.
        before: A pattern for what is before the number.
    """
    names = COUNTRY_CODE_TO_REGION_CODE[code]
    home = _region(code, region or names[0])
    if home is None:
        return _NEVER
    parts = [_general(code, region or names[0])] if len(names) > 1 else []
    if home.prefix:
        parts.append(f"(?!{home.prefix})")
    if region is not None and home.international:
        parts.append(f"(?!{home.international})")
    choices, barred = [], ""
    for name in names:
        candidate = home if len(names) == 1 else _region(code, name)
        if candidate is None:
            continue
        if candidate.leading is None or len(names) == 1:
            choices.append(f"{barred}{candidate.fits}")
        else:
            choices.append(f"{barred}(?={candidate.leading}){candidate.fits}")
            barred += f"(?!{candidate.leading})"
    return re.compile(f"{before}{''.join(parts)}(?:{'|'.join(choices)})", re.ASCII)


@cache
def _region(code: int, name: str) -> _Region | None:
    found = _metadata(code, name)
    general = _general(code, name)
    if found is None or not general:
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
    types = "|".join(each for kind in kinds if (each := _described(kind)))
    return _Region(
        fits=f"{general}(?:{types or '(?!)'})[0-9]+",
        leading=_grouped(found.leading_digits),
        prefix=_grouped(found.national_prefix_for_parsing),
        international=_grouped(found.international_prefix),
    )


def _metadata(code: int, name: str) -> PhoneMetadata | None:
    if name == "001":
        return PhoneMetadata.metadata_for_nongeo_region(code, None)
    return PhoneMetadata.metadata_for_region(name, None)


def _general(code: int, name: str) -> str:
    found = _metadata(code, name)
    return _described(found.general_desc) if found is not None else ""


def _described(desc: PhoneNumberDesc | None) -> str:
    """Return a look-ahead for the rest of a text that is such a number; "": there is none."""
    if desc is None or not desc.national_number_pattern:
        return ""
    lengths = "|".join(f"[0-9]{{{each}}}" for each in sorted(set(desc.possible_length)))
    return rf"(?=(?:{lengths or '(?!)'})\Z)(?=(?:{desc.national_number_pattern})\Z)"


def _grouped(pattern: str | None) -> str | None:
    return f"(?:{pattern})" if pattern else None
