"""Every valid number of every country is understood in each way it may be dialled."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ringway.acd.core.numbers import NumberKind, NumberPlan, NumberRefused, normalise

pytestmark = pytest.mark.property

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
PLAN = NumberPlan("86", area_code="10", internal=("7XXX", "8XXX"), short_codes=("110", "955XX"))


@given(st.text(alphabet="0123456789+*# -()（）０９x", max_size=20) | st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        found = normalise(text, PLAN)
    except NumberRefused as refused:
        assert refused.code in {  # noqa: PT017 - both ways are right
            "empty", "letters", "too_short", "too_long", "invalid", "not_allowed",
        }  # fmt: skip
        return
    if found.kind is NumberKind.E164:
        assert phonenumbers.is_valid_number(phonenumbers.parse(found.value, None))
        assert normalise(found.value, PLAN) == found


@given(st.sampled_from(REGIONS), st.sampled_from(("+", "00")), st.data())
def test_a_valid_number_is_understood_from_abroad_and_at_home(
    region: str, international: str, data: st.DataObject
) -> None:
    number = phonenumbers.example_number(region)
    assume(number is not None)
    assert number is not None
    digits = f"{number.country_code}{phonenumbers.national_significant_number(number)}"
    spaced = "".join(d + data.draw(st.sampled_from(("", "", " ", "-"))) for d in digits)
    assert normalise(international + spaced, PLAN).value == f"+{digits}"
