"""Check digits notice what people mistype; PINs that are guessed first are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.core.member_cards.numbers import (
    CardNumberCheck,
    check_digit,
    is_guessed_first,
    is_valid,
    made_number,
)

pytestmark = pytest.mark.unit

_DIGITS = st.text("0123456789", min_size=5, max_size=20)
_CHECKS = st.sampled_from([CardNumberCheck.LUHN, CardNumberCheck.MOD11_10])


def test_known_numbers() -> None:
    assert is_valid("79927398713", CardNumberCheck.LUHN)
    assert is_valid("4111111111111111", CardNumberCheck.LUHN)
    assert is_valid("07945", CardNumberCheck.MOD11_10)  # the standard's own example
    assert not is_valid("7", CardNumberCheck.LUHN)
    assert not is_valid("²", CardNumberCheck.NONE)


@given(_DIGITS, _CHECKS, st.data())
def test_one_wrong_digit_is_noticed(
    digits: str, check: CardNumberCheck, data: st.DataObject
) -> None:
    number = digits + check_digit(digits, check)
    assert is_valid(number, check)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    assert not is_valid(number[:place] + other + number[place + 1 :], check)


@given(st.integers(1, 10**9), st.integers(4, 32), st.sampled_from(list(CardNumberCheck)))
def test_made_numbers_are_good_ones_or_none(
    serial: int, length: int, check: CardNumberCheck
) -> None:
    number = made_number("86", serial, length, check)
    if number is not None:
        assert len(number) == length
        assert number.startswith("86")
        assert is_valid(number, check)


@pytest.mark.parametrize(
    "pin", ["1111", "1234", "4321", "7890", "1212", "1984", "2026", "123123", "000000", "345678"]
)
def test_what_guessers_try_first(pin: str) -> None:
    assert is_guessed_first(pin)


@pytest.mark.parametrize("pin", ["2750", "270519", "830264", "9173"])
def test_other_pins(pin: str) -> None:
    assert not is_guessed_first(pin)
