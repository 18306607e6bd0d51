"""Phone numbers: the quick way and the library agree; what is refused says why."""

from __future__ import annotations

from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringway.crm_api.core import phone
from ringway.crm_api.core.phone import NotANumber, NumberCheck, to_e164

pytestmark = pytest.mark.unit

_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_REGIONS = sorted(phone.REGIONS)


def _by_library(plain: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@st.composite
def _near_examples(draw: st.DrawFn) -> tuple[str, str]:
    """A region's example number with some digits changed: valid ones are likely, odd ones too."""
    region = draw(st.sampled_from(_REGIONS))
    kind = draw(st.sampled_from(list(phonenumbers.PhoneNumberType.values())))
    number = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(
        region
    )
    assert number is not None
    digits = list(phonenumbers.national_significant_number(number))
    for _ in range(draw(st.integers(0, 3))):
        digits[draw(st.integers(0, len(digits) - 1))] = draw(st.sampled_from("0123456789"))
    if draw(st.booleans()):
        digits.insert(0, draw(st.sampled_from(["0", "1", "00", "8", "011"])))
    return region, "".join(digits)


@given(_near_examples())
@example(("IT", "0236618300"))
@example(("AR", "1123456789"))
@example(("MX", "12221234567"))
@example(("BR", "1131234567"))
def test_quick_way_agrees_with_the_library_on_national_numbers(case: tuple[str, str]) -> None:
    region, digits = case
    quick = phone._quickly(digits, region)
    assert quick is None or quick == _by_library(digits, region)
    international = f"+{phonenumbers.country_code_for_region(region)}{digits}"
    quick = phone._quickly(international, None)
    assert quick is None or quick == _by_library(international, None)


@given(st.sampled_from(_CODES), st.text("0123456789", min_size=3, max_size=14))
def test_quick_way_agrees_with_the_library_on_any_digits(code: int, digits: str) -> None:
    quick = phone._quickly(f"+{code}{digits}", None)
    assert quick is None or quick == _by_library(f"+{code}{digits}", None)


def test_quick_way_knows_what_lists_are_made_of() -> None:
    for number in ("+8613800138000", "+12025550123", "+447911123456", "+40721234567"):
        assert phone._quickly(number, None) == number
    assert phone._quickly("13800138000", "CN") == "+8613800138000"


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("+86 138-0013-8000", None, "+8613800138000"),
        ("(021) 555.0100", "RO", "+40215550100"),
        ("0086 13800138000", None, "+8613800138000"),
        ("0086 13800138000", "CN", "+8613800138000"),
        ("8613800138000", "CN", "+8613800138000"),
        ("010-66668888", "CN", "+861066668888"),
        ("１３８００１３８０００", "CN", "+8613800138000"),
        ("＋8613800138000", None, "+8613800138000"),
        ("13800138000.0", "CN", "+8613800138000"),
        ("'13800138000", "CN", "+8613800138000"),
        ('="13800138000"', "CN", "+8613800138000"),
        ("\u00a0+8613800138000 ", None, "+8613800138000"),
        ("02 3661 8300", "IT", "+390236618300"),
        ("+390236618300", None, "+390236618300"),
    ],
)
def test_numbers_as_people_write_them(text: str, region: str | None, e164: str) -> None:
    assert to_e164(text, region) == e164


@pytest.mark.parametrize(
    ("text", "region", "code"),
    [
        ("", None, "phone_missing"),
        (" - ", "CN", "phone_missing"),
        ("13800138000", None, "phone_without_country"),
        ("abc", "CN", "phone_not_a_number"),
        ("call 13800138000", "CN", "phone_not_a_number"),
        ("=HYPERLINK()", "CN", "phone_not_a_number"),
        ("1.38E+10", "CN", "phone_damaged"),
        ("+86138", None, "phone_too_short"),
        ("+86138001380001234", None, "phone_too_long"),
        ("+999123456789", None, "phone_not_a_number"),
        ("+8610000000000", None, "phone_invalid"),
        ("110", "CN", "phone_too_short"),
        ("+" + "1" * 40, None, "phone_not_a_number"),
        ("+86+13800138000", None, "phone_not_a_number"),
    ],
)
def test_what_is_no_number_is_refused_with_a_reason(
    text: str, region: str | None, code: str
) -> None:
    with pytest.raises(NotANumber) as refusal:
        to_e164(text, region)
    assert refusal.value.code == code
    assert refusal.value.reason.endswith(".")


def test_possible_is_less_strict_than_valid() -> None:
    assert to_e164("+8610000000000", None, NumberCheck.POSSIBLE) == "+8610000000000"


@given(st.text(max_size=40), st.sampled_from([None, "CN", "US", "RO"]))
def test_any_text_is_a_number_or_refused(text: str, region: str | None) -> None:
    with suppress(NotANumber):
        assert phone.to_e164(text, region).startswith("+")
